package reconciler

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// ladder is a project of one app whose ledger is in memory. What enters a stage is decided by the functions that decide in a pass:
// history.classify, the gates in force, the kind of entry, and the ledger's own fold.
type ladder struct {
	rules  *rules
	now    time.Time
	seq    int64
	states map[schema.StageName]ledger.State
	files  map[schema.StageName]content // what each stage was let have
	told   []string                     // what happened, for people
	// manifests are the evidence of admissions.
	manifests map[schema.Digest]schema.Manifest
	twin      account
}

// content is an app's files: path → version. local.yaml is the stage's own.
type content map[string]int

// pushed is a change that reached a stage's ref, with what people did for it.
type pushed struct {
	stage    schema.StageName
	to       content
	unsigned bool
	direct   bool // no merge request
	approved int  // how many approved exactly this
	stale    bool // what they approved was something else
}

const histories = `approvals: 1
stage_local: [local.yaml]
rollback_window: 72h
`

func newLadder(project schema.Project) (*ladder, error) {
	r := &rules{project: project, gates: map[gateKey]gate{}, trust: schema.Trust{Principals: []schema.Principal{
		{ID: "ann", Emails: []string{"ann@example.com"}, Forge: []schema.ForgeAccount{{Host: "forge", UserID: 1}}, Roles: []schema.Role{{Name: schema.RoleAuthor}}},
	}}}
	for i, name := range []string{"bob", "carol"} {
		p := schema.Principal{ID: name, Forge: []schema.ForgeAccount{{Host: "forge", UserID: int64(i + 2)}}}
		for _, s := range project.Stages {
			p.Roles = append(p.Roles, schema.Role{Name: schema.RoleApprover, Stage: s.Name})
		}
		r.trust.Principals = append(r.trust.Principals, p)
	}
	r.retirements = map[schema.App]schema.Retirement{"pay": {}}
	for _, stage := range project.Stages {
		if err := r.compile(stage); err != nil {
			return nil, err
		}
	}
	return &ladder{rules: r, now: monday, states: map[schema.StageName]ledger.State{}, files: map[schema.StageName]content{}, manifests: map[schema.Digest]schema.Manifest{}, twin: account{of: map[schema.StageName][]stay{}}}, nil
}

func (w *ladder) manifest(c content) schema.Manifest {
	var list []schema.File
	for path, version := range c {
		data := fmt.Appendf(nil, "version: %d\n", version)
		list = append(list, schema.File{Path: path, Mode: schema.Regular, Digest: schema.DigestOf(data), Size: int64(len(data))})
	}
	m, err := schema.NewManifest(list)
	if err != nil {
		panic(err) // the paths are constants
	}
	return m
}

// keep makes a content's manifest evidence.
func (w *ladder) keep(c content) schema.Digest {
	m := w.manifest(c)
	d := schema.DigestOf(m.Encode())
	w.manifests[d] = m
	return d
}

func (w *ladder) side(c content) schema.Side {
	m := w.manifest(c)
	return schema.Side{Revision: m.Revision(w.rules.project.StageLocal), Content: m.Content()}
}

func (w *ladder) say(format string, args ...any) {
	w.told = append(w.told, w.now.Format("Mon 15:04 ")+fmt.Sprintf(format, args...))
}

// record appends an entry to the ledger in memory.
func (w *ladder) record(e ledger.Entry) ledger.Entry {
	w.seq++
	e.Seq, e.At, e.App = w.seq, w.now, "pay"
	w.states[e.Stage] = ledger.Fold(w.states[e.Stage], e)
	return e
}

func (w *ladder) others(stage schema.StageName) map[schema.StageName]ledger.State {
	others := maps.Clone(w.states)
	delete(others, stage)
	return others
}

// judge decides about a pushed change as a pass would, and records it.
func (w *ladder) judge(p pushed) {
	c := w.cell(p.stage)
	from, to := c.admitted(), w.side(p.to)
	if from == to {
		return
	}
	h := history{project: w.rules.project, cell: c.cell, own: c.state, others: w.others(p.stage), now: w.now}
	change := h.classify(from, to, w.files[p.stage]["local.yaml"] != p.to["local.yaml"])
	local := w.rules.project.StageLocal
	change, unproven, err := h.byFile(change, w.manifest(w.files[p.stage]).Promoted(local), w.manifest(p.to).Promoted(local), func(stage schema.StageName) (filePast, error) {
		return h.filesPast(stage, func(d schema.Digest) (schema.Manifest, error) { return w.manifests[d], nil })
	})
	if err != nil {
		panic(err) // manifests are in memory
	}
	f := w.facts(c, p, change)
	f.Unproven = unproven
	verdict := c.evaluate(f)
	mode := c.mode(schema.Landing{Tip: schema.Hash{1}})
	e := ledger.Entry{Kind: entryKind(passes(verdict, mode), f.Change.Kind), Stage: p.stage, Decision: &ledger.Decision{Change: f.Change, Verdict: verdict, Mode: mode}}
	if !e.Kind.Admits() {
		w.record(e)
		w.say("%s %s %v in %s: %s %s", f.Change.Kind, f.Change.Code, p.to, p.stage, verdict.Outcome, codesOf(verdict))
		return
	}
	e.Decision.Authors, e.Decision.Required, e.Decision.Manifest = c.authors(f), required(c.stage), w.keep(p.to)
	w.enter(p.stage, p.to, w.record(e))
}

// breakGlass lets a content in as two release managers may.
func (w *ladder) breakGlass(stage schema.StageName, to content) {
	c := w.cell(stage)
	from, side := c.admitted(), w.side(to)
	h := history{project: w.rules.project, cell: c.cell, own: c.state, others: w.others(stage), now: w.now}
	if from == side || h.tainted(side.Revision) {
		return
	}
	change := h.classify(from, side, w.files[stage]["local.yaml"] != to["local.yaml"])
	w.enter(stage, to, w.record(ledger.Entry{Kind: ledger.BreakGlass, Stage: stage, Decision: &ledger.Decision{
		Change: change, Required: required(c.stage), Authors: []string{"rita", "rolf"}, Manifest: w.keep(to),
	}}))
}

func (w *ladder) enter(stage schema.StageName, to content, e ledger.Entry) {
	w.say("#%d %s %s %v in %s", e.Seq, e.Kind, e.Decision.Change.Kind, to, stage)
	w.files[stage] = maps.Clone(to)
	w.twin.admitted(w.rules.project, stage, to, e)
}

func (w *ladder) cell(name schema.StageName) *cellJudge {
	stage, _ := w.rules.project.Stage(name)
	c := newCellJudge(&pass{rules: w.rules, now: w.now}, stage, "pay")
	c.state = w.states[name]
	return c
}

// facts are what a pass would have gathered.
func (w *ladder) facts(c *cellJudge, p pushed, change schema.Change) policies.Facts {
	f := policies.Facts{
		Now: w.now, Cell: c.cell, Ref: c.ref, Change: change, Trust: w.rules.trust, Retirement: w.rules.retirement("pay"), Admitted: c.state.Admitted.Seq,
		Landing: schema.Landing{Ref: c.ref, Bound: schema.Binding{OK: true}}, Before: w.manifest(w.files[p.stage]), After: w.manifest(p.to),
	}
	if change.Source != nil {
		f.Excluded, f.Live = carried(c.state, w.states[change.Source.Stage], change.Source.Seq), change.Source.LiveSeq
	}
	commit := schema.CommitVerdict{Code: "ok", Principal: "ann", Author: schema.Identity{Email: "ann@example.com"}}
	if p.unsigned {
		commit = schema.CommitVerdict{Code: "unsigned"}
	}
	f.Commits = []schema.CommitVerdict{commit}
	if s := c.state.Suspended; s != nil && s.Until != nil && w.now.Before(*s.Until) {
		f.Suspended = &policies.Suspension{Entry: s.Seq, Until: *s.Until}
	}
	if p.direct {
		return f
	}
	f.MergeRequest = &schema.MergeRequest{Host: "forge", IID: 1, State: "merged", TargetRef: c.ref, MergedAt: w.now, Author: schema.Account{ID: 1, State: "active", AccessLevel: 40}}
	approved := change.To.Content
	if p.stale {
		approved = change.From.Content
	}
	for id := range int64(p.approved) {
		f.Approvals = append(f.Approvals, schema.GivenApproval{
			By: schema.Account{ID: id + 2, State: "active", AccessLevel: 40}, At: w.now.Add(-time.Second), Version: 1, From: change.From.Content, To: approved,
		})
	}
	return f
}

// deliver reads back what a stage was let have; or the target refuses it.
func (w *ladder) deliver(stage schema.StageName, result string) {
	s := w.states[stage]
	if s.Admitted.Seq == 0 {
		return
	}
	e := ledger.Entry{Kind: ledger.Apply, Stage: stage, Delivery: &ledger.Delivery{Target: "etcd", Admission: s.Admitted.Seq, Content: s.Admitted.Content, Result: result}}
	if result == ledger.ResultFailed {
		e.Code = "target-forbidden"
	} else {
		w.twin.delivered(stage)
	}
	w.record(e)
	w.say("#%d delivery to %s: %s", w.seq, stage, result)
}

// mark records what people and time say of a revision, or of a cell.
func (w *ladder) mark(stage schema.StageName, kind ledger.Kind, code schema.Code, rev schema.Revision) {
	until := w.now.Add(4 * time.Hour)
	w.record(ledger.Entry{Kind: kind, Stage: stage, Code: code, Order: &ledger.Order{Revision: rev, Until: &until}})
	w.say("#%d %s %s %s in %s", w.seq, kind, code, rev, stage)
}

// archive closes what a pass would close.
func (w *ladder) archive() {
	retired := !slices.ContainsFunc(w.rules.project.Stages, func(s schema.Stage) bool { return !hasLeft(w.states[s.Name]) })
	for _, stage := range w.rules.project.Stages {
		out, err := archived("p", w.states[stage.Name], retired, w.rules, w.now)
		if err != nil {
			panic(err) // a snapshot is plain data
		}
		for _, d := range out {
			w.record(d.entry)
			w.say("#%d archive in %s", w.seq, stage.Name)
		}
	}
}

func codesOf(v schema.Verdict) []schema.Code {
	var out []schema.Code
	for _, m := range v.Missing() {
		out = append(out, m.Code)
	}
	return out
}

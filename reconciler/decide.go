package reconciler

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// decide asks the gate and makes the entry that records its verdict with the evidence it rests on.
func (c *cellJudge) decide(ctx context.Context, f policies.Facts, b bound, to cellFiles, from schema.Manifest) (*judged, error) {
	mode := c.mode(b.landing)
	verdict := c.split.withOthers(c.evaluate(f), mode, f)
	d := &ledger.Decision{
		Change: f.Change, Landing: b.landing, Verdict: verdict,
		Gate: c.rules.gate(c.stage.Name, f.Change.Kind).digest, Trust: c.rules.trust.Root.Version, Control: c.rules.seq,
		Commits: b.commits, MergeRequest: named(f), Counted: counted(f, verdict), Mode: mode,
	}
	out := &judged{entry: ledger.Entry{
		Kind: entryKind(passes(verdict, mode), f.Change.Kind), Stage: c.cell.Stage, App: c.cell.App, Decision: d,
	}}
	if err := c.addEvidence(ctx, out, f, b); err != nil {
		return nil, err
	}
	if err := c.addUnreachable(ctx, out, f, b); err != nil {
		return nil, err
	}
	if out.entry.Kind.Admits() {
		c.addAdmission(out, f, to, from)
	}
	return out, nil
}

// evaluate asks the gate for the kind of change; where stage-local files change as well, both halves have to be allowed
// (RULES R2).
func (c *cellJudge) evaluate(f policies.Facts) schema.Verdict {
	gate := c.rules.gate(c.stage.Name, f.Change.Kind).policy
	if !f.Change.Tune || f.Change.Kind != schema.Rollback && f.Change.Kind != schema.Retire {
		return gate.Evaluate(f) // the gate for promotions is that for tunes, and asks for no less
	}
	tune := f
	tune.Change.Kind, tune.Change.Source = schema.Tune, nil
	both := policies.Together(policies.Half{Gate: gate, Facts: f}, policies.Half{Gate: c.rules.gate(c.stage.Name, schema.Tune).policy, Facts: tune})
	if both[1].Outcome == schema.Allow {
		return both[0]
	}
	return schema.All("change", both...)
}

func entryKind(o schema.Outcome, kind schema.Kind) ledger.Kind {
	switch {
	case o == schema.Hold:
		return ledger.Hold
	case o != schema.Allow:
		return ledger.Deny
	case kind == schema.Rollback:
		return ledger.Rollback
	case kind == schema.Retire:
		return ledger.Retire
	}
	return ledger.Admit
}

// addEvidence keeps what the decision rests on: the judged commits' bytes, the trees on the cell's path at the landing and
// at the signed head, and the forge's answers. No ref of the forge need survive (RULES R7).
func (c *cellJudge) addEvidence(ctx context.Context, out *judged, f policies.Facts, b bound) error {
	add := func(data []byte) {
		out.evidence = append(out.evidence, data)
		out.entry.Evidence = append(out.entry.Evidence, schema.DigestOf(data))
	}
	for _, raw := range b.raw {
		add(raw)
	}
	for _, commit := range []schema.Hash{b.landing.Start, b.landing.Tip, b.landing.Head} {
		if commit.IsZero() {
			continue
		}
		if err := c.pathObjects(ctx, commit, add); err != nil {
			return err
		}
	}
	for _, raw := range b.tags {
		out.evidence = append(out.evidence, raw)
		out.entry.Decision.Tags = append(out.entry.Decision.Tags, schema.DigestOf(raw))
	}
	if err := out.addGuards(f.Guards, add); err != nil {
		return err
	}
	if err := out.addHealth(f.Health, add); err != nil {
		return err
	}
	if f.MergeRequest != nil {
		said, err := encodeAnswers(*f.MergeRequest)
		if err != nil {
			return err
		}
		add(said)
		out.entry.Decision.MergeRequest.Answers = schema.DigestOf(said)
		for _, raw := range f.MergeRequest.Raw {
			add(raw.Body)
		}
	}
	out.entry.Evidence = unique(out.entry.Evidence)
	out.own = len(out.entry.Evidence)
	return nil
}

// pathObjects adds a commit and the trees from its root down to the cell.
func (c *cellJudge) pathObjects(ctx context.Context, commit schema.Hash, add func([]byte)) error {
	repo := c.cfg.Repository
	info, err := repo.Commit(ctx, commit)
	if err != nil {
		return fmt.Errorf("read commit %s: %w", commit.Short(), err)
	}
	objects := []schema.Hash{commit, info.Tree}
	for _, dir := range parents(c.path) {
		if entry, ok, err := repo.Lookup(ctx, info.Tree, dir); err == nil && ok && entry.IsDir() {
			objects = append(objects, entry.ID)
		}
	}
	for _, id := range objects {
		_, data, err := repo.Object(ctx, id)
		if err != nil {
			return fmt.Errorf("read object %s: %w", id.Short(), err)
		}
		add(data)
	}
	return nil
}

// parents lists a path and the directories above it, topmost first.
func parents(path string) []string {
	var out []string
	for i, r := range path {
		if r == '/' {
			out = append(out, path[:i])
		}
	}
	return append(out, path)
}

func (c *cellJudge) addAdmission(out *judged, f policies.Facts, to cellFiles, from schema.Manifest) {
	d := out.entry.Decision
	out.manifest = to.manifest.Encode()
	out.evidence = append(out.evidence, out.manifest)
	d.Manifest = schema.DigestOf(out.manifest)
	d.Authors = c.authors(f)
	d.Required = required(c.stage)
	d.Snapshot = snapshot(c.now, f.Change.To.Content)
	d.Operator = operator(f, d.Counted)
	d.Patch = patch(from, to.manifest)
	d.Gray = c.begins(out.entry.Kind, f.Change)
}

// authors are the people whose edits the revision carries: they may not approve it in the stages after (RULES R22).
func (c *cellJudge) authors(f policies.Facts) []string {
	switch f.Change.Kind {
	case schema.Edit:
		return policies.Authors(f)
	case schema.Promote, schema.Retire:
		return f.Excluded
	}
	if a, ok := lastAdmission(c.state.Revisions, f.Change.To.Revision); ok {
		return a.Authors
	}
	return policies.Authors(f)
}

// required are the targets that make it live. Where nothing is written they are those that will, once the stage enforces: until
// then it is not live.
func required(stage schema.Stage) []string {
	var out []string
	for _, t := range stage.Targets {
		if t.Required {
			out = append(out, t.Name)
		}
	}
	sort.Strings(out)
	return out
}

func snapshot(at time.Time, content schema.Content) string {
	hexed := schema.Digest(content).Hex()
	if content == schema.NoContent || len(hexed) < 8 {
		hexed = "00000000"
	}
	return "v" + at.UTC().Format("20060102150405") + "-" + hexed[:8]
}

func operator(f policies.Facts, counted []ledger.CountedApproval) string {
	if f.MergeRequest != nil && f.MergeRequest.MergedBy.ID != 0 {
		return policies.AccountPerson(f.Trust, f.MergeRequest.Host, f.MergeRequest.MergedBy)
	}
	if len(counted) > 0 {
		return counted[len(counted)-1].Principal
	}
	return ""
}

// patch lists the files that differ, in the words of RFC 6902. Values never enter the ledger.
func patch(from, to schema.Manifest) []ledger.PatchOp {
	before := map[string]schema.File{}
	for _, f := range from {
		before[f.Path] = f
	}
	var ops []ledger.PatchOp
	for _, f := range to {
		was, ok := before[f.Path]
		delete(before, f.Path)
		switch {
		case !ok:
			ops = append(ops, ledger.PatchOp{Op: "add", Path: pointer(f.Path)})
		case was.Digest != f.Digest || was.Mode != f.Mode:
			ops = append(ops, ledger.PatchOp{Op: "replace", Path: pointer(f.Path)})
		}
	}
	for path := range before {
		ops = append(ops, ledger.PatchOp{Op: "remove", Path: pointer(path)})
	}
	sort.Slice(ops, func(i, j int) bool { return ops[i].Path < ops[j].Path })
	return ops
}

// pointer writes a file's path as one token of a JSON Pointer.
func pointer(path string) string {
	out := "/"
	for _, r := range path {
		switch r {
		case '~':
			out += "~0"
		case '/':
			out += "~1"
		default:
			out += string(r)
		}
	}
	return out
}

func named(f policies.Facts) *ledger.MergeRequest {
	mr := f.MergeRequest
	if mr == nil {
		return nil
	}
	out := &ledger.MergeRequest{
		Host: mr.Host, ProjectID: mr.ProjectID, IID: mr.IID, OpenedAt: mr.CreatedAt, MergedAt: mr.MergedAt,
		Author: policies.AccountPerson(f.Trust, mr.Host, mr.Author),
	}
	if mr.MergedBy.ID != 0 {
		out.MergedBy = policies.AccountPerson(f.Trust, mr.Host, mr.MergedBy)
	}
	return out
}

// counted reads from the verdict which approvals it counted, so that there is one rule and not two.
func counted(f policies.Facts, v schema.Verdict) []ledger.CountedApproval {
	observed, signed := map[string]bool{}, map[string]bool{}
	collectCounted(v, observed, signed)
	role := string(schema.RoleApprover) + ":" + string(f.Cell.Stage)
	var out []ledger.CountedApproval
	for _, a := range f.Approvals {
		who := policies.AccountPerson(f.Trust, f.MergeRequest.Host, a.By)
		if observed[who] {
			out = append(out, ledger.CountedApproval{Principal: who, Level: "observed", Role: role, At: a.At, Version: a.Version})
			delete(observed, who)
		}
	}
	for _, a := range f.Signed {
		if signed[a.Principal] && a.Code == "ok" {
			out = append(out, ledger.CountedApproval{Principal: a.Principal, Level: "signed", Role: role, At: a.Statement.Made, Tag: a.Tag})
			delete(signed, a.Principal)
		}
	}
	return out
}

func collectCounted(v schema.Verdict, observed, signed map[string]bool) {
	if v.Policy == "approvals" && v.Outcome == schema.Allow && len(v.Parts) == 0 && v.Args["by"] != "" && v.Args["need"] == "" {
		if v.Args["level"] == "signed" {
			signed[v.Args["by"]] = true
		} else {
			observed[v.Args["by"]] = true
		}
	}
	for _, p := range v.Parts {
		collectCounted(p, observed, signed)
	}
}

// problems are what makes no configuration of a cell's files: their paths, and the app's name.
func (c *cellJudge) problems(to cellFiles) []schema.Problem {
	if _, err := schema.ParseApp(string(c.cell.App)); err != nil {
		return append(slices.Clip(to.problems), schema.Problem{Path: c.path, Code: "name", Detail: err.Error()})
	}
	return to.problems
}

// misfits are what keeps the content from being delivered: files that do not parse, and what the stage's targets cannot
// hold (RULES R41). Where there is no configuration no target is asked: it would say the same again in its own words.
func (c *cellJudge) misfits(files map[string][]byte, to cellFiles) []schema.Verdict {
	if to.side.Revision == schema.None || len(c.problems(to)) > 0 {
		return nil
	}
	made, bad := newPayload(to.manifest, files)
	if bad != nil {
		return malformed(bad.found)
	}
	var out []schema.Verdict
	if v, ok := c.tooLargeForGray(len(made.document)); !ok {
		out = append(out, v)
	}
	for _, t := range c.stage.Targets {
		fitter, ok := c.cfg.Targets[t.Name].(integrations.Fitter)
		if !ok {
			continue
		}
		release := newRelease(c.rules, c.cell, ledger.Admission{Revision: to.side.Revision, Content: to.side.Content}, made, t)
		if v := fitter.Fits(release); v.Outcome != schema.Allow {
			out = append(out, v)
		}
	}
	return out
}

func malformed(found schema.Diagnostics) []schema.Verdict {
	out := make([]schema.Verdict, len(found))
	for i, d := range found {
		out[i] = schema.Verdict{Policy: "content", Outcome: schema.Deny, Code: "schema", Args: map[string]string{
			"path": d.Position.String(), "detail": d.Message,
		}}
	}
	return out
}

func unique(digests []schema.Digest) []schema.Digest {
	seen := map[schema.Digest]bool{}
	var out []schema.Digest
	for _, d := range digests {
		if !seen[d] {
			seen[d] = true
			out = append(out, d)
		}
	}
	return out
}

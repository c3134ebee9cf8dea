package reconciler

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

// archiveEvery is how often is looked for what is to be archived: windows are days, and a look reads every cell.
const archiveEvery = time.Hour

// archive closes revisions to rollbacks: those of the last stage that another one replaced longer ago than the rollback window,
// and in every stage all of an app that has retired (DESIGN §4, RULES R13, R18). Nothing changes at a target by it.
func (p *pass) archive(ctx context.Context, report *Report) error {
	if p.now.Before(p.archiveAt) && !slices.ContainsFunc(report.Entries, mayRetire) || p.rules.project.RollbackWindow == 0 && len(p.rules.retirements) == 0 {
		return nil
	}
	states, err := p.ledger.Cells(ctx)
	if err != nil {
		return fmt.Errorf("read the ledger's state: %w", err)
	}
	var found findings
	ends := lifecycle.Ends(p.rules.project)
	gone := departures{}
	leaving := false
	for _, s := range states {
		if !slices.Contains(ends, s.Stage) {
			continue
		}
		gone.see(s)
		leaving = leaving || p.rules.awaitsLeaving(s)
	}
	for _, s := range states {
		if !p.rules.has(s) {
			continue
		}
		decided, err := archived(p.ledger.Head().Project, s, gone.retired(s.App), p.rules, p.now)
		if err != nil {
			return err
		}
		found.add(decided)
	}
	if len(found.entries) > 0 {
		if err := p.record(ctx, report, found.entries, found.evidence); err != nil {
			return fmt.Errorf("archive: %w", err)
		}
	}
	p.archiveAt = p.now.Add(archiveEvery)
	if leaving {
		p.archiveAt = time.Time{} // whoever retired an app waits for it: what it had is archived as soon as its absence is live
	}
	return nil
}

// mayRetire reports whether an app leaves a last stage by an entry, or may by the rules that it puts in force.
func mayRetire(e ledger.Entry) bool { return e.Kind == ledger.Retire || e.Kind == ledger.Control }

// Snapshot is the evidence of an archive entry: what was archived, where its bytes are, and that nothing live is of it.
type Snapshot struct {
	V        int              `json:"v"` // 1
	ID       string           `json:"id"`
	Project  string           `json:"project"`
	Stage    schema.StageName `json:"stage"`
	App      schema.App       `json:"app"`
	Revision schema.Revision  `json:"revision"`
	Content  schema.Content   `json:"content"`
	Manifest schema.Digest    `json:"manifest,omitempty"` // evidence blob: every file's path, mode and SHA-256
	Commit   schema.Hash      `json:"commit"`             // of the stage's ref, which holds the bytes
	Admitted int64            `json:"admitted"`           // entry that let it in
	// Replaced is the entry that let in what runs since, At when.
	Replaced int64     `json:"replaced"`
	At       time.Time `json:"at"`
	// Live is what each target was last read back to have: the entry that admitted it.
	Live map[string]int64 `json:"live"`
	// KeepUntil is when the project allows it to be forgotten; never, if nil.
	KeepUntil *time.Time `json:"keep_until,omitempty"`
}

// archived decides which revisions of a cell are to be archived at a moment, by the state before and the rules in force.
// retired says that the app has left every last stage that it was in.
func archived(project string, s ledger.State, retired bool, in *rules, now time.Time) ([]judged, error) {
	window := in.project.RollbackWindow
	if !slices.Contains(lifecycle.Ends(in.project), s.Stage) {
		window = 0
	}
	var out []judged
	for i, a := range s.Revisions {
		code := archivable(s, i, retired, window, now)
		if code == "" {
			continue
		}
		next := s.Revisions[i+1]
		snap := Snapshot{
			V: 1, ID: snapshot(now, a.Content), Project: project, Stage: s.Stage, App: s.App, Revision: a.Revision, Content: a.Content,
			Manifest: a.Manifest, Commit: a.Commit, Admitted: a.Seq, Replaced: next.Seq, At: next.At, Live: map[string]int64{},
			KeepUntil: in.keepUntil(s.App, code, now),
		}
		for target, live := range s.Live {
			snap.Live[target] = live.Seq
		}
		data, err := json.Marshal(snap)
		if err != nil {
			return nil, fmt.Errorf("archive %s of %s: %w", a.Revision, s.App, err)
		}
		out = append(out, judged{
			entry: ledger.Entry{
				Kind: ledger.Archive, Stage: s.Stage, App: s.App, Code: code, Evidence: []schema.Digest{schema.DigestOf(data)},
				Order: &ledger.Order{Revision: a.Revision, Snapshot: snap.ID, Until: snap.KeepUntil},
			},
			evidence: [][]byte{data},
		})
	}
	return out, nil
}

// archivable says why the admission at i of a cell is to be archived; an empty code, if it is not. What is live, or asked for
// by a change that waits, never is.
func archivable(s ledger.State, i int, retired bool, window time.Duration, now time.Time) schema.Code {
	a := s.Revisions[i]
	_, again := lastAdmission(s.Revisions[i+1:], a.Revision)
	switch {
	case again || a.Revision == schema.None || a.Revision == s.Admitted.Revision || a.Flagged(ledger.Archived):
		return ""
	case isLive(s, a.Revision), s.Held != nil && s.Held.Change.To.Revision == a.Revision:
		return ""
	case retired && hasLeft(s):
		return ledger.AppRetired
	case window > 0 && now.Sub(s.Revisions[i+1].At) > window:
		return ledger.WindowOver
	}
	return ""
}

// departures are the apps that were seen in last stages: true for those that have left each of them. One where an app never came
// does not keep it.
type departures map[schema.App]bool

func (d departures) see(s ledger.State) {
	if before, seen := d[s.App]; s.Admitted.Seq > 0 {
		d[s.App] = hasLeft(s) && (before || !seen)
	}
}

func (d departures) retired(app schema.App) bool { return d[app] }

// hasLeft reports whether the app's absence is live in the cell's stage.
func hasLeft(s ledger.State) bool {
	return s.Admitted.Seq > 0 && s.Admitted.Revision == schema.None && !s.Admitted.LiveAt.IsZero()
}

// awaitsLeaving reports whether the app's absence is admitted in the cell's stage, and is to become live there. Where nothing is
// written it does not, and a look at every cell in each pass would be for nothing.
func (r *rules) awaitsLeaving(s ledger.State) bool {
	a := s.Admitted
	return a.Seq > 0 && a.Revision == schema.None && a.LiveAt.IsZero() && r.has(s) && r.project.Mode(s.Stage) != schema.Observe
}

// isLive reports whether some target was last read back to have the revision, or whether it is what those have that a widening has
// not reached.
func isLive(s ledger.State, rev schema.Revision) bool {
	if !s.Whole() {
		if base, ok := baseOf(s); ok && base.Revision == rev {
			return true
		}
	}
	for _, live := range s.Live {
		for _, a := range s.Revisions {
			if a.Seq == live.Seq && a.Revision == rev {
				return true
			}
		}
	}
	return false
}

// keepUntil is the end of the retention that begins now: of the retirement record, else of the project.
func (r *rules) keepUntil(app schema.App, why schema.Code, now time.Time) *time.Time {
	keep := r.project.Retention
	if record := r.retirements[app]; why == ledger.AppRetired && record.Retention > 0 {
		keep = record.Retention
	}
	if keep == 0 {
		return nil
	}
	until := now.Add(keep)
	return &until
}

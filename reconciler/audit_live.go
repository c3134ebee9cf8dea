package reconciler

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"iter"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// Live is what a target was found to hold, for an audit.
type Live struct {
	Target string
	Held   iter.Seq2[integrations.Held, error]
}

// liveAudit holds a target against the ledger.
type liveAudit struct {
	ledger *ledger.Ledger
	in     *rules
	target string
	keys   map[string]ed25519.PublicKey
	seen   map[schema.Cell]bool
	found  []ledger.Finding
}

// liveFindings compares every place of a target with what was admitted to its cell: what no entry names is unlogged, what is
// missing or another is drift. A cell whose newest admission has not been delivered yet may hold the one before.
func liveFindings(ctx context.Context, l *ledger.Ledger, in *rules, live *Live) []ledger.Finding {
	a := &liveAudit{ledger: l, in: in, target: live.Target, keys: logKeys(in.trust), seen: map[schema.Cell]bool{}}
	for held, err := range live.Held {
		if err != nil {
			return append(a.found, ledger.Finding{Code: ledger.EvidenceMissing, Class: ledger.Unprovable, Detail: err.Error()})
		}
		a.place(ctx, held)
	}
	a.missing(ctx)
	return a.found
}

// logKeys maps the names that heads give to the log keys in force.
func logKeys(t schema.Trust) map[string]ed25519.PublicKey {
	out := map[string]ed25519.PublicKey{}
	for _, line := range t.Root.LogKeys {
		if key, err := ledger.ParseLogKey(line); err == nil {
			out[signing.Fingerprint(schema.Key{Format: schema.SSHKey, Data: []byte(line)})] = key
		}
	}
	return out
}

func (a *liveAudit) find(held integrations.Held, code schema.Code, seq int64, format string, args ...any) {
	a.found = append(a.found, ledger.Finding{Seq: seq, Path: held.Place, Code: code, Class: ledger.Violated, Detail: fmt.Sprintf(format, args...)})
}

// place judges one place.
func (a *liveAudit) place(ctx context.Context, held integrations.Held) {
	if held.Foreign {
		a.find(held, Unlogged, 0, "nothing that was admitted is here")
		return
	}
	state, known, err := a.ledger.Cell(ctx, held.Cell)
	if err != nil {
		a.found = append(a.found, lacking(held.Place, err)...)
		return
	}
	if !known || state.Admitted.Seq == 0 || !a.delivers(held.Cell) {
		a.find(held, Unlogged, 0, "the ledger has nothing admitted for %s at this target", held.Cell)
		return
	}
	a.seen[held.Cell] = true
	head, err := integrations.DecodeHead(held.Head)
	if err != nil {
		a.find(held, Drifted, state.Admitted.Seq, "not what the reconciler wrote: %v", err)
		return
	}
	a.head(held, head, state)
}

// head compares a head, and the configuration beside or in it, with the ledger.
func (a *liveAudit) head(held integrations.Held, h integrations.Head, state ledger.State) {
	seq := state.Admitted.Seq
	want, ok := expected(state, a.target, h.Seq)
	switch {
	case h.Project != a.in.trust.Root.Project:
		a.find(held, Unlogged, 0, "it is project %s's", schema.Printable(h.Project))
	case h.Stage != held.Cell.Stage || h.App != held.Cell.App:
		a.find(held, Drifted, seq, "it is a copy of that of %s in %s", h.App, h.Stage)
	case h.Verify(a.keys[h.Key]) != nil:
		a.find(held, Drifted, seq, "it is not signed by a log key in force")
	case !ok:
		a.find(held, Drifted, seq, "it says entry #%d, admitted is #%d", h.Seq, seq)
	case !a.grayFits(h, state, want.Seq):
		a.find(held, Drifted, seq, "it does not say for which instances entry #%d is", want.Seq)
	case h.Revision != want.Revision || h.Content != want.Content || h.Commit != want.Commit || h.Retired != (want.Revision == schema.None):
		a.find(held, Drifted, want.Seq, "it says %s, admitted is %s", h.Content, want.Content)
	case held.Problem != "":
		a.find(held, Drifted, want.Seq, "%s", held.Problem)
	case h.Doc != schema.DigestOf(held.Document):
		a.find(held, Drifted, want.Seq, "the configuration is not the one that its head names")
	case !h.Retired && held.Files.Content() != want.Content:
		a.find(held, Drifted, want.Seq, "the configuration is %s, admitted is %s", held.Files.Content(), want.Content)
	}
}

// grayFits reports whether what a head has for some instances is what the ledger says of that entry.
func (a *liveAudit) grayFits(h integrations.Head, s ledger.State, seq int64) bool {
	if s.Whole() || seq != s.Delivered() {
		return h.Canary == nil
	}
	return h.Canary != nil && h.Canary.Says(s.Admitted.Revision, s.Admitted.Content, s.Admitted.Commit, *s.Spread.Rule)
}

// expected returns the admission that a target may hold for all, or for all but some: the newest, or the one that was last read
// back there as long as nothing newer was.
func expected(s ledger.State, target string, seq int64) (ledger.Admission, bool) {
	if seq == s.Delivered() {
		base, ok := s.Admitted, true
		if !s.Whole() {
			base, ok = baseOf(s)
		}
		base.Seq = seq
		return base, ok
	}
	live := s.Live[target].Seq
	i := slices.IndexFunc(s.Revisions, func(a ledger.Admission) bool { return a.Seq == seq })
	if seq != live || live == s.Delivered() || i < 0 {
		return ledger.Admission{}, false
	}
	return s.Revisions[i], true
}

func (a *liveAudit) delivers(cell schema.Cell) bool {
	stage, ok := a.in.project.Stage(cell.Stage)
	return ok && slices.ContainsFunc(stage.Targets, func(t schema.StageTarget) bool { return t.Name == a.target })
}

// missing finds the cells that were read back at the target once and are not there.
func (a *liveAudit) missing(ctx context.Context) {
	states, err := a.ledger.Cells(ctx)
	if err != nil {
		a.found = append(a.found, lacking("", err)...)
		return
	}
	for _, s := range states {
		cell := schema.Cell{Stage: s.Stage, App: s.App}
		if s.Live[a.target].Seq > 0 && !a.seen[cell] && a.delivers(cell) {
			a.found = append(a.found, ledger.Finding{
				Seq: s.Admitted.Seq, Path: entryPlace(ledger.Entry{Stage: s.Stage, App: s.App}), Code: Drifted, Class: ledger.Violated,
				Detail: fmt.Sprintf("missing at target %s, where it was read back", a.target),
			})
		}
	}
}

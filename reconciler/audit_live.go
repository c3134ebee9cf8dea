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
	want, why := a.in.vouches(a.keys, a.target, held.Cell, state, h)
	switch {
	case h.Project != a.in.trust.Root.Project:
		a.find(held, Unlogged, 0, "%s", why)
	case why != "":
		a.find(held, Drifted, want.Seq, "%s", why)
	case held.Problem != "":
		a.find(held, Drifted, want.Seq, "%s", held.Problem)
	case h.Doc != schema.DigestOf(held.Document):
		a.find(held, Drifted, want.Seq, "the configuration is not the one that its head names")
	case !h.Retired && held.Files.Content() != want.Content:
		a.find(held, Drifted, want.Seq, "the configuration is %s, admitted is %s", held.Files.Content(), want.Content)
	}
}

// vouches returns the admission that a head at a target is of, and why the ledger does not vouch for the head: empty where it
// does. Nothing in a head is believed that the ledger does not say too.
func (r *rules) vouches(keys map[string]ed25519.PublicKey, target string, cell schema.Cell, state ledger.State, h integrations.Head) (want ledger.Admission, why string) {
	want, ok := expected(state, target, h.Seq)
	seq := want.Seq
	want.Seq = state.Admitted.Seq
	switch {
	case h.Project != r.trust.Root.Project:
		return want, fmt.Sprintf("it is project %s's", schema.Printable(h.Project))
	case h.Stage != cell.Stage || h.App != cell.App:
		return want, fmt.Sprintf("it is a copy of that of %s in %s", h.App, h.Stage)
	case h.Verify(keys[h.Key]) != nil:
		return want, "it is not signed by a log key in force"
	case !ok:
		return want, fmt.Sprintf("it says entry #%d, admitted is #%d", h.Seq, want.Seq)
	case !grayFits(h, state, seq):
		return want, fmt.Sprintf("it does not say for which instances entry #%d is", seq)
	}
	want.Seq = seq
	if h.Revision != want.Revision || h.Content != want.Content || h.Commit != want.Commit || h.Retired != (want.Revision == schema.None) {
		return want, fmt.Sprintf("it says %s, admitted is %s", h.Content, want.Content)
	}
	return want, ""
}

// grayFits reports whether what a head has for some instances is what the ledger says of that entry.
func grayFits(h integrations.Head, s ledger.State, seq int64) bool {
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

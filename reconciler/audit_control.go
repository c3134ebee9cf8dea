package reconciler

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// genesis asks that the admins of the sealed trust signed what entry 1 says, and that the repository held it.
func (r *replay) genesis(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	const path = "genesis"
	in, err := r.rulesInForceAt(ctx, a.After, e.Seq)
	if err != nil {
		return lacking(path, err)
	}
	list, err := a.After.Evidence(ctx, e.Seal.Cells)
	if err != nil {
		return lacking(path, err)
	}
	cells, err := ledger.ParseSealed(list)
	if err != nil {
		return lacking(path, err)
	}
	told := Sealing{Project: e.Project, Anchor: e.Seal.Anchor, Control: e.Seal.Commit, Tips: e.Seal.Refs, Cells: cells}
	statement, err := told.Statement()
	if err != nil {
		return mismatch(path, "what it seals cannot be signed: %v", err)
	}
	found := r.signedGenesis(ctx, a, e, in, statement)
	return append(found, r.sealedAgain(ctx, e, list)...)
}

// signedGenesis counts the admins whose signatures over the statement the entry keeps.
func (r *replay) signedGenesis(ctx context.Context, a *appended, e ledger.Entry, in *rules, statement []byte) []ledger.Finding {
	var copies []signing.RequestCopy
	for _, d := range e.Seal.Request {
		raw, err := a.After.Evidence(ctx, d)
		if err != nil {
			return lacking("genesis", err)
		}
		tag, err := requestIn(raw)
		if err != nil || !bytes.Equal(tag.request.Statement, statement) {
			return mismatch("genesis", "a request that it keeps asks for something else")
		}
		copies = append(copies, signing.RequestCopy{Principal: tag.principal, Request: tag.request})
	}
	if c := signing.CheckRequest(in.keyring, in.trust, copies, signing.Acceptance{At: e.At}, ""); !c.OK {
		return mismatch("genesis", "the admins did not sign what it seals: %s [%s]", c.Detail, c.Code)
	}
	return nil
}

// sealedAgain seals the repository again at the tips that the entry names.
func (r *replay) sealedAgain(ctx context.Context, e ledger.Entry, list []byte) []ledger.Finding {
	again, err := Seal(ctx, r.repo, e.Seal.Commit, e.Seal.Refs)
	if err == nil && r.repo.lacking != nil {
		err = r.repo.lacking
	}
	if err != nil {
		return lacking("genesis", fmt.Errorf("what was sealed cannot be read: %w", err))
	}
	have, err := ledger.EncodeSealed(again.Cells)
	if err != nil {
		return lacking("genesis", err)
	}
	switch {
	case again.manifest != e.Seal.Control:
		return mismatch("genesis", "the control files at %s are not those that were sealed", e.Seal.Commit.Short())
	case again.trust != e.Seal.Trust, again.Project != e.Project, again.Anchor != e.Seal.Anchor:
		return mismatch("genesis", "the trust at %s is not the one that was sealed", e.Seal.Commit.Short())
	case !bytes.Equal(have, list):
		return mismatch("genesis", "the repository held other cells at the tips that were sealed")
	}
	return nil
}

// control asks that new control files came into force by the rules in force before: a new trust version by the roots of the
// one before and its own, the other files by the admins.
func (r *replay) control(ctx context.Context, a *appended, e ledger.Entry) []ledger.Finding {
	const path = "control"
	before, err := r.controlBefore(ctx, a, e)
	if err != nil {
		return lacking(path, err)
	}
	after, err := r.rulesInForceAt(ctx, a.After, e.Seq)
	if err != nil {
		return lacking(path, err)
	}
	var found []ledger.Finding
	if after.trust.Root.Version != e.Seal.Trust {
		found = append(found, mismatch(path, "it names trust version %d, the files hold %d", e.Seal.Trust, after.trust.Root.Version)...)
	}
	found = append(found, r.controlAt(ctx, e)...)
	found = append(found, r.trustStep(e, before, after)...)
	if !sameOutsideTrust(before.files, after.files) {
		found = append(found, r.controlFilesChanged(e)...)
	}
	return found
}

// controlBefore returns the rules that a control entry replaced.
func (r *replay) controlBefore(ctx context.Context, a *appended, e ledger.Entry) (*rules, error) {
	seq := a.Before.Head().Control.Seq
	for _, other := range a.Entries {
		if other.Kind == ledger.Control && other.Seq < e.Seq {
			seq = other.Seq
		}
	}
	return r.rulesInForceAt(ctx, a.After, seq)
}

// controlAt asks that the commit which the entry names holds the files that it put in force.
func (r *replay) controlAt(ctx context.Context, e ledger.Entry) []ledger.Finding {
	info, err := r.repo.Commit(ctx, e.Seal.Commit)
	if err != nil {
		return lacking("control", err)
	}
	manifest, _, err := ControlFiles(ctx, r.repo, info.Tree)
	if err == nil && r.repo.lacking != nil {
		err = r.repo.lacking
	}
	if err != nil {
		return lacking("control", err)
	}
	if schema.DigestOf(manifest.Encode()) != e.Seal.Control {
		return mismatch("control", "commit %s holds other control files", e.Seal.Commit.Short())
	}
	return nil
}

// trustStep judges a new trust version as CheckChain does for each step.
func (r *replay) trustStep(e ledger.Entry, before, after *rules) []ledger.Finding {
	if maps.EqualFunc(below(before.files, trustDir), below(after.files, trustDir), bytes.Equal) {
		return nil
	}
	next, err := signing.ReadTrustVersion(below(after.files, trustDir))
	if err != nil {
		return mismatch("control", "the trust directory cannot be read: %v", err)
	}
	u := signing.CheckUpdate(before.trust, next, e.At, before.trust.Root.Version)
	if u.OK {
		return nil
	}
	return []ledger.Finding{{Path: strings.TrimSuffix(trustDir, "/"), Code: u.Code, Class: ledger.Violated, Detail: u.Detail}}
}

// sameOutsideTrust reports whether the control files beside the trust directory are the same.
func sameOutsideTrust(a, b map[string][]byte) bool {
	rest := func(files map[string][]byte) []string {
		var out []string
		for path, data := range files {
			if !strings.HasPrefix(path, trustDir) {
				out = append(out, path+" "+string(schema.DigestOf(data)))
			}
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(rest(a), rest(b))
}

// controlFilesChanged is where the admins' signatures over the other control files are judged again; that is not built.
func (r *replay) controlFilesChanged(e ledger.Entry) []ledger.Finding { return r.unjudged(e) }

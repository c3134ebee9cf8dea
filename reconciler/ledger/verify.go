package ledger

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// VerifyOptions say whose ledger is verified and what is known of it from elsewhere.
type VerifyOptions struct {
	Project string        // id from the trust root; empty: as entry 1 names it
	Anchor  schema.Digest // digest of trust version 1; without it nothing is proven
	// LogKeys are those of trust version 1. A key that replaces one of them comes in by a key-rotate entry.
	LogKeys      []string
	VerifyCommit CommitVerifier
	// Named, if given, returns the log keys that the trust in force names at a moment of the ledger. A key that it does not
	// name is never put in place, and signs no more once it is named no more.
	Named func(context.Context, *Ledger) ([]string, error)
	// Known are checkpoints that were seen elsewhere: kept by the reconciler, by targets, by witnesses.
	Known []Checkpoint
	// Judge, if given, is asked about each append that could be made again, in order. What it finds is reported.
	Judge func(context.Context, Appended) []Finding
}

// Appended is one verified append, for whoever judges what its entries say.
type Appended struct {
	Commit  schema.Hash
	Before  *Ledger // the ledger that they were decided against
	After   *Ledger // holds the evidence that they name
	Entries []Entry
}

// Verify proves a ledger from its first entry to the tip: every commit is signed by a log key in force and has one parent;
// every append adds its entries and nothing else; numbers, times and the chain of digests go on; the checkpoint is the
// Merkle root; every named evidence blob is there with its digest; and state, refs, head and right edge are the fold of
// the entries. To that end every append is made again and has to give the same tree.
//
// What the entries say is for [VerifyOptions].Judge to judge. The error is about the options or ctx; what is wrong with the ledger is in the
// report.
func Verify(ctx context.Context, objs Objects, tip schema.Hash, o VerifyOptions) (Report, error) {
	v := &verifier{opts: o, report: Report{Tip: tip, Project: o.Project, Findings: []Finding{}}, known: map[int64][]Checkpoint{}}
	if tip.IsZero() {
		v.find(Finding{Code: LogEmpty, Class: Unprovable, Detail: "the ledger has no entry"})
		return v.report, nil
	}
	if err := v.start(ctx, objs, tip); err != nil {
		return Report{}, fmt.Errorf("verify ledger: %w", err)
	}
	for _, id := range v.history(ctx, tip) {
		if err := ctx.Err(); err != nil {
			return Report{}, fmt.Errorf("verify ledger: %w", err)
		}
		v.step(ctx, id)
	}
	v.finish(ctx)
	if err := ctx.Err(); err != nil {
		return Report{}, fmt.Errorf("verify ledger: %w", err)
	}
	return v.report, nil
}

// How many trees and states a verification keeps: it goes through all of them once, so what it holds must not grow with the
// ledger.
const (
	verifyTrees   = 512
	verifyStates  = 256
	verifyBuckets = 64
)

// verifier makes the appends of a history again, one after the other.
type verifier struct {
	opts   VerifyOptions
	report Report
	known  map[int64][]Checkpoint // by size

	at       *Ledger             // as far as it is verified
	keys     []ed25519.PublicKey // in force
	named    []ed25519.PublicKey // by the trust in force; nil: not asked yet
	lost     []lostEvidence
	expunged map[schema.Digest]bool
}

func (v *verifier) find(f Finding) { v.report.Findings = append(v.report.Findings, f) }

// note turns an error into a finding: a doubt is a violation, bytes that are not understood or not there prove nothing.
func (v *verifier) note(f Finding, err error) {
	var d *Doubt
	f.Class, f.Code, f.Detail = Unprovable, HistoryMissing, err.Error()
	switch {
	case errors.Is(err, ErrUnknownFormat):
		f.Code = UnknownFormat
	case errors.Is(err, ErrMissing):
		f.Code = EvidenceMissing
	case errors.As(err, &d):
		f.Class, f.Code, f.Detail = Violated, d.Code, d.Err.Error()
		if d.Code == EvidenceMissing {
			f.Class = Unprovable
		}
	}
	v.find(f)
}

// start prepares the empty ledger that the first commit adds to.
func (v *verifier) start(ctx context.Context, objs Objects, tip schema.Hash) error {
	v.expunged = map[schema.Digest]bool{}
	for _, c := range v.opts.Known {
		v.known[c.Size] = append(v.known[c.Size], c)
	}
	first, err := firstEntry(ctx, objs, tip)
	if err != nil && v.report.Project == "" {
		return fmt.Errorf("no project was given, and entry 1 names none: %w", err)
	}
	v.anchor(first) // what else is wrong with entry 1 is found when its append is made again
	if v.report.Project == "" {
		v.report.Project = first.Project
	}
	v.at, err = newLedger(objs, Options{Project: v.report.Project, LogKeys: v.opts.LogKeys, VerifyCommit: v.opts.VerifyCommit})
	if err != nil {
		return err
	}
	v.at.store.trees = newCache[schema.Hash, tree](verifyTrees)
	v.at.store.states = newCache[schema.Hash, State](verifyStates)
	v.at.store.buckets = newCache[schema.Hash, bucket](verifyBuckets)
	v.keys = slices.Clone(v.at.keys)
	return nil
}

func firstEntry(ctx context.Context, objs Objects, tip schema.Hash) (Entry, error) {
	for e, err := range Entries(ctx, objs, tip) {
		return e, err
	}
	return Entry{}, doubt(LogChain, "there is no entry 1")
}

// anchor compares what entry 1 names with what the caller was given out of band.
func (v *verifier) anchor(first Entry) {
	if first.Seal == nil {
		return // there is a finding already
	}
	v.report.Anchor = first.Seal.Anchor
	switch {
	case v.opts.Project != "" && first.Project != v.opts.Project:
		v.find(Finding{Seq: 1, Code: LogOrigin, Class: Violated, Detail: fmt.Sprintf("the ledger is of project %q, want %q", first.Project, v.opts.Project)})
	case v.opts.Anchor == "":
		v.find(Finding{Seq: 1, Code: AnchorMissing, Class: Unprovable, Detail: fmt.Sprintf("no anchor was given; the ledger begins with %s", first.Seal.Anchor)})
	case first.Seal.Anchor != v.opts.Anchor:
		v.find(Finding{Seq: 1, Code: AnchorMismatch, Class: Violated, Detail: fmt.Sprintf("the ledger begins with trust root %s, want %s", first.Seal.Anchor, v.opts.Anchor)})
	}
}

// history returns the commits from the first to the tip. Where a commit has several parents it follows the first.
func (v *verifier) history(ctx context.Context, tip schema.Hash) []schema.Hash {
	var ids []schema.Hash
	for id := tip; ; {
		c, err := v.at.readCommit(ctx, id)
		if err != nil {
			v.note(Finding{Commit: id}, err)
			if len(c.parents) == 0 {
				break
			}
		}
		ids = append(ids, id)
		if len(c.parents) == 0 {
			break
		}
		id = c.parents[0]
	}
	slices.Reverse(ids)
	v.report.Commits = len(ids)
	if len(ids) > 0 {
		v.shallow(ctx, ids[0])
	}
	return ids
}

// shallow starts from the state of the oldest commit's parent if the history does not reach back to entry 1.
func (v *verifier) shallow(ctx context.Context, oldest schema.Hash) {
	c, err := v.at.readCommit(ctx, oldest)
	if err == nil && len(c.parents) > 0 {
		v.adopt(ctx, oldest, c.tree)
	}
}

// adopt goes on from what a commit's tree says of itself, because it could not be made again.
func (v *verifier) adopt(ctx context.Context, id, root schema.Hash) {
	next := *v.at
	next.tip, next.root = id, root
	if err := next.readState(ctx); err == nil {
		v.at = &next
	}
}

// finish reports what only the whole ledger shows.
func (v *verifier) finish(ctx context.Context) {
	v.reportLost()
	size := v.at.edge.size
	for _, c := range v.opts.Known {
		if c.Size > size {
			v.find(Finding{Code: LogRollback, Class: Violated, Detail: fmt.Sprintf("%d entries, a checkpoint of %d was seen", size, c.Size)})
		}
		if c.Origin != v.report.Project {
			v.find(Finding{Code: LogOrigin, Class: Violated, Detail: fmt.Sprintf("a checkpoint of project %q was seen", c.Origin)})
		}
	}
	v.report.Checkpoint = v.at.Checkpoint()
	if err := v.count(ctx); err != nil {
		v.note(Finding{Commit: v.at.tip, Path: stateDir}, err)
	}
}

// count counts cells and apps by the names of their files, which are digests of the apps' names, and reads no state.
func (v *verifier) count(ctx context.Context) error {
	shards, err := v.at.shards(ctx)
	if err != nil {
		return err
	}
	apps := map[string]bool{}
	for _, shard := range shards {
		if err := v.countIn(ctx, shard, apps); err != nil {
			return err
		}
	}
	v.report.Apps = len(apps)
	return nil
}

// countIn counts the cells of a shard. The hash of an app's name is as good as its name.
func (v *verifier) countIn(ctx context.Context, shard item, apps map[string]bool) error {
	if shard.dir {
		return v.countBelow(ctx, shard.id, apps)
	}
	b, err := v.at.store.bucket(ctx, shard.id)
	if err != nil {
		return err
	}
	for _, l := range b {
		v.report.Cells++
		apps[l.app] = true
	}
	return nil
}

// countBelow counts the cells of one directory state/<stage>/<h1>, in either form that has it.
func (v *verifier) countBelow(ctx context.Context, id schema.Hash, apps map[string]bool) error {
	shard, err := v.at.store.tree(ctx, id)
	if err != nil {
		return err
	}
	for _, i := range shard {
		if i.dir {
			if err := v.countBelow(ctx, i.id, apps); err != nil {
				return err
			}
			continue
		}
		v.report.Cells++
		apps[i.name] = true
	}
	return nil
}

package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// trustHistory is what verify REV answers.
type trustHistory struct {
	Proven   bool          `json:"proven"`
	Anchor   schema.Digest `json:"anchor"` // that was told, or else found
	Versions []trustStep   `json:"versions"`
}

type trustStep struct {
	Version int         `json:"version"`
	Commit  schema.Hash `json:"commit"`
	OK      bool        `json:"ok"`
	Code    schema.Code `json:"code"`
	Detail  string      `json:"detail,omitempty"`
	By      []string    `json:"by,omitempty"`
	Need    int         `json:"need,omitempty"`
}

// trustVerifyHistory judges the versions in the history of a commit.
func (a *app) trustVerifyHistory(ctx context.Context, f trustFlags, rev string) error {
	repo, refs, err := a.openRepo(ctx)
	if err != nil {
		return err
	}
	defer repo.Close()
	tip, err := resolve(ctx, repo, refs, rev)
	if err != nil {
		return err
	}
	anchor, err := a.anchor(f.clone)
	if err != nil {
		return err
	}
	chain, commits, err := trustVersions(ctx, repo, tip, anchor)
	if err != nil {
		return err
	}
	if len(chain) == 0 {
		return &failure{code: exitUnprovable, err: fmt.Errorf("no commit in the history of %s has a trust directory [anchor-missing]", rev)}
	}
	h := judgeHistory(anchor, chain, commits)
	if a.json() {
		err = a.encode(h)
	} else {
		err = h.write(a.out, len(chain), anchor == "")
	}
	if err != nil {
		return err
	}
	return h.exit(len(chain), anchor == "")
}

func judgeHistory(anchor schema.Digest, chain []signing.TrustStep, commits []schema.Hash) trustHistory {
	told := anchor != ""
	if !told {
		anchor = chain[0].Trust.RootDigest
	}
	h := trustHistory{Anchor: anchor}
	for i, u := range signing.CheckChain(anchor, chain) {
		step := trustStep{Version: u.Version, Commit: commits[i], OK: u.OK, Code: u.Code, Detail: u.Detail, By: u.By, Need: u.NeedOld}
		if u.OK {
			step.Code = signing.CodeOK
		}
		h.Versions = append(h.Versions, step)
	}
	last := h.Versions[len(h.Versions)-1]
	h.Proven = told && last.OK && len(h.Versions) == len(chain)
	return h
}

func (h trustHistory) exit(versions int, noAnchor bool) error {
	last := h.Versions[len(h.Versions)-1]
	switch {
	case !last.OK && last.Code == signing.CodeTrustThreshold && len(h.Versions) == versions:
		return answer{exitNo} // the newest one waits for signatures
	case !last.OK:
		return answer{exitTampered}
	case noAnchor:
		return answer{exitUnprovable}
	}
	return nil
}

func (h trustHistory) write(w io.Writer, versions int, noAnchor bool) error {
	var b strings.Builder
	for _, s := range h.Versions {
		text := "[" + string(s.Code) + "] " + schema.Printable(s.Detail)
		switch {
		case s.OK && s.Version == 1:
			text = "ok, by the anchor"
		case s.OK:
			text = fmt.Sprintf("ok, signed by %s (%d of %d)", strings.Join(s.By, ", "), len(s.By), s.Need)
		}
		fmt.Fprintf(&b, "version %-3d  %s  %s\n", s.Version, s.Commit.Short(), text)
	}
	if left := versions - len(h.Versions); left > 0 {
		fmt.Fprintf(&b, "%s after it not judged: nothing follows a version that is refused\n", count(int64(left), "version", "versions"))
	}
	last := h.Versions[len(h.Versions)-1]
	switch {
	case h.Proven:
		fmt.Fprintf(&b, "proven: %s from the anchor on\n", count(int64(versions), "version", "versions"))
	case last.OK && noAnchor:
		fmt.Fprintf(&b, "cannot prove: no anchor. The first version here is\n  %s\nwhich proves nothing until somebody you trust has told you the same: --anchor\n", h.Anchor)
	default:
		fmt.Fprintf(&b, "NOT PROVEN; more: sluice explain %s\n", last.Code)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// trustVersions reads the versions that a history went through, oldest first, each as the last commit with that version has
// it: signatures come one after the other. Of when each came into force only the commit's own date is known here.
func trustVersions(ctx context.Context, repo *gitrepo.Repo, tip schema.Hash, anchor schema.Digest) ([]signing.TrustStep, []schema.Hash, error) {
	history, _, err := repo.FirstParents(ctx, tip, schema.Hash{}, maxTrustHistory)
	if err != nil {
		return nil, nil, err
	}
	var chain []signing.TrustStep
	var commits []schema.Hash
	var seen schema.Hash
	for i := len(history) - 1; i >= 0; i-- {
		info, err := repo.Commit(ctx, history[i])
		if err != nil {
			return nil, nil, err
		}
		entry, there, err := repo.Lookup(ctx, info.Tree, schema.TrustDir)
		if err != nil {
			return nil, nil, err
		}
		if !there || entry.ID == seen {
			continue
		}
		seen = entry.ID
		step, err := trustAt(ctx, repo, info.Tree, info.Time)
		if err != nil {
			return nil, nil, &failure{code: exitTampered, err: fmt.Errorf("the trust directory at %s: %w", history[i].Short(), err)}
		}
		if n := len(chain); n > 0 && stillPrepared(chain, step, anchor) {
			chain, commits = chain[:n-1], commits[:n-1]
		}
		chain, commits = append(chain, step), append(commits, history[i])
	}
	return chain, commits, nil
}

// stillPrepared reports whether a step goes on with the last version of a chain: it has more signatures, or another content
// that takes the place of one which was never complete. Two complete versions of one number are both judged.
func stillPrepared(chain []signing.TrustStep, step signing.TrustStep, anchor schema.Digest) bool {
	last := chain[len(chain)-1]
	switch {
	case last.Trust.Root.Version != step.Trust.Root.Version:
		return false
	case last.Trust.RootDigest == step.Trust.RootDigest:
		return true
	case len(chain) == 1:
		return last.Trust.RootDigest != anchor
	}
	before := chain[len(chain)-2].Trust
	return !signing.CheckUpdate(before, last.TrustVersion, last.At, before.Root.Version).OK
}

func trustAt(ctx context.Context, repo *gitrepo.Repo, tree schema.Hash, at time.Time) (signing.TrustStep, error) {
	_, files, err := reconciler.ControlFiles(ctx, gitrepo.Mirror{Repo: repo}, tree)
	if err != nil {
		return signing.TrustStep{}, err
	}
	version, err := signing.ReadTrustVersion(belowTrust(files))
	return signing.TrustStep{TrustVersion: version, At: at}, err
}

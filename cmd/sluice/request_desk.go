package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// statementFlags are those of every command by which a person makes a signed statement.
type statementFlags struct {
	clone    cloneFlags
	remote   string
	signWith string
	yes      bool
	dryRun   bool
}

func (f *statementFlags) add(c *cobra.Command) {
	f.clone.add(c)
	flags := c.Flags()
	flags.StringVar(&f.remote, "remote", "origin", "`REMOTE` to read from and to push to")
	flags.StringVar(&f.signWith, "sign-with", "", "your `KEY`: a private key file, a .pub file whose key is in an agent, or an OpenPGP key id (default git's user.signingkey)")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what would be signed, and sign nothing")
}

// desk is where a person makes a statement: a clone that was fetched just now, and one moment.
type desk struct {
	*clone
	a      *app
	f      statementFlags
	made   time.Time
	mirror gitrepo.Mirror
	found  []foundRequest
}

// openDesk fetches with the user's git, so that what is shown is what is there now, and opens the clone.
func (a *app) openDesk(ctx context.Context, f statementFlags) (*desk, error) {
	if _, err := a.git(ctx, "remote", "get-url", f.remote); err != nil {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("there is no remote %q here", redacted(f.remote)), hint: "run it in a clone of the configuration repository, or name the remote with --remote"}
	}
	heads, tags := "+refs/heads/*:refs/remotes/"+f.remote+"/*", "+refs/tags/sluice/*:refs/tags/sluice/*"
	if _, err := a.git(ctx, "fetch", "--quiet", "--no-tags", f.remote, heads, tags); err != nil {
		return nil, noAccess(err, f.remote)
	}
	f.clone.remote = f.remote
	c, err := a.openClone(ctx, f.clone)
	if err != nil {
		return nil, err
	}
	d := &desk{clone: c, a: a, f: f, made: now().Truncate(time.Second), mirror: gitrepo.Mirror{Repo: c.repo}}
	if d.found, _, err = requestsIn(ctx, c.repo, c.refs); err == nil {
		err = d.checkClock()
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return d, nil
}

// checkClock refuses to date a statement before what its signer has seen.
func (d *desk) checkClock() error {
	head := d.Ledger.Head()
	if !d.made.Add(signing.DefaultSkew).Before(head.At) {
		return nil
	}
	return &failure{
		code: exitUnavailable, err: fmt.Errorf("this machine's clock reads %s, which is before entry #%d of %s", minute(d.made), head.Size, minute(head.At)),
		hint: "set the clock: a statement says when it was made",
	}
}

// seen names the end of the ledger that the person looks at.
func (d *desk) seen() schema.Seen {
	head := d.Ledger.Head()
	return schema.Seen{Size: head.Size, Entry: head.Last}
}

// tip is where the remote has a ref; zero if it has none.
func (d *desk) tip(ref string) schema.Hash {
	return d.refs["refs/remotes/"+d.f.remote+"/"+strings.TrimPrefix(ref, "refs/heads/")]
}

// commit finds a revision with the user's git, which knows every way to name one.
func (d *desk) commit(ctx context.Context, rev string) (schema.Hash, error) {
	for _, name := range []string{rev, d.f.remote + "/" + rev} {
		if out, err := d.a.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}"); err == nil {
			return schema.ParseHash(out)
		}
	}
	return schema.Hash{}, &failure{code: exitUsage, err: fmt.Errorf("revision %q: there is no such commit here", rev), hint: "git fetch " + d.f.remote + ", or give the commit's full id"}
}

// base is where a commit left the history of a ref.
func (d *desk) base(ctx context.Context, ref string, commit schema.Hash) (schema.Hash, error) {
	tip := d.tip(ref)
	if tip.IsZero() {
		return schema.Hash{}, nil
	}
	bases, err := d.repo.MergeBases(ctx, tip, commit)
	if err != nil {
		return schema.Hash{}, err
	}
	if len(bases) == 0 {
		return schema.Hash{}, &failure{code: exitUsage, err: fmt.Errorf("commit %s and %s have no history in common", commit.Short(), branchName(ref))}
	}
	return bases[0], nil
}

// agree asks before anything is signed. Where nobody can be asked, only --yes agrees.
func (d *desk) agree(question string) error {
	if d.f.yes {
		return nil
	}
	if !isTerminalInput(d.a.in) {
		return &failure{code: exitUsage, err: errors.New("there is no terminal to ask on: nothing was signed"), hint: "look at it with --dry-run, then say --yes"}
	}
	fmt.Fprintf(d.a.errs, "%s [y/N] ", question)
	answered, err := bufio.NewReader(d.a.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answered)) {
	case "y", "yes":
		return nil
	}
	fmt.Fprintln(d.a.errs, "nothing was signed")
	return answer{exitNo}
}

// entry returns the digest that the ledger has for an entry; empty if it has none.
func (d *desk) entry(ctx context.Context, seq int64) schema.Digest {
	_, raw, err := d.Ledger.Entry(ctx, seq)
	if err != nil {
		return ""
	}
	return schema.DigestOf(raw)
}

// branchName is a branch as people call it.
func branchName(ref string) string { return strings.TrimPrefix(ref, "refs/heads/") }

// view shows the ledger, for the names that errors suggest.
func (d *desk) view(ctx context.Context) (schema.View, error) {
	return reconciler.NewView(ctx, d.Ledger, d.Project)
}

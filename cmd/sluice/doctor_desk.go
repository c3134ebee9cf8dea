package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// doctorDesk examines one project. It works on a mirror of its own that is thrown away, so that a reconciler that runs is not
// disturbed.
type doctorDesk struct {
	op      schema.Operator
	project schema.OperatorProject
	before  bool // the project is not sealed yet
	now     time.Time

	checks []doctorCheck
	repo   *gitrepo.Repo // nil while it could not be fetched
	refs   map[string]schema.Hash
	clone  *reconciler.Clone // nil without a good ledger
	rules  *schema.Project   // what is in force, else what the default branch says
	trust  *schema.Trust
	ring   *signing.Keyring
	broken map[string]bool // targets whose files cannot be used
}

func (d *doctorDesk) add(group, name, subject string, state schema.GuardState, code schema.Code, format string, args ...any) {
	c := doctorCheck{Group: group, Name: name, Subject: schema.Printable(subject), State: state, Code: code, Seen: schema.Printable(fmt.Sprintf(format, args...))}
	if info, ok := schema.Explain(code); ok && state != schema.GuardOK {
		c.Fix = info.Fix
	}
	d.checks = append(d.checks, c)
}

func (d *doctorDesk) ok(group, name, subject, format string, args ...any) {
	d.add(group, name, subject, schema.GuardOK, "", format, args...)
}

// advise says what to do about the check made last, where no code does.
func (d *doctorDesk) advise(format string, args ...any) {
	d.checks[len(d.checks)-1].Fix = schema.Printable(fmt.Sprintf(format, args...))
}

// failed tells an error: a clear no fails, what may be different the next time is unknown.
func (d *doctorDesk) failed(group, name, subject string, err error) {
	p := problems(err)[0]
	state := schema.GuardFail
	if p.exit == exitUnavailable || p.exit == exitInterrupted {
		state = schema.GuardUnknown
	}
	d.checks = append(d.checks, doctorCheck{Group: group, Name: name, Subject: schema.Printable(subject), State: state, Code: p.code, Seen: p.text, Fix: p.hint})
}

// examine makes every check. Each stands by itself, so that one that cannot be made hides no other.
func (d *doctorDesk) examine(ctx context.Context) examined {
	out := examined{Repository: redacted(d.project.Repository)}
	dir, err := os.MkdirTemp("", "sluice-doctor-")
	if err != nil {
		d.failed(groupGit, "fetch", "", err)
	} else {
		defer os.RemoveAll(dir)
	}
	d.files()
	if err == nil {
		out.git = d.git(ctx, dir)
	} else {
		out.git = err
	}
	if d.repo != nil {
		defer d.repo.Close()
		d.control(ctx)
		d.ledger(ctx, dir)
	} else {
		d.add(groupLedger, "chain", d.ledgerBranch(), schema.GuardUnknown, "", "it could not be fetched")
		d.advise("mend what fails above, then ask again")
	}
	d.sights()
	d.trusted()
	out.forge = d.forge(ctx)
	d.targets(ctx)
	out.Checks = inOrder(advised(d.checks))
	return out
}

// advised gives each check that is not well something to do: what another system said comes without.
func advised(checks []doctorCheck) []doctorCheck {
	for i, c := range checks {
		if c.Fix == "" && (c.State == schema.GuardFail || c.State == schema.GuardUnknown) {
			checks[i].Fix = "correct what this line names, then ask again; it cannot be said more exactly"
		}
	}
	return checks
}

// git fetches into the mirror, and asks whether a push would be taken.
func (d *doctorDesk) git(ctx context.Context, dir string) error {
	repo, err := gitrepo.Open(ctx, filepath.Join(dir, "mirror"), remoteOf(d.project))
	if err != nil {
		err = doctorSetting(err)
		d.failed(groupGit, "fetch", "", err)
		return err
	}
	found, err := repo.Fetch(ctx)
	if err != nil {
		err = doctorSetting(err)
		d.failed(groupGit, "fetch", "", err)
		return errors.Join(err, repo.Close())
	}
	d.repo, d.refs = repo, found.Refs
	d.ok(groupGit, "fetch", "", "%s", count(int64(len(found.Refs)), "ref", "refs"))
	if d.ledgerElsewhere() && d.op.BotKeyFile == "" {
		return nil // nothing is pushed here
	}
	if err := repo.CanPush(ctx); err != nil {
		d.failed(groupGit, "push", "", err)
		return nil
	}
	d.ok(groupGit, "push", "", "the login may push; which branches the rules below say")
	return nil
}

// doctorSetting says where a setting or a credential of the repository that cannot be used is named.
func doctorSetting(err error) error {
	if !errors.Is(err, gitrepo.ErrUsage) {
		return err
	}
	return &failure{code: exitUsage, err: err, hint: "correct the repository's settings in the operator's file, and the files that they name"}
}

func (d *doctorDesk) ledgerElsewhere() bool {
	l := d.project.Ledger
	return l.Repository != "" && l.Repository != d.project.Repository
}

func (d *doctorDesk) ledgerBranch() string {
	if d.project.Ledger.Branch != "" {
		return d.project.Ledger.Branch
	}
	return schema.DefaultLedgerBranch
}

// control reads the rules of the default branch, for as long as no ledger says what is in force.
func (d *doctorDesk) control(ctx context.Context) {
	name, tip, err := d.repo.DefaultBranch(ctx)
	if err != nil {
		d.failed(groupGit, "default branch", "", err)
		return
	}
	info, err := d.repo.Commit(ctx, tip)
	if err != nil {
		d.failed(groupGit, "default branch", name, err)
		return
	}
	_, files, err := reconciler.ControlFiles(ctx, d.repo, info.Tree)
	if err != nil {
		d.failed(groupGit, "default branch", name, err)
		return
	}
	previewer, err := reconciler.NewPreviewer(files)
	if err != nil {
		d.failed(groupGit, "default branch", name, err)
		return
	}
	d.ok(groupGit, "default branch", name, "its control files are sound")
	d.rules, d.trust = &previewer.Project, &previewer.Trust
	d.ring, _ = signing.NewKeyring(previewer.Trust)
}

// ledger opens the ledger by the anchor, as the reconciler does.
func (d *doctorDesk) ledger(ctx context.Context, dir string) {
	repo, refs := d.repo, d.refs
	if d.ledgerElsewhere() {
		from := remoteOf(d.project)
		from.URL = located(d.project.Ledger.Repository)
		other, err := gitrepo.Open(ctx, filepath.Join(dir, "ledger"), from)
		if err != nil {
			d.failed(groupLedger, "fetch", "", doctorSetting(err))
			return
		}
		defer other.Close()
		found, err := other.Fetch(ctx)
		if err != nil {
			d.failed(groupLedger, "fetch", "", doctorSetting(err))
			return
		}
		if err := other.CanPush(ctx); err != nil {
			d.failed(groupLedger, "push", "", err)
		}
		repo, refs = other, found.Refs
	}
	tip := refs["refs/heads/"+d.ledgerBranch()]
	switch {
	case tip.IsZero() && d.before:
		d.ok(groupLedger, "chain", d.ledgerBranch(), "not begun yet; sluice init --seal asks for it")
		d.anchored()
		return
	case tip.IsZero():
		d.add(groupLedger, "chain", d.ledgerBranch(), schema.GuardFail, "not-sealed", "there is no such branch")
		return
	}
	opened, err := reconciler.OpenClone(ctx, repo, tip, d.project.Anchor)
	if err != nil {
		d.failed(groupLedger, "chain", d.ledgerBranch(), err)
		return
	}
	head := opened.Ledger.Head()
	d.ok(groupLedger, "chain", d.ledgerBranch(), "%s, good from the last checkpoint; sluice audit verify proves all", count(head.Size, "entry", "entries"))
	d.ok(groupLedger, "anchor", "", "the ledger begins with %s", digestWord(d.project.Anchor))
	d.clone, d.rules, d.trust, d.ring = opened, &opened.Project, &opened.Trust, opened.Keyring
}

// anchored compares the anchor with the trust that would begin the ledger.
func (d *doctorDesk) anchored() {
	if d.trust == nil {
		return
	}
	if d.trust.Root.Version == 1 && d.trust.RootDigest != d.project.Anchor {
		d.add(groupLedger, "anchor", "", schema.GuardFail, "anchor-mismatch", "the trust on the default branch is %s, the operator's file says %s",
			digestWord(d.trust.RootDigest), digestWord(d.project.Anchor))
		return
	}
	d.ok(groupLedger, "anchor", "", "the trust on the default branch is %s", digestWord(d.project.Anchor))
}

// digestWord is enough of a digest to compare by eye.
func digestWord(d schema.Digest) string {
	hex := d.Hex()
	return "sha256:" + hex[:min(12, len(hex))] + "…"
}

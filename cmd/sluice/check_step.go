package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// checkDesk is one run of check.
type checkDesk struct {
	a      *app
	f      checkFlags
	repo   *gitrepo.Repo
	mirror gitrepo.Mirror
	refs   map[string]schema.Hash
	made   time.Time

	step   reconciler.Step
	rules  *reconciler.Previewer
	stages []schema.Stage // that lie on the target's branch
	out    checked
}

// findHead takes the checkout's commit. In a merged-results pipeline that is a merge which the forge made and throws away; the
// commits that people signed are those of the source branch.
func (d *checkDesk) findHead(ctx context.Context) (err error) {
	rev := d.f.head
	if rev == "" {
		rev = "HEAD"
	}
	if d.step.Head, err = d.a.resolveAny(ctx, d.repo, d.refs, rev); err != nil {
		return err
	}
	d.step.Signed = d.step.Head
	if source, ok, err := d.variable("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"); err != nil {
		return err
	} else if ok && d.f.head == "" {
		d.step.Signed = source
	}
	d.out.Head, d.out.Signed = d.step.Head, d.step.Signed
	return nil
}

// variable reads a commit that GitLab names to the job; an empty one is not set.
func (d *checkDesk) variable(name string) (schema.Hash, bool, error) {
	text := d.a.environ(name)
	if text == "" {
		return schema.Hash{}, false, nil
	}
	id, err := schema.ParseHash(text)
	if err != nil {
		return id, false, usageError(fmt.Errorf("variable %s: %w", name, err))
	}
	return id, true, nil
}

// findTarget names the branch that the change is for; without one it is the project's, once the project is known.
func (d *checkDesk) findTarget(ctx context.Context) error {
	d.out.Target = d.f.target
	for _, name := range []string{"CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CI_COMMIT_BRANCH"} {
		if d.out.Target == "" && d.f.head == "" {
			d.out.Target = d.a.environ(name)
		}
	}
	return nil
}

// fork reports whether the pipeline runs in a fork, whose own default branch says nothing of the project.
func (d *checkDesk) fork() bool {
	project, here := d.a.environ("CI_MERGE_REQUEST_PROJECT_ID"), d.a.environ("CI_PROJECT_ID")
	return project != "" && here != "" && project != here
}

// findRules takes the rules in force: the ledger's, else the control files of the default branch, never those of the change
// (RULES R9).
func (d *checkDesk) findRules(ctx context.Context) error {
	var err error
	tip := branch(d.refs, d.f.clone.ledger)
	if d.f.control == "" && !tip.IsZero() {
		err = d.rulesOfLedger(ctx, tip)
	} else {
		err = d.rulesOfBranch(ctx)
	}
	if err != nil {
		return err
	}
	d.placeTarget()
	return nil
}

func (d *checkDesk) rulesOfLedger(ctx context.Context, tip schema.Hash) error {
	anchor, err := d.a.anchor(d.f.clone)
	if err != nil {
		return err
	}
	project, err := reconciler.OpenClone(ctx, d.repo, tip, anchor)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	d.rules = project.Previewer()
	d.out.Source, d.out.Ledger = fmt.Sprintf("the ledger, entry %d", project.Ledger.Head().Size), project.Ledger.Head().Size
	if anchor == "" {
		d.note("no anchor was given, so whose ledger this is stays open: set $SLUICE_ANCHOR")
	}
	return nil
}

func (d *checkDesk) rulesOfBranch(ctx context.Context) error {
	id, from, err := d.controlFrom(ctx)
	if err != nil {
		return err
	}
	info, err := d.repo.Commit(ctx, id)
	if err != nil {
		return fmt.Errorf("control files of %s: %w", from, err)
	}
	_, files, err := reconciler.ControlFiles(ctx, d.mirror, info.Tree)
	if err != nil {
		return fmt.Errorf("control files of %s: %w", from, err)
	}
	if len(files[schema.ProjectFile]) == 0 {
		return &failure{code: exitUsage, err: fmt.Errorf("no sluice.yaml in %s", from), hint: "name the branch that has the control files: --control origin/main"}
	}
	if d.rules, err = reconciler.NewPreviewer(files); err != nil {
		return &failure{code: exitUsage, err: fmt.Errorf("control files of %s: %w", from, err), hint: "they have to be mended before anything can be judged by them"}
	}
	d.out.Source = "the control files of " + from
	d.note("the ledger is not in this clone: what kind a change is, and where it comes from, is a guess from the branches")
	return nil
}

// controlFrom finds where the control files are read. In a fork that is where the change left the project, for the fork's own
// default branch is its owner's.
func (d *checkDesk) controlFrom(ctx context.Context) (schema.Hash, string, error) {
	if d.f.control == "" && d.fork() {
		base, ok, err := d.variable("CI_MERGE_REQUEST_DIFF_BASE_SHA")
		if err != nil {
			return base, "", err
		}
		if ok && d.out.Target == d.a.environ("CI_DEFAULT_BRANCH") {
			d.note("this is a fork: the control files are those of the commit where the change left the project")
			return base, base.Short(), nil
		}
		d.note("this is a fork: its control files need not be those of the project")
	}
	id, err := controlCommit(ctx, d.f.control, d.repo, d.refs, d.a.environ)
	if err != nil {
		return id, "", err
	}
	if d.f.control != "" {
		return id, d.f.control, nil
	}
	return id, "the default branch (" + id.Short() + ")", nil
}

// placeTarget finds which stages the target's branch holds.
func (d *checkDesk) placeTarget() {
	if d.out.Target == "" || d.a.environ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME") == "" && d.f.target == "" && !d.known(d.out.Target) {
		d.out.Target = d.rules.Project.Branch
	}
	for _, s := range d.rules.Project.Stages {
		if d.rules.Project.Ref(s) == d.ref() {
			d.stages = append(d.stages, s)
		}
	}
	if !d.known(d.out.Target) {
		d.note(fmt.Sprintf("%s holds no stage and no control files: nothing in it is judged", d.out.Target))
	}
	d.step.Tips = map[schema.StageName]schema.Hash{}
	for _, s := range d.rules.Project.Stages {
		d.step.Tips[s.Name] = branch(d.refs, branchName(d.rules.Project.Ref(s)))
	}
}

func (d *checkDesk) ref() string { return "refs/heads/" + d.out.Target }

// known reports whether a branch holds stages or the control files.
func (d *checkDesk) known(name string) bool {
	if name == d.rules.Project.Branch {
		return true
	}
	for _, s := range d.rules.Project.Stages {
		if d.rules.Project.Ref(s) == "refs/heads/"+name {
			return true
		}
	}
	return false
}

// findBase finds the commit to compare with: told, or the target that a merged-results pipeline merged into, or where GitLab
// says that the change left its target, else where it did by this clone.
func (d *checkDesk) findBase(ctx context.Context) error {
	told, err := d.toldBase(ctx)
	if err != nil {
		return err
	}
	if told.IsZero() {
		if told = branch(d.refs, d.out.Target); told.IsZero() {
			return &failure{code: exitUsage, err: fmt.Errorf("branch %s is neither here nor at origin", d.out.Target), hint: "name the commit that the change is on top of: --base REV"}
		}
	}
	if _, err := d.repo.Commit(ctx, told); err != nil {
		return fmt.Errorf("base commit %s: %w", told.Short(), err)
	}
	bases, err := d.repo.MergeBases(ctx, told, d.step.Head)
	if err != nil {
		return fmt.Errorf("where %s left %s: %w", d.step.Head.Short(), told.Short(), err)
	}
	if len(bases) == 0 {
		return &failure{code: exitUsage, err: fmt.Errorf("%s and its base %s have no history in common", d.step.Head.Short(), told.Short()), hint: "name the commit that the change is on top of: --base REV"}
	}
	d.step.Base, d.out.Base = bases[0], bases[0]
	return d.findTip(ctx)
}

// findTip finds where the target's branch is now. One that is behind the base, as in a fork, says nothing.
func (d *checkDesk) findTip(ctx context.Context) error {
	tip := branch(d.refs, d.out.Target)
	if tip.IsZero() {
		return nil
	}
	later, err := d.repo.IsAncestor(ctx, d.step.Base, tip)
	if err != nil {
		return fmt.Errorf("where %s is: %w", d.out.Target, err)
	}
	if later {
		d.step.Target = tip
	}
	return nil
}

func (d *checkDesk) toldBase(ctx context.Context) (schema.Hash, error) {
	if d.f.base != "" {
		return d.a.resolveAny(ctx, d.repo, d.refs, d.f.base)
	}
	if d.f.head != "" || d.f.target != "" {
		return schema.Hash{}, nil
	}
	for _, name := range []string{"CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "CI_MERGE_REQUEST_DIFF_BASE_SHA"} {
		if id, ok, err := d.variable(name); ok || err != nil {
			return id, err
		}
	}
	return schema.Hash{}, nil
}

func (d *checkDesk) note(text string) { d.out.Notes = append(d.out.Notes, text) }

// treeOf is the tree of a directory at a commit; zero where there is none.
func (d *checkDesk) treeOf(ctx context.Context, commit schema.Hash, dir string) (schema.Hash, error) {
	info, err := d.repo.Commit(ctx, commit)
	if err != nil || dir == "" || dir == "." {
		return info.Tree, err
	}
	entry, ok, err := d.repo.Lookup(ctx, info.Tree, dir)
	if err != nil || !ok || !entry.IsDir() {
		return schema.Hash{}, err
	}
	return entry.ID, nil
}

// errFile is a finding about something that could not be read as what it has to be.
func errFile(err error) (schema.Code, string) {
	var bad *failure
	if errors.As(err, &bad) {
		err = bad.err
	}
	return codeOf(err, "unreadable"), schema.Printable(err.Error())
}

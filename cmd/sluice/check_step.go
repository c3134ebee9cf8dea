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
	anchor schema.Digest // of trust version 1, as it was told; empty: it was not

	step   reconciler.Step
	rules  *reconciler.Previewer
	stages []schema.Stage // that lie on the target's branch
	begins bool           // nothing is in force yet: the change brings the first control files
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
	return d.jobBase(ctx)
}

// jobBase is what GitLab's variables say: where a merged-results pipeline merged into, else where the change left its target.
// Behind other changes of a merge train that is their result, and never what they are on top of.
func (d *checkDesk) jobBase(ctx context.Context) (schema.Hash, error) {
	if id, ok, err := d.variable("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"); ok || err != nil {
		return id, err
	}
	if d.step.Signed != d.step.Head {
		info, err := d.repo.Commit(ctx, d.step.Head)
		if err != nil {
			return schema.Hash{}, err
		}
		if len(info.Parents) == 2 && info.Parents[1] == d.step.Signed {
			return info.Parents[0], nil
		}
	}
	id, _, err := d.variable("CI_MERGE_REQUEST_DIFF_BASE_SHA")
	return id, err
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

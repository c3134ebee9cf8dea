package stories_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/schema"
)

// forgery is a commit that the forge calls the result of a merge request, whatever it is.
type forgery struct {
	tip    schema.Hash
	squash bool
}

// lyingForge says of chosen merge requests that another commit is what merging them made.
type lyingForge struct {
	reconciler.Forge
	merged   map[int64]forgery
	invented map[int64][]schema.Approval
}

func (f lyingForge) Landings(ctx context.Context, commit schema.Hash, ref string) ([]schema.MergeRequest, error) {
	found, err := f.Forge.Landings(ctx, commit, ref)
	for iid, forged := range f.merged {
		if forged.tip != commit {
			continue
		}
		found = slices.DeleteFunc(found, func(mr schema.MergeRequest) bool { return mr.IID == iid })
		mr, err := f.Forge.(interface {
			MergeRequest(context.Context, int64) (schema.MergeRequest, error)
		}).MergeRequest(ctx, iid)
		if err != nil {
			return nil, err
		}
		mr.State, mr.TargetRef, mr.MergeSHA, mr.SquashSHA = "merged", ref, forged.tip, schema.Hash{}
		if forged.squash {
			mr.MergeSHA, mr.SquashSHA = schema.Hash{}, forged.tip
		}
		found = append(found, mr)
	}
	for i, mr := range found {
		found[i].Approvals = append(slices.Clone(mr.Approvals), f.invented[mr.IID]...)
	}
	return found, err
}

// forgeApprovals lets the forge say that people approved who never did: "forge-approvals 1 bob carol".
func (w *world) forgeApprovals(words []string) []string {
	iid := int64(w.number(words[0]))
	for _, name := range words[1:] {
		w.invented[iid] = append(w.invented[iid], schema.Approval{
			At: w.clock.Now(), By: schema.Account{ID: w.team.Person(name).Account(), Username: name, State: "active", AccessLevel: 40},
		})
	}
	return nil
}

// unprotect takes the rules off a stage's branch as a maintainer can: "unprotect prod".
func (w *world) unprotect(words []string) []string {
	branch := w.branch(words[0])
	w.must(w.forge.Protect("acme/config", gitlabtest.ProtectedBranch{Name: branch}))
	w.must(w.forge.Unprotect("acme/config", branch))
	return nil
}

// oddMerge merges as no method of the forge does: "odd-merge 1 dev squash b/extra.yaml=1" squashes with one change more;
// octopus, swapped and unrelated are merge commits with other parents.
func (w *world) oddMerge(words []string) []string {
	iid, dan := w.number(words[0]), w.team.Person("dan")
	w.must(dan.Fetch(w.ctx))
	git := func(args ...string) string {
		out, err := dan.Git(w.ctx, args...)
		w.must(err)
		return out
	}
	target, head := "origin/"+w.branch(words[1]), "origin/"+w.heads[iid]
	git("checkout", "-q", "-f", "--detach", target)
	git("merge", "-q", "--squash", head)
	c, _ := w.edit(words[1], words[3:])
	for path, data := range c.Files {
		w.must(os.WriteFile(filepath.Join(dan.Dir(), path), []byte(data), 0o644))
	}
	git("add", "-A")
	tree := git("write-tree")
	parents := map[string][]string{
		"squash":    {"-p", target},
		"octopus":   {"-p", target, "-p", head, "-p", target + "^"},
		"swapped":   {"-p", head, "-p", target},
		"unrelated": {"-p", target, "-p", git("commit-tree", "-m", "from nowhere", tree)},
	}[words[2]]
	tip := git(append([]string{"commit-tree", "-m", "Merge branch", tree}, parents...)...)
	git("push", "-q", "origin", tip+":refs/heads/"+w.branch(words[1]))
	id, err := schema.ParseHash(tip)
	w.must(err)
	w.forged[int64(iid)] = forgery{tip: id, squash: words[2] == "squash"}
	return nil
}

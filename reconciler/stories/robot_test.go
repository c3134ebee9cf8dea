package stories_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// testLog shows what the reconciler logs where a story fails.
type testLog struct{ t *testing.T }

func (l testLog) Write(line []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}

func (w *world) botFile() string { return filepath.Join(w.dir, "reconciler", "bot") }

func (w *world) botKey() *signing.SSHSigner {
	key, err := signing.LoadSSHSigner(w.botFile())
	w.must(err)
	return key
}

// proposed tells the merge requests from branches of ours: number, state, whose commit, cell, revision, and who is asked.
func (w *world) proposed([]string) []string {
	all, err := w.forge.MergeRequests("acme/config")
	w.must(err)
	var out []string
	for _, mr := range all {
		parts := strings.Split(mr.SourceBranch, "/")
		if parts[0] != "sluice" || len(parts) < 5 {
			continue
		}
		rev := parts[len(parts)-1]
		for full, name := range w.names {
			if strings.HasPrefix(schema.Digest(full).Hex(), rev) {
				rev = name
			}
		}
		line := fmt.Sprintf("!%d %s %s %s/%s %s by %s", mr.IID, mr.State, parts[1], shortStage(schema.StageName(parts[2])), strings.Join(parts[3:len(parts)-1], "/"), rev, mr.Author)
		if asked := slices.Sorted(slices.Values(mr.Reviewers)); len(asked) > 0 {
			line += " asks " + strings.Join(asked, ",")
		}
		if mr.MergedBy != "" {
			line += " merged by " + mr.MergedBy
		}
		if first, _, ok := strings.Cut(mr.Description, "\n"); ok && strings.HasPrefix(first, "**Closed") {
			line += ": " + strings.Trim(w.named(first), "*")
		}
		out = append(out, line)
	}
	return out
}

// named writes the names that a story has for revisions.
func (w *world) named(text string) string {
	for full, name := range w.names {
		if full != schema.None {
			text = strings.ReplaceAll(text, full.String(), name)
		}
	}
	return text
}

// closeRequest closes a merge request as a person would: "close bob 2".
func (w *world) closeRequest(words []string) []string {
	iid, err := strconv.Atoi(words[1])
	w.must(err)
	w.must(w.forge.CloseMergeRequest("acme/config", iid, words[0]))
	return nil
}

// forgetBranch deletes the branch that a merge request is from, as people do after they closed it: "forget 2".
func (w *world) forgetBranch(words []string) []string {
	iid, err := strconv.Atoi(words[0])
	w.must(err)
	mr, err := w.forge.MergeRequest("acme/config", iid)
	w.must(err)
	bob := w.team.Person("bob")
	w.must(bob.Fetch(w.ctx))
	_, err = bob.Git(w.ctx, "push", "-q", "origin", "--delete", mr.SourceBranch)
	w.must(err)
	return nil
}

// next tells what the page says of promotions, and then what a clone says, which knows no forge.
func (w *world) next([]string) []string {
	clone, repo := w.openLedger()
	defer repo.Close()
	view, err := reconciler.NewView(w.ctx, clone.Ledger, clone.Project)
	w.must(err)
	view, err = reconciler.WithNext(w.ctx, view, clone.Ledger, clone.Project, w.clock.Now())
	w.must(err)
	tell := func(who string, v schema.View) (out []string) {
		for _, app := range v.Apps {
			for _, c := range app.Cells {
				if n := c.Next; n != nil && n.Revision != "" {
					line := fmt.Sprintf("%s: %s/%s %s of %s", who, shortStage(c.Cell.Stage), c.Cell.App, w.revision(n.Revision), shortStage(n.From))
					if n.MergeRequest != 0 {
						line += fmt.Sprintf(" by !%d", n.MergeRequest)
					}
					if n.Why != "" {
						line += ": " + n.Why
					}
					out = append(out, line)
				}
			}
		}
		return out
	}
	return append(tell("page", *w.r.View()), tell("clone", view)...)
}

// botWrites is somebody with the robot's key: "bot prod a=r3" proposes what he likes with it.
func (w *world) botWrites(words []string) []string {
	thief := w.team.Person("reconciler")
	w.must(thief.Fetch(w.ctx))
	w.must(os.WriteFile(w.botFile()+".pub", []byte(w.botKey().PublicKey()+"\n"), 0o600))
	_, err := thief.Git(w.ctx, "config", "user.signingkey", w.botFile()+".pub")
	w.must(err)
	return w.mr(append([]string{"reconciler"}, words...))
}

// branches tells which branches of ours are left.
func (w *world) branches([]string) []string {
	repo, err := gitrepo.OpenLocal(w.forge.RepoDir("acme/config"))
	w.must(err)
	defer repo.Close()
	refs, err := repo.Refs(w.ctx)
	w.must(err)
	n := 0
	for ref := range refs {
		if strings.HasPrefix(ref, "refs/heads/sluice/") && ref != "refs/heads/sluice/ledger" {
			n++
		}
	}
	return []string{fmt.Sprintf("%d branches of ours", n)}
}

// promote proposes by a person, from a branch of the name that the robot would take: "promote eve test a=r2".
func (w *world) promote(words []string) []string {
	author, stage := w.team.Person(words[0]), words[1]
	app, name, _ := strings.Cut(words[2], "=")
	c, _ := w.edit(stage, words[2:])
	w.must(author.Fetch(w.ctx))
	c.Start = "origin/" + w.branch(stage)
	cell := schema.Cell{Stage: stageNamed(stage), App: schema.App(app)}
	for rev, known := range w.names {
		if known != name {
			continue
		}
		branch := strings.TrimPrefix(reconciler.PromotionRef(cell, rev), "refs/heads/")
		iid, err := author.Propose(w.ctx, w.branch(stage), branch, "by hand", c)
		w.must(err)
		w.heads[iid] = branch
		return []string{fmt.Sprintf("!%d", iid)}
	}
	return []string{"no such revision"}
}

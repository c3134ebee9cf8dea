package stories_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
	"github.com/sluice-gitops/sluice/schema"
)

// seal puts content into the stages and makes the genesis request: "seal dev/a=r1 prod/a=r1".
func (w *world) seal(words []string) []string {
	ann := w.team.Person("ann")
	byBranch := map[string]map[string]string{}
	for _, word := range w.stages() {
		if w.layout == schema.BranchLayout && !slices.Contains(w.without, word) {
			byBranch[w.branch(word)] = map[string]string{"README.md": "stage " + word + "\n"}
		}
	}
	for _, word := range words {
		where, rev, _ := strings.Cut(word, "=")
		stage, app, _ := strings.Cut(where, "/")
		if byBranch[w.branch(stage)] == nil {
			byBranch[w.branch(stage)] = map[string]string{}
		}
		for name, data := range w.files(rev) {
			byBranch[w.branch(stage)][w.path(stage, app)+"/"+name] = data
		}
	}
	w.must(ann.Fetch(w.ctx))
	start := ""
	if w.layout == schema.BranchLayout {
		root, err := ann.Commit(w.ctx, team.Commit{Branch: "root", Orphan: true, Files: map[string]string{"LICENSE": "theirs\n"}, Message: "root of the stages"})
		w.must(err)
		start = root.String()
	}
	for branch, files := range byBranch {
		_, err := ann.Commit(w.ctx, team.Commit{Branch: branch, Start: start, Files: files, Message: "sealed content"})
		w.must(err)
		w.must(ann.Push(w.ctx, branch))
	}
	repo, err := gitrepo.OpenLocal(w.forge.RepoDir("acme/config"))
	w.must(err)
	defer repo.Close()
	refs, err := repo.Refs(w.ctx)
	w.must(err)
	sealing, err := reconciler.Seal(w.ctx, gitrepo.Mirror{Repo: repo}, refs["refs/heads/main"], refs)
	w.must(err)
	statement, err := sealing.Statement()
	w.must(err)
	signer := w.signer("ann")
	signature, err := signer.Sign(reconciler.RequestNamespace, statement)
	w.must(err)
	message := string(statement) + "\n" + string(signature)
	request, err := schema.ParseRequest([]byte(message))
	w.must(err)
	w.must(ann.Fetch(w.ctx))
	w.must(ann.PushTag(w.ctx, request.TagName("ann"), "origin/main", message))
	return w.pass(nil)
}

// begin makes the branch of a stage that had none, as an admin would: empty but for a text. Directories need no beginning.
func (w *world) begin(words []string) []string {
	if w.layout != schema.BranchLayout {
		return nil
	}
	ann := w.team.Person("ann")
	_, err := ann.Commit(w.ctx, team.Commit{Branch: w.branch(words[0]), Orphan: true, Files: map[string]string{"README.md": "stage\n"}, Message: "begin"})
	w.must(err)
	w.must(ann.Push(w.ctx, w.branch(words[0])))
	return nil
}

// empty pushes an unsigned commit without a change straight to a stage's branch.
func (w *world) empty(words []string) []string {
	ann := w.team.Person("ann")
	w.must(ann.Fetch(w.ctx))
	branch := w.branch(words[0])
	_, err := ann.Commit(w.ctx, team.Commit{Branch: branch, Start: "origin/" + branch, Message: "nothing", Unsigned: true, Allow: true})
	w.must(err)
	w.must(ann.Push(w.ctx, branch))
	return nil
}

// mr opens a merge request: "mr ann dev a=r2 [b=r3] [unsigned] [base=LABEL] [into=prod]". Its number is the next one.
func (w *world) mr(words []string) []string {
	author, stage := w.team.Person(words[0]), words[1]
	c, base := w.edit(stage, words[2:])
	w.must(author.Fetch(w.ctx))
	c.Start = "origin/" + w.branch(stage)
	if base != "" {
		c.Start = w.labels[base].String()
	}
	branch := fmt.Sprintf("change-%d", len(w.heads)+1)
	iid, err := author.Propose(w.ctx, w.branch(stage), branch, strings.Join(words, " "), c)
	w.must(err)
	w.heads[iid] = branch
	return []string{fmt.Sprintf("!%d", iid)}
}

// edit reads assignments: a=r2 writes an app, a/x.yaml=1 one file, -a removes it; dev and test go to other stages by STAGE:a=r2.
func (w *world) edit(stage string, words []string) (team.Commit, string) {
	c := team.Commit{Files: map[string]string{}, Message: strings.Join(words, " ")}
	base := ""
	for _, word := range words {
		at := stage
		if s, rest, ok := strings.Cut(word, ":"); ok {
			at, word = s, rest
		}
		name, value, assigned := strings.Cut(word, "=")
		switch {
		case word == "unsigned":
			c.Unsigned = true
		case name == "base":
			base = value
		case strings.HasPrefix(word, "-"):
			c.Remove = append(c.Remove, w.path(at, word[1:]))
		case name == "sluice.yaml":
			c.Files["sluice.yaml"] = value + "\n"
		case assigned && strings.Contains(name, "."):
			app, path, _ := strings.Cut(name, "/")
			c.Files[w.path(at, app)+"/"+path] = map[string]string{"twice": "x: 1\nx: 2\n"}[value] + "value: " + value + "\n"
		case assigned:
			for path, data := range w.files(value) {
				c.Files[w.path(at, name)+"/"+path] = data
			}
		default:
			w.t.Fatalf("edit %q: want app=revision", word)
		}
	}
	return c, base
}

// commit adds a commit to a merge request's branch: "commit 1 ann dev a=r3 [unsigned]".
func (w *world) commit(words []string) []string {
	iid := w.number(words[0])
	author := w.team.Person(words[1])
	c, _ := w.edit(words[2], words[3:])
	w.must(author.Fetch(w.ctx))
	c.Branch, c.Start = w.heads[iid], "origin/"+w.heads[iid]
	_, err := author.Commit(w.ctx, c)
	w.must(err)
	w.must(author.Push(w.ctx, c.Branch, "--force"))
	return nil
}

func (w *world) number(word string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(word, "!"))
	w.must(err)
	return n
}

func (w *world) approve(words []string) []string {
	for _, name := range words[1:] {
		w.must(w.team.Person(name).Approve(w.number(words[0])))
		w.clock.Add(time.Second)
	}
	return nil
}

func (w *world) unapprove(words []string) []string {
	w.must(w.forge.Unapprove("acme/config", w.number(words[0]), words[1]))
	return nil
}

// merge presses the button: "merge 1 [squash] [evil stage/app/file=value]".
func (w *world) merge(words []string) []string {
	opts, by := gitlabtest.MergeOptions{}, "dan"
	for _, word := range words[1:] {
		if word == "squash" {
			opts.Squash = true
		}
		if who, ok := strings.CutPrefix(word, "by="); ok {
			by = who
		}
	}
	_, err := w.forge.Merge("acme/config", w.number(words[0]), by, opts)
	if err != nil {
		return []string{"refused: " + err.Error()}
	}
	return nil
}

func (w *world) rebase(words []string) []string {
	_, err := w.forge.Rebase("acme/config", w.number(words[0]), "dan")
	w.must(err)
	return nil
}

// revert presses the forge's revert button; its merge request is the next number.
func (w *world) revert(words []string) []string {
	mr, err := w.forge.Revert("acme/config", w.number(words[0]), "dan")
	w.must(err)
	w.heads[mr.IID] = mr.SourceBranch
	return []string{fmt.Sprintf("!%d", mr.IID)}
}

// pageEdit opens a merge request as the forge's editor does, or adds to one with its number: "page-edit eve dev a=r2 [to=1]".
func (w *world) pageEdit(words []string) []string {
	branch, rest := fmt.Sprintf("change-%d", len(w.heads)+1), words[2:]
	last := rest[len(rest)-1]
	number, adds := strings.CutPrefix(last, "to=")
	if adds {
		branch, rest = w.heads[w.number(number)], rest[:len(rest)-1]
	}
	c, _ := w.edit(words[1], rest)
	_, err := w.forge.CommitFiles("acme/config", gitlabtest.NewCommit{
		User: words[0], Branch: branch, Start: w.branch(words[1]), Message: "Update files", Files: c.Files, Remove: c.Remove,
	})
	w.must(err)
	if adds {
		return nil
	}
	mr, err := w.forge.OpenMergeRequest("acme/config", gitlabtest.NewMergeRequest{Author: words[0], SourceBranch: branch, TargetBranch: w.branch(words[1])})
	w.must(err)
	w.heads[mr.IID] = branch
	return []string{fmt.Sprintf("!%d", mr.IID)}
}

// resign signs the newest commit of a merge request's branch in one's own name: "resign 2 ann".
func (w *world) resign(words []string) []string {
	author, branch := w.team.Person(words[1]), w.heads[w.number(words[0])]
	w.must(author.Fetch(w.ctx))
	for _, args := range [][]string{
		{"checkout", "-q", "-f", "-B", branch, "origin/" + branch},
		{"commit", "-q", "--amend", "--no-edit", "--reset-author", "-S"},
		{"push", "-q", "--force", "origin", branch},
	} {
		_, err := author.Git(w.ctx, args...)
		w.must(err)
	}
	return nil
}

func (w *world) retarget(words []string) []string {
	w.must(w.forge.Retarget("acme/config", w.number(words[0]), "dan", w.branch(words[1])))
	return nil
}

// push pushes straight to a stage: "push ann prod a=r9 [unsigned]".
func (w *world) push(words []string) []string {
	author := w.team.Person(words[0])
	w.must(author.Fetch(w.ctx))
	c, _ := w.edit(words[1], words[2:])
	c.Branch, c.Start = w.branch(words[1]), "origin/"+w.branch(words[1])
	_, err := author.Commit(w.ctx, c)
	w.must(err)
	w.must(author.Push(w.ctx, c.Branch))
	return nil
}

func (w *world) label(words []string) []string {
	ann := w.team.Person("ann")
	w.must(ann.Fetch(w.ctx))
	id, err := ann.Resolve(w.ctx, "origin/"+w.branch(words[1]))
	w.must(err)
	w.labels[words[0]] = id
	return nil
}

func (w *world) forcePush(words []string) []string {
	ann := w.team.Person("ann")
	w.must(ann.Fetch(w.ctx))
	_, err := ann.Git(w.ctx, "push", "-q", "--force", "origin", w.labels[words[1]].String()+":refs/heads/"+w.branch(words[0]))
	w.must(err)
	return nil
}

func (w *world) removeBranch(words []string) []string {
	_, err := w.team.Person("ann").Git(w.ctx, "push", "-q", "origin", ":refs/heads/"+w.branch(words[0]))
	w.must(err)
	return nil
}

// control pushes a change of sluice.yaml, alone or with an app, by a merge request: "control ann [stage a=r2]".
func (w *world) control(words []string) []string {
	author := w.team.Person(words[0])
	w.must(author.Fetch(w.ctx))
	c := team.Commit{Files: map[string]string{"sluice.yaml": w.controlText()}, Message: "control", Start: "origin/main"}
	commits := []team.Commit{c}
	if len(words) > 2 {
		more, _ := w.edit(words[1], words[2:])
		commits = append(commits, more)
	}
	branch := fmt.Sprintf("control-%d", len(w.heads)+1)
	iid, err := author.Propose(w.ctx, "main", branch, "control", commits...)
	w.must(err)
	w.heads[iid] = branch
	return []string{fmt.Sprintf("!%d", iid)}
}

func (w *world) controlText() string {
	text, err := w.team.Person("ann").Read(w.ctx, "origin/main", "sluice.yaml")
	w.must(err)
	return text + "\n# another line\n"
}

// evilMerge merges with one more change in the merge commit, as somebody with access to the forge's disk could:
// "evil-merge 1 dev b/extra.yaml=1".
func (w *world) evilMerge(words []string) []string {
	iid, dan := w.number(words[0]), w.team.Person("dan")
	w.must(dan.Fetch(w.ctx))
	target := w.branch(words[1])
	c, _ := w.edit(words[1], words[2:])
	for _, args := range [][]string{
		{"checkout", "-q", "-f", "-B", target, "origin/" + target},
		{"merge", "-q", "--no-ff", "--no-commit", "--no-gpg-sign", "origin/" + w.heads[iid]},
	} {
		_, err := dan.Git(w.ctx, args...)
		w.must(err)
	}
	for path, data := range c.Files {
		w.must(os.WriteFile(filepath.Join(dan.Dir(), path), []byte(data), 0o644))
	}
	for _, args := range [][]string{{"add", "-A"}, {"commit", "-q", "--no-gpg-sign", "-m", "Merge branch"}} {
		_, err := dan.Git(w.ctx, args...)
		w.must(err)
	}
	id, err := dan.Resolve(w.ctx, "HEAD")
	w.must(err)
	w.must(dan.Push(w.ctx, target))
	w.forged[int64(iid)] = forgery{tip: id}
	return nil
}

// write puts files of a stage that belong to no app or to odd ones: "write ann dev payments/README.md".
func (w *world) write(words []string) []string {
	author := w.team.Person(words[0])
	w.must(author.Fetch(w.ctx))
	c := team.Commit{Files: map[string]string{}, Message: "files", Start: "origin/" + w.branch(words[1])}
	for _, path := range words[2:] {
		c.Files[w.path(words[1], path)] = "text: 1\n"
	}
	branch := fmt.Sprintf("change-%d", len(w.heads)+1)
	iid, err := author.Propose(w.ctx, w.branch(words[1]), branch, "files", c)
	w.must(err)
	w.heads[iid] = branch
	return []string{fmt.Sprintf("!%d", iid)}
}

// symlink puts a symbolic link in place of an app's directory: "symlink ann dev a".
func (w *world) symlink(words []string) []string {
	author, target := w.team.Person(words[0]), w.branch(words[1])
	w.must(author.Fetch(w.ctx))
	branch := fmt.Sprintf("change-%d", len(w.heads)+1)
	_, err := author.Git(w.ctx, "checkout", "-q", "-f", "-B", branch, "origin/"+target)
	w.must(err)
	path := filepath.Join(author.Dir(), w.path(words[1], words[2]))
	w.must(os.RemoveAll(path))
	w.must(os.Symlink("elsewhere", path))
	for _, args := range [][]string{{"add", "-A"}, {"commit", "-q", "-m", "a link"}, {"push", "-q", "origin", branch}} {
		_, err := author.Git(w.ctx, args...)
		w.must(err)
	}
	mr, err := w.forge.OpenMergeRequest("acme/config", gitlabtest.NewMergeRequest{Author: author.Name(), SourceBranch: branch, TargetBranch: target})
	w.must(err)
	w.heads[mr.IID] = branch
	return []string{fmt.Sprintf("!%d", mr.IID)}
}

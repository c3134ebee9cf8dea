package stories_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
	"github.com/sluice-gitops/sluice/schema"
)

var rewrite = flag.Bool("rewrite", false, "record what the stories tell now; read the difference before you keep it")

// TestStories plays every file of testdata in the layouts that it names. What it tells has to be what the file records,
// the same in both layouts.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			t.Parallel()
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			script := parse(string(source))
			told := map[schema.Layout]string{}
			for _, layout := range script.layouts {
				t.Run(string(layout), func(t *testing.T) { told[layout] = script.play(t, layout) })
			}
			if t.Failed() {
				return
			}
			first := told[script.layouts[0]]
			for layout, text := range told {
				if text != first {
					t.Errorf("%s tells another story than %s:\n%s", layout, script.layouts[0], difference(first, text))
				}
			}
			if *rewrite {
				if err := os.WriteFile(name, []byte(first), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if first != string(source) {
				t.Errorf("the story went differently (-recorded +told); -rewrite records it:\n%s", difference(string(source), first))
			}
		})
	}
}

func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	var out []string
	for i := range max(len(a), len(b)) {
		x, y := "", ""
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			out = append(out, "-"+x, "+"+y)
		}
	}
	return strings.Join(out, "\n")
}

// story is a file: comment lines, settings, and commands with what they told.
type story struct {
	lines   []string // without what was told
	layouts []schema.Layout
	method  string
	targets []string
	without []string // stages that have no branch when the project is sealed
	unsound bool     // the audit at the end is not expected to prove the project
}

func parse(source string) story {
	s := story{layouts: []schema.Layout{schema.DirectoryLayout, schema.BranchLayout}, method: "merge", targets: []string{"files"}}
	for _, line := range strings.Split(strings.TrimRight(source, "\n"), "\n") {
		if strings.HasPrefix(line, "    ") {
			continue
		}
		s.lines = append(s.lines, line)
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		switch words[0] {
		case "layout":
			s.layouts = []schema.Layout{schema.Layout(words[1])}
		case "method":
			s.method = words[1]
		case "targets":
			s.targets = words[1:]
		case "without":
			s.without = words[1:]
		case "unsound":
			s.unsound = true
		}
	}
	return s
}

var settings = []string{"layout", "method", "targets", "without", "unsound"}

func (s story) play(t *testing.T, layout schema.Layout) string {
	w := newWorld(t, layout, s.method, s.targets)
	w.without = s.without
	var out strings.Builder
	for _, line := range s.lines {
		out.WriteString(line + "\n")
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(line, "#") || slices.Contains(settings, words[0]) {
			continue
		}
		w.clock.Add(time.Minute)
		for _, told := range w.do(words) {
			out.WriteString("    " + told + "\n")
		}
		if t.Failed() {
			t.Fatalf("at: %s\nso far:\n%s", line, out.String())
		}
	}
	if !s.unsound {
		w.audit()
	}
	return out.String()
}

// commands are what a story may say; each returns what it tells.
func (w *world) do(words []string) []string {
	commands := map[string]func([]string) []string{
		"seal": w.seal, "mr": w.mr, "commit": w.commit, "approve": w.approve, "unapprove": w.unapprove, "merge": w.merge, "rebase": w.rebase,
		"push": w.push, "force-push": w.forcePush, "label": w.label, "pass": w.pass, "clock": w.advance, "forge": w.forgeIs, "target": w.targetIs,
		"tamper": w.tamper, "restart": w.restart, "live": w.liveNow, "held": w.held, "crash": w.crashAt, "control": w.control, "git": w.gitIs,
		"revert": w.revert, "begin": w.begin, "skew": w.skewClock, "empty": w.empty, "retarget": w.retarget, "remove-branch": w.removeBranch, "race": w.race,
		"lose-answer": w.loseNextAnswer, "evil-merge": w.evilMerge, "write": w.write,
	}
	command, ok := commands[words[0]]
	if !ok {
		w.t.Fatalf("unknown command %q", words[0])
	}
	return command(words[1:])
}

// seal puts content into the stages and makes the genesis request: "seal dev/a=r1 prod/a=r1".
func (w *world) seal(words []string) []string {
	ann := w.team.Person("ann")
	byBranch := map[string]map[string]string{}
	for word := range stageWords {
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

// skewClock lets the reconciler's own clock go wrong: "skew -2h"; the forge and the people keep theirs.
func (w *world) skewClock(words []string) []string {
	d, err := time.ParseDuration(strings.TrimPrefix(words[0], "+"))
	w.must(err)
	w.skew = d
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
	opts := gitlabtest.MergeOptions{}
	for _, word := range words[1:] {
		if word == "squash" {
			opts.Squash = true
		}
	}
	_, err := w.forge.Merge("acme/config", w.number(words[0]), "dan", opts)
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

// pass runs the loops once, tells what it recorded and how it would end, and then again: a second pass without news
// records and writes nothing.
func (w *world) pass([]string) []string {
	report, crashed := w.onePass()
	told := w.news()
	if crashed {
		return append(told, "the process is gone")
	}
	told = append(told, "exit "+class(report))
	if err := report.Err(); err != nil {
		return told
	}
	return append(told, w.untilQuiet()...)
}

// untilQuiet passes again: without news nothing more is recorded or written. What the pass before delivered is news once:
// it may be live now where something else was waiting for it.
func (w *world) untilQuiet() []string {
	var told []string
	for range 3 {
		writes := w.writes()
		again, _ := w.onePass()
		if again.Err() != nil {
			w.t.Errorf("another pass failed: %v", again.Err())
		}
		more := w.news()
		if len(more) == 0 && w.writes() == writes {
			return told
		}
		told = append(append(told, "then"), more...)
	}
	w.t.Errorf("passes do not come to rest: %v", told)
	return told
}

func (w *world) onePass() (report reconciler.Report, crashed bool) {
	defer func() {
		if r := recover(); r != nil {
			if err, ok := r.(error); !ok || !errors.Is(err, errCrash) {
				panic(r)
			}
			crashed = true
		}
	}()
	report = w.r.Pass(w.ctx)
	for _, p := range strings.Split(fmt.Sprint(report.Err()), "\n") {
		w.t.Log(p)
	}
	return report, false
}

func (w *world) writes() int {
	n := 0
	for _, t := range w.targets {
		n += t.writes
	}
	return n
}

// class is how `run --once` would end.
func class(r reconciler.Report) string { return strconv.Itoa(passCode(r)) }

func (w *world) advance(words []string) []string {
	d, err := time.ParseDuration(strings.TrimPrefix(words[0], "+"))
	w.must(err)
	w.clock.Add(d)
	return nil
}

func (w *world) forgeIs(words []string) []string {
	w.forge.Down(words[0] == "down")
	return nil
}

// git cuts or restores the repository's transport, the ledger's too; readonly cuts pushes alone.
func (w *world) gitIs(words []string) []string {
	w.gitDown, w.readOnly = words[0] == "down", words[0] == "readonly"
	return nil
}

func (w *world) targetIs(words []string) []string {
	w.targets[words[0]].fail = map[string]error{
		"up": nil, "down": integrations.ErrUnavailable, "forbidden": integrations.ErrForbidden,
	}[words[1]]
	return nil
}

func (w *world) crashAt(words []string) []string {
	w.targets[words[0]].crash = words[1]
	return nil
}

// tamper changes a live file by hand: "tamper files dev/a x".
func (w *world) tamper(words []string) []string {
	stage, app, _ := strings.Cut(words[1], "/")
	dir := filepath.Join(w.targets[words[0]].dir, string(stageWords[stage]), app)
	if len(words) > 2 && words[2] == "foreign" {
		w.must(os.MkdirAll(filepath.Join(dir, "current"), 0o755))
		w.must(os.WriteFile(filepath.Join(dir, "current", "app.yaml"), []byte("foreign: true\n"), 0o644))
		return nil
	}
	w.must(os.WriteFile(filepath.Join(dir, "current", "app.yaml"), []byte("tampered: true\n"), 0o644))
	return nil
}

// restart ends the process and starts another: "restart lost" with an empty state directory.
func (w *world) restart(words []string) []string {
	w.stop()
	if slices.Contains(words, "lost") {
		w.must(os.RemoveAll(filepath.Join(w.dir, "state")))
	}
	w.start()
	return nil
}

func (w *world) liveNow(words []string) []string {
	names := words
	if len(names) == 0 {
		names = w.allTargets()
	}
	var out []string
	for _, name := range names {
		out = append(out, name+": "+w.live(name))
	}
	return out
}

// held tells what waits or was refused, as `why` would.
func (w *world) held([]string) []string {
	clone, repo := w.openLedger()
	defer repo.Close()
	view, err := reconciler.NewView(w.ctx, clone.Ledger, clone.Project)
	w.must(err)
	var out []string
	for _, i := range view.Incidents {
		out = append(out, "refused ["+string(i.Code)+"]")
	}
	for _, app := range view.Apps {
		for _, c := range app.Cells {
			if c.Held == nil {
				continue
			}
			line := fmt.Sprintf("%s/%s %s %s %s->%s", shortStage(c.Cell.Stage), c.Cell.App, c.Held.Verdict.Outcome, c.Held.Change.Kind,
				w.revision(c.Held.Change.From.Revision), w.revision(c.Held.Change.To.Revision))
			for _, m := range c.Held.Verdict.Missing() {
				line += " [" + string(m.Code) + "]"
			}
			out = append(out, line)
		}
	}
	if view.Control != nil {
		out = append(out, "control "+view.Control.Verdict.Outcome.String()+" ["+string(view.Control.Verdict.Code)+"]")
	}
	return out
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

// race lets two reconcilers decide about the same news at once; one of them has to lose and change nothing.
func (w *world) race([]string) []string {
	first := w.r
	w.start()
	second := w.r
	done := make(chan reconciler.Report, 2)
	for _, r := range []*reconciler.Reconciler{first, second} {
		go func() { done <- r.Pass(context.WithoutCancel(w.ctx)) }()
	}
	a, b := <-done, <-done
	conflicts := 0
	for _, r := range []reconciler.Report{a, b} {
		if errors.Is(r.Err(), reconciler.ErrMoved) {
			conflicts++
		}
	}
	for range 3 {
		first.Pass(w.ctx)
		second.Pass(w.ctx)
	}
	if conflicts > 1 {
		w.t.Errorf("both reconcilers lost")
	}
	return w.news()
}

// audit proves the project from the repository alone.
func (w *world) audit() {
	repo, err := gitrepo.OpenLocal(w.forge.RepoDir("acme/config"))
	w.must(err)
	defer repo.Close()
	refs, err := repo.Refs(w.ctx)
	w.must(err)
	report, err := reconciler.Audit(w.ctx, repo, refs["refs/heads/sluice/ledger"], w.team.Anchor(), func(ref string) (schema.Hash, bool) {
		tip, ok := refs[ref]
		return tip, ok
	})
	w.must(err)
	if !report.Proven() {
		w.t.Errorf("the audit does not prove the project: %v", report.Findings)
	}
}

// loseNextAnswer lets the next push to the ledger arrive and its answer get lost.
func (w *world) loseNextAnswer([]string) []string {
	w.loseAnswer = true
	return nil
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
	w.forged[int64(iid)] = id
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

// lyingForge says of chosen merge requests that another commit is their merge commit.
type lyingForge struct {
	reconciler.Forge
	merged map[int64]schema.Hash
}

func (f lyingForge) Landings(ctx context.Context, commit schema.Hash, ref string) ([]schema.MergeRequest, error) {
	found, err := f.Forge.Landings(ctx, commit, ref)
	for iid, tip := range f.merged {
		if tip != commit {
			continue
		}
		found = slices.DeleteFunc(found, func(mr schema.MergeRequest) bool { return mr.IID == iid })
		mr, err := f.Forge.(interface {
			MergeRequest(context.Context, int64) (schema.MergeRequest, error)
		}).MergeRequest(ctx, iid)
		if err != nil {
			return nil, err
		}
		mr.State, mr.MergeSHA, mr.TargetRef = "merged", tip, ref
		found = append(found, mr)
	}
	return found, err
}

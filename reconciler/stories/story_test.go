package stories_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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
	lines      []string // without what was told
	layouts    []schema.Layout
	method     string
	targets    []string
	drift      string   // what sluice.yaml says of it; nothing by default
	depth      string   // of apps, where it is not 1
	without    []string // stages that have no branch when the project is sealed
	nextLogKey bool     // the trust names a second log key
	witnesses  int      // of the ledger; a quorum is one less
	robot      bool     // it opens merge requests
	merges     []string // stages in which the robot merges them
	stages     []string // of the project, each with those before it: "eu<canary"; none are the default ones
	notes      bool     // sluice says below merge requests what they wait for
	unsound    bool     // the audit at the end is not expected to prove the project
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
		case "drift":
			s.drift = words[1]
		case "depth":
			s.depth = words[1]
		case "stages":
			s.stages = words[1:]
		case "without":
			s.without = words[1:]
		case "witnesses":
			s.witnesses = len(words) - 1
		case "next-log-key":
			s.nextLogKey = true
		case "robot":
			s.robot = true
			if len(words) > 2 {
				s.merges = words[2:]
			}
		case "notes":
			s.notes = true
		case "unsound":
			s.unsound = true
		}
	}
	return s
}

var settings = []string{"depth", "drift", "stages", "layout", "method", "targets", "without", "unsound", "next-log-key", "witnesses", "robot", "notes"}

func (s story) play(t *testing.T, layout schema.Layout) string {
	w := newWorld(t, layout, s)
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
		"tamper": w.tamper, "eject": w.eject, "restart": w.restart, "live": w.liveNow, "held": w.held, "crash": w.crashAt, "control": w.control, "git": w.gitIs,
		"revert": w.revert, "resign": w.resign, "page-edit": w.pageEdit, "begin": w.begin, "skew": w.skewClock, "empty": w.empty, "retarget": w.retarget, "remove-branch": w.removeBranch, "race": w.race, "disagree": w.disagree,
		"lose-answer": w.loseNextAnswer, "evil-merge": w.evilMerge, "write": w.write, "symlink": w.symlink, "odd-merge": w.oddMerge,
		"sign": w.sign, "ask": w.ask, "join": w.join, "forge-approvals": w.forgeApprovals, "unprotect": w.unprotect, "protect": w.protect, "protection": w.protection, "job": w.job, "report": w.report, "gray": w.grayNow, "jobs": w.jobs,
		"ledger": w.ledgerIs, "mark": w.mark, "log-key": w.logKey, "heads": w.headsBy, "witness": w.witnessIs, "known": w.known,
		"note": w.note, "forge-note": w.forgeNote, "lose-note": w.loseNote, "notes-of": w.notesOf, "asked": w.askedForge, "token": w.token,
		"rules": w.rules, "rules-hidden": w.rulesHidden, "trust": w.trust, "use": w.use, "misplace": w.misplace, "back": w.back, "seal-stage": w.sealStage, "cosign": w.cosign, "clear": w.clear, "agree": w.agree, "move": w.moved,
		"proposed": w.proposed, "close": w.closeRequest, "forget": w.forgetBranch, "next": w.next, "bot": w.botWrites, "promote": w.promote, "branches": w.branches,
		"tree": w.tree, "overdue": w.overdue, "shown": w.shown, "page": w.page, "silent": w.silentNow, "simulate": w.simulate, "lenient": w.lenient, "whose": w.whose,
	}
	command, ok := commands[words[0]]
	if !ok {
		w.t.Fatalf("unknown command %q", words[0])
	}
	return command(words[1:])
}

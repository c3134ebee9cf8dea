package stories_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// skewClock lets the reconciler's own clock go wrong: "skew -2h"; the forge and the people keep theirs.
func (w *world) skewClock(words []string) []string {
	d, err := time.ParseDuration(strings.TrimPrefix(words[0], "+"))
	w.must(err)
	w.skew = d
	return nil
}

func (w *world) advance(words []string) []string {
	d, err := time.ParseDuration(strings.TrimPrefix(words[0], "+"))
	w.must(err)
	w.clock.Add(d)
	return nil
}

// forge takes the forge down, or up again, or lets it sign the commits that it makes from now on.
func (w *world) forgeIs(words []string) []string {
	if words[0] == "signs" {
		w.forgeSigns.Store(true)
		return nil
	}
	w.forge.Down(words[0] == "down")
	return nil
}

// forgeSigner makes the key of the forge, which the trust names, and what signs with it once the story says so.
func (w *world) forgeSigner() (sign func([]byte) ([]byte, error), public []byte, err error) {
	private, public, err := signing.GenerateEd25519()
	if err != nil {
		return nil, nil, err
	}
	signer, err := signing.NewSSHSigner(private)
	if err != nil {
		return nil, nil, err
	}
	return func(raw []byte) ([]byte, error) {
		if !w.forgeSigns.Load() {
			return raw, nil
		}
		return signer.SignCommit(raw)
	}, public, nil
}

// git cuts or restores the repository's transport, the ledger's too; readonly cuts pushes alone, one-push all but the next.
func (w *world) gitIs(words []string) []string {
	w.gitDown, w.readOnly, w.onePush = words[0] == "down", words[0] == "readonly", words[0] == "one-push"
	return nil
}

// targetIs says how a target does: a blocked one answers, and takes nothing.
func (w *world) targetIs(words []string) []string {
	w.targets[words[0]].fail = map[string]error{
		"up": nil, "down": integrations.ErrUnavailable, "silent": integrations.ErrUnavailable, "forbidden": integrations.ErrForbidden,
	}[words[1]]
	w.targets[words[0]].silent = words[1] == "silent"
	w.targets[words[0]].refuses = map[string]error{"blocked": integrations.ErrBlocked}[words[1]]
	return nil
}

// silent tells which targets the page says do not answer, and how often each was asked about a cell since the last time.
func (w *world) silentNow([]string) []string {
	var out []string
	for _, s := range w.r.View().Silent {
		out = append(out, fmt.Sprintf("%s does not answer since %s, %d cells", s.Target, s.Since.Format("Mon 15:04"), s.Cells))
	}
	for _, name := range slices.Sorted(maps.Keys(w.targets)) {
		out = append(out, fmt.Sprintf("%s was asked %d times", name, w.targets[name].asked.Swap(0)))
	}
	return out
}

func (w *world) crashAt(words []string) []string {
	w.targets[words[0]].crash = words[1]
	return nil
}

// tamper changes a live file by hand: "tamper files dev/a x"; with "=r2" to what that revision has; with "beside=r2" it puts
// that where an app lay before sluice, with "marker" it takes away what says whose it is, with "gone" everything, and with "another" it
// makes it another project's; "back" makes that ours again.
func (w *world) tamper(words []string) []string {
	stage, app, _ := strings.Cut(words[1], "/")
	dir := filepath.Join(w.targets[words[0]].dir, string(stageWords[stage]), app)
	if len(words) > 2 && words[2] == "foreign" {
		w.must(os.MkdirAll(filepath.Join(dir, "current"), 0o755))
		w.must(os.WriteFile(filepath.Join(dir, "current", "app.yaml"), []byte("foreign: true\n"), 0o644))
		return nil
	}
	if len(words) > 2 && words[2] == "marker" {
		w.must(os.Remove(filepath.Join(dir, "current", ".sluice.json")))
		return nil
	}
	if len(words) > 2 && words[2] == "gone" {
		w.must(os.RemoveAll(dir))
		return nil
	}
	if len(words) > 2 && (words[2] == "another" || words[2] == "back") {
		w.handOver(filepath.Join(dir, "current", ".sluice.json"), words[2] == "back")
		return nil
	}
	text := "true"
	if len(words) > 2 {
		text = words[2]
	}
	if before, ok := strings.CutPrefix(text, "beside="); ok {
		w.must(os.MkdirAll(dir, 0o755))
		w.must(os.WriteFile(filepath.Join(dir, "app.yaml"), []byte("revision: "+before+"\n"), 0o644))
		return nil
	}
	text = "tampered: " + text
	if undone, ok := strings.CutPrefix(text, "tampered: ="); ok {
		text = "revision: " + undone
	}
	w.must(os.WriteFile(filepath.Join(dir, "current", "app.yaml"), []byte(text+"\n"), 0o644))
	return nil
}

// handOver makes a head another project's, or ours again.
func (w *world) handOver(head string, back bool) {
	ours, theirs := `"project":"`+w.team.Root().Project+`"`, `"project":"`+strings.Repeat("e", len(w.team.Root().Project))+`"`
	if back {
		ours, theirs = theirs, ours
	}
	text, err := os.ReadFile(head)
	w.must(err)
	if !strings.Contains(string(text), ours) {
		w.t.Fatalf("%s has no %s", head, ours)
	}
	w.must(os.WriteFile(head, []byte(strings.Replace(string(text), ours, theirs, 1)), 0o644))
}

// eject leaves a cell at a target, as sluice eject does: "eject files prod/a". What lay there from the last time was moved away.
func (w *world) eject(words []string) []string {
	stage, app, _ := strings.Cut(words[1], "/")
	clone, repo := w.openLedger()
	defer repo.Close()
	target := w.targets[words[0]].Target.(integrations.Leaver)
	w.must(os.RemoveAll(filepath.Join(w.targets[words[0]].dir, string(stageNamed(stage)), app, "files")))
	left, err := target.Leave(w.ctx, integrations.Release{Project: clone.Trust.Root.Project, Cell: schema.Cell{Stage: stageNamed(stage), App: schema.App(app)}}, true)
	w.must(err)
	if len(left.Goes) == 0 {
		w.t.Fatalf("%s is not sluice's at %s", words[1], words[0])
	}
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

// loseNextAnswer lets the next push to the ledger arrive and its answer get lost.
func (w *world) loseNextAnswer([]string) []string {
	w.loseAnswer = true
	return nil
}

package stories_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// Checkpoint implements [integrations.Keeper].
func (f *faulty) Checkpoint(ctx context.Context, project string) ([]byte, error) {
	f.looks.Add(1)
	if f.deaf != nil {
		<-f.deaf
	}
	if f.fail != nil {
		return nil, &integrations.Error{Target: f.name, Class: f.fail, Silent: f.silent}
	}
	return f.Target.(integrations.Keeper).Checkpoint(ctx, project)
}

// KeepCheckpoint implements [integrations.Keeper].
func (f *faulty) KeepCheckpoint(ctx context.Context, project string, signed []byte) (bool, error) {
	f.keeps.Add(1)
	if f.fail != nil {
		return false, &integrations.Error{Target: f.name, Class: f.fail, Silent: f.silent}
	}
	return f.Target.(integrations.Keeper).KeepCheckpoint(ctx, project, signed)
}

// logKeys are the reconciler's, as the operator gives them to a process.
type logKeys struct {
	log, next ledger.Signer
	heads     *integrations.LogKeys
}

func (w *world) loadLogKeys() logKeys {
	var keys logKeys
	var signers []integrations.HeadSigner
	for i, name := range w.logKeys {
		key, err := signing.LoadLogKey(name)
		w.must(err)
		signers = append(signers, integrations.HeadSigner{ID: key.ID(), Key: key.PublicKey(), Sign: key.SignHead})
		if i == 0 {
			keys.log = key
		} else {
			keys.next = key
		}
	}
	keys.heads = integrations.NewLogKeys(signers...)
	return keys
}

// logKey starts the process again with other keys: "log-key log next" with the next one beside it, "log-key next" with that
// alone.
func (w *world) logKey(words []string) []string {
	w.logKeys = nil
	for _, word := range words {
		w.logKeys = append(w.logKeys, w.logKeyFile(word))
	}
	return w.restart(nil)
}

// logKeyFile is the file of the log key, or of the next one, which is made when somebody asks for it.
func (w *world) logKeyFile(word string) string {
	if word == "log" {
		return w.team.LogKey()
	}
	name := w.team.NextLogKey()
	if _, err := os.Stat(name); err != nil {
		private, _, err := signing.GenerateEd25519()
		w.must(err)
		w.must(os.WriteFile(name, private, 0o600))
	}
	return name
}

// nameLogKeys lets a trust version name these log keys and no others.
func (w *world) nameLogKeys(t *schema.Trust, words []string) {
	t.Root.LogKeys = nil
	for _, word := range words {
		key, err := signing.LoadLogKey(w.logKeyFile(word))
		w.must(err)
		t.Root.LogKeys = append(t.Root.LogKeys, ledger.FormatLogKey(key.PublicKey()))
	}
}

// headsBy tells which log key signed the heads at a target.
func (w *world) headsBy(words []string) []string {
	files, err := filepath.Glob(filepath.Join(w.targets[words[0]].dir, "*", "*", "current", ".sluice.json"))
	w.must(err)
	by := map[string]int{}
	for _, name := range files {
		data, err := os.ReadFile(name)
		w.must(err)
		head, err := integrations.DecodeHead(data)
		w.must(err)
		for key, file := range map[string]string{"log": w.team.LogKey(), "next": w.team.NextLogKey()} {
			if k, err := signing.LoadLogKey(file); err == nil && k.ID() == head.Key {
				by[key]++
			}
		}
	}
	return []string{fmt.Sprintf("%s: %d by log, %d by next", words[0], by["log"], by["next"])}
}

const ledgerRef = "refs/heads/sluice/ledger"

// ledgerIs is what somebody who may force-push does to the ledger: "ledger remember early", "ledger to early", "ledger
// gone", and with the log key in hand "ledger invent", which appends an entry of nobody's, and "ledger later", which appends
// what a later version left there whose project files this one cannot read, or "ledger again 50 dev/a", which admits again so often
// what was admitted last.
func (w *world) ledgerIs(words []string) []string {
	switch words[0] {
	case "remember":
		w.tips[words[1]] = w.ledgerTip()
	case "to":
		w.bare("update-ref", ledgerRef, w.tips[words[1]].String())
	case "gone":
		w.bare("update-ref", "-d", ledgerRef)
	case "invent":
		w.invent()
	case "later":
		w.later()
	case "again":
		return w.again(words[1], words[2])
	}
	return nil
}

func (w *world) ledgerTip() schema.Hash {
	id, err := schema.ParseHash(w.bare("rev-parse", ledgerRef))
	w.must(err)
	return id
}

func (w *world) bare(args ...string) string {
	out, err := exec.CommandContext(w.ctx, "git", append([]string{"-C", w.forge.RepoDir("acme/config")}, args...)...).Output()
	w.must(err)
	return strings.TrimSpace(string(out))
}

// invent appends an entry with the first log key.
func (w *world) invent() {
	w.byHand(func(l *ledger.Ledger) ([]ledger.Entry, [][]byte) {
		return []ledger.Entry{{Kind: ledger.Observe, Ref: "refs/heads/main", New: l.Refs().Seen["refs/heads/main"]}}, nil
	})
}

// later appends that a later version had its own control files in force, followed the main branch meanwhile, and put back those of before.
func (w *world) later() {
	w.byHand(func(l *ledger.Ledger) ([]ledger.Entry, [][]byte) {
		tip, err := schema.ParseHash(w.bare("rev-parse", "refs/heads/main"))
		w.must(err)
		source := []byte("version: 2\n")
		manifest, err := schema.NewManifest([]schema.File{{Path: schema.ProjectFile, Mode: schema.Regular, Digest: schema.DigestOf(source)}})
		w.must(err)
		encoded := manifest.Encode()
		head := l.Head()
		seal := ledger.Seal{Anchor: head.Anchor, Trust: head.Control.Trust, Commit: head.Control.Commit, Control: schema.DigestOf(encoded), Before: head.Control.Seq}
		before := seal
		before.Control, before.Before = head.Control.Manifest, head.Size+1
		return []ledger.Entry{
			{Kind: ledger.Control, Seal: &seal, Evidence: []schema.Digest{schema.DigestOf(source)}},
			{Kind: ledger.Observe, Ref: "refs/heads/main", Old: l.Refs().Seen["refs/heads/main"], New: tip},
			{Kind: ledger.Control, Seal: &before},
		}, [][]byte{encoded, source}
	})
}

// again appends the last admission of a cell n times, so that what was admitted before is none of the newest.
func (w *world) again(times, of string) []string {
	stage, app, _ := strings.Cut(of, "/")
	n, err := strconv.Atoi(times)
	w.must(err)
	var told string
	w.byHand(func(l *ledger.Ledger) ([]ledger.Entry, [][]byte) {
		state, _, err := l.Cell(w.ctx, schema.Cell{Stage: stageNamed(stage), App: schema.App(app)})
		w.must(err)
		e, _, err := l.Entry(w.ctx, state.Admitted.Seq)
		w.must(err)
		e.Ref, e.Old, e.New = "", schema.Hash{}, schema.Hash{}
		w.seen = l.Head().Size + int64(n)
		told = fmt.Sprintf("#%d to #%d", l.Head().Size+1, w.seen)
		return slices.Repeat([]ledger.Entry{e}, n), nil
	})
	return []string{told}
}

// byHand appends entries with the first log key, and no pass.
func (w *world) byHand(entries func(*ledger.Ledger) ([]ledger.Entry, [][]byte)) {
	key, err := signing.LoadLogKey(w.team.LogKey())
	w.must(err)
	repo, err := gitrepo.OpenLocal(w.forge.RepoDir("acme/config"))
	w.must(err)
	defer repo.Close()
	unverified, err := ledger.Unverified(w.ctx, repo, w.ledgerTip())
	w.must(err)
	opened, err := ledger.Open(w.ctx, repo, w.ledgerTip(), ledger.Options{
		Project: unverified.Head().Project, LogKeys: []string{ledger.FormatLogKey(key.PublicKey())}, VerifyCommit: reconciler.VerifyLogCommit,
	})
	w.must(err)
	appended, evidence := entries(opened)
	batch, err := opened.Append(w.ctx, w.clock.Now(), appended, evidence, key)
	w.must(err)
	for _, o := range batch.Objects {
		cmd := exec.CommandContext(w.ctx, "git", "-C", w.forge.RepoDir("acme/config"), "hash-object", "-w", "--stdin", "-t", string(o.Kind))
		cmd.Stdin = bytes.NewReader(o.Data)
		w.must(cmd.Run())
	}
	w.bare("update-ref", ledgerRef, batch.New.String())
}

// mark tells how many entries the checkpoint at a target counts, or changes it: "mark files", "mark files forge", "mark
// files delete".
func (w *world) mark(words []string) []string {
	files, err := filepath.Glob(filepath.Join(w.targets[words[0]].dir, ".sluice", "*", "checkpoint"))
	w.must(err)
	if len(files) == 0 {
		return []string{words[0] + " keeps nothing"}
	}
	data, err := os.ReadFile(files[0])
	w.must(err)
	switch lines := strings.Split(string(data), "\n"); {
	case len(words) == 1:
		told := fmt.Sprintf("%s keeps %s entries", words[0], lines[1])
		if cosigned := strings.Count(string(data), "\n— ") - 1; cosigned > 0 {
			told += fmt.Sprintf(", cosigned by %d", cosigned)
		}
		return []string{told}
	case words[1] == "delete":
		w.must(os.Remove(files[0]))
	case words[1] == "forge":
		lines[1] = "999"
		w.must(os.WriteFile(files[0], []byte(strings.Join(lines, "\n")), 0o644))
	}
	return nil
}

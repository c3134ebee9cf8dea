package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

// readEtcd reads a cell as an application would: one key, its document inside.
func (d *demo) readEtcd(ctx context.Context, stage string) (string, error) {
	document, err := etcd.ReadDocument(ctx, d.etcd, etcd.HeadKey(etcd.DefaultRoot, cell(stage)))
	if err != nil {
		return "", err
	}
	var parsed struct {
		Values map[string]json.RawMessage `json:"values"`
	}
	if err := json.Unmarshal(document, &parsed); err != nil {
		return "", err
	}
	return string(parsed.Values["app.yaml"]), nil
}

func sceneDrift(ctx context.Context, d *demo) error {
	key := etcd.HeadKey(etcd.DefaultRoot, cell("production"))
	d.say("Somebody writes to %s by hand.", key)
	size := d.daemon.reconciler.View().Ledger.Size
	if err := etcd.Put(ctx, d.etcd, key, []byte(`{"maxTransfer": 1000000}`)); err != nil {
		return err
	}
	if err := d.until(ctx, "the repair", func(v *schema.View) bool { return v.Ledger.Size >= size+2 }); err != nil {
		return err
	}
	value, err := d.readEtcd(ctx, "production")
	if err != nil {
		return err
	}
	if !strings.Contains(value, `"maxTransfer":9000`) {
		return fmt.Errorf("etcd holds %s after the repair", value)
	}
	d.say("It is back at %s, and the ledger says so:", value)
	if err := d.team.Person("ann").Fetch(ctx); err != nil {
		return err
	}
	out, err := d.sluice(ctx, exitDone, "history", "payments", "--stage", "production", "--last", "4")
	if err != nil {
		return err
	}
	if !strings.Contains(out, "drift") {
		return errors.New("the history does not show the drift")
	}
	return nil
}

func sceneForcePush(ctx context.Context, d *demo) error {
	bob := d.team.Person("bob")
	if err := bob.Fetch(ctx); err != nil {
		return err
	}
	tip, err := bob.Resolve(ctx, "origin/main")
	if err != nil {
		return err
	}
	d.say("Protections are off, and Bob rewrites main to drop the last promotion.")
	if _, err := bob.Git(ctx, "branch", "-f", "rewritten", "origin/main~2"); err != nil {
		return err
	}
	if _, err := bob.Git(ctx, "push", "-q", "--force", "origin", "rewritten:refs/heads/main"); err != nil {
		return err
	}
	if err := d.until(ctx, "the refusal", func(v *schema.View) bool { return len(v.Incidents) == 1 }); err != nil {
		return err
	}
	if err := d.team.Person("ann").Fetch(ctx); err != nil {
		return err
	}
	out, err := d.sluice(ctx, exitNo, "why", "payments", "production")
	if err != nil {
		return err
	}
	if !strings.Contains(out, "non-fast-forward") {
		return errors.New("why does not name the rewrite")
	}
	d.say("Nothing was followed; production runs on. Bob puts main back.")
	if _, err := bob.Git(ctx, "push", "-q", "--force", "origin", tip.String()+":refs/heads/main"); err != nil {
		return err
	}
	return d.until(ctx, "main to be followed again", func(v *schema.View) bool { return len(v.Incidents) == 0 })
}

func sceneProof(ctx context.Context, d *demo) error {
	ann := d.team.Person("ann")
	if err := ann.Fetch(ctx); err != nil {
		return err
	}
	d.say("A clone and the anchor are enough; no server is asked.")
	if _, err := d.sluice(ctx, exitDone, "audit", "verify"); err != nil {
		return err
	}
	d.say("Now one byte of one entry is changed in the clone's copy of the ledger.")
	if err := tamper(ctx, ann.Dir()); err != nil {
		return err
	}
	if _, err := d.sluice(ctx, exitTampered, "audit", "verify"); err != nil {
		return err
	}
	return ann.Fetch(ctx)
}

// tamper changes the time of the third entry by one digit and makes a commit of it, as somebody with write access would.
func tamper(ctx context.Context, clone string) error {
	index := filepath.Join(clone, ".git", "tampered-index")
	defer os.Remove(index) //nolint:errcheck // the clone is thrown away
	run := func(stdin []byte, args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, "git", append([]string{"-C", clone}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_INDEX_FILE="+index, "GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@example.com", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@example.com")
		cmd.Stdin = bytes.NewReader(stdin)
		return cmd.Output()
	}
	const ref, path = "refs/remotes/origin/sluice/ledger", "entries/000/000/3.json"
	entry, err := run(nil, "cat-file", "blob", ref+":"+path)
	if err != nil {
		return fmt.Errorf("read an entry: %w", err)
	}
	changed := bytes.Replace(entry, []byte(`"seq":3`), []byte(`"seq":4`), 1)
	if bytes.Equal(changed, entry) {
		return errors.New("the entry has no seq to change")
	}
	blob, err := run(changed, "hash-object", "-w", "--stdin")
	if err != nil {
		return err
	}
	steps := [][]string{
		{"read-tree", ref},
		{"update-index", "--add", "--cacheinfo", "100644," + strings.TrimSpace(string(blob)) + "," + path},
	}
	for _, args := range steps {
		if _, err := run(nil, args...); err != nil {
			return fmt.Errorf("git %s: %w", args[0], err)
		}
	}
	tree, err := run(nil, "write-tree")
	if err != nil {
		return err
	}
	commit, err := run(nil, "commit-tree", "-p", ref+"~1", "-m", "ledger", strings.TrimSpace(string(tree)))
	if err != nil {
		return err
	}
	_, err = run(nil, "update-ref", ref, strings.TrimSpace(string(commit)))
	return err
}

package stories_test

import (
	"bytes"
	"encoding/json"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/file"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// liveStages are those of the plundered project.
var liveStages = []schema.StageName{"development", "testing", "staging", "gray", "production"}

// live audits the honest ledger with what a target holds, and returns what is found: code and place.
func (th *thief) live(held iter.Seq2[integrations.Held, error]) []string {
	th.t.Helper()
	report, err := reconciler.Audit(th.ctx, reconciler.AuditOptions{
		Repository: th.reads, Evidence: th.evidence, Tip: th.honest.Tip(), Anchor: th.team.Anchor(),
		Ref:  func(ref string) (schema.Hash, bool) { tip, ok := th.honest.Refs().Seen[ref]; return tip, ok },
		Live: &reconciler.Live{Target: "files", Held: held},
	})
	th.must(err)
	var out []string
	for _, f := range report.Findings {
		if f.Class != ledger.Violated && f.Code != ledger.EvidenceMissing {
			th.t.Errorf("%v: want it to violate the proof", f)
		}
		out = append(out, string(f.Code)+" "+filepath.ToSlash(f.Path)+": "+f.Detail)
	}
	return out
}

// wants holds findings to their beginnings and parts.
func wants(t *testing.T, got []string, want ...string) {
	t.Helper()
	ok := len(got) == len(want)
	for i := range min(len(got), len(want)) {
		code, part, _ := strings.Cut(want[i], " … ")
		ok = ok && strings.HasPrefix(got[i], code+" ") && strings.Contains(got[i], part)
	}
	if !ok {
		t.Errorf("found\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestADirectoryIsHeldAgainstTheLedger(t *testing.T) {
	th := plundered(t)
	for _, r := range []struct {
		sentence string
		tamper   func(dir string) error
		want     []string
	}{
		{"as it was delivered", func(string) error { return nil }, nil},
		{"a file was edited", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "staging/a/current/app.yaml"), []byte("revision: r9\n"), 0o644)
		}, []string{"drift … the configuration is not the one that its head names"}},
		{"a file was added to the release", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "staging/a/current/more.yaml"), []byte("x: 1\n"), 0o644)
		}, []string{"drift … the configuration is not the one"}},
		{"the document for readers was edited", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "staging/a/current/.sluice.document"), []byte("{}"), 0o644)
		}, []string{"drift … .sluice.document is not the one that the head names"}},
		{"a file lies beside the release", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "staging/a/mine"), []byte("x"), 0o644)
		}, []string{"unlogged … staging/a/mine"}},
		{"a cell is gone", func(dir string) error { return os.RemoveAll(filepath.Join(dir, "staging/a")) }, []string{"drift … missing at target files"}},
		{"the head was edited", func(dir string) error {
			path := filepath.Join(dir, "staging/a/current/.sluice.json")
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, bytes.Replace(data, []byte(`"seq":7`), []byte(`"seq":8`), 1), 0o644)
		}, []string{"drift … not signed by a log key"}},
		{"a cell lies where nothing was admitted", func(dir string) error {
			return os.CopyFS(filepath.Join(dir, "production/a"), os.DirFS(filepath.Join(dir, "staging/a")))
		}, []string{"unlogged … nothing admitted for a in production"}},
		{"the release before is current again", func(dir string) error {
			link := filepath.Join(dir, "development/a/current")
			was, err := os.Readlink(link)
			if err != nil {
				return err
			}
			generations, err := filepath.Glob(filepath.Join(dir, "development/a/.sluice/0*"))
			if err != nil {
				return err
			}
			generations = slices.DeleteFunc(generations, func(g string) bool { return filepath.Base(g) == filepath.Base(was) })
			if err := os.Remove(link); err != nil {
				return err
			}
			return os.Symlink(".sluice/"+filepath.Base(generations[0]), link)
		}, []string{"drift … it says entry #1, admitted is #3"}},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			dir := t.TempDir()
			th.must(os.CopyFS(dir, os.DirFS(th.targets["files"].dir)))
			th.must(r.tamper(dir))
			wants(t, th.live(file.Look(dir, liveStages)), r.want...)
		})
	}
}

// heads makes from the directory what an etcd target would hold, signed by the log key.
func (th *thief) heads(spec integrations.Spec) map[string][]byte {
	th.t.Helper()
	out := map[string][]byte{}
	for held, err := range file.Look(th.targets["files"].dir, liveStages) {
		th.must(err)
		h, err := integrations.DecodeHead(held.Head)
		th.must(err)
		h.Inline = held.Document
		out[etcd.HeadKey(etcd.DefaultRoot, held.Cell)] = sign(th, spec, h.Body)
	}
	return out
}

func sign(th *thief, spec integrations.Spec, body integrations.Body) []byte {
	h, err := spec.SignHead(body)
	th.must(err)
	data, err := h.Encode()
	th.must(err)
	return data
}

func (th *thief) spec(key *signing.LogKey) integrations.Spec {
	keys := integrations.NewLogKeys(integrations.HeadSigner{ID: key.ID(), Key: key.PublicKey(), Sign: key.SignHead})
	return integrations.Spec{Name: "files", Keys: keys, Now: th.clock.Now}
}

// dumped writes keys as etcdctl prints them.
func dumped(keys map[string][]byte) []byte {
	type kv struct {
		Key   []byte `json:"key"`
		Value []byte `json:"value"`
	}
	var answer struct {
		Header map[string]int `json:"header"`
		Kvs    []kv           `json:"kvs"`
		Count  int            `json:"count"`
	}
	for key, value := range keys {
		answer.Kvs = append(answer.Kvs, kv{[]byte(key), value})
	}
	slices.SortFunc(answer.Kvs, func(a, b kv) int { return bytes.Compare(a.Key, b.Key) })
	data, _ := json.Marshal(answer)
	return data
}

func TestADumpOfEtcdIsHeldAgainstTheLedger(t *testing.T) {
	th := plundered(t)
	private, _, err := signing.GenerateEd25519()
	th.must(err)
	stranger, err := signing.NewSSHSigner(private)
	th.must(err)
	other, err := signing.NewLogKey(stranger)
	th.must(err)
	const staging = "/config/staging/a/head"
	for _, r := range []struct {
		sentence string
		tamper   func(keys map[string][]byte)
		want     []string
	}{
		{"as it was delivered, among keys of others", func(keys map[string][]byte) {
			keys["/registry/pods/x"], keys["/config/staging/a/rel/7"] = []byte("x"), []byte("x")
		}, nil},
		{"a value was put by hand", func(keys map[string][]byte) { keys[staging] = []byte(`{"max": 1}`) }, []string{"drift … not what the reconciler wrote"}},
		{"a key was deleted", func(keys map[string][]byte) { delete(keys, staging) }, []string{"drift … missing at target files"}},
		{"a key lies beside ours", func(keys map[string][]byte) { keys["/config/staging/a/extra"] = []byte("x") }, []string{"unlogged … /config/staging/a/extra"}},
		{"a head lies where nothing was admitted", func(keys map[string][]byte) { keys["/config/gray/a/head"] = keys[staging] }, []string{"unlogged … nothing admitted for a in gray"}},
		{"a head of another stage", func(keys map[string][]byte) { keys[staging] = keys["/config/testing/a/head"] }, []string{"drift … a copy of that of a in testing"}},
		{"signed by another key", func(keys map[string][]byte) { keys[staging] = th.resign(keys[staging], other, nil) }, []string{"drift … not signed by a log key in force"}},
		{"other files under the log key's signature", func(keys map[string][]byte) {
			keys[staging] = th.resign(keys[staging], th.key, func(b *integrations.Body) {
				d, _ := schema.NewDocument([]schema.DocumentFile{{Path: "app.yaml", Mode: schema.Regular, Data: []byte("revision: r9\n")}})
				b.Inline, b.Doc, b.Size = d.Encode(), schema.DigestOf(d.Encode()), int64(len(d.Encode()))
			})
		}, []string{"drift … admitted is c:"}},
		{"other values beside the right files", func(keys map[string][]byte) {
			keys[staging] = th.resign(keys[staging], th.key, func(b *integrations.Body) {
				b.Inline = bytes.Replace(b.Inline, []byte(`{"revision":"r2"}`), []byte(`{"revision":"r9"}`), 1)
				b.Doc, b.Size = schema.DigestOf(b.Inline), int64(len(b.Inline))
			})
		}, []string{"drift … its values are not those of its files"}},
		{"another project's head", func(keys map[string][]byte) {
			keys[staging] = th.resign(keys[staging], th.key, func(b *integrations.Body) { b.Project = "another" })
		}, []string{"unlogged … project another"}},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			keys := th.heads(th.spec(th.key))
			r.tamper(keys)
			wants(t, th.live(etcd.ReadDump(bytes.NewReader(dumped(keys)), liveStages)), r.want...)
		})
	}
	t.Run("something that is no dump", func(t *testing.T) {
		wants(t, th.live(etcd.ReadDump(strings.NewReader(`{"count":0}`), liveStages)), `evidence-missing … it has no "kvs"`)
	})
}

// resign changes a head and signs it with a key.
func (th *thief) resign(raw []byte, key *signing.LogKey, change func(*integrations.Body)) []byte {
	h, err := integrations.DecodeHead(raw)
	th.must(err)
	if change != nil {
		change(&h.Body)
	}
	return sign(th, th.spec(key), h.Body)
}

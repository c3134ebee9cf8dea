package schema_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

func seedFrom(f *testing.F, patterns ...string) {
	f.Helper()
	for _, pattern := range patterns {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			f.Fatalf("%s: %d files, %v", pattern, len(names), err)
		}
		for _, name := range names {
			if info, err := os.Stat(name); err == nil && info.IsDir() {
				continue
			}
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
}

// sound holds what every finding must be: placed in the file, explained, and renderable.
func sound(t *testing.T, found schema.Diagnostics) {
	t.Helper()
	for _, d := range found {
		if _, ok := schema.Explain(d.Code); !ok {
			t.Errorf("code %s is not explained", d.Code)
		}
		if d.Message == "" || d.Width < 1 || strings.Contains(d.Message, "{") && strings.Contains(d.Message, "…") {
			t.Errorf("finding %+v", d)
		}
	}
	var b bytes.Buffer
	if err := found.Render(&b, false); err != nil {
		t.Error(err)
	}
	if bytes.ContainsFunc(b.Bytes(), func(r rune) bool { return r < ' ' && r != '\n' }) {
		t.Errorf("control characters reach the terminal: %q", b.String())
	}
}

func FuzzLoadProject(f *testing.F) {
	f.Add([]byte(sixLines))
	seedFrom(f, "testdata/diagnostics/project-*.yaml")
	f.Fuzz(func(t *testing.T, data []byte) {
		p, found := schema.LoadProject("sluice.yaml", data)
		sound(t, found)
		if len(found) > 0 {
			if len(p.Stages) > 0 {
				t.Error("findings, and yet stages")
			}
			return
		}
		if len(p.Stages) == 0 || len(before(p, p.Stages[0].Name)) > 0 {
			t.Errorf("accepted a lifecycle without an entrance: %+v", p)
		}
		for i, s := range p.Stages {
			if i > 0 && len(before(p, s.Name)) == 0 {
				t.Errorf("stage %s is out of reach", s.Name)
			}
			for _, gate := range []schema.Gate{s.Gates.Promote, s.Gates.Rollback, s.Gates.Retire} {
				for _, spec := range gate {
					if err := spec.Check(); err != nil {
						t.Errorf("accepted a policy that policies cannot read: %v", err)
					}
				}
				if gate.Digest(nil) == "" {
					t.Error("a gate without a digest")
				}
			}
		}
	})
}

func FuzzLoadOperator(f *testing.F) {
	seedFrom(f, "testdata/diagnostics/operator-*.yaml")
	f.Fuzz(func(t *testing.T, data []byte) {
		_, found := schema.LoadOperator("reconciler.yaml", data)
		sound(t, found)
	})
}

func FuzzLoadPolicyCases(f *testing.F) {
	f.Add([]byte("stage: a\ncases:\n- name: one\n  facts: {app: x, before: {a.yaml: {b: 1}}, after: {a.yaml: \"b: 2\"}, jobs: {u: success}, rollbacks: [{ago: 1h}]}\n  want: hold\n  codes: [soak]\n"))
	f.Add([]byte("stage: a\ncases: [{name: n, facts: {app: x, guardrails: [], at: \"2026-01-05T12:00:00Z\"}, want: allow}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		cases, found := schema.LoadPolicyCases("tests/a.yaml", data)
		sound(t, found)
		for _, c := range cases.Cases {
			if len(found) > 0 || c.Name == "" || c.Facts.At.IsZero() {
				t.Errorf("%d findings, and %+v", len(found), c)
			}
		}
	})
}

func FuzzLoadTrust(f *testing.F) {
	files := trust().Files()
	f.Add(files["root.yaml"], files["principals.yaml"], files["keys/alice/old.yaml"], files["keys/alice/old.pub"], files["forge/web-commits.pub"])
	f.Fuzz(func(t *testing.T, root, principals, sidecar, key, forge []byte) {
		in := map[string][]byte{
			"root.yaml": root, "principals.yaml": principals, "keys/alice/old.yaml": sidecar, "keys/alice/old.pub": key,
			"forge/web-commits.pub": forge,
		}
		loaded, found := schema.LoadTrust(in)
		sound(t, found)
		if len(found) > 0 {
			return
		}
		again, found := schema.LoadTrust(loaded.Files())
		if len(found) > 0 {
			t.Fatalf("what was written is not read: %v", found)
		}
		again.RootDigest, again.Root.Files = loaded.RootDigest, loaded.Root.Files
		if !reflect.DeepEqual(again, loaded) {
			t.Errorf("round trip: got %+v, want %+v", again, loaded)
		}
	})
}

func FuzzDocument(f *testing.F) {
	seedFrom(f, "testdata/diagnostics/app-*.yaml", "testdata/diagnostics/app-*.json", "testdata/document/*/files/*")
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range []string{"a.yaml", "a.json"} {
			d, found := schema.NewDocument([]schema.DocumentFile{{Path: name, Mode: schema.Regular, Data: data}})
			sound(t, found)
			if len(found) > 0 {
				continue
			}
			encoded := d.Encode()
			if !json.Valid(encoded) {
				t.Fatalf("%s: not JSON: %s", name, encoded)
			}
			value, _ := d.Value(name)
			if name == "a.json" && !reflect.DeepEqual(value, decoded(t, data)) {
				t.Errorf("got %v, want what encoding/json reads: %v", value, decoded(t, data))
			}
			reencode(t, d, name)
		}
	})
}

// reencode checks that the canonical bytes are a fixed point: read as JSON they give themselves.
func reencode(t *testing.T, d schema.Document, name string) {
	t.Helper()
	_, rest, _ := bytes.Cut(d.Encode(), []byte(`"values":{"`+name+`":`))
	canonical := bytes.TrimSuffix(rest, []byte("}}"))
	again, found := schema.NewDocument([]schema.DocumentFile{{Path: "v.json", Mode: schema.Regular, Data: canonical}})
	if len(found) > 0 {
		if len(canonical) > 1<<20 || found[0].Code == "encoding" || found[0].Code == "yaml-too-deep" {
			return // aliases written out, or text that only an escape may carry
		}
		t.Fatalf("%s gave %s, which is refused: %v", name, canonical, found)
	}
	if !bytes.HasSuffix(again.Encode(), append([]byte(`"values":{"v.json":`), append(canonical, '}', '}')...)) {
		t.Errorf("not a fixed point: %s", canonical)
	}
}

func decoded(t *testing.T, data []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func FuzzFlatten(f *testing.F) {
	seedFrom(f, "testdata/diagnostics/app-*.yaml", "testdata/document/*/files/*")
	f.Fuzz(func(t *testing.T, data []byte) {
		leaves, found := schema.Flatten("a.yaml", data)
		sound(t, found)
		if (leaves == nil) == (len(found) == 0) {
			t.Errorf("%d leaves and %d findings", len(leaves), len(found))
		}
		for pointer, leaf := range leaves {
			if !json.Valid([]byte(leaf.Value)) || leaf.Position.Line < 1 || pointer != "" && pointer[0] != '/' {
				t.Errorf("%q: %+v", pointer, leaf)
			}
		}
	})
}

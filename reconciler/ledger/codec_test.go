package ledger_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// written is an entry as Append would write it.
func written(e ledger.Entry) ledger.Entry {
	e.V, e.Seq, e.Prev, e.Project, e.At = 1, 7, schema.DigestOf(raw), project, begin
	return e
}

func someEntries() []ledger.Entry {
	named := decided(ledger.Admit, pay, schema.Promote, 1)
	earliest := begin.Add(time.Hour).In(time.FixedZone("", 8*3600))
	named.Decision.Verdict.Earliest = &earliest
	named.Decision.Commits = []schema.CommitVerdict{{Commit: hash(1), Code: "ok", Author: schema.Identity{Name: "<Ann> \xff & \u2028"}}}
	named.Decision.MergeRequest = &ledger.MergeRequest{Host: "git.example", IID: 4, OpenedAt: begin}
	return []ledger.Entry{
		written(named), written(hold(1)), written(applied("etcd", 2)), written(drifted("etcd", 2)),
		written(unreachable("etcd", 2)), written(ordered(ledger.Taint, 2)), written(ledger.Entry{Kind: ledger.Observe, Ref: main, New: hash(1)}),
	}
}

func TestEncodeGivesTheSameBytesBack(t *testing.T) {
	for _, e := range someEntries() {
		data, err := ledger.Encode(e)
		if err != nil {
			t.Fatalf("%s: %v", e.Kind, err)
		}
		back, err := ledger.Decode(data)
		if err != nil {
			t.Fatalf("%s: %v\n%s", e.Kind, err, data)
		}
		again, err := ledger.Encode(back)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("%s: %v\n%s\n%s", e.Kind, err, data, again)
		}
	}
}

func TestDecodeIsStrict(t *testing.T) {
	data, err := ledger.Encode(written(ledger.Entry{Kind: ledger.Observe, Ref: main, New: hash(1)}))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	replace := func(old, new string) string { return strings.Replace(text, old, new, 1) }
	tests := []struct{ name, text string }{
		{"nothing", ""},
		{"another version", replace(`"v":1`, `"v":2`)},
		{"an unknown kind", replace(`"observe"`, `"guess"`)},
		{"an unknown field", replace(`{`, `{"also":1,`)},
		{"a field twice", replace(`"v":1`, `"v":1,"v":1`)},
		{"a field in another case", replace(`"seq"`, `"Seq"`)},
		{"fields in another order", replace(`"v":1,"seq":7`, `"seq":7,"v":1`)},
		{"a space", replace(`:`, `: `)},
		{"no newline", strings.TrimSuffix(text, "\n")},
		{"bytes after the end", text + "{}"},
		{"a time in another zone", replace("09:00:00Z", "10:00:00+01:00")},
		{"a time of microseconds", replace("09:00:00Z", "09:00:00.000001Z")},
		{"a number that is not the first without prev", replace(`"prev":"`+string(schema.DigestOf(raw))+`",`, "")},
		{"number zero", replace(`"seq":7`, `"seq":0`)},
		{"a part of another kind", replace(`"ref"`, `"order":{},"ref"`)},
		{"a project that breaks the checkpoint", replace(project, `a\nb`)},
		{"an app without a stage", replace(`"ref"`, `"app":"payments","ref"`)},
	}
	for _, tt := range tests {
		if e, err := ledger.Decode([]byte(tt.text)); !errors.Is(err, ledger.ErrUnknownFormat) {
			t.Errorf("%s: %+v, %v", tt.name, e, err)
		}
	}
	if _, err := ledger.Decode(data); err != nil {
		t.Errorf("the entry itself: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, e := range someEntries() {
		data, err := ledger.Encode(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ledger.Decode(data)
		if err != nil {
			if !errors.Is(err, ledger.ErrUnknownFormat) {
				t.Errorf("%v", err)
			}
			return
		}
		again, err := ledger.Encode(e)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("%v\n%s\n%s", err, data, again)
		}
		ledger.FoldHead(ledger.Head{}, e, "")
		ledger.FoldRefs(ledger.Refs{}, e)
		ledger.Fold(ledger.Fold(ledger.State{}, e), e)
	})
}

func FuzzParseSealed(f *testing.F) {
	data, err := ledger.EncodeSealed([]ledger.SealedCell{{Stage: "gray", App: "a"}, {Stage: "development", App: "b/c"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		cells, err := ledger.ParseSealed(data)
		if err != nil {
			return
		}
		again, err := ledger.EncodeSealed(cells)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("%v\n%s\n%s", err, data, again)
		}
	})
}

func TestSealedCellsAreSortedAndUnique(t *testing.T) {
	a, b := ledger.SealedCell{Stage: "gray", App: "a"}, ledger.SealedCell{Stage: "development", App: "b"}
	data, err := ledger.EncodeSealed([]ledger.SealedCell{a, b})
	if err != nil || !strings.HasPrefix(string(data), `{"stage":"development"`) {
		t.Errorf("%v\n%s", err, data)
	}
	if _, err := ledger.EncodeSealed([]ledger.SealedCell{a, a}); err == nil {
		t.Error("a cell twice was encoded")
	}
	lines := strings.SplitAfter(string(data), "\n")
	for name, text := range map[string]string{
		"not sorted": lines[1] + lines[0], "twice": lines[0] + lines[0], "cut off": strings.TrimSuffix(string(data), "\n"),
		"no stage": strings.Replace(string(data), "gray", "", 1), "a way out": strings.Replace(string(data), `"a"`, `"../a"`, 1),
	} {
		if _, err := ledger.ParseSealed([]byte(text)); !errors.Is(err, ledger.ErrUnknownFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

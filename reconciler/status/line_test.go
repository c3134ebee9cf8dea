package status_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

func TestTextMarksEveryLine(t *testing.T) {
	verdicts := shapes(t)
	for _, name := range slices.Sorted(maps.Keys(verdicts)) {
		v := verdicts[name]
		var marks []string
		for _, l := range status.Text(v) {
			if l.Mark != status.OK {
				marks = append(marks, string(l.Mark)+" "+string(l.Code))
			}
		}
		want := map[string]string{
			"everything-met": "", "self-approval": "wait approvals-missing, wait self-approval", "soak": "wait soak",
			"evil-merge": "no evil-merge", "unsigned": "wait unsigned", "override-not-live": "no not-live", "policy-mixed": "no policy-mixed",
			"unknown-key-and-bad-signature": "wait unknown-key, no bad-signature", "zero": "no nothing-judged", "empty-gate": "no nothing-judged",
			"direct-push": "no no-evidence, wait approvals-missing",
		}
		if w, listed := want[name]; listed && strings.Join(marks, ", ") != w {
			t.Errorf("%s: got %q, want %q", name, strings.Join(marks, ", "), w)
		}
	}
}

func TestTextSaysWhenTimeAloneHelps(t *testing.T) {
	for _, l := range status.Text(shapes(t)["soak"]) {
		if l.Code == "soak" && (l.Earliest.IsZero() || l.Clear != "") {
			t.Errorf("soak: earliest %v, clear %q; want a time and nobody to ask", l.Earliest, l.Clear)
		}
	}
}

func TestTreeShowsWhatCountsToo(t *testing.T) {
	v := shapes(t)["everything-met"]
	if short, whole := len(status.Text(v)), len(status.Tree(v)); short != 6 || whole != 8 {
		t.Errorf("got %d lines and %d in the tree; want 6 policies, and 2 approvals more", short, whole)
	}
}

// FuzzText holds any recorded verdict to what readers rely on: no verdict that does not allow reads as if it did, and no
// text leaves its line.
func FuzzText(f *testing.F) {
	for _, v := range shapes(f) {
		data, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"outcome":"hold","parts":[{"policy":"a\nb\u202e","outcome":"allow"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v schema.Verdict
		if json.Unmarshal(data, &v) != nil {
			return
		}
		for _, lines := range [][]status.Line{status.Text(v), status.Tree(v)} {
			missing := false
			for _, l := range lines {
				missing = missing || l.Mark != status.OK
				for _, text := range []string{l.Policy, string(l.Code), l.Text} {
					if schema.Printable(text) != text {
						t.Errorf("%q is not fit for a line", text)
					}
				}
			}
			if v.Outcome != schema.Allow && !missing {
				t.Errorf("%s reads as a yes", data)
			}
		}
	})
}

package note_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

var update = flag.Bool("update", false, "rewrite the notes in testdata; read them before you keep them")

// TestNoSecretIsInANote: neither among the keys, nor in what a policy says of them.
func TestNoSecretIsInANote(t *testing.T) {
	for name, subject := range samples() {
		text := subject.Markdown() + fmt.Sprint(subject.Statuses())
		for _, secret := range []string{"hunter2", "hunter3", "app:pw@"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows %q:\n%s", name, secret, text)
			}
		}
	}
}

// TestSamplesAreOnesThatPoliciesGive: whoever approved or signed already is not among those who may, what is counted is as
// many as are named, and whose approval counts may also sign one.
func TestSamplesAreOnesThatPoliciesGive(t *testing.T) {
	names := func(v schema.Verdict, arg string) []string {
		return strings.FieldsFunc(v.Args[arg], func(r rune) bool { return r == ',' || r == ' ' })
	}
	var walk func(sample string, v schema.Verdict)
	walk = func(sample string, v schema.Verdict) {
		for _, args := range [][3]string{{"have", "by", "eligible"}, {"have_signed", "signed_by", "eligible_signed"}} {
			did, may := names(v, args[1]), names(v, args[2])
			if v.Args[args[0]] != "" && v.Args[args[0]] != fmt.Sprint(len(did)) {
				t.Errorf("%s: %s: %s of %v", sample, v.Policy, v.Args[args[0]], did)
			}
			for _, who := range did {
				if slices.Contains(may, who) {
					t.Errorf("%s: %s: %s did, and still may", sample, v.Policy, who)
				}
			}
		}
		for _, part := range v.Parts {
			walk(sample, part)
			for _, who := range names(v, "eligible") {
				if part.Code == "signed-approvals-missing" && !slices.Contains(names(part, "eligible_signed"), who) {
					t.Errorf("%s: %s may approve, and not sign one", sample, who)
				}
			}
		}
	}
	for name, subject := range samples() {
		for _, c := range subject.Cells {
			walk(name, c.Verdict)
		}
		if subject.Control != nil {
			walk(name, subject.Control.Verdict)
		}
	}
}

// TestNotes holds the notes, and the commit statuses beside them, to what is recorded.
func TestNotes(t *testing.T) {
	for name, subject := range samples() {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			b.WriteString(subject.Markdown())
			for _, s := range subject.Statuses() {
				fmt.Fprintf(&b, "\n<!-- status %s %s: %s -->\n", s.Name, s.State, s.Description)
			}
			path := filepath.Join("testdata", name+".md")
			if *update {
				if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(want) != b.String() {
				t.Errorf("the note is not the recorded one; -update records it:\n%s", b.String())
			}
			if again := samples()[name].Markdown(); again != subject.Markdown() {
				t.Error("an equal subject has another note")
			}
			if bad := notInert(subject.Markdown()); bad != "" {
				t.Error(bad)
			}
		})
	}
}

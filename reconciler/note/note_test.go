package note_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
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

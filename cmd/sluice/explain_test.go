package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/schema"
)

// Advice names commands that there are: explain and the hints of errors print it as it stands.
func TestAdviceNamesCommandsThatExist(t *testing.T) {
	prose := []string{"also", "and", "does", "knows", "names", "reads", "shows", "that", "understands", "wrote", "did"}
	root := (&app{}).root()
	named := func(c *cobra.Command, word string) *cobra.Command {
		i := slices.IndexFunc(c.Commands(), func(sub *cobra.Command) bool { return sub.Name() == word })
		if i < 0 {
			return nil
		}
		return c.Commands()[i]
	}
	shape := regexp.MustCompile(`\bsluice ([a-z-]+)(?: ([a-z-]+))?`)
	for _, code := range schema.Codes() {
		info, _ := schema.Explain(code)
		for _, found := range shape.FindAllStringSubmatch(info.Cause+" "+info.Fix, -1) {
			command := named(root, found[1])
			switch {
			case command == nil && !slices.Contains(prose, found[1]):
				t.Errorf("%s advises %q, which is no command", code, found[0])
			case command != nil && command.HasSubCommands() && found[2] != "" && named(command, found[2]) == nil:
				t.Errorf("%s advises %q, which is no command of %s", code, found[0], command.CommandPath())
			}
		}
	}
}

// TestAdviceNamesFlagsThatExist asks the commands that the advice names for the flags beside them, and git for none of ours.
func TestAdviceNamesFlagsThatExist(t *testing.T) {
	checked := 0
	for _, code := range schema.Codes() {
		info, _ := schema.Explain(code)
		for _, text := range []string{info.Cause, info.Fix, info.Example} {
			n, problems := namedFlags(text)
			for _, p := range problems {
				t.Errorf("%s: %s: %s", code, p, text)
			}
			checked += n
		}
	}
	if checked < 20 {
		t.Errorf("%d flags were checked", checked)
	}
}

// TestNamedFlagsAreFound shows that the check of flags can fail.
func TestNamedFlagsAreFound(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"Run sluice init --seal.", ""},
		{"Let the roots add it (sluice trust add --root), or sluice trust threshold --admins.", ""},
		{"Fetch all of it: git fetch --unshallow.", ""},
		{"--force takes what was read.", ""},
		{"Run sluice init --sealed.", "sluice init has no --sealed"},
		{"Run sluice trust add --admins.", "sluice trust add has no --admins"},
		{"Run sluice trust ad PERSON --key FILE.", "sluice trust has no --key"},
		{"--forced takes what was read.", "no command has --forced"},
		{"git commit -S; then --forced.", "no command has --forced"},
	} {
		if _, got := namedFlags(row.text); strings.Join(got, "; ") != row.want {
			t.Errorf("%q: got %q, want %q", row.text, got, row.want)
		}
	}
}

var (
	sentenceEnd = regexp.MustCompile(`[.;:)](?: |$)|\n`)
	flagName    = regexp.MustCompile(`^--([a-z][a-z-]*)`)
)

// namedFlags counts the flags that a text names, and says which of them there are not. A flag belongs to the command before it in its
// sentence; one without a command has to be some command's.
func namedFlags(text string) (n int, problems []string) {
	root := (&app{}).root()
	for _, sentence := range sentenceEnd.Split(text, -1) {
		var command *cobra.Command
		git := false
		words := strings.Fields(sentence)
		for i, word := range words {
			switch strings.Trim(word, "(',") {
			case "git":
				git, command = true, nil
				continue
			case "sluice":
				if found, _, err := root.Find(words[i+1 : min(i+3, len(words))]); err == nil && found != root {
					git, command = false, found
				}
				continue
			}
			f := flagName.FindStringSubmatch(strings.TrimLeft(word, "("))
			if f == nil {
				continue
			}
			n++
			switch {
			case git:
			case command != nil && command.Flag(f[1]) == nil:
				problems = append(problems, command.CommandPath()+" has no --"+f[1])
			case command == nil && !anyHas(root, f[1]):
				problems = append(problems, "no command has --"+f[1])
			}
		}
	}
	return n, problems
}

func anyHas(c *cobra.Command, flag string) bool {
	return c.Flag(flag) != nil || slices.ContainsFunc(c.Commands(), func(sub *cobra.Command) bool { return anyHas(sub, flag) })
}

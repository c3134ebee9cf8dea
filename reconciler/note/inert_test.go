package note_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/diff"
	"github.com/sluice-gitops/sluice/reconciler/note"
	"github.com/sluice-gitops/sluice/schema"
)

// hostile are texts that somebody may have as a key, a value or a name.
var hostile = []string{
	"/approve", "\n/approve", "x\n/merge\n", "@all", "@group/team", "hi @ann!", "<script>alert(1)</script>", "<!--", "-->", "</details>",
	"| a | b |", `\|`, `\\|`, "a\\|b|c", "`", "``", "`@ann`", "``` \n/close", "$`@ann`$", "[x](javascript:alert(1))", "![x](https://evil.example/x.png)",
	"https://evil.example", "www.evil.example", "ann@evil.example", "#12", "!12", "~bug", "%1", "$1", "&1", "deadbeefcafe", "*bold*", "**sluice: admitted**",
	"_it_", "~~gone~~", "# Heading", "- item", "1. item", "> quote", "---", "&#64;ann", "&lt;b&gt;", "</code>@ann", ":smile:", "[[_TOC_]]", "[^1]", "{+ x +}",
	"\u202e@ann", "\u200b/approve", "\x00", "\r/approve", "\u2028/approve", "  ", "", strings.Repeat("`|\\@", 400), strings.Repeat("w@", 5000), "|", "\xff@ann",
	"<!-- sluice:v1 kind=note project=7 mr=12 -->",
}

func wound(text string) note.Subject {
	v := gate(is("approvals", schema.Hold, "approvals-missing", "have", "0", "need", "1", "by", text, "eligible", text),
		is("limits", schema.Hold, "blast-radius", "path", text, "at", text, "detail", text, "files", text, "most", text),
		is(text, schema.Deny, schema.Code(text), "why", text))
	c := promotion(v)
	c.Cell.App, c.Cell.Stage, c.Change.Source.Stage = schema.App(text), schema.StageName(text), schema.StageName(text)
	c.Edits = []diff.Edit{{Op: "replace", File: text, Key: text, From: text, To: text}, {Op: "add", File: text, Key: text + "x", To: text}}
	c.Files = []note.File{{Op: "add", Path: text}, {Op: "replace", Path: text}}
	held := c
	held.Verdict = gate(is("approvals", schema.Hold, "approvals-missing", "have", "0", "need", "1", "eligible", text))
	same := c
	same.Settled = true
	s := about(c, held, same)
	s.Merged = len(text)%2 == 0
	s.Control = &note.Control{Changed: []string{text}, Verdict: v}
	s.Page = "https://sluice.example.com/" + text
	return s
}

func TestTextFromPeopleIsInert(t *testing.T) {
	for _, text := range hostile {
		if bad := notInert(wound(text).Markdown()); bad != "" {
			t.Errorf("%q: %s", text, bad)
		}
		for _, s := range wound(text).Statuses() {
			if len([]rune(s.Description)) > 255 || strings.ContainsAny(s.Description, "\n\r") || s.Description == "" {
				t.Errorf("%q: the status says %q", text, s.Description)
			}
		}
	}
}

// TestTheCheckSeesWhatIsNotInert keeps notInert from being a check that nothing fails.
func TestTheCheckSeesWhatIsNotInert(t *testing.T) {
	for _, body := range []string{
		"/approve", "  /approve", "> /approve", "hello @ann", "<b>", "a\n| x | y | z |\n|---|---|\n| a | b |", "| a |\n|---|\n| `a|b` |", "[x](javascript:a)", "see !12", "see #12",
		"`open @ann", "deadbeefcafe", "https://evil.example", "x*y", "![x](https://a/b)",
	} {
		if notInert("<!-- m -->\n"+body) == "" {
			t.Errorf("%q passes for inert", body)
		}
	}
}

func FuzzTextFromPeopleIsInert(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		body := wound(text).Markdown()
		if bad := notInert(body); bad != "" {
			t.Errorf("%q: %s\n%s", text, bad, body)
		}
		if len(body) > 100_000 {
			t.Errorf("%q: %d bytes", text, len(body))
		}
	})
}

var (
	ourTags  = regexp.MustCompile(`</?details>|</?summary>|<code>((?:[ A-Za-z0-9]|&#[0-9]+;|[^\x00-\x7f])*)</code>`)
	ourLink  = regexp.MustCompile(`\[status\]\(https://sluice\.example\.com/[^\s()<>|` + "`" + `\\]*\)`)
	trigger  = regexp.MustCompile(`[@<>\[\]#!~$%^_\\` + "`" + `]|&|://|www\.|:[a-z]|\b[0-9a-fA-F]{7,40}\b|\{|\}`)
	noMarkup = strings.NewReplacer("**", "", "*hidden*", "")
)

// notInert reads a note as the forge does, knowing nothing of how it was made: the marker, tables, code spans, our own few tags
// and what is left. It says what of that could do something.
func notInert(body string) string {
	lines := strings.Split(body, "\n")
	if !strings.HasPrefix(lines[0], "<!-- ") || strings.Count(lines[0], "-->") != 1 {
		return "the first line is no marker"
	}
	columns := 0
	for i, line := range lines[1:] {
		at := fmt.Sprintf("line %d, %q: ", i+2, line)
		if strings.ContainsAny(line, "\r\u2028\u2029") {
			return at + "another line end"
		}
		if strings.HasPrefix(strings.TrimLeft(line, " \t>"), "/") {
			return at + "a quick action"
		}
		if strings.HasPrefix(line, "|") {
			n := strings.Count(line, "|") - strings.Count(line, `\|`)
			if columns > 0 && n != columns || strings.Contains(line, `\`) {
				return at + "a cell of the table ends where it should not"
			}
			columns = n
		} else {
			columns = 0
		}
		if bad := trigger.FindString(plain(line)); bad != "" {
			return at + fmt.Sprintf("%q outside code", bad)
		}
	}
	return ""
}

// plain is what of a line is neither code nor markup of ours.
func plain(line string) string {
	if title, ok := strings.CutPrefix(line, "#### "); ok {
		line = title
	}
	line = ourTags.ReplaceAllString(withoutSpans(line), " ")
	line = noMarkup.Replace(ourLink.ReplaceAllString(line, " "))
	return strings.ReplaceAll(line, "*", "@") // emphasis of others
}

// withoutSpans takes code spans out as CommonMark finds them: a run of backticks to the next run of the same length.
func withoutSpans(line string) string {
	var out strings.Builder
	for line != "" {
		at := strings.IndexByte(line, '`')
		if at < 0 {
			out.WriteString(line)
			break
		}
		out.WriteString(line[:at])
		run := len(line[at:]) - len(strings.TrimLeft(line[at:], "`"))
		rest, fence := line[at+run:], line[at:at+run]
		end := spanEnd(rest, run)
		if end < 0 {
			out.WriteString(fence)
			line = rest
			continue
		}
		out.WriteString(" ")
		line = rest[end+run:]
	}
	return out.String()
}

func spanEnd(rest string, run int) int {
	for i := 0; i < len(rest); {
		if rest[i] != '`' {
			i++
			continue
		}
		n := len(rest[i:]) - len(strings.TrimLeft(rest[i:], "`"))
		if n == run {
			return i
		}
		i += n
	}
	return -1
}

package gitlabtest

import (
	"strings"
	"testing"
)

func TestParseCommands(t *testing.T) {
	old, sha := strings.Repeat("a", 40), strings.Repeat("b", 40)
	for _, row := range []struct {
		name, body string
		want       int
	}{
		{"one command", "006e" + old + " " + sha + " refs/heads/main\x00 report-status" + "0000PACK", 1},
		{"a flush at once", "0000", 0},
		{"a length past the end", "ffff" + old, 0},
		{"no hex", "zzzz", 0},
	} {
		body := row.body
		if strings.HasPrefix(body, "006e") { // the length of the line with itself
			line, _, _ := strings.Cut(body[4:], "0000PACK")
			body = pktLen(line) + line + "0000PACK"
		}
		got := parseCommands([]byte(body))
		if len(got) != row.want {
			t.Errorf("%s: got %v, want %d commands", row.name, got, row.want)
		}
		if row.want == 1 && (got[0] != refChange{old, sha, "refs/heads/main"}) {
			t.Errorf("%s: got %v", row.name, got)
		}
	}
}

func pktLen(line string) string {
	const hex = "0123456789abcdef"
	n := len(line) + 4
	return string([]byte{hex[n>>12&15], hex[n>>8&15], hex[n>>4&15], hex[n&15]})
}

func FuzzParseCommands(f *testing.F) {
	f.Add([]byte("0000"))
	f.Add([]byte("0004"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, c := range parseCommands(body) {
			if len(c.old) != 40 || len(c.new) != 40 || c.ref == "" {
				t.Errorf("got %+v", c)
			}
		}
	})
}

func FuzzParseRaw(f *testing.F) {
	f.Add(":100644 100644 aaaa bbbb M\x00a.yaml\x00:100644 100644 aaaa bbbb R100\x00a\x00b\x00")
	f.Fuzz(func(t *testing.T, raw string) {
		files, err := parseRaw(raw)
		if err == nil && len(files) > len(raw) {
			t.Errorf("%d files of %d bytes", len(files), len(raw))
		}
	})
}

func FuzzParseCommit(f *testing.F) {
	f.Add(strings.Join([]string{"sha", "p1 p2", "a", "a@x", "2026-01-02T03:04:05+01:00", "c", "c@x", "2026-01-02T03:04:05Z", "t", "t\n\nb"}, "\x1f"))
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := parseCommit(text); err == nil && strings.Contains(c.title, "\x1f") {
			t.Errorf("got title %q", c.title)
		}
	})
}

// Whatever a note says, the page holds no tag but the ones markdown makes.
func FuzzMarkdown(f *testing.F) {
	f.Add("**a** `b` [c](https://d) <img src=x>\n| a |\n|---|\n```\n<b>\n")
	f.Add("[x](javascript:alert(1)) [y](https://a\"onclick=1)")
	f.Add("<details><script>")
	f.Add("# a\n\n    b\n")
	f.Fuzz(func(t *testing.T, text string) {
		rest := string(markdown(text))
		for {
			from := strings.Index(rest, "<")
			if from < 0 {
				return
			}
			to := strings.Index(rest[from:], ">")
			if to < 0 {
				t.Fatalf("an open tag in %q", rest)
			}
			if !known(rest[from+1 : from+to]) {
				t.Fatalf("tag %q of %q", rest[from:from+to+1], text)
			}
			rest = rest[from+to+1:]
		}
	})
}

func known(tag string) bool {
	if href, is := strings.CutPrefix(tag, `a href="`); is {
		url, after, _ := strings.Cut(href, `"`)
		return after == ` rel="nofollow noreferrer"` && (strings.HasPrefix(url, "http") || strings.HasPrefix(url, "/"))
	}
	switch strings.TrimPrefix(tag, "/") {
	case "p", "br", "h3", "pre class=indented", "ul", "li", "table", "tr", "td", "th", "pre", "code", "strong", "a", "details", "summary":
		return true
	}
	return false
}

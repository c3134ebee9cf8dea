package status_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/html"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// FuzzTextOfOthersIsInert puts a text wherever others can write one, and reads everything that is made of it as its readers do:
// pages as a browser tokenises them, which must find the same elements and attributes as with harmless text of that length;
// pictures and the feed as XML, the API as JSON; and what goes to a terminal.
func FuzzTextOfOthersIsInert(f *testing.F) {
	for _, text := range hostile {
		if len(text) < 1_000 { // the others are slow, and TestHostileTextIsInertOnThePage has them
			f.Add(text)
		}
	}
	for _, text := range []string{"]]>", "<!--", "</title></svg><script>", "&#x3c;b&#x3e;", "\u061c\u2066\u00ad\U000e0041\u034f", "//evil.example", "%0d%0aX: y", "\x00", "<a/href=x>", " "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		bad, good := filed(t, poisoned(t, text)), filed(t, poisoned(t, harmless(text)))
		evil, plain := badged(t, &bad, text), badged(t, &good, harmless(text))
		like := pagesNaming(harmless(text))
		for i, path := range pagesNaming(text) {
			page := body(t, ask(evil, "GET", path))
			inert(t, path, page)
			want := shapeOf(t, path, body(t, ask(plain, "GET", like[i])))
			got := shapeOf(t, path, page)
			if path == "/health" { // its rows are in the order of names
				slices.Sort(got)
				slices.Sort(want)
			}
			if text != "" && !slices.Equal(got, want) {
				t.Errorf("%q makes other elements of %s than harmless text:\n%v\n%v", text, path, differing(got, want), differing(want, got))
			}
		}
		for _, path := range []string{"/feed.atom", "/badge/" + url.PathEscape(text) + "/x.svg", "/badge/gray/" + url.PathEscape(text) + ".svg"} {
			if r := ask(evil, "GET", path); r.StatusCode == http.StatusOK {
				answer := body(t, r)
				inert(t, path, answer)
				wellFormed(t, path, answer)
			}
		}
		for _, path := range []string{"/view.json", "/api/v1/apps", "/api/v1/records", "/api/v1/policies", "/api/v1/values/gray/catalog", "/badge/gray/" + url.PathEscape(text) + ".json"} {
			if r := ask(evil, "GET", path); !json.Valid([]byte(body(t, r))) {
				t.Errorf("%q makes %s no JSON", text, path)
			}
		}
		atTheTerminal(t, text, bad)
	})
}

// pagesNaming are pages, some of which are asked for by a text. There is nothing that is called like it: what is found would be other than
// for a harmless one.
func pagesNaming(text string) []string {
	return []string{"/", "/apps", "/promotions", "/promotions/40", "/transitions", "/audit", "/audit/40", "/policies", "/health", "/wall", "/errors/" + url.PathEscape("nothing "+text), "/apps?" + url.Values{"q": {"nothing " + text}}.Encode(),
		"/apps?" + url.Values{"owner": {text}}.Encode(), "/app/catalog", "/values/gray/catalog", "/diff?app=catalog&from=staging&to=gray&all"}
}

// badged is the site with all that can be on, of files in which others wrote the text.
func badged(t *testing.T, v *schema.View, text string) http.Handler {
	t.Helper()
	over := make(chan struct{})
	close(over)
	content := func(_ context.Context, at schema.Hash, _ string) (map[string][]byte, error) {
		file, err := json.Marshal(map[string]string{text: text, "limits": at.String() + text})
		if _, problems := schema.Flatten("app.json", file); len(problems) > 0 { // shown by its digest, as one line
			file, err = json.Marshal(map[string]string{"x": "x", "limits": at.String() + "x"})
		}
		return map[string][]byte{"app.json": file, text + ".txt": []byte(text)}, err
	}
	h, err := status.New(status.Config{
		View: func() *schema.View { return v }, Now: func() time.Time { return now }, Version: "v", Commands: options().Commands, Done: over, Badges: true, Content: content, Values: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// harmless is a text of the same length, as it is shown, that nobody could mistake for anything else. A slash stays: names may
// be broken after one.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '/' {
			return r
		}
		return 'x'
	}, schema.Printable(strings.ToValidUTF8(text, "?")))
}

// shapeOf lists the elements of a page with their attributes, as a browser's tokeniser finds them. Addresses lead to this site,
// or to one of http.
func shapeOf(t *testing.T, path, page string) (shape []string) {
	t.Helper()
	tokens := html.NewTokenizer(strings.NewReader(page))
	for {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken:
			if err := tokens.Err(); !errors.Is(err, io.EOF) {
				t.Errorf("%s: %v", path, err)
			}
			return shape
		case html.CommentToken:
			t.Errorf("%s has a comment: %q", path, tokens.Raw())
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			token := tokens.Token()
			said := kind.String() + " " + token.Data
			for _, a := range token.Attr {
				said += " " + a.Key
				switch a.Key {
				case "href", "src", "action":
					if u, err := url.Parse(a.Val); err != nil || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" || u.Scheme == "" && u.Host != "" {
						t.Errorf("%s leads to %q", path, a.Val)
					}
				}
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" {
					t.Errorf("%s has the attribute %s", path, a.Key)
				}
			}
			shape = append(shape, said)
		}
	}
}

// differing are those of a that b has not as often.
func differing(a, b []string) (out []string) {
	count := map[string]int{}
	for _, s := range b {
		count[s]++
	}
	for _, s := range a {
		if count[s]--; count[s] < 0 {
			out = append(out, s)
		}
	}
	return out
}

func wellFormed(t *testing.T, path, text string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("%s is no XML: %v\n%s", path, err, text)
			return
		}
		if e, ok := token.(xml.StartElement); ok && (e.Name.Local == "script" || e.Name.Local == "foreignObject") {
			t.Errorf("%s has the element %s", path, e.Name.Local)
		}
	}
}

// atTheTerminal writes what commands write of a view.
func atTheTerminal(t *testing.T, text string, v schema.View) {
	t.Helper()
	var b bytes.Buffer
	status.WriteStatus(&b, v, "", options())
	status.WriteStatus(&b, v, text, options())
	status.WriteWhy(&b, v, schema.Cell{Stage: schema.StageName(text), App: schema.App(text)}, options())
	status.WriteWhy(&b, v, schema.Cell{App: schema.App(text)}, options())
	status.WriteWhy(&b, v, schema.Cell{App: "catalog", Stage: schema.StageName(text + "x")}, options())
	status.WriteWhy(&b, v, schema.Control, options())
	for _, r := range b.String() {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf) || r == '\u2028') {
			t.Errorf("%.20q puts %U on the terminal", text, r)
			break
		}
	}
	for line := range strings.Lines(b.String()) {
		if len(line) > 6_000 {
			t.Errorf("%.20q makes a line of %d bytes", text, len(line))
		}
	}
}

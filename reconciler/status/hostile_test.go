package status_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/sluice-gitops/sluice/schema"
)

// hostile are texts that others could write: markup, an escape that paints a terminal, turned text, an endless name.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "\x1b]0;owned\x07\x1b[2J", "abc\u202egpj.exe", "line\r\nbreak\u2028x\u0085y",
	"{{.Title}}", "javascript:alert(1)", "\xff\xfe broken", "zero\u200bwidth\ufeff", strings.Repeat("ж", 10_000), "'; rm -rf / #", "../../etc",
}

// poisoned has the text wherever somebody else's text can come from.
func poisoned(t testing.TB, text string) schema.View {
	v := troubled(t)
	v.Repository, v.Problems = text, []string{text}
	v.Drafts = []schema.DraftView{{IID: 1, Title: text, URL: text, Author: text, Opened: now}}
	v.Incidents[0].Ref = text
	v.Control.Verdict = schema.Verdict{Policy: text, Code: schema.Code(text), Args: map[string]string{text: text}}
	held := heldView(t, schema.Verdict{Policy: text, Outcome: schema.Hold, Parts: []schema.Verdict{
		{Policy: text, Outcome: schema.Hold, Code: "approvals-missing", Args: map[string]string{"have": text, "need": text, "by": text, "eligible": text}},
		{Policy: "signed", Outcome: schema.Allow, Args: map[string]string{"signers": text}},
	}})
	held.Change.Source.Stage = schema.StageName(text)
	held.Change.Kind = schema.Kind(text)
	c := liveCell(schema.App(text), schema.StageName(text), "5", 1)
	c.State, c.Held, c.Incident = schema.Held, held, &v.Incidents[0]
	c.Revision, c.Content = schema.Revision(text), schema.Content(text)
	c.Targets = []schema.TargetView{{Name: text, Code: schema.Code(text)}, {Name: text, Code: "target-unconfigured"}}
	c.Unjudged = &schema.UnjudgedView{Since: now, Code: schema.Code(text), Why: text}
	c.Next = &schema.NextView{From: schema.StageName(text), Revision: schema.Revision(text), Why: text}
	v.Stages = append([]schema.StageName{schema.StageName(text)}, v.Stages...)
	v.Apps = append(v.Apps, schema.AppView{App: schema.App(text), Cells: []schema.CellView{c}, Owner: text, Labels: map[string]string{text: text}})
	v = pastOf(v)
	for i := range v.Journal.Records {
		r := &v.Journal.Records[i]
		r.Kind, r.App, r.Stage, r.From, r.To, r.Ref, r.Code, r.Reason = text, schema.App(text), schema.StageName(text), schema.StageName(text), v.Stages[0], text, schema.Code(text), text
		if r.Target != "" {
			r.Target = text
		}
		r.Authors, r.Approvers, r.By, r.Operator, r.Missing, r.Signers = []string{text}, []string{text}, []string{text}, text, []schema.Code{schema.Code(text)}, []string{text}
		r.Becomes, r.Was, r.Change = schema.Revision(text), schema.Revision(text), schema.Kind(text)
	}
	v.Steps = append(v.Steps, schema.StepView{From: schema.StageName(text), Event: text, To: schema.StageName(text), Policies: []schema.PolicySpec{{Name: text, Value: text}}})
	return v
}

func TestHostileTextIsInertOnThePage(t *testing.T) {
	for _, text := range hostile {
		v := poisoned(t, text)
		h := site(t, &v, now)
		for _, path := range append(everyPage(), "/nowhere", "/apps?"+url.Values{"q": {text}, "after": {text}}.Encode(), "/audit?"+url.Values{"app": {text}, "who": {text}, "from": {text}}.Encode()) {
			inert(t, path, body(t, ask(h, "GET", path)))
		}
		v.Apps = v.Apps[len(v.Apps)-1:]
		v.Apps[0].App = "plain"
		inert(t, "/app/plain", body(t, ask(h, "GET", "/app/plain")))
	}
}

func inert(t *testing.T, path, page string) {
	t.Helper()
	for _, not := range []string{"<script>", "<img", `href="javascript`, "href=\"'"} {
		if strings.Contains(page, not) {
			t.Errorf("%s has %q", path, not)
		}
	}
	for _, r := range page {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf) || r == '\u2028') {
			t.Errorf("%s has the character %U", path, r)
			return
		}
	}
	if len(page) > 200_000 {
		t.Errorf("%s has %d bytes: a long text was not cut", path, len(page))
	}
}

func TestHostileTextIsInertAtTheTerminal(t *testing.T) {
	for _, text := range hostile {
		v := poisoned(t, text)
		atTheTerminal(t, text, v)
	}
}

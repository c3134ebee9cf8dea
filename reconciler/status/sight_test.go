package status_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// secretive is a project of which the group pay may see payments/** in gray and production alone. Everything else is called by
// a word that it must not meet.
func secretive(t testing.TB) schema.View {
	v := pastOf(troubled(t))
	rename := strings.NewReplacer("catalog", "zebra/stripes", "orders/api", "zebra/api", "search", "zebra", "development", "kangaroo", "testing", "koala", "staging", "wombat", "config", "config")
	text, err := json.Marshal(v.Apps)
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]*schema.HeldView{}
	for _, app := range v.Apps {
		for _, c := range app.Cells {
			if c.Held != nil {
				held[rename.Replace(c.Cell.String())] = c.Held
			}
		}
	}
	v.Apps = nil
	if err := json.Unmarshal([]byte(rename.Replace(string(text))), &v.Apps); err != nil {
		t.Fatal(err)
	}
	v = filed(t, v)
	for i, s := range v.Stages {
		v.Stages = append(v.Stages[:i:i], append([]schema.StageName{schema.StageName(rename.Replace(string(s)))}, v.Stages[i+1:]...)...)
	}
	for i := range v.Steps {
		v.Steps[i].From, v.Steps[i].To = schema.StageName(rename.Replace(string(v.Steps[i].From))), schema.StageName(rename.Replace(string(v.Steps[i].To)))
		v.Steps[i].Policies = append(v.Steps[i].Policies, schema.PolicySpec{Name: "expression", Value: "app != 'zebra/api'"})
	}
	for i := range v.Journal.Records {
		r := &v.Journal.Records[i]
		r.App, r.Stage, r.From, r.To = schema.App(rename.Replace(string(r.App))), schema.StageName(rename.Replace(string(r.Stage))), schema.StageName(rename.Replace(string(r.From))), schema.StageName(rename.Replace(string(r.To)))
		if strings.HasPrefix(string(r.App), "zebra") {
			r.Authors, r.Reason, r.Kind = []string{"zed"}, "because of the zebra", "zebrawise"
		}
	}
	v.Journal.Records = append(v.Journal.Records, schema.Record{Seq: 49, Kind: "zebrawise", At: now, Ref: "refs/heads/kangaroo"})
	v.Journal.Read, v.Ledger.Size = 49, 49
	v.Problems = []string{"deliver zebra/api in gray: etcd hates the zebra", "deliver payments/ledger in gray: etcd is full", "the zebra cannot be asked"}
	for i := range v.Apps {
		for j := range v.Apps[i].Cells {
			if c := &v.Apps[i].Cells[j]; c.Cell == (schema.Cell{Stage: "production", App: "payments/ledger"}) {
				c.Unjudged = &schema.UnjudgedView{Commit: commit(t, "c"), Since: ago(time.Hour), Code: "forge-unavailable", Why: "the zebra's merge request 4711 is unknown"}
			}
		}
	}
	v.Drafts[0].Title = "feed the zebra"
	v.Suspended = []schema.SuspensionView{
		{Cell: schema.Cell{Stage: "gray", App: "zebra/api"}, Until: now.Add(time.Hour), Reason: "zebra"}, {Cell: schema.Cell{Stage: "gray"}, Until: now.Add(time.Hour), By: []string{"zed"}, Reason: "the zebra again"},
		{Cell: schema.Cell{Stage: "koala"}, Until: now.Add(time.Hour)},
	}
	v.Modes = map[schema.StageName]schema.StageMode{"gray": schema.Observe, "koala": schema.Observe}
	v.Differs = []schema.DifferView{{Cell: schema.Cell{Stage: "gray", App: "payments/ledger"}, Target: "etcd", Keys: 3}, {Cell: schema.Cell{Stage: "gray", App: "zebra/api"}, Target: "etcd", Keys: 977}}
	v.Suspended = append(v.Suspended, schema.SuspensionView{Cell: schema.Cell{Stage: "gray", App: "payments/ledger"}, Until: now.Add(time.Hour), Reason: "until zebra/api is well"})
	for i, r := range v.Journal.Records {
		if r.App == "payments/ledger" {
			v.Journal.Records[i].Reason, v.Journal.Records[i].Ref = "because of zebra/api", "refs/heads/kangaroo"
			v.Journal.Records[i].Says = []schema.Said{{Name: "keys", Text: "foreign /a  by zebra/api"}}
		}
	}
	v.Problems = append(v.Problems, "deliver payments/ledger in gray: koala has the lock")
	v.Emergencies = []schema.EmergencyView{{Cell: schema.Cell{Stage: "gray", App: "payments/ledger"}, Reason: "kangaroo is on fire", Review: now}, {Cell: schema.Cell{Stage: "gray", App: "zebra/api"}, Reason: "zebra", Review: now}}
	v.Tainted = []schema.TaintView{{Cell: schema.Cell{Stage: "koala", App: "payments/ledger"}, Revision: revision("5")}}
	v.Silent = []schema.SilentView{{Target: "etcd", Cells: 977}}
	v.Guards = &schema.Guards{Rails: []schema.GuardRail{{Name: "branch", Subject: "refs/heads/kangaroo", Seen: "zebra"}}}
	for i, app := range v.Apps {
		v.Apps[i].Owner, v.Apps[i].Labels = "team-mine", map[string]string{"tier": "mine", "before": "zebra", "kangaroo": "x"}
		if strings.HasPrefix(string(app.App), "zebra") {
			v.Apps[i].Owner = "zed"
		}
		for j := range app.Cells {
			c := &v.Apps[i].Cells[j]
			if h := held[c.Cell.String()]; h != nil {
				again := *h
				again.Change.Source = &schema.Source{Stage: "wombat", Seq: 3}
				again.Instances = &schema.InstancesView{Stage: "wombat", Total: 977}
				again.Verdict = schema.All("gate", again.Verdict, schema.Verdict{Policy: "atomic", Outcome: schema.Hold, Code: "atomic", Args: map[string]string{"cells": "zebra/api in gray and 977 more"}},
					schema.Verdict{Policy: "mixed", Outcome: schema.Hold, Code: "policy-mixed", Args: map[string]string{"paths": "kangaroo/zebra/stripes/app.yaml"}},
					schema.Verdict{Policy: "soak", Outcome: schema.Hold, Code: "health-unknown", Args: map[string]string{"in": "wombat", "why": "the targets of Wombat, say nothing"}})
				c.Held = &again
			}
			c.Next = &schema.NextView{From: "wombat", Why: "koala has none"}
			c.LetIn = &schema.LetInView{Mode: schema.Warn, Verdict: schema.All("gate", schema.Verdict{Policy: "atomic", Outcome: schema.Hold, Code: "atomic", Args: map[string]string{"cells": "zebra/api in gray and 977 more"}},
				schema.Verdict{Policy: "soak", Outcome: schema.Hold, Code: "health-unknown", Args: map[string]string{"in": "wombat", "why": "the targets of Wombat, say nothing"}})}
			if c.Held != nil {
				c.Held.Change.Files = []schema.FileSource{{Path: "app.yaml", Stage: "wombat", Seq: 3}}
			}
		}
	}
	return v
}

var proxied = status.Access{
	Header: "X-User", Groups: "X-Groups", Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Certificate: true,
	Visible: []schema.Visibility{
		{Group: "all", Apps: schema.Patterns{"**"}}, {Group: "pay", Apps: schema.Patterns{"payments/**"}, Stages: []schema.StageName{"gray", "production"}},
		{Group: "zoo", Apps: schema.Patterns{"zebra/**"}, Projects: []string{"zoo"}}, {Group: "none"},
		{Group: "mall", Apps: schema.Patterns{"catalog"}},
	},
}

// shared is a page for viewers of several groups; streams end after what they have to say at once.
func shared(t testing.TB, access status.Access, views map[string]*schema.View, names ...string) http.Handler {
	t.Helper()
	over := make(chan struct{})
	close(over)
	var projects []status.Project
	for _, name := range names {
		projects = append(projects, status.Project{Name: name, View: func() *schema.View { return views[name] }, Content: oneVisible})
	}
	h, err := status.NewProjects(status.Config{Now: func() time.Time { return now }, Version: "v0.1.0-test", Commands: options().Commands, Badges: true, Values: true, Done: over}, projects, access)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// oneVisible reads files that may be seen by pay at two places, and names what is hidden everywhere else.
func oneVisible(_ context.Context, at schema.Hash, path string) (map[string][]byte, error) {
	if path == "gray/payments/ledger" || path == "production/payments/ledger" {
		return map[string][]byte{"app.yaml": []byte("limits: {max: 4711" + at.String()[:1] + "}\n")}, nil
	}
	return map[string][]byte{"zebra.yaml": []byte("kangaroo: {zebra: 977}\n")}, nil
}

// everyAnswer are the addresses of everything that is served of a project, with what is there and what is not.
func everyAnswer() []string {
	out := append(everyPage(), status.Routes()...)
	return append(out, "/app/zebra/api", "/app/zebra", "/cell/gray/zebra/api", "/cell/koala/payments/ledger", "/cell/gray/payments/ledger", "/cell/production/payments/ledger", "/badge/gray/zebra/api.svg", "/badge/gray/payments/ledger.svg", "/badge/koala/payments/ledger.json",
		"/api/v1/apps/zebra/api", "/api/v1/cells/gray/zebra/api", "/api/v1/cells/gray/payments/ledger", "/api/v1/records?limit=200", "/audit/49", "/audit/1", "/api/v1/records/49", "/transitions?window=90d",
		"/diff?app=zebra/api", "/diff?app=payments/ledger&from=koala&to=gray", "/diff?app=payments/ledger", "/values/gray/zebra/api", "/api/v1/diff?app=payments/ledger", "/api/v1/values/gray/zebra/api", "/api/v1/diff?app=zebra/api", "/api/v1/diff?app=payments/ledger&from=koala&to=gray", "/diff?app=payments/ledger&from=gray&to=koala@live",
		"/values/koala/payments/ledger", "/api/v1/values/koala/payments/ledger", "/values/gray/payments/ledger", "/api/v1/values/gray/payments/ledger", "/diff?app=payments/ledger&from=production&to=gray&all",
		"/api/v1/diff?app=payments/ledger&from=production&to=gray&all", "/audit?kind=zebrawise", "/apps?stage=koala", "/feed.atom", "/view.json", "/api/v1/events", "/api/v1/transitions?window=90d", "/app/zebr")
}

// TestNobodySeesWhatIsNotForHim asks for everything that is served as somebody who may see a part of it, and looks for names
// and numbers of the rest.
func TestNobodySeesWhatIsNotForHim(t *testing.T) {
	v := secretive(t)
	h := shared(t, proxied, map[string]*schema.View{"config": &v}, "config")
	whole := ask(h, "GET", "/apps", "X-User", "ann", "X-Groups", "all")
	if text := body(t, whole); !strings.Contains(text, "zebra") || !strings.Contains(text, "kangaroo") {
		t.Fatalf("whoever may see everything sees %.300s", text)
	}
	for _, path := range everyAnswer() {
		r := ask(h, "GET", path, "X-User", "bob", "X-Groups", "other, pay")
		text := body(t, r)
		asked := strings.NewReplacer("zebra/api", "", "zebrawise", "", "koala", "", "&#34;zebra&#34;", "").Replace // what was asked is repeated
		for _, word := range []string{"zebra", "kangaroo", "koala", "wombat", "zed", "977"} {
			if strings.Contains(strings.ToLower(text), word) && (!strings.Contains(path, word) || strings.Contains(strings.ToLower(asked(text)), word)) {
				i := strings.Index(strings.ToLower(text), word)
				t.Errorf("GET %s: %q: …%s…", path, word, text[max(0, i-80):min(len(text), i+80)])
			}
		}
		if vary := r.Header.Values("Vary"); len(vary) < 2 || strings.HasPrefix(r.Header.Get("Cache-Control"), "no-cache") {
			t.Errorf("GET %s may be given to others: Vary %v, %s", path, vary, r.Header.Get("Cache-Control"))
		}
	}
	for _, path := range everyAnswer() { // else what is compared was not looked through above
		compared := strings.Contains(path, "diff?app=payments/ledger") && !strings.Contains(path, "koala") || strings.Contains(path, "values/gray/payments/ledger")
		if text := body(t, ask(h, "GET", path, "X-User", "bob", "X-Groups", "pay")); compared && (!strings.Contains(text, "limits.max") || !strings.Contains(text, "4711")) {
			t.Errorf("GET %s does not come to compare: %.300s", path, text)
		}
	}
	if text := body(t, ask(h, "GET", "/values/gray/zebra/api", "X-User", "ann", "X-Groups", "all")); !strings.Contains(text, "977") {
		t.Errorf("whoever may see everything does not see the files: %.2000s", text)
	}
	mine := body(t, ask(h, "GET", "/cell/gray/payments/ledger", "X-User", "bob", "X-Groups", "pay"))
	for _, want := range []string{"payments/ledger", "held", "(not shown)", "etcd is full", "suspended: stage gray", "suspended: payments/ledger in gray", "break-glass: payments/ledger",
		"mode observe: gray lets in", "where 3 keys of 1 app would change", "owner team-mine", "tier=mine"} {
		if !strings.Contains(mine, want) {
			t.Errorf("what is for him lacks %q", want)
		}
	}
	if text := body(t, ask(h, "GET", "/cell/production/payments/ledger", "X-User", "bob", "X-Groups", "pay")); !strings.Contains(text, "let in by mode warn alone") {
		t.Errorf("a cell that nothing waits in does not say what its mode let in: %.2000s", text)
	}
	if text := body(t, ask(h, "GET", "/", "X-User", "bob", "X-Groups", "pay")); !strings.Contains(text, "0 of 2 cells as intended") {
		t.Errorf("counted is what he may not see: %.2000s", text)
	}
}

// TestHiddenIsAsIfItWereNotThere: an answer does not tell what is hidden from what there is not.
func TestHiddenIsAsIfItWereNotThere(t *testing.T) {
	v := secretive(t)
	h := shared(t, proxied, map[string]*schema.View{"config": &v}, "config")
	for hidden, never := range map[string]string{
		"/app/zebra/api": "/app/yebra/api", "/cell/gray/zebra/api": "/cell/gray/yebra/api", "/cell/koala/payments/ledger": "/cell/koalb/payments/ledger", "/audit/49": "/audit/4900",
		"/api/v1/apps/zebra/api": "/api/v1/apps/yebra/api", "/api/v1/records/49": "/api/v1/records/4900", "/badge/gray/zebra/api.svg": "/badge/gray/yebra/api.svg", "/apps?stage=koala": "/apps?stage=koalb",
	} {
		a, b := ask(h, "GET", hidden, "X-User", "bob", "X-Groups", "pay"), ask(h, "GET", never, "X-User", "bob", "X-Groups", "pay")
		same := strings.NewReplacer("yebra", "zebra", "koalb", "koala", "4900", "49").Replace(body(t, b))
		if got := body(t, a); a.StatusCode != b.StatusCode || got != same {
			t.Errorf("%s is %d, and %s is %d", hidden, a.StatusCode, never, b.StatusCode)
		}
	}
}

// TestAHiddenProjectIsAsIfItWereNotThere: however it is asked for.
func TestAHiddenProjectIsAsIfItWereNotThere(t *testing.T) {
	shop, other := pastOf(troubled(t)), secretive(t)
	h := shared(t, proxied, map[string]*schema.View{"shop": &shop, "hidden": &other, "empty": nil}, "shop", "hidden", "empty")
	for _, name := range []string{"hidden", "empty"} {
		for _, way := range []string{"", "/", "?x=1", "/apps", "//apps", "/../NAME", "/api/v1/apps", "/healthz", "/api/v1/nothing", "/style.css", "/feed.atom"} {
			for _, method := range []string{"GET", "HEAD", "POST"} {
				seen := map[string]string{}
				for _, n := range []string{name, "nobody"} {
					r := ask(h, method, "/p/"+n+strings.ReplaceAll(way, "NAME", n), "X-User", "bob", "X-Groups", "mall")
					seen[n] = strings.ReplaceAll(fmt.Sprint(r.StatusCode, r.Header, body(t, r)), n, "NAME")
				}
				if seen[name] != seen["nobody"] {
					t.Errorf("%s /p/%s%s is told from what there is not:\n%.400s\n%.400s", method, name, way, seen[name], seen["nobody"])
				}
			}
		}
	}
	if r := ask(h, "GET", "/p/shop", "X-User", "bob", "X-Groups", "mall"); r.StatusCode != 307 || r.Header.Get("Location") != "/p/shop/" {
		t.Errorf("what is shown, without its slash: %d to %s", r.StatusCode, r.Header.Get("Location"))
	}
}

// TestGroupsAreBelievedOfTheProxyAndOfCertificates: and of nobody else, and a group that nobody knows sees nothing.
func TestGroupsAreBelievedOfTheProxyAndOfCertificates(t *testing.T) {
	v := secretive(t)
	h := shared(t, proxied, map[string]*schema.View{"config": &v}, "config")
	holds := func(organizations ...string) *tls.ConnectionState {
		leaf := &x509.Certificate{Subject: pkix.Name{Organization: organizations}}
		return &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}, VerifiedChains: [][]*x509.Certificate{{leaf}}}
	}
	for _, row := range []struct {
		sentence, user string
		groups         []string
		from           string
		tls            *tls.ConnectionState
		code           int
	}{
		{"a group that is known", "ann", []string{"pay"}, "192.0.2.1:1", nil, 200}, {"one of many", "ann", []string{"x,pay , y"}, "192.0.2.1:1", nil, 200},
		{"a group that is not known", "ann", []string{"payments"}, "192.0.2.1:1", nil, 403}, {"no group", "ann", nil, "192.0.2.1:1", nil, 403}, {"an empty group", "ann", []string{""}, "192.0.2.1:1", nil, 403},
		{"a group that sees no app", "ann", []string{"none"}, "192.0.2.1:1", nil, 200}, // it is known, and the page is empty
		{"a group of other projects", "ann", []string{"zoo"}, "192.0.2.1:1", nil, 403},
		{"groups said twice", "ann", []string{"pay", "all"}, "192.0.2.1:1", nil, 403}, {"groups of nobody", "", []string{"pay"}, "192.0.2.1:1", nil, 403},
		{"groups from elsewhere", "ann", []string{"pay"}, "198.51.100.1:1", nil, 403},
		{"a certificate", "", nil, "198.51.100.1:1", holds("x", "pay"), 200}, {"a certificate of a group that is not known", "", nil, "198.51.100.1:1", holds("x"), 403},
		{"a certificate does not get what its holder writes", "ann", []string{"all"}, "198.51.100.1:1", holds("x"), 403},
		{"the proxy's certificate lends nobody its groups", "ann", []string{"x"}, "192.0.2.1:1", holds("all"), 403},
		{"a certificate that nobody verified", "", nil, "198.51.100.1:1", &tls.ConnectionState{PeerCertificates: holds("all").PeerCertificates}, 403},
	} {
		r := httptest.NewRequest(http.MethodGet, "/apps", nil)
		r.RemoteAddr, r.TLS = row.from, row.tls
		if row.user != "" {
			r.Header.Set("X-User", row.user)
		}
		for _, g := range row.groups {
			r.Header.Add("X-Groups", g)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != row.code || strings.Contains(w.Body.String(), "zebra") {
			t.Errorf("%s: %d, want %d", row.sentence, w.Code, row.code)
		}
		if w.Code == 403 && (w.Header().Get("Cache-Control") != "no-store" || strings.Contains(w.Body.String(), "config")) {
			t.Errorf("%s: refused with %q", row.sentence, w.Body)
		}
	}
	open := proxied
	open.Header, open.Groups, open.Certificate, open.Networks = "", "", false, nil
	if r := ask(shared(t, open, map[string]*schema.View{"config": &v}, "config"), "GET", "/"); r.StatusCode != 403 {
		t.Errorf("rules about groups where nobody is asked for any: %d", r.StatusCode)
	}
}

// TestWhatIsKeptForOneIsNotGivenToAnother: neither a page, nor a tag that says that somebody has it.
func TestWhatIsKeptForOneIsNotGivenToAnother(t *testing.T) {
	v := secretive(t)
	h := shared(t, proxied, map[string]*schema.View{"config": &v}, "config")
	for _, path := range []string{"/", "/apps", "/audit", "/feed.atom", "/view.json", "/api/v1/apps", "/badge/gray/zebra/api.svg"} {
		all := ask(h, "GET", path, "X-User", "ann", "X-Groups", "all").Header.Get("ETag")
		r := ask(h, "GET", path, "X-User", "bob", "X-Groups", "pay", "If-None-Match", all)
		if r.StatusCode != 200 || r.Header.Get("ETag") == all {
			t.Errorf("GET %s: %d with the tag %s of somebody else", path, r.StatusCode, all)
		}
		if r := ask(h, "GET", path, "X-User", "eve", "X-Groups", "pay", "If-None-Match", r.Header.Get("ETag")); r.StatusCode != 304 {
			t.Errorf("GET %s: %d for somebody whom the same rules hold for", path, r.StatusCode)
		}
	}
}

// TestEveryProjectIsShown: one list above them, each with all of its pages below its name, and none to who may see nothing of it.
func TestEveryProjectIsShown(t *testing.T) {
	shop, zoo := pastOf(troubled(t)), secretive(t)
	views := map[string]*schema.View{"shop": &shop, "zoo": &zoo, "new": nil}
	h := shared(t, status.Access{}, views, "shop", "zoo", "new")
	index := body(t, ask(h, "GET", "/"))
	for _, want := range []string{`<a href="/p/shop/">shop</a>`, `<a href="/p/zoo/">zoo</a>`, "Starting: the repository is read for the first time.", "3 projects, 3 of them with something that needs somebody.", `href="/p/shop/apps?state=held"`} {
		if !strings.Contains(index, want) {
			t.Errorf("the list lacks %q", want)
		}
	}
	if got := body(t, ask(h, "GET", "/?q=stripes")); !strings.Contains(got, `href="/p/zoo/app/zebra/stripes"`) || strings.Contains(got, `href="/p/shop/"`) {
		t.Errorf("looking for an app: %s", got)
	}
	for _, path := range everyPage() {
		r := ask(h, "GET", "/p/shop"+path)
		if want := ask(site(t, &shop, now), "GET", path).StatusCode; r.StatusCode != want {
			t.Errorf("GET /p/shop%s: %d, want %d", path, r.StatusCode, want)
		}
		for _, address := range strings.Split(body(t, r), `"`) {
			if strings.HasPrefix(address, "/") && address != "/" && !strings.HasPrefix(address, "/p/shop/") {
				t.Errorf("/p/shop%s leads to %s", path, address)
			}
		}
	}
	d := readDescription(t, h)
	d.holds("/api/v1/projects", ask(h, "GET", "/api/v1/projects"))
	d.holds("/api/v1/apps", ask(h, "GET", "/p/zoo/api/v1/apps"))
	if r := ask(h, "GET", "/healthz"); r.StatusCode != 503 || !strings.Contains(body(t, r), "no look at the repository yet") {
		t.Errorf("a project that was never read is well: %d", r.StatusCode)
	}
	some := shared(t, proxied, views, "shop", "zoo", "new")
	for _, row := range []struct{ groups, path, want, not string }{
		{"zoo", "/", "/p/zoo/", "shop"}, {"zoo", "/api/v1/projects", `"name":"zoo"`, "shop"}, {"zoo", "/?q=a", "/p/zoo/app/zebra/api", "catalog"}, {"zoo", "/p/shop/apps", "There is no such page.", "catalog"},
		{"zoo", "/p/new/", "There is no such page.", "Starting"}, {"pay", "/", "2 projects", "new"}, {"all", "/", "3 projects", "none"}, {"pay", "/?q=zebra", "Nothing matches.", "/app/"},
	} {
		if got := body(t, ask(some, "GET", row.path, "X-User", "u", "X-Groups", row.groups)); !strings.Contains(got, row.want) || strings.Contains(got, row.not) {
			t.Errorf("%s sees at %s: %.1500s", row.groups, row.path, got)
		}
	}
}

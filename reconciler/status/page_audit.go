package status

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// recordsPerPage is how many entries a page of the past has.
const recordsPerPage = 50

// pastQuery is what the list of entries may be asked for.
type pastQuery struct {
	app, kind, result, who, from, to string
	before                           int64
	within                           time.Duration
}

func readPastQuery(q url.Values) pastQuery {
	out := pastQuery{app: clip(q.Get("app"), 200), kind: clip(q.Get("kind"), 40), result: clip(q.Get("result"), 40), who: clip(q.Get("who"), 100),
		from: clip(q.Get("from"), 100), to: clip(q.Get("to"), 100)}
	if n, err := strconv.ParseInt(q.Get("before"), 10, 64); err == nil && n > 0 {
		out.before = n
	}
	out.within = windows[q.Get("window")]
	return out
}

func (q pastQuery) wants(r schema.Record, now time.Time) bool {
	is := func(want, have string) bool { return want == "" || want == have }
	names := slices.Concat(r.Authors, r.Approvers, signersOf(r), []string{r.Operator})
	return (q.before == 0 || r.Seq < q.before) && (q.app == "" || strings.Contains(string(r.App), q.app)) && is(q.kind, r.Kind) && is(q.result, r.Result) &&
		is(q.from, string(r.From)) && is(q.to, string(r.To)) && (q.who == "" || slices.Contains(names, q.who)) && (q.within == 0 || now.Sub(r.At) <= q.within)
}

func (q pastQuery) link(path string) string {
	values := url.Values{}
	for name, value := range map[string]string{"app": q.app, "kind": q.kind, "result": q.result, "who": q.who, "from": q.from, "to": q.to} {
		if value != "" {
			values.Set(name, clip(value, 200))
		}
	}
	for name, d := range windows {
		if d == q.within && d != 0 {
			values.Set("window", name)
		}
	}
	if q.before > 0 {
		values.Set("before", strconv.FormatInt(q.before, 10))
	}
	return address(path, values)
}

// auditPage lists the ledger's entries, newest first.
func auditPage(req asked) (page, int) {
	q := readPastQuery(req.q)
	p := basePage(req.cfg, req.view, req.now)
	p.Nav, p.Heading, p.Title, p.Still, p.Refresh, p.Alarms = navigation("/audit"), "Audit", "Audit · "+p.Title, true, 0, warnings(req.cfg, req.view, req.now)
	p.Text = notRead(req.view)
	var kinds []string
	if req.view.Journal != nil {
		for kind := range req.view.Journal.Kinds {
			kinds = append(kinds, safe(kind))
		}
		slices.Sort(kinds)
	}
	p.Search = search{Action: "/audit", Fields: []searchField{
		{Name: "app", Label: "App", Value: safe(q.app)}, {Name: "who", Label: "Person", Value: safe(q.who)}, {Name: "kind", Label: "Kind", Value: safe(q.kind), Choices: kinds},
		{Name: "result", Label: "Result", Value: safe(q.result), Choices: slices.Concat(schema.TransitionResults, deliveryResults)},
	}}
	p.Records = lastRecords(req, func(r schema.Record) bool { return q.wants(r, req.view.At) }, recordsPerPage+1)
	if len(p.Records) > recordsPerPage {
		p.Records = p.Records[:recordsPerPage]
		q.before = p.Records[recordsPerPage-1].Seq
		p.Pages = []link{{Text: "older", Href: q.link("/audit")}}
	}
	if len(p.Records) == 0 && p.Text == "" {
		p.Text = "No entry matches."
	}
	return p, http.StatusOK
}

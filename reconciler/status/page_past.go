package status

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// recordView is a ledger entry as the page shows it.
type recordView struct {
	Seq              int64
	Href             string
	Kind, Text       string
	Where, WhereLink string
	At               stampView
	People           string
	Result, Symbol   string
	Tone             tone
	MergeRequest     string
	Missing          []string
	Parts            []checkLine // of the badge: what was checked, and what was not
	Steps            []step
	Facts            [][2]string
	Commands         []string
	Before, After    string // addresses of the entries beside it
	Compare          string // address of what it changed
}

// step is one thing that happened to a change.
type step struct {
	Name, Text, Href string
	Tone             tone
	At               stampView
}

// notRead says how much of the past is known, where it is not all.
func notRead(v schema.View) string {
	switch {
	case v.Journal == nil:
		return "The past is not read yet."
	case v.Journal.Read < v.Ledger.Size:
		return fmt.Sprintf("The ledger is still being read: %d of %d entries.", v.Journal.Read, v.Ledger.Size)
	case firstKept(v) > 1:
		return fmt.Sprintf("Entries before #%d are not kept here; sluice audit show has them.", firstKept(v))
	}
	return ""
}

// firstKept is the first entry that is kept, and all after it are; 0 where there is none, or which there are is not told.
func firstKept(v schema.View) int64 {
	if v.Narrowed || v.Journal == nil || len(v.Journal.Records) == 0 {
		return 0
	}
	return v.Journal.Records[0].Seq
}

// lastRecords are the newest entries of a kind.
func lastRecords(req asked, want func(schema.Record) bool, most int) []recordView {
	var out []recordView
	if req.view.Journal == nil {
		return nil
	}
	for _, r := range slices.Backward(req.view.Journal.Records) {
		if len(out) == most {
			break
		}
		if want(r) {
			out = append(out, recordOf(r, asOf(req.view)))
		}
	}
	return out
}

func recordOf(r schema.Record, now time.Time) recordView {
	out := recordView{
		Seq: r.Seq, Href: fmt.Sprintf("/audit/%d", r.Seq), Kind: brief(r.Kind), Text: recordText(r), At: stamped(r.At, now), People: peopleOf(r),
		Result: brief(r.Result), MergeRequest: mergeRequest(r.MergeRequest),
	}
	if r.App != "" {
		out.Where, out.WhereLink = brief(string(r.App))+" in "+brief(string(r.Stage)), cellLink(schema.Cell{Stage: r.Stage, App: r.App})
	}
	switch r.Result {
	case schema.Passed, "ok":
		out.Tone, out.Symbol = good, "✓"
	case schema.Waiting:
		out.Tone, out.Symbol = wait, "■"
	case schema.Barred, "failed":
		out.Tone, out.Symbol = bad, "✗"
	}
	for _, code := range r.Missing {
		out.Missing = append(out.Missing, brief(string(code)))
	}
	return out
}

// recordText says what an entry records, in a few words.
func recordText(r schema.Record) string {
	revision := ""
	if r.Becomes != "" && r.Becomes != schema.None {
		revision = " " + name(r.Becomes)
	}
	switch {
	case r.App == "" && r.Stage == "" && r.Change != "":
		return strings.TrimSpace("control files" + revision + " " + brief(string(r.Code)))
	case r.From != "" && r.From != r.To:
		return fmt.Sprintf("%s%s: %s → %s", brief(string(r.Change)), revision, brief(string(r.From)), brief(string(r.To)))
	case r.Result != "" && r.Target != "":
		return fmt.Sprintf("wrote entry #%d to %s: %s", r.Admission, brief(r.Target), brief(r.Result))
	case r.Target != "":
		return fmt.Sprintf("%s differs from entry #%d", brief(r.Target), r.Admission)
	case r.Ref != "" && r.App == "":
		return strings.TrimSpace(brief(r.Ref) + " " + brief(string(r.Code)))
	}
	return strings.TrimSpace(brief(string(r.Change)) + revision + " " + brief(string(r.Code)))
}

// peopleOf names who is answerable for an entry.
func peopleOf(r schema.Record) string {
	var parts []string
	add := func(word string, names []string) {
		if len(names) > 0 {
			parts = append(parts, word+brief(strings.Join(names, ", ")))
		}
	}
	add("by ", r.Authors)
	add("approved by ", r.Approvers)
	add("signed by ", r.By)
	return strings.Join(parts, ", ")
}

// brief is how text written by others stands in a list.
func brief(text string) string { return clip(safe(text), 80) }

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
	names := slices.Concat(r.Authors, r.Approvers, r.By, []string{r.Operator})
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
	p.Nav, p.Heading, p.Title, p.Still, p.Refresh, p.Alarms = navigation("/audit"), "Audit", "Audit · "+p.Title, true, 0, nil
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

// recordPage shows one entry: what it says, what of it was checked here, and how to check the rest.
func recordPage(req asked) (page, int) {
	seq, err := strconv.ParseInt(req.path("seq"), 10, 64)
	r, ok := req.view.Journal.Record(seq)
	if err != nil || !ok {
		text := "There is no such entry."
		if err == nil && seq > 0 && seq <= req.view.Ledger.Size && !req.view.Narrowed {
			text = fmt.Sprintf("Entry #%d is not kept here. At the terminal: sluice audit show %d", seq, seq)
		}
		return missingPage(req.cfg, req.view, text, req.now), http.StatusNotFound
	}
	p := basePage(req.cfg, req.view, req.now)
	p.Nav, p.Still, p.Refresh, p.Alarms = navigation("/audit"), true, 0, nil
	p.Heading = fmt.Sprintf("Entry #%d: %s", r.Seq, safe(r.Kind))
	p.Title = p.Heading + " · " + p.Title
	view := recordOf(r, asOf(req.view))
	view.Parts, view.Facts, view.Steps = badgeParts(req.view, r), recordFacts(r), steps(req.view, r)
	view.Commands = []string{fmt.Sprintf("sluice audit show %d", r.Seq), "sluice audit verify"}
	view.Before, view.After = beside(req.view, r.Seq)
	if req.cfg.Content != nil {
		view.Compare = changedBy(req.view, r)
	}
	p.Record = &view
	return p, http.StatusOK
}

// changedBy is the address of a comparison of what an entry admitted with what the cell had before.
func changedBy(v schema.View, r schema.Record) string {
	q := diffQuery{app: r.App, from: string(r.Stage), to: fmt.Sprintf("%s@#%d", r.Stage, r.Seq)}
	if r.App == "" || r.Commit.IsZero() || r.Result != schema.Passed {
		return ""
	}
	for _, former := range slices.Backward(v.Journal.Records) {
		if former.Seq < r.Seq && former.App == r.App && former.Stage == r.Stage && former.Result == schema.Passed && !former.Commit.IsZero() {
			q.from = fmt.Sprintf("%s@#%d", r.Stage, former.Seq)
			return q.link()
		}
	}
	return ""
}

// beside are the addresses of the entries before and after one: those that are shown.
func beside(v schema.View, seq int64) (before, after string) {
	records := v.Journal.Records
	i, _ := slices.BinarySearchFunc(records, seq, func(r schema.Record, seq int64) int { return cmp.Compare(r.Seq, seq) })
	switch {
	case i > 0:
		before = fmt.Sprintf("/audit/%d", records[i-1].Seq)
	case seq > 1 && !v.Narrowed:
		before = fmt.Sprintf("/audit/%d", seq-1) // which says that it is not kept
	}
	if i+1 < len(records) {
		after = fmt.Sprintf("/audit/%d", records[i+1].Seq)
	}
	return before, after
}

// badgeParts say of an entry what this page has checked and what it only repeats: nothing that was not checked has a tick.
func badgeParts(v schema.View, r schema.Record) []checkLine {
	part := func(name, text string, ok bool) checkLine {
		if ok {
			return checkLine{Line: Line{Mark: OK, Policy: name, Text: text}, Tone: good}
		}
		return checkLine{Line: Line{Mark: No, Policy: name, Text: text}, Tone: bad}
	}
	told := func(name, text string) checkLine {
		return checkLine{Line: Line{Mark: "not checked here", Policy: name, Text: text}, Tone: quiet}
	}
	out := []checkLine{part("entry", "its bytes are "+safe(string(r.Digest)), r.Digest != "")}
	switch {
	case r.Linked:
		out = append(out, part("chain", "it names the entry before it by the digest of what was read", true))
	case v.Journal.Records[0].Seq == r.Seq:
		out = append(out, told("chain", "the entry before it is not kept here"))
	default:
		out = append(out, part("chain", "it does not name the entry before it: sluice audit verify says where the chain breaks", false))
	}
	signed := fmt.Sprintf("the log key signed the commit and the checkpoint of all %d entries", v.Ledger.Size)
	if v.Narrowed {
		signed = "the log key signed the commit and the checkpoint that it is under"
	}
	out = append(out, part("ledger", signed, v.Ledger.Size >= r.Seq))
	if len(r.Signers) > 0 {
		out = append(out, told("signatures", "recorded as signed by "+people(r.Signers)))
	}
	if len(r.Approvers) > 0 {
		out = append(out, told("approvals", "recorded as given by "+people(r.Approvers)))
	}
	return append(out, told("proof", "every decision made again from the evidence: the second command below, in a clone"))
}

func recordFacts(r schema.Record) [][2]string {
	var out [][2]string
	add := func(name, value string) {
		if value != "" {
			out = append(out, [2]string{name, safe(value)})
		}
	}
	add("time", r.At.UTC().Format(time.RFC3339))
	add("code", string(r.Code))
	add("from revision", string(r.Was))
	add("revision", string(r.Becomes))
	add("ref", r.Ref)
	add("commit", hashOrEmpty(r.Commit))
	add("written by", strings.Join(r.Authors, ", "))
	add("approved by", strings.Join(r.Approvers, ", "))
	add("brought in by", r.Operator)
	add("signed by", strings.Join(r.By, ", "))
	add("reason", r.Reason)
	add("target", r.Target)
	add("digest", string(r.Digest))
	add("entry before", string(r.Prev))
	return out
}

// steps are what happened to an admitted change, in order: proposed, decided, written, replaced.
func steps(v schema.View, r schema.Record) []step {
	if r.Result == "" || r.App == "" || r.Target != "" {
		return nil
	}
	now := asOf(v)
	var out []step
	if !r.Opened.IsZero() {
		out = append(out, step{Name: "proposed", Text: strings.TrimSpace(mergeRequest(r.MergeRequest) + " " + peopleOf(schema.Record{Authors: r.Authors})), Tone: good, At: stamped(r.Opened, now)})
	}
	view := recordOf(r, now)
	text := peopleOf(schema.Record{Approvers: r.Approvers})
	if len(view.Missing) > 0 {
		text = "missing: " + strings.Join(view.Missing, ", ")
	}
	out = append(out, step{Name: safe(r.Result), Text: text, Tone: view.Tone, At: stamped(r.At, now)})
	for _, later := range v.Journal.Records {
		if later.Seq <= r.Seq || later.App != r.App || later.Stage != r.Stage {
			continue
		}
		view := recordOf(later, now)
		switch {
		case later.Admission == r.Seq:
			out = append(out, step{Name: safe(later.Kind), Text: view.Text, Tone: view.Tone, At: view.At, Href: view.Href})
		case later.Result == schema.Passed:
			return append(out, step{Name: "replaced", Text: view.Text, Tone: quiet, At: view.At, Href: view.Href})
		}
		if len(out) > 50 {
			break
		}
	}
	return out
}

// queued is a change that waits, for the list of promotions.
type queued struct {
	Where, Href, Text, Reason, Advice, MergeRequest string
	State, Symbol                                   string
	Tone                                            tone
	Since                                           stampView
}

// promotionsPage shows what waits, oldest first, and what was decided. What failed stays.
func promotionsPage(req asked) (page, int) {
	v := req.view
	p := basePage(req.cfg, v, req.now)
	p.Nav, p.Heading, p.Title = navigation("/promotions"), "Promotions", "Promotions · "+p.Title
	p.Drafts, p.Lanes = draftLane(v)
	held := req.sum.held
	for _, cell := range held[:min(len(held), recordsPerPage)] {
		c := *cell
		one := cellOf(req.cfg, v, c, v.Stale(req.now))
		q := queued{Where: safe(string(c.Cell.App)) + " in " + safe(string(c.Cell.Stage)), Href: one.Href, Text: one.Change, MergeRequest: one.MergeRequest,
			State: one.State, Symbol: one.Symbol, Tone: one.Tone, Since: stamped(c.Held.Since, asOf(v))}
		q.Reason, q.Advice = missingReason(one.Lines)
		p.Queue = append(p.Queue, q)
	}
	p.More = len(held) - len(p.Queue)
	p.Text = counted(len(held), "change") + " waiting or refused now."
	q := readPastQuery(req.q)
	p.Records = lastRecords(req, func(r schema.Record) bool { return r.Result != "" && r.Target == "" && q.wants(r, v.At) }, recordsPerPage+1)
	if len(p.Records) > recordsPerPage {
		p.Records = p.Records[:recordsPerPage]
		q.before = p.Records[recordsPerPage-1].Seq
		p.Pages = []link{{Text: "older", Href: q.link("/promotions")}}
	}
	for i := range p.Records {
		p.Records[i].Href = fmt.Sprintf("/promotions/%d", p.Records[i].Seq)
	}
	return p, http.StatusOK
}

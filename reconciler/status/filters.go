package status

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// filter is one thing that an address may ask for. Wrong says why that can mean nothing; empty where it can.
type filter struct {
	name  string
	wrong func(text string, v schema.View) string
}

// The filters of each list: a route names its own, so that a page, its JSON and its table understand the same.
var (
	appFilters = []filter{
		{"q", upTo(100)}, {"stage", aStage}, {"state", aState}, {"owner", upTo(200)}, {"label", aLabel}, {"differs", twoStages}, {"order", oneOf("order", orders)}, {"after", afterApp},
	}
	pastFilters = []filter{
		{"app", upTo(200)}, {"kind", aKind}, {"result", oneOf("result", slices.Concat(schema.TransitionResults, deliveryResults))}, {"who", upTo(100)}, {"from", aNode}, {"to", aNode},
		{"window", oneOf("window", windowNames)}, {"before", numberFrom(1)},
	}
	stepFilters = []filter{{"window", oneOf("window", windowNames)}, {"result", oneOf("result", schema.TransitionResults)}}
	diffFilters = []filter{{"app", upTo(longestName)}, {"from", upTo(200)}, {"to", upTo(200)}, {"after", aPlace}, whether}
	keyFilters  = []filter{{"after", aPlace}}
)

// What is asked besides filters: of the API how many items, of a page with a list that loads itself that it does not.
var (
	howMany  = filter{"limit", upTo(20)} // [asked.limit] says what it is
	standing = filter{"still", upTo(20)}
	whether  = filter{"all", upTo(20)}
)

// deliveryResults are how a write to a target ends.
var deliveryResults = []string{"ok", "failed"}

// limited are the filters of a list that programs may ask a part of.
func limited(filters []filter) []filter { return append(slices.Clone(filters), howMany) }

// misread is a filter that can mean nothing, as it was given, and why.
type misread struct{ name, text, why string }

// misreads are the filters of an address that can mean nothing. What is empty asks for nothing: a form sends all its fields.
func (req asked) misreads(known []filter) []misread {
	var out []misread
	if req.torn {
		out = append(out, misread{why: "the address has a % or a ; that is not written as %25 or %3B"})
	}
	for _, name := range slices.Sorted(maps.Keys(req.q)) {
		if !slices.ContainsFunc(known, func(f filter) bool { return f.name == name }) {
			out = append(out, misread{name, req.q.Get(name), "there is no such filter here" + oneOfNames(known)})
		}
	}
	for _, f := range known {
		given := slices.DeleteFunc(slices.Clone(req.q[f.name]), func(text string) bool { return text == "" })
		switch {
		case len(given) > 1:
			out = append(out, misread{f.name, given[1], f.name + " is given more than once"})
		case len(given) == 1:
			if why := f.wrong(given[0], req.view); why != "" {
				out = append(out, misread{f.name, given[0], why})
			}
		}
	}
	return out
}

// oneOfNames says which filters there are.
func oneOfNames(known []filter) string {
	if len(known) == 0 {
		return ""
	}
	var names []string
	for _, f := range known {
		names = append(names, f.name)
	}
	return ": it is one of " + strings.Join(names, ", ")
}

// refused answers a program: it would take what is left for what it asked.
func (req asked) refused(known []filter) *problem {
	wrong := req.misreads(known)
	if len(wrong) == 0 {
		return nil
	}
	p := &problem{Title: wrong[0].why, Status: http.StatusBadRequest}
	if wrong[0].text != "" {
		p.Detail = clip(safe(wrong[0].name), 40) + "=" + clip(safe(wrong[0].text), 80)
	}
	return p
}

// unasked refuses what an address that can be asked for nothing was asked.
func unasked(r *http.Request) *problem {
	q, torn := readAddress(r.URL.RawQuery)
	return asked{q: q, torn: torn}.refused(nil)
}

// mostLeftOut bounds what is told of an address: it is as long as somebody likes.
const mostLeftOut = 8

// leftOut tells a person, who sees the rest.
func (req asked) leftOut(known []filter) []alarm {
	var out []alarm
	wrong := req.misreads(known)
	for i, m := range wrong {
		if i == mostLeftOut {
			return append(out, alarm{Tone: wait, Text: fmt.Sprintf("And %d more are left out.", len(wrong)-i)})
		}
		text := m.why
		if m.name != "" {
			text = clip(safe(m.name), 40) + "=" + clip(safe(m.text), 80) + " (" + m.why + ")"
		}
		out = append(out, alarm{Tone: wait, Text: "Left out, for it can mean nothing here: " + text + "."})
	}
	return out
}

// readAddress reads what an address asks for, and whether a part of it could not be read.
func readAddress(raw string) (q url.Values, torn bool) {
	q, err := url.ParseQuery(raw) // it gives what it could read, too
	return q, err != nil
}

func upTo(most int) func(string, schema.View) string {
	return func(text string, _ schema.View) string {
		if len(text) > most {
			return "longer than any that there is"
		}
		return ""
	}
}

func oneOf(name string, choices []string) func(string, schema.View) string {
	return func(text string, _ schema.View) string {
		if !slices.Contains(choices, text) {
			return "there is no such " + name + ": it is one of " + strings.Join(choices, ", ")
		}
		return ""
	}
}

func numberFrom(least int64) func(string, schema.View) string {
	return func(text string, _ schema.View) string {
		if n, err := strconv.ParseInt(text, 10, 64); err != nil || n < least {
			return "not a number from " + strconv.FormatInt(least, 10) + " on"
		}
		return ""
	}
}

// aPlace is where a page of keys ended, see [keyLine].
func aPlace(text string, _ schema.View) string {
	if len(text) < 3 || !strings.Contains("012", text[:1]) || text[1] != ':' || !strings.Contains(text, "#") {
		return "no answer ends there: it is next of the answer before"
	}
	return ""
}

// afterApp is where a page of apps ended: the name of one, or a place in an order of its own.
func afterApp(text string, v schema.View) string {
	if !strings.Contains(text, placeMark) {
		return upTo(longestName)(text, v)
	}
	if _, ok := readPlace(text); !ok {
		return "no answer ends there: it is next of the answer before"
	}
	return ""
}

func aState(text string, _ schema.View) string {
	if !slices.Contains(filterStates(), schema.CellState(text)) {
		return "there is no such state"
	}
	return ""
}

func aStage(text string, v schema.View) string {
	if !slices.Contains(v.Stages, schema.StageName(text)) {
		return "there is no such stage"
	}
	return ""
}

func twoStages(text string, v schema.View) string {
	from, to, ok := strings.Cut(text, apartMark)
	if !ok || aStage(from, v) != "" || aStage(to, v) != "" {
		return "not two stages with .. between them"
	}
	return ""
}

func aLabel(text string, _ schema.View) string {
	if why := badLabels(text); why != "" {
		return "labels are name=text, joined by commas: " + safe(why)
	}
	return upTo(500)(text, schema.View{})
}

// aKind is one that this version knows, or that the ledger has.
func aKind(text string, v schema.View) string {
	if slices.Contains(schema.RecordKinds, text) || v.Journal != nil && v.Journal.Kinds[text] > 0 {
		return ""
	}
	return "there is no such kind"
}

// aNode is a node of the lifecycle, or one that it had: entries name it.
func aNode(text string, v schema.View) string {
	node := schema.StageName(text)
	if node == schema.DraftNode || node == schema.ArchiveNode || slices.Contains(v.Stages, node) {
		return ""
	}
	if v.Journal != nil && slices.ContainsFunc(v.Journal.Records, func(r schema.Record) bool { return r.From == node || r.To == node }) {
		return ""
	}
	return "there is no such stage"
}

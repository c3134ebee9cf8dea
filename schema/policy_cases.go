package schema

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// CasesDir is where a project keeps examples of what its gates answer.
const CasesDir = ".sluice/tests"

// PolicyCases are examples of what one gate answers.
type PolicyCases struct {
	Stage   StageName
	StageAt Position
	Cases   []PolicyCase
}

// PolicyCase is one example: facts, and the answer that they have to get.
type PolicyCase struct {
	Name     string
	Position Position
	Facts    CaseFacts
	Want     Outcome
	// Codes, if written, are all reasons that have to be named; nil asks for none in particular.
	Codes []Code
}

// CaseFacts is what an example says of a change, in a person's words. What it leaves out is not known, and no policy takes it
// for good.
type CaseFacts struct {
	App       App
	Kind      Kind
	At        time.Time // of the decision
	Source    StageName
	Soaked    time.Duration
	Authors   []string // ids of people, who also signed it
	Approvers []string // as the forge tells them
	Signed    []string // by their own signature
	MergedBy  string
	Title     string
	Before    map[string][]byte // files; nil is that nobody knows them, an empty map that there are none
	After     map[string][]byte
	Jobs      map[string]string // states of jobs on the head
	// Guardrails are those that are up; nil is that nobody looked. So it is with Rollbacks.
	Guardrails []string
	Rollbacks  []CaseRollback
	Apps       int // of the stage that the merge request changes; zero is that nobody counted them
	// Where is the place of each field that is written, by its name; of the people of a list, "authors[0]".
	Where map[string]Position
}

// CaseRollback is a rollback of the app before the change.
type CaseRollback struct {
	Ago       time.Duration
	LiveAfter time.Duration // zero: it never was
	Left      bool          // it was rolled back from since
}

// DefaultCaseTime is when an example decides that names no time: a Monday noon.
var DefaultCaseTime = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// LoadPolicyCases reads a file of examples. With diagnostics it is not usable.
func LoadPolicyCases(file string, data []byte) (PolicyCases, Diagnostics) {
	src := newSource(file, data)
	v := readYAML(src, data, yamlRules{})
	if v == nil {
		return PolicyCases{}, src.findings()
	}
	o, ok := src.object(v, casesShape, "")
	if !ok {
		return PolicyCases{}, src.findings()
	}
	out := PolicyCases{Stage: StageName(o.text("stage")), StageAt: o.positionOf("stage")}
	items, path := o.list("cases")
	if v, _ := o.get("cases"); v != nil && v.kind == listValue && len(items) == 0 {
		src.badValue(v, path, "", "want at least one example: none shows nothing")
	}
	for i, item := range items {
		if c, ok := src.policyCase(item, at(path, i)); ok {
			if first := slices.IndexFunc(out.Cases, func(have PolicyCase) bool { return have.Name == c.Name }); first >= 0 && c.Name != "" {
				name, _ := item.field("name")
				src.badValue(name.value, join(at(path, i), "name"), "", fmt.Sprintf("the example on line %d is called %q already", out.Cases[first].Position.Line, c.Name))
			}
			out.Cases = append(out.Cases, c)
		}
	}
	if found := src.findings(); len(found) > 0 {
		return PolicyCases{}, found
	}
	return out, nil
}

func (s *source) policyCase(v *value, path string) (PolicyCase, bool) {
	o, ok := s.object(v, caseShape, path)
	if !ok {
		return PolicyCase{}, false
	}
	c := PolicyCase{Name: o.text("name"), Position: s.position(v.at)}
	if err := c.Want.UnmarshalText([]byte(o.choice("want", "deny", "hold", "allow"))); err != nil {
		return c, false
	}
	if v, _ := o.get("codes"); v != nil {
		c.Codes = []Code{}
		items, path := o.list("codes")
		for i, item := range items {
			text := s.text(item, at(path, i))
			if _, ok := Explain(Code(text)); !ok && text != "" {
				s.badValue(item, at(path, i), "", fmt.Sprintf("there is no code %q", text))
			}
			c.Codes = append(c.Codes, Code(text))
		}
		slices.Sort(c.Codes)
	}
	if facts, at := o.get("facts"); facts != nil {
		c.Facts = s.caseFacts(facts, at)
	}
	return c, true
}

func (s *source) caseFacts(v *value, path string) CaseFacts {
	o, ok := s.object(v, factsShape, path)
	if !ok {
		return CaseFacts{}
	}
	f := CaseFacts{
		App: App(o.text("app")), At: o.when("at"), Source: StageName(o.text("source")), Soaked: o.duration("soaked"), Authors: o.texts("authors"),
		Approvers: o.texts("approvers"), Signed: o.texts("signed"), MergedBy: o.text("merged_by"), Title: o.text("title"),
		Kind:  Kind(o.choice("kind", string(Promote), string(Edit), string(Rollback), string(Tune), string(Retire))),
		Where: o.where(),
	}
	if f.At.IsZero() {
		f.At = DefaultCaseTime
	}
	if v, where := o.get("app"); v != nil {
		if _, err := ParseApp(string(f.App)); err != nil {
			s.badValue(v, where, "", err.Error())
		}
	}
	f.Apps = int(o.whole("apps", 1, mostApps, 0))
	f.Before, f.After = o.caseFiles("before"), o.caseFiles("after")
	if jobs, at := o.get("jobs"); jobs != nil && s.isMap(jobs, at) {
		f.Jobs = map[string]string{}
		for _, m := range jobs.fields {
			f.Jobs[m.key] = s.known(m.value, join(at, m.key), "state of a job", jobStates)
		}
	}
	if v, _ := o.get("guardrails"); v != nil {
		f.Guardrails = []string{}
		items, path := o.list("guardrails")
		for i, item := range items {
			f.Guardrails = append(f.Guardrails, s.known(item, at(path, i), "guard rail that a gate may rely on", GuardrailNames))
		}
	}
	if v, _ := o.get("rollbacks"); v != nil {
		items, path := o.list("rollbacks")
		f.Rollbacks = []CaseRollback{}
		for i, item := range items {
			if r, ok := s.object(item, caseRollbackShape, at(path, i)); ok {
				f.Rollbacks = append(f.Rollbacks, CaseRollback{Ago: r.duration("ago"), LiveAfter: r.duration("live_after"), Left: r.flag("left", false)})
			}
		}
	}
	return f
}

// jobStates are those that the forge gives to a job.
var jobStates = []string{
	"created", "waiting_for_resource", "preparing", "pending", "running", "success", "failed", "canceling", "canceled", "skipped", "manual", "scheduled",
}

// known reads a word of a list. A fact that there cannot be would be an answer about nothing.
func (s *source) known(v *value, path, what string, words []string) string {
	text := s.text(v, path)
	if text != "" && !slices.Contains(words, text) {
		s.badValue(v, path, didYouMean(text, words), fmt.Sprintf("there is no %s %q; there are %s", what, text, strings.Join(words, ", ")))
	}
	return text
}

// positionOf is where a field's value is written.
func (o object) positionOf(name string) Position {
	if v, _ := o.get(name); v != nil {
		return o.src.position(v.at)
	}
	return Position{}
}

// where is the place of every field, and of every item of a list.
func (o object) where() map[string]Position {
	out := map[string]Position{}
	for _, m := range o.v.fields {
		out[m.key] = o.src.position(m.value.at)
		for i, item := range m.value.items {
			out[at(m.key, i)] = o.src.position(item.at)
		}
	}
	return out
}

func (s *source) isMap(v *value, path string) bool {
	if v.kind != mapValue {
		s.wrongType(v, path, "a map")
	}
	return v.kind == mapValue
}

// caseFiles reads files by path: the text of one, or the values that it has.
func (o object) caseFiles(name string) map[string][]byte {
	v, path := o.get(name)
	if v == nil || !o.src.isMap(v, path) {
		return nil
	}
	out := map[string][]byte{}
	for _, m := range v.fields {
		if m.value.kind == stringValue {
			out[m.key] = []byte(m.value.text)
		} else {
			out[m.key] = append(m.value.appendJSON(nil), '\n')
		}
	}
	return out
}

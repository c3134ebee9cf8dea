package status

import (
	"slices"
	"strings"
	"sync"

	"github.com/sluice-gitops/sluice/schema"
)

// sight is what one viewer may see of a project. The zero value sees nothing.
type sight []schema.Visibility

func (s sight) everything() bool { return slices.ContainsFunc(s, schema.Visibility.Everything) }

func (s sight) shows(c schema.Cell) bool {
	return slices.ContainsFunc(s, func(v schema.Visibility) bool { return v.Shows(c) })
}

// showsStage reports whether something of a stage may be seen: the first and the last node of the lifecycle are no secret.
func (s sight) showsStage(stage schema.StageName) bool {
	return stage == schema.DraftNode || stage == schema.ArchiveNode || slices.ContainsFunc(s, func(v schema.Visibility) bool {
		return len(v.Apps) > 0 && (len(v.Stages) == 0 || slices.Contains(v.Stages, stage))
	})
}

// narrow is a view with what may be seen and nothing of the rest: no name, no number. It takes over field by field, so that one
// which is new is not shown before somebody has thought of it.
func (s sight) narrow(v schema.View) schema.View {
	out := schema.View{
		Project: v.Project, Repository: v.Repository, At: v.At, Looked: v.Looked, Compared: v.Compared, StaleAfter: v.StaleAfter, Alone: v.Alone, Requests: v.Requests, Narrowed: true,
	}
	hidden := words{}
	for _, stage := range v.Stages {
		if s.showsStage(stage) {
			out.Stages = append(out.Stages, stage)
		} else {
			hidden.add(string(stage))
		}
	}
	for _, app := range v.Apps {
		if !slices.ContainsFunc(app.Cells, func(c schema.CellView) bool { return s.shows(c.Cell) }) {
			hidden.add(string(app.App))
		}
	}
	for _, app := range v.Apps {
		narrowed := schema.AppView{App: app.App, Owner: hidden.owner(app.Owner), Labels: hidden.labels(app.Labels)}
		if r := app.Retirement; r != nil {
			narrowed.Retirement = &schema.Retirement{Reason: hidden.text(r.Reason), Owner: hidden.owner(r.Owner), Retention: r.Retention}
		}
		for _, c := range app.Cells {
			if s.shows(c.Cell) {
				narrowed.Cells = append(narrowed.Cells, s.cell(c, hidden))
			}
		}
		if len(narrowed.Cells) > 0 {
			out.Apps = append(out.Apps, narrowed)
		}
	}
	s.modes(&out, v)
	s.orders(&out, v, hidden)
	for _, step := range v.Steps {
		if s.showsStage(step.From) && s.showsStage(step.To) {
			out.Steps = append(out.Steps, schema.StepView{From: step.From, Event: step.Event, To: step.To, Policies: named(step.Policies)})
		}
	}
	out.Problems, out.ProblemCodes = s.problems(v, hidden)
	out.Journal, out.Ledger = s.journal(v, hidden)
	return out
}

// named are policies without what they are set to, which may name apps.
func named(policies []schema.PolicySpec) []schema.PolicySpec {
	var out []schema.PolicySpec
	for _, p := range policies {
		out = append(out, schema.PolicySpec{Name: p.Name})
	}
	return out
}

// modes takes over which of the stages that may be seen do not enforce, and what of the cells that may be seen they would change.
func (s sight) modes(out *schema.View, v schema.View) {
	for _, stage := range out.Stages {
		if mode, known := v.Modes[stage]; known {
			if out.Modes == nil {
				out.Modes = map[schema.StageName]schema.StageMode{}
			}
			out.Modes[stage] = mode
		}
	}
	for _, d := range v.Differs {
		if s.shows(d.Cell) {
			out.Differs = append(out.Differs, d)
		}
	}
}

// orders takes over what people signed, and refs that are not followed, where they are about what may be seen.
func (s sight) orders(out *schema.View, v schema.View, hidden words) {
	for _, e := range v.Emergencies {
		if s.shows(e.Cell) {
			e.Reason = hidden.text(e.Reason)
			out.Emergencies = append(out.Emergencies, e)
		}
	}
	for _, t := range v.Tainted {
		if s.shows(t.Cell) {
			out.Tainted = append(out.Tainted, t)
		}
	}
	for _, p := range v.Suspended {
		if p.Cell.App == "" && s.showsStage(p.Cell.Stage) {
			p.By, p.Reason = nil, "" // of the whole stage: the words may be about others
			out.Suspended = append(out.Suspended, p)
		} else if s.shows(p.Cell) {
			p.Reason = hidden.text(p.Reason)
			out.Suspended = append(out.Suspended, p)
		}
	}
	seen := map[string]bool{}
	for _, app := range out.Apps {
		for _, c := range app.Cells {
			if c.Incident != nil && !seen[c.Incident.Ref] {
				seen[c.Incident.Ref] = true
				out.Incidents = append(out.Incidents, *c.Incident)
			}
		}
	}
}

// somethingElse stands for problems that are told to those who see everything.
const somethingElse = "something that concerns the whole project; whoever sees all of it can read what"

// problems are those of deliveries that may be seen. That something else is wrong is told, and not what.
func (s sight) problems(v schema.View, hidden words) ([]string, []schema.Code) {
	var out []string
	for _, text := range v.Problems {
		place, _, _ := strings.Cut(strings.TrimPrefix(text, "deliver "), ": ")
		app, stage, delivery := strings.Cut(place, " in ")
		switch {
		case !strings.HasPrefix(text, "deliver ") || !delivery:
			if !slices.Contains(out, somethingElse) {
				out = append(out, somethingElse)
			}
		case s.shows(schema.Cell{Stage: schema.StageName(stage), App: schema.App(app)}):
			if _, why, _ := strings.Cut(text, ": "); hidden.in(why) {
				text = "deliver " + place + ": " + notShown
			}
			out = append(out, text)
		}
	}
	return out, doubt(v) // of the ledger they see a part as well
}

// journal is what happened to cells that may be seen, and a ledger that ends with the last of that: its numbers are names of
// entries, but how many there are is not told.
func (s sight) journal(v schema.View, hidden words) (*schema.Journal, schema.LedgerView) {
	if v.Journal == nil || v.Journal.Read < v.Ledger.Size {
		return nil, schema.LedgerView{Size: min(v.Ledger.Size, 1)} // sealed or not is no secret
	}
	out := schema.Journal{Whole: v.Journal.Whole, Kinds: map[string]int64{}}
	for _, r := range v.Journal.Records {
		if r.App == "" || !s.shows(schema.Cell{Stage: r.Stage, App: r.App}) || !s.showsStage(r.To) && r.To != "" {
			continue
		}
		if r.From != "" && !s.showsStage(r.From) {
			r.From = ""
		}
		r.Reason, r.Ref, r.Says = hidden.text(r.Reason), hidden.text(r.Ref), hidden.said(r.Says)
		out.Records, out.Kinds[r.Kind] = append(out.Records, r), out.Kinds[r.Kind]+1
	}
	ledger := schema.LedgerView{Size: min(v.Ledger.Size, 1)}
	if n := len(out.Records); n > 0 {
		ledger = schema.LedgerView{Size: out.Records[n-1].Seq, At: out.Records[n-1].At}
		out.Since = out.Records[0].At // when others began is not told
	}
	out.Read = ledger.Size
	return &out, ledger
}

// narrowed shows a project to viewers of one sight, and looks through it once for each view.
type narrowed struct {
	sight sight
	from  func() *schema.View

	mu   sync.Mutex // guards what follows
	seen *schema.View
	made *schema.View
}

func (n *narrowed) view() *schema.View {
	v := n.from()
	if v == nil || n.sight.everything() {
		return v
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen != v {
		made := n.sight.narrow(*v)
		n.seen, n.made = v, &made
	}
	return n.made
}

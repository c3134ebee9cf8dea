package reconciler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// SimulateOptions say which decisions are made again, and by what.
type SimulateOptions struct {
	Repository Readable
	Evidence   *Evidence // where Repository should look for what it lacks
	Tip        schema.Hash
	// Policies are control files by path: sluice.yaml with the gates, schemas and lists. The people are those of the ledger.
	Policies map[string][]byte
	Since    time.Time // decisions before are not made again
	// Open opens the clone once more, for another who works beside: a repository reads one thing at a time. Without it one works alone.
	Open func() (Workplace, error)
}

// Workplace is a clone of somebody's own.
type Workplace struct {
	Repository Readable
	Evidence   *Evidence // where Repository looks for what it lacks
	Close      func() error
}

// Simulation is what other policies would have said of what was decided. Each decision is taken by itself: that what would not
// have entered could not have gone further is not followed.
type Simulation struct {
	Since    time.Time   `json:"since"`
	Admitted int         `json:"admitted"` // decisions made again that let something in
	Waited   int         `json:"waited"`   // that did not, each change once
	Changed  []Simulated `json:"changed"`  // those that would have come out otherwise
	// Unknown are those that the new policies ask facts of which nobody asked for then, or whose evidence is not there.
	Unknown []Simulated `json:"unknown"`
	// Reclassified came out the same, as a change of another kind or with other files travelling.
	Reclassified []Simulated `json:"reclassified"`
	// Gone are the stages that the other project does not have, of which nothing is decided again.
	Gone []GoneStage `json:"gone"`
	// NotJudged are the parts in which the other project differs from the one in force and that no decision is made again by.
	NotJudged []string `json:"not_judged"`
}

// Simulated is one decision, as it was and as it would have been.
type Simulated struct {
	Seq          int64          `json:"seq"`
	At           time.Time      `json:"at"`
	Cell         schema.Cell    `json:"cell"`
	Change       schema.Change  `json:"change"`
	MergeRequest int64          `json:"merge_request,omitempty"`
	Was          ledger.Kind    `json:"was"`
	Verdict      schema.Verdict `json:"verdict"`       // by the new policies
	Why          string         `json:"why,omitempty"` // why it is not known
	// Becomes is the kind that the change would have had, where that is another one.
	Becomes schema.Kind `json:"becomes,omitempty"`
	// Stay are files that changed with it and would have been the stage's own; Travel are those that were, and would not.
	Stay   []string `json:"stay,omitempty"`
	Travel []string `json:"travel,omitempty"`
}

// GoneStage is a stage that the other project does not have, with how much was let into it.
type GoneStage struct {
	Stage    schema.StageName `json:"stage"`
	Admitted int              `json:"admitted"`
}

// simulation makes decisions again one after the other.
type simulation struct {
	*replay
	other   *rules
	ways    *ways
	stretch ledger.Stretch
	since   time.Time
	made    []madeAgain
}

// madeAgain is a decision that was made again.
type madeAgain struct {
	Simulated
	gone bool // its stage is none of the other project's: nothing was decided
	same bool // it let in, or kept out, as then
}

// Simulate decides again, by other policies and from a clone, what the ledger shows decided: by the facts that were recorded
// then, at the time of then, about people with the roles of then.
func Simulate(ctx context.Context, o SimulateOptions) (Simulation, error) {
	now, err := ledger.Unverified(ctx, o.Repository, o.Tip)
	if err != nil {
		return Simulation{}, err
	}
	inForce, err := rulesAt(ctx, now, now.Head().Control.Seq)
	if err != nil {
		return Simulation{}, err
	}
	other, err := newRules(withTrust(o.Policies, inForce.files))
	if err != nil {
		return Simulation{}, fmt.Errorf("policies: %w", err)
	}
	made, err := simulateStretches(ctx, o)
	if err != nil {
		return Simulation{}, fmt.Errorf("simulate: %w", err)
	}
	sum := simulationSum{told: map[string]int64{}, out: Simulation{
		Since: o.Since, Changed: []Simulated{}, Unknown: []Simulated{}, Reclassified: []Simulated{}, Gone: []GoneStage{},
		NotJudged: notJudged(inForce.project, other.project),
	}}
	for _, one := range made {
		sum.add(one)
	}
	return sum.out, nil
}

// newSimulation prepares one stretch of the ledger, with rules of its own: nothing is shared with who works beside.
func newSimulation(ctx context.Context, o SimulateOptions, at Workplace, stretch ledger.Stretch) (*simulation, error) {
	l, err := ledger.Unverified(ctx, at.Repository, o.Tip)
	if err != nil {
		return nil, err
	}
	inForce, err := rulesAt(ctx, l, l.Head().Control.Seq)
	if err != nil {
		return nil, err
	}
	other, err := newRules(withTrust(o.Policies, inForce.files))
	if err != nil {
		return nil, err
	}
	s := &simulation{
		replay: newReplay(AuditOptions{Repository: at.Repository, Evidence: at.Evidence}, inForce),
		other:  other, stretch: stretch, since: o.Since,
	}
	s.ways = newWays(s.engine, other.project)
	s.factsAlone = true
	return s, nil
}

func (s *simulation) run(ctx context.Context) error {
	for a, err := range ledger.Appends(ctx, s.options.Repository, s.stretch.Tip, s.stretch.Since) {
		if err == nil {
			err = s.append(ctx, &appended{Appended: a, cells: map[schema.Cell]*cellJudge{}})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// withTrust takes the trust directory from what is in force: a simulation is about rules and not about people.
func withTrust(files, inForce map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	for path, data := range files {
		if !strings.HasPrefix(path, trustDir) {
			out[path] = data
		}
	}
	for path, data := range inForce {
		if strings.HasPrefix(path, trustDir) {
			out[path] = data
		}
	}
	return out
}

func (s *simulation) append(ctx context.Context, a *appended) error {
	for _, e := range a.Entries {
		if e.Decision == nil || e.Cell() == schema.Control || !s.judges(e) {
			continue
		}
		s.options.Evidence.of(ctx, a.After, e)
		s.repo.lacking = nil
		s.entry(ctx, a, e)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	s.options.Evidence.of(ctx, nil, ledger.Entry{})
	return nil
}

// judges picks decisions by gates that are not too old. Of those before, what they let in is known from the state.
func (s *simulation) judges(e ledger.Entry) bool {
	switch e.Kind {
	case ledger.Admit, ledger.Rollback, ledger.Retire, ledger.Hold, ledger.Deny:
		return e.Seq > s.stretch.After && !e.At.Before(s.since)
	}
	return false
}

func (s *simulation) entry(ctx context.Context, a *appended, e ledger.Entry) {
	one := madeAgain{Simulated: Simulated{Seq: e.Seq, At: e.At, Cell: e.Cell(), Change: e.Decision.Change, Was: e.Kind}}
	if mr := e.Decision.MergeRequest; mr != nil {
		one.MergeRequest = mr.IID
	}
	defer func() { s.made = append(s.made, one) }()
	if _, ok := s.other.project.Stage(e.Stage); !ok {
		one.gone = true
		return
	}
	c, g, err := s.facts(ctx, a, e)
	if err == nil && e.Kind.Admits() {
		defer a.cells[e.Cell()].admit(judged{entry: e, manifest: g.to.manifest.Encode()})
	}
	if err == nil && s.repo.lacking != nil {
		err = s.repo.lacking
	}
	if err != nil {
		one.Why = err.Error()
		return
	}
	one.Verdict, one.Why = s.evaluate(ctx, c, g.facts)
	one.same = (passes(one.Verdict, s.mode(e.Stage)) == schema.Allow) == e.Kind.Admits()
	if g.facts.Change.Kind != e.Decision.Change.Kind {
		one.Becomes = g.facts.Change.Kind
	}
	one.Stay, one.Travel = s.ways.staying(a.cells[e.Cell()].rules.project, g.from, g.to.manifest)
}

// mode is how far the other policies enforce a stage: what a mode alone let in would stay out where they do.
func (s *simulation) mode(stage schema.StageName) schema.StageMode {
	return s.other.project.Mode(stage)
}

// facts collects again what a decision was made by, with the judge who would have asked.
func (s *simulation) facts(ctx context.Context, a *appended, e ledger.Entry) (*cellJudge, gathered, error) {
	c, mr, found := s.witnessed(ctx, a, e)
	if len(found) > 0 {
		return nil, gathered{}, errors.New(found[0].Detail)
	}
	l, after, err := s.landed(ctx, c, e, mr)
	if err != nil {
		return nil, gathered{}, err
	}
	asked, err := s.ways.judge(ctx, c)
	if err != nil {
		return nil, gathered{}, err
	}
	g, err := asked.gather(ctx, l, after)
	if err == nil && asked != c {
		s.ways.noWay(e, &g.facts.Change)
	}
	return asked, g, err
}

// evaluate asks the other gate. A signed approval stays one for the gate that it was given for.
func (s *simulation) evaluate(ctx context.Context, c *cellJudge, f policies.Facts) (schema.Verdict, string) {
	asked, other := *c, *c.pass
	other.rules = s.other
	asked.pass = &other
	if asked.comparesValues(f.Change) && f.Was == nil {
		var err error
		if f.Was, err = c.filesBefore(ctx); err != nil {
			return schema.Verdict{}, err.Error()
		}
	}
	if asked.asksForApps(f.Change) && f.Apps == 0 {
		var err error
		if f.Apps, err = c.appsOf(ctx, landing{end: len(c.chain) - 1, request: f.MergeRequest}); err != nil {
			return schema.Verdict{}, err.Error()
		}
	}
	f.Schemas = s.other.files
	v := asked.evaluate(f)
	recorded := recordedBy(f)
	if missing := unasked(v, recorded); missing != "" {
		return v, missing
	}
	return withoutGuesses(v, recorded), ""
}

// recordedBy says of the facts that only some gates ask for whether they were recorded, by policy.
func recordedBy(f policies.Facts) map[string]bool {
	return map[string]bool{
		"guardrails": f.Guards != nil, "health": f.Health != nil, "pipeline": f.MergeRequest != nil && f.MergeRequest.Statuses != nil,
	}
}

// unasked names what the other gate asks for that was not recorded, as no gate asked for it then; empty where it is not what
// keeps the change out.
func unasked(v schema.Verdict, recorded map[string]bool) string {
	missing, other := map[string]bool{}, false
	for _, m := range v.Missing() {
		if kept, known := recorded[m.Policy]; known && !kept {
			missing[m.Policy] = true
			continue
		}
		other = other || m.Code != "choice"
	}
	if other || len(missing) == 0 {
		return ""
	}
	return fmt.Sprintf("what %s asks for was not recorded, as the gate of then did not ask for it", strings.Join(slices.Sorted(maps.Keys(missing)), " and "))
}

// withoutGuesses is a verdict in which no policy speaks of what nobody recorded: that a job did not run, where nobody looked.
func withoutGuesses(v schema.Verdict, recorded map[string]bool) schema.Verdict {
	if kept, known := recorded[v.Policy]; known && !kept && v.Outcome != schema.Allow {
		what := "what " + v.Policy + " asks for was not recorded then, so that is not known"
		return schema.Verdict{Policy: v.Policy, Outcome: v.Outcome, Code: "evidence-missing", Args: map[string]string{"what": what}}
	}
	parts := make([]schema.Verdict, len(v.Parts))
	for i, part := range v.Parts {
		parts[i] = withoutGuesses(part, recorded)
	}
	if len(parts) > 0 {
		v.Parts = parts
	}
	return v
}

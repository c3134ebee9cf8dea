package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// reportFlags say what a report is about.
type reportFlags struct {
	clone           cloneFlags
	from, to, stage string
	sample          int
	seed            uint64
}

func (a *app) auditReportCommand() *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use: "report", Short: "Write a printable report of a period: every admission with its people", Args: cobra.NoArgs,
		Annotations: map[string]string{formats: "text, json or html"},
		Long: `audit report proves the project as audit verify does, and lists every admission of a period with who signed and approved
it, every policy's answer, and the command that shows it. With -o html it is one page to print or keep, without scripts. With --sample
it draws entries at random for somebody to check by hand; the same seed draws the same ones. It ends like audit verify.`,
		Example: `  sluice audit report --from 2026-10-01 --to 2027-01-01 -o html > q4.html
  sluice audit report --from 2026-10-01 --to 2027-01-01 --stage production --sample 25`,
		RunE: func(c *cobra.Command, _ []string) error {
			if !c.Flags().Changed("seed") {
				f.seed = rand.Uint64() >> 1
			}
			return a.report(c.Context(), f)
		},
	}
	f.clone.add(c)
	c.Flags().StringVar(&f.from, "from", "", "begin of the period: a `TIME`, RFC 3339, a day in UTC, or how long ago")
	c.Flags().StringVar(&f.to, "to", "", "end of the period, which is not in it: a `TIME`; by default the last entry")
	c.Flags().StringVar(&f.stage, "stage", "", "only this `STAGE`")
	c.Flags().IntVar(&f.sample, "sample", 0, "draw so many admissions at random")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "with --sample: draw as that `SEED` drew")
	return c
}

// auditReport is a period of a project.
type auditReport struct {
	Project    string            `json:"project"`
	Anchor     schema.Digest     `json:"anchor"`
	From       time.Time         `json:"from"`
	To         time.Time         `json:"to"`
	Stage      string            `json:"stage,omitempty"`
	Checkpoint ledger.Checkpoint `json:"checkpoint"`
	Proof      proof             `json:"proof"`
	Summary    []stageSummary    `json:"summary"`
	People     []personSummary   `json:"people"`
	Sample     *sampleNote       `json:"sample,omitempty"`
	Admissions []reportedEntry   `json:"admissions"`
}

// stageSummary counts what happened in a stage.
type stageSummary struct {
	Stage      schema.StageName `json:"stage"`
	Admitted   int              `json:"admitted"`
	RolledBack int              `json:"rolled_back"`
	Retired    int              `json:"retired"`
	BrokeGlass int              `json:"broke_glass"`
	Held       int              `json:"held"`
	Denied     int              `json:"denied"`
	Drift      int              `json:"drift"`
}

// personSummary counts what a person did in what was admitted.
type personSummary struct {
	Person   string `json:"person"`
	Signed   int    `json:"signed"`
	Approved int    `json:"approved"`
}

// sampleNote says how the sample was drawn, so that it can be drawn again.
type sampleNote struct {
	Drawn int    `json:"drawn"`
	Of    int    `json:"of"`
	Seed  uint64 `json:"seed"`
}

// reportedEntry is an admission with the command that shows it.
type reportedEntry struct {
	Entry   ledger.Entry  `json:"entry"`
	Digest  schema.Digest `json:"digest"`
	Command string        `json:"command"`
}

func (a *app) report(ctx context.Context, f reportFlags) error {
	project, err := a.openClone(ctx, f.clone)
	if err != nil {
		return err
	}
	defer project.Close()
	r := auditReport{Project: project.Ledger.Head().Project, Anchor: project.Ledger.Head().Anchor, Stage: f.stage, Checkpoint: project.Ledger.Checkpoint()}
	if err := r.period(f, project); err != nil {
		return err
	}
	if err := r.read(ctx, project); err != nil {
		return err
	}
	r.draw(f)
	if r.Proof, err = a.proof(ctx, f.clone, liveFlags{}, knownFlags{}); err != nil {
		return err
	}
	if err := a.printReport(r); err != nil {
		return err
	}
	return r.Proof.end()
}

// period reads the flags that say what is reported.
func (r *auditReport) period(f reportFlags, c *clone) error {
	if f.from == "" {
		return usageError(errors.New("--from: want the begin of the period"))
	}
	if f.sample < 0 {
		return usageError(errors.New("--sample: want how many admissions to draw"))
	}
	var err error
	if r.From, err = readMoment("--from", f.from); err != nil {
		return err
	}
	if r.To = c.Ledger.Head().At.Add(time.Millisecond); f.to != "" {
		if r.To, err = readMoment("--to", f.to); err != nil {
			return err
		}
	}
	if !r.From.Before(r.To) {
		return usageError(fmt.Errorf("--from %s is not before --to %s", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339)))
	}
	for _, s := range c.Project.Stages {
		if f.stage == "" || string(s.Name) == f.stage {
			r.Summary = append(r.Summary, stageSummary{Stage: s.Name})
		}
	}
	if len(r.Summary) == 0 {
		var stages []schema.StageName
		for _, s := range c.Project.Stages {
			stages = append(stages, s.Name)
		}
		return checkStage(stages, f.stage)
	}
	return nil
}

// read goes through the period.
func (r *auditReport) read(ctx context.Context, c *clone) error {
	people := map[string]*personSummary{}
	r.Admissions = []reportedEntry{}
	for seq := int64(1); seq <= c.Ledger.Head().Size; seq++ {
		e, raw, err := c.Ledger.Entry(ctx, seq)
		if err != nil {
			return err
		}
		if e.At.Before(r.From) || !e.At.Before(r.To) || !r.count(e) || !e.Kind.Admits() {
			continue
		}
		r.Admissions = append(r.Admissions, reportedEntry{Entry: e, Digest: schema.DigestOf(raw), Command: fmt.Sprintf("sluice audit show %d", e.Seq)})
		countPeople(people, *e.Decision)
	}
	for _, name := range slices.Sorted(maps.Keys(people)) {
		r.People = append(r.People, *people[name])
	}
	return nil
}

// count adds an entry to its stage's line, if the stage is reported.
func (r *auditReport) count(e ledger.Entry) bool {
	i := slices.IndexFunc(r.Summary, func(s stageSummary) bool { return s.Stage == e.Stage })
	if i < 0 {
		return false
	}
	s := &r.Summary[i]
	if n := map[ledger.Kind]*int{
		ledger.Admit: &s.Admitted, ledger.Rollback: &s.RolledBack, ledger.Retire: &s.Retired, ledger.BreakGlass: &s.BrokeGlass,
		ledger.Hold: &s.Held, ledger.Deny: &s.Denied, ledger.Drift: &s.Drift,
	}[e.Kind]; n != nil {
		*n++
	}
	return true
}

func countPeople(people map[string]*personSummary, d ledger.Decision) {
	of := func(name string) *personSummary {
		if people[name] == nil {
			people[name] = &personSummary{Person: name}
		}
		return people[name]
	}
	for _, name := range strings.Fields(strings.ReplaceAll(signersOf(d), ",", " ")) {
		of(name).Signed++
	}
	seen := map[string]bool{}
	for _, c := range d.Counted {
		if !seen[c.Principal] {
			seen[c.Principal] = true
			of(c.Principal).Approved++
		}
	}
}

// signersOf names who signed what was admitted, each once.
func signersOf(d ledger.Decision) string {
	var names []string
	for _, c := range d.Commits {
		if c.OK() && c.Principal != "" && !slices.Contains(names, c.Principal) {
			names = append(names, c.Principal)
		}
	}
	return strings.Join(append(names, unsignedOf(d)...), ", ")
}

func approversOf(d ledger.Decision) string {
	var names []string
	for _, c := range d.Counted {
		names = append(names, fmt.Sprintf("%s (%s)", c.Principal, c.Level))
	}
	return strings.Join(names, ", ")
}

// draw keeps a random sample of the admissions, in the ledger's order.
func (r *auditReport) draw(f reportFlags) {
	if f.sample == 0 {
		return
	}
	all := len(r.Admissions)
	source := rand.New(rand.NewPCG(f.seed, 0))
	source.Shuffle(all, func(i, j int) { r.Admissions[i], r.Admissions[j] = r.Admissions[j], r.Admissions[i] })
	r.Admissions = r.Admissions[:min(f.sample, all)]
	slices.SortFunc(r.Admissions, func(x, y reportedEntry) int { return cmp.Compare(x.Entry.Seq, y.Entry.Seq) })
	r.Sample = &sampleNote{Drawn: len(r.Admissions), Of: all, Seed: f.seed}
}

func (a *app) printReport(r auditReport) error {
	switch a.output {
	case "json":
		return a.encode(r)
	case "html":
		return writeReportPage(a.out, r)
	}
	s := auditSheet{to: a.out, color: a.colored()}
	return s.report(r)
}

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) auditProveCommand() *cobra.Command {
	var f cloneFlags
	c := &cobra.Command{
		Use: "prove APP STAGE PATH[#KEY]", Short: "Show how one file, or one key, came into a stage", Args: cobra.ExactArgs(3),
		Long: `audit prove follows a file of an app from the stage back to where it came in, entry by entry: who changed it, who signed,
which merge request brought it, who approved, how long it had been live before, and that each entry is in the ledger. With #KEY
it follows the value of one key (payments.yaml#limits.max). That all of it is true is proven by audit verify.`,
		Example: `  sluice audit prove payments production app.yaml
  sluice audit prove payments production app.yaml#limits.maxTransfer`,
		RunE: func(c *cobra.Command, args []string) error { return a.prove(c.Context(), f, args[0], args[1], args[2]) },
	}
	f.add(c)
	return c
}

// custody is how one file came to be where it is.
type custody struct {
	App    schema.App       `json:"app"`
	Stage  schema.StageName `json:"stage"`
	File   string           `json:"file"`
	Key    string           `json:"key,omitempty"`
	Value  string           `json:"value,omitempty"` // of the key
	Digest schema.Digest    `json:"digest"`
	Steps  []custodyStep    `json:"steps"` // newest first
}

// custodyStep is one entry on the way, with the proof that it is in the ledger.
type custodyStep struct {
	Entry     ledger.Entry     `json:"entry"`
	Sealed    bool             `json:"sealed,omitempty"` // it was there when the project began
	Digest    schema.Digest    `json:"digest"`           // of the entry
	Inclusion ledger.Inclusion `json:"inclusion"`
}

func (a *app) prove(ctx context.Context, f cloneFlags, app, stage, file string) error {
	project, err := a.openClone(ctx, f)
	if err != nil {
		return err
	}
	defer project.Close()
	view, err := reconciler.NewView(ctx, project.Ledger, project.Project)
	if err != nil {
		return err
	}
	if err := checkApp(view, app); err != nil {
		return err
	}
	if err := checkStage(view.Stages, stage); err != nil {
		return err
	}
	t := tracer{clone: project, cell: schema.Cell{Stage: schema.StageName(stage), App: schema.App(app)}}
	t.file, t.key, _ = strings.Cut(file, "#")
	found, err := t.trace(ctx)
	if err != nil {
		return err
	}
	if a.json() {
		return a.encode(found)
	}
	s := auditSheet{to: a.out, color: a.colored()}
	s.custody(found)
	return nil
}

// custody prints the page: one block for each entry, the newest first.
func (s auditSheet) custody(c custody) {
	name := c.File
	if c.Key != "" {
		name += "#" + c.Key
	}
	fmt.Fprintf(s.to, "%s  of %s in %s\n", s.paint("1", schema.Printable(name)), schema.Printable(string(c.App)), c.Stage)
	if c.Key != "" {
		s.line("value", "%s", c.Value)
	}
	s.line("file", "%s", c.Digest)
	for i, step := range c.Steps {
		fmt.Fprintln(s.to)
		s.step(step, i == len(c.Steps)-1)
	}
	fmt.Fprintln(s.to)
	if n := len(c.Steps); n > 0 {
		p := c.Steps[0].Inclusion
		s.line("checkpoint", "%s, root %s", count(p.Size, "entry", "entries"), p.Root)
	}
	s.line("prove it", "sluice audit verify --anchor DIGEST (the admins tell it)")
}

func (s auditSheet) step(step custodyStep, last bool) {
	s.people(step, last)
	s.line("entry", "%s", step.Digest)
	s.line("leaf", "%s", step.Inclusion.Leaf)
	for i, h := range step.Inclusion.Hashes {
		s.line(nameOnce(i, "with"), "%s", h)
	}
}

// people tells who had a part in a step.
func (s auditSheet) people(step custodyStep, last bool) {
	e := step.Entry
	word := s.headline(e)
	if last {
		word += s.paint("1", "  here it came in")
	}
	fmt.Fprintf(s.to, "%s  %s  %s\n", s.paint("1", fmt.Sprintf("#%d", e.Seq)), word, e.At.UTC().Format(auditTime))
	if step.Sealed {
		s.line("sealed", "it was there when the project began, or the stage; who wrote it is not on record")
	}
	if d := e.Decision; d != nil {
		s.line("change", "%s", changeLine(d.Change))
		if d.MergeRequest != nil {
			s.line("merge request", "%s", mergeRequestText(*d.MergeRequest))
		}
		for i, c := range d.Commits {
			s.line(nameOnce(i, "commits"), "%s", commitText(c))
			if c.Author.Name != "" {
				s.line("", "          author field (unverified): %s <%s>", c.Author.Name, c.Author.Email)
			}
		}
		for i, c := range d.Counted {
			s.line(nameOnce(i, "approved"), "%s", approvalText(c))
		}
		s.soak(d.Verdict)
	}
	s.order(e)
}

// soak tells what the soak policy answered.
func (s auditSheet) soak(v schema.Verdict) {
	if v.Policy == "soak" && v.Args["need"] != "" {
		s.line("soak", "%s in %s: %s", v.Args["need"], v.Args["in"], v.Outcome)
	}
	for _, p := range v.Parts {
		s.soak(p)
	}
}

// notThere says which files there are.
func notThere(cell schema.Cell, file string, m schema.Manifest) error {
	var names []string
	for _, f := range m {
		names = append(names, f.Path)
	}
	slices.Sort(names)
	hint := schema.DidYouMean(file, names)
	if hint == "" {
		hint = "its files: " + strings.Join(names, ", ")
	}
	return &failure{code: exitUsage, err: fmt.Errorf("%s in %s was admitted without a file %q", cell.App, cell.Stage, file), hint: hint}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) schemaCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "schema", Short: "Print the shapes behind the project's files", Args: knownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	draw := &cobra.Command{
		Use: "lifecycle", Short: "Draw the nodes of the lifecycle and what leads from one to the next", Args: cobra.NoArgs,
		Long: `lifecycle draws the lifecycle of the sluice.yaml in this directory or at the top of its checkout, or the default one outside of any: which node a
revision may go to, on which event, and the gate that guards the step; a gate that asks nothing beside what always holds, or is not enforced, says so. Mermaid is what GitLab shows in Markdown, dot is for
Graphviz.`,
		Example: `  sluice schema lifecycle
  sluice schema lifecycle -o mermaid
  sluice schema lifecycle -o dot | dot -Tsvg > lifecycle.svg`,
		Annotations: map[string]string{formats: "text, json, mermaid or dot"},
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("format") && c.Flags().Changed("output") {
				return usageError(errors.New("--format and --output say the same: give one of them"))
			}
			return a.schemaLifecycle(c.Context())
		},
	}
	draw.Flags().StringVar(&a.output, "format", "text", "the same as --output: `FORMAT`")
	c.AddCommand(draw)
	for _, one := range []struct{ name, of, where string }{
		{"project", "sluice.yaml", "Beside what JSON Schema can say, sluice lint reads the file as the reconciler does."},
		{"tests", "examples of what gates answer (.sluice/tests)", "sluice policy test tries them."},
	} {
		c.AddCommand(&cobra.Command{
			Use: one.name, Short: "Print the JSON Schema of " + one.of, Args: cobra.NoArgs,
			Long:    one.name + " prints the JSON Schema (draft 2020-12) of " + one.of + ", with which editors complete fields and show what they\nmean. " + one.where,
			Example: "  sluice schema " + one.name + " > sluice-" + one.name + ".schema.json",
			RunE:    func(*cobra.Command, []string) error { return a.printJSONSchema(one.name) },
		})
	}
	return c
}

func (a *app) printJSONSchema(name string) error {
	to := json.NewEncoder(a.out)
	to.SetIndent("", "  ")
	to.SetEscapeHTML(false)
	return to.Encode(schema.JSONSchema(name))
}

func (a *app) schemaLifecycle(ctx context.Context) error {
	project, begun, err := a.checkoutProject(ctx)
	if err == nil && !begun {
		fmt.Fprintln(a.errs, "sluice: there is no sluice.yaml here: this is the lifecycle that a project begins with")
		project, err = defaultProject()
	}
	if err != nil {
		return err
	}
	if err := lifecycle.Of(project).Check(); err != nil {
		return &failure{code: exitUsage, err: fmt.Errorf("the lifecycle does not hold together: %w", err), hint: "correct stages: in sluice.yaml"}
	}
	d := lifecycle.Drawn(project)
	switch a.output {
	case "json":
		return a.encode(drawingOf(lifecycle.Of(project)))
	case "mermaid":
		_, err = fmt.Fprint(a.out, d.Mermaid())
	case "dot":
		_, err = fmt.Fprint(a.out, d.DOT())
	default:
		err = a.printLifecycle(drawingOf(d))
	}
	return err
}

// checkoutProject reads the project file of this directory, or of the top of the checkout that it is in: a checkout without one is
// refused. begun is false outside of any.
func (a *app) checkoutProject(ctx context.Context) (p schema.Project, begun bool, err error) {
	source, err := os.ReadFile(filepath.Join(a.dir, schema.ProjectFile))
	if errors.Is(err, fs.ErrNotExist) {
		top, outside := a.git(ctx, "rev-parse", "--show-toplevel")
		if outside != nil {
			return p, false, nil
		}
		if source, err = os.ReadFile(filepath.Join(top, schema.ProjectFile)); errors.Is(err, fs.ErrNotExist) {
			return p, true, noProjectFile(top)
		}
	}
	if err != nil {
		return p, true, fmt.Errorf("read %s: %w", schema.ProjectFile, reason(err))
	}
	p, err = loadedProject(source)
	return p, true, err
}

func noProjectFile(dir string) error {
	return &failure{code: exitUsage, err: fmt.Errorf("no sluice.yaml in %s", dir), hint: "sluice init writes one; on the branch of a stage there is none: git switch to the default branch"}
}

// defaultProject is the smallest one.
func defaultProject() (schema.Project, error) {
	return loadedProject([]byte("version: 1\ntargets:\n  etcd: {}\n"))
}

func loadedProject(source []byte) (schema.Project, error) {
	project, found := policies.LoadProject(schema.ProjectFile, source)
	if len(found) > 0 {
		return schema.Project{}, found
	}
	return project, nil
}

// drawing is a lifecycle as JSON.
type drawing struct {
	Initial schema.StageName   `json:"initial"`
	Nodes   []schema.StageName `json:"nodes"`
	Final   []schema.StageName `json:"final"`
	Steps   []drawnStep        `json:"steps"`
}

type drawnStep struct {
	From   schema.StageName `json:"from"`
	Event  lifecycle.Event  `json:"event"`
	To     schema.StageName `json:"to"`
	Guards []string         `json:"guards"`
}

func drawingOf(d lifecycle.Definition[schema.StageName, lifecycle.On]) drawing {
	out := drawing{Initial: d.Initial, Nodes: d.States, Final: d.Final}
	for _, s := range d.Steps {
		out.Steps = append(out.Steps, drawnStep{From: s.From, Event: s.On.Event, To: s.To, Guards: s.Guards})
	}
	return out
}

func (a *app) printLifecycle(d drawing) error {
	var nodes []string
	for _, n := range d.Nodes {
		nodes = append(nodes, string(n))
	}
	fmt.Fprintf(a.out, "nodes: %s\n\n", strings.Join(nodes, " "))
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FROM\tEVENT\tTO\tGUARDED BY")
	for _, s := range d.Steps {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.From, s.Event, s.To, strings.Join(s.Guards, ", "))
	}
	return w.Flush()
}

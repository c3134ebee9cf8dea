package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) policyCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "policy", Short: "Explain policies, and try them on examples", Args: knownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.policyTestCommand(), &cobra.Command{
		Use: "explain [POLICY]", Short: "Say what a policy asks and who can satisfy it, or what each gate asks", Args: cobra.MaximumNArgs(1),
		Long: `explain prints the catalogue's page of a policy: what it asks, an example, what it says when it is not met and who can satisfy it,
and its parameters with their types and defaults.
Without a name it lists what the gates of the sluice.yaml in this directory, or at the top of its checkout, ask beside what always holds,
every default filled in.`,
		Example: `  sluice policy explain
  sluice policy explain breaker`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return policies.Catalogued(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.explainGates(c.Context())
			}
			return a.explainPolicy(args[0])
		},
	})
	return c
}

func (a *app) explainPolicy(name string) error {
	text := policies.Catalogue(name)
	if text == "" {
		return &failure{code: exitUsage, err: fmt.Errorf("there is no policy %q", name), hint: schema.DidYouMean(name, policies.Catalogued())}
	}
	if a.json() {
		return a.encode(struct {
			Policy     string               `json:"policy"`
			Markdown   string               `json:"markdown"`
			Parameters []schema.PolicyField `json:"parameters"`
		}{name, text, append([]schema.PolicyField{}, schema.PolicyFields(name)...)})
	}
	fmt.Fprintf(a.out, "%s\n\n%s\n", name, text)
	a.printParameters(schema.PolicyFields(name))
	return nil
}

// printParameters writes the name of each, its type and default, and below them what it means.
func (a *app) printParameters(fields []schema.PolicyField) {
	if len(fields) > 0 {
		fmt.Fprint(a.out, "\nparameters:\n")
	}
	width := 0
	for _, f := range fields {
		width = max(width, len(f.Name))
	}
	plain := strings.NewReplacer("`", "")
	for _, f := range fields {
		text := f.Type
		switch {
		case f.Required:
			text += ", required"
		case f.Default != "":
			text += "; default: " + f.Default
		}
		fmt.Fprintf(a.out, "  %-*s  %s\n", width, f.Name, plain.Replace(text))
		if f.Meaning != "" {
			fmt.Fprintf(a.out, "  %*s  %s\n", width, "", plain.Replace(f.Meaning))
		}
	}
}

// explainedGate is one gate of one stage.
type explainedGate struct {
	Stage schema.StageName `json:"stage"`
	Mode  schema.StageMode `json:"mode,omitempty"` // of a stage that does not enforce: the gate keeps nothing out
	Gate  string           `json:"gate"`
	Asks  []explainedAsk   `json:"asks"`
}

type explainedAsk struct {
	Policy string `json:"policy"`
	Value  any    `json:"value"`
	At     string `json:"at"` // where it is written; "default" where it is not
}

func (a *app) explainGates(ctx context.Context) error {
	project, begun, err := a.checkoutProject(ctx)
	if err == nil && !begun {
		err = noProjectFile(a.dir)
	}
	if err != nil {
		return err
	}
	var out []explainedGate
	for _, stage := range project.Stages {
		for _, g := range gatesOf(project, stage) {
			one := explainedGate{Stage: stage.Name, Gate: g.name, Asks: []explainedAsk{}}
			if stage.Mode.Weak() {
				one.Mode = stage.Mode
			}
			for _, spec := range g.asks {
				ask := explainedAsk{spec.Name, spec.Value, spec.Position.String()}
				if spec.Position.Line == 0 {
					ask.At = "default"
				}
				one.Asks = append(one.Asks, ask)
			}
			if len(one.Asks) > 0 || g.name == "promote" {
				out = append(out, one)
			}
		}
	}
	if a.json() {
		return a.encode(out)
	}
	// Whether people suspended the stage or the app, and whether the trust is in force, no gate can be asked about either.
	fmt.Fprintf(a.out, "always: %s\n", strings.Join(append(slices.Clone(schema.FixedPolicies), "suspension", "trust"), ", "))
	for _, g := range out {
		mode := ""
		if g.Mode != "" {
			mode = fmt.Sprintf(", mode %s: it keeps nothing out", g.Mode)
		}
		fmt.Fprintf(a.out, "\n%s, %s%s\n", g.Stage, g.Gate, mode)
		for _, ask := range g.Asks {
			value, err := plainJSON(ask.Value)
			if err != nil {
				return fmt.Errorf("policy %s: %w", ask.Policy, err)
			}
			fmt.Fprintf(a.out, "  %s: %s  (%s)\n", ask.Policy, schema.Printable(value), schema.Printable(ask.At))
		}
		if len(g.Asks) == 0 {
			fmt.Fprintln(a.out, "  nothing more")
		}
	}
	return nil
}

// plainJSON is a value in one line, with < and > as people wrote them.
func plainJSON(value any) (string, error) {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return strings.TrimSuffix(text.String(), "\n"), err
}

func (a *app) policyTestCommand() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "test [FILE...]", Short: "Try the gates on the project's examples",
		Long: `test asks the gates of the sluice.yaml in this directory about examples, facts with the answer that they have to get, and shows
the answer as a tree where it is another one. The examples are the files in .sluice/tests, or those that are named. People are those of the trust
directory in this checkout. It needs no network, no key and no ledger.`,
		Example: `  sluice policy test
  sluice policy test -v .sluice/tests/production.yaml`,
		RunE: func(_ *cobra.Command, args []string) error { return a.policyTest(args, all) },
	}
	c.Flags().BoolVarP(&all, "verbose", "v", false, "show the tree of every example")
	return c
}

// triedCase is one example with what came of it.
type triedCase struct {
	File    string         `json:"file"`
	Name    string         `json:"name"`
	OK      bool           `json:"ok"`
	Want    schema.Outcome `json:"want"`
	Codes   []schema.Code  `json:"codes,omitempty"` // wanted
	Verdict schema.Verdict `json:"verdict"`
	at      schema.Position
	stage   schema.StageName
	gate    string
}

func (a *app) policyTest(names []string, all bool) error {
	files, err := a.policyFiles(".")
	if err != nil {
		return err
	}
	project, found := policies.LoadProject(schema.ProjectFile, files[schema.ProjectFile])
	if err := found.Err(); err != nil {
		return usageError(err)
	}
	trust, found := schema.LoadTrust(trustFiles(files))
	if err := found.Err(); err != nil {
		return usageError(err)
	}
	given := len(names) > 0
	if files, names, err = a.caseFiles(files, names); err != nil {
		return err
	}
	var tried []triedCase
	for _, name := range names {
		more, err := tryCases(name, project, trust, files)
		if err != nil {
			return err
		}
		tried = append(tried, more...)
	}
	if len(tried) == 0 && given {
		return &failure{code: exitUsage, err: fmt.Errorf("no examples in %s", strings.Join(names, ", ")), hint: "schema/FORMAT.md says how one is written"}
	}
	if len(tried) == 0 {
		return &failure{code: exitUsage, err: fmt.Errorf("no examples in %s", schema.CasesDir), hint: "schema/FORMAT.md says how one is written"}
	}
	if left := unasked(project, tried); !given && len(left) > 0 {
		defer fmt.Fprintf(a.errs, "sluice: no example asks what these gates answer: %s\n", strings.Join(left, ", "))
	}
	return a.printTried(tried, all)
}

func trustFiles(files map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	for path, data := range files {
		if rest, ok := strings.CutPrefix(path, schema.TrustDir+"/"); ok {
			out[rest] = data
		}
	}
	return out
}

// caseFiles lists the files with examples; those that are named are read where they lie.
func (a *app) caseFiles(files map[string][]byte, names []string) (map[string][]byte, []string, error) {
	for _, name := range names {
		at := name
		if !filepath.IsAbs(at) {
			at = filepath.Join(a.dir, at)
		}
		data, err := os.ReadFile(at)
		if err != nil {
			return nil, nil, usageError(fmt.Errorf("read %s: %w", name, reason(err)))
		}
		files[name] = data
	}
	if len(names) == 0 {
		for path := range files {
			if strings.HasPrefix(path, schema.CasesDir+"/") && isCases(path) {
				names = append(names, path)
			}
			if strings.HasPrefix(path, schema.CasesDir+"/") && likeCases(path) {
				return nil, nil, usageError(fmt.Errorf("%s: %s", path, untriedName))
			}
		}
		slices.Sort(names)
	}
	return files, names, nil
}

func tryCases(name string, project schema.Project, trust schema.Trust, files map[string][]byte) ([]triedCase, error) {
	cases, found := schema.LoadPolicyCases(name, files[name])
	if err := found.Err(); err != nil {
		return nil, usageError(err)
	}
	facts := caseFacts{project: project, people: peopleOf(trust), file: name, lines: strings.Split(string(files[name]), "\n")}
	if err := facts.judge(cases).Err(); err != nil {
		return nil, usageError(err)
	}
	stage, _ := project.Stage(cases.Stage)
	var out []triedCase
	for _, c := range cases.Cases {
		verdict, err := policies.JudgeCase(project, stage, c.Facts, trust, files)
		if err != nil {
			return nil, usageError(fmt.Errorf("%s: %s: %w", c.Position, c.Name, err))
		}
		ok := verdict.Outcome == c.Want && (c.Codes == nil || slices.Equal(c.Codes, codesOf(verdict)))
		out = append(out, triedCase{File: name, Name: c.Name, OK: ok, Want: c.Want, Codes: c.Codes, Verdict: verdict, at: c.Position, stage: stage.Name, gate: gateOf(c.Facts.Kind)})
	}
	return out, nil
}

// codesOf are the reasons that a verdict names, each once, sorted.
func codesOf(v schema.Verdict) []schema.Code {
	out := []schema.Code{}
	for _, m := range v.Missing() {
		out = append(out, m.Code)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

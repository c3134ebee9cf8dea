package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// importFlags say what is taken, in which form, and where it goes.
type importFlags struct {
	traceFlags // --config alone

	stage, app string
	target     string
	as, name   string
	typed      bool
	exclude    []string
	write      bool
	force      bool
}

func (a *app) importCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "import", Short: "Take over configuration that exists already", Args: knownCommand,
		Long: `import reads configuration where it is now and writes it as apps into a stage's place of this checkout. It changes nothing where it
reads, and writes nothing without --write. What it would write is checked first: names, secrets, what lint says, what the stage's
targets can hold, and that each key would be delivered exactly as it was read.
It ends with 0 when all can be, or was, taken, and with 1 when something is refused: then nothing is written.`,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.importDirCommand(), a.importEtcdCommand(), a.importConfigMapCommand())
	return c
}

func (f *importFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.stage, "stage", "", "the `STAGE` that holds it now (required)")
	c.Flags().StringVar(&f.app, "app", "", "all of it is one `APP`; by default names say which app each belongs to, as apps: of sluice.yaml does")
	c.Flags().StringArrayVar(&f.exclude, "exclude", nil, "leave out what matches the `PATTERN`, may be repeated; one without / matches at any depth, and the name of a directory leaves out all below it")
	c.Flags().BoolVar(&f.write, "write", false, "write the files; without it only the report is made")
	c.Flags().BoolVar(&f.force, "force", false, "with --write: also over files that hold something else")
	c.Flags().StringVar(&f.config, "config", "", "the operator's `FILE`: where targets are, and what kind they are")
}

func (a *app) importDirCommand() *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use: "dir DIR", Short: "Take over the files of a directory", Args: cobra.ExactArgs(1),
		Example: `  sluice import dir ../old/prod --stage production
  sluice import dir ../old/prod/shop --stage production --app shop --write`,
		RunE: func(c *cobra.Command, args []string) error {
			f.as = asFiles
			dir := args[0]
			if !filepath.IsAbs(dir) {
				dir = filepath.Join(a.dir, dir)
			}
			return a.importFrom(c.Context(), f, dirSource{dir})
		},
	}
	f.add(c)
	return c
}

func (a *app) importEtcdCommand() *cobra.Command {
	var f importFlags
	var endpoints string
	c := &cobra.Command{
		Use: "etcd PREFIX", Short: "Take over the keys below a prefix of etcd", Args: cobra.ExactArgs(1),
		Long: `etcd reads all keys below PREFIX as they are at one moment. The parts of a key after it say the app and then the file, or with --as yaml,
json or properties the key in one file of the app. Where the stage has mirror: files (as files) or mirror: leaves (as yaml, json) in
sluice.yaml, the target then holds the same keys with the same values below kv/.`,
		Example: `  sluice import etcd /old/prod --endpoints http://127.0.0.1:2379 --stage production --as yaml
  sluice import etcd /old/prod --config reconciler.yaml --stage production --as yaml --write`,
		RunE: func(c *cobra.Command, args []string) error {
			settings, err := f.settings("etcd", map[string]string{"endpoints": endpoints})
			if err != nil {
				return err
			}
			return a.importFrom(c.Context(), f, etcdSource{settings, args[0]})
		},
	}
	f.add(c)
	c.Flags().StringVar(&endpoints, "endpoints", "", "`URLS` of the servers, with commas between; without it --config says where they are, and who asks")
	c.Flags().StringVar(&f.target, "target", "", "which etcd of the operator's file, by its `NAME`, where it has several")
	c.Flags().StringVar(&f.as, "as", asFiles, "`FORM`: files (each key a file), yaml, json or properties (the keys of an app in one file)")
	c.Flags().StringVar(&f.name, "name", "", "with --as: `FILE` that holds the keys; app.yaml, app.json or app.properties by default")
	c.Flags().BoolVar(&f.typed, "typed", false, "with --as yaml or json: numbers, true and false without quotes")
	return c
}

func (a *app) importConfigMapCommand() *cobra.Command {
	var f importFlags
	var kubeconfig, kubecontext string
	c := &cobra.Command{
		Use: "configmap NAMESPACE[/NAME]", Short: "Take over the ConfigMaps of a namespace", Args: cobra.ExactArgs(1),
		Long: `configmap reads the ConfigMaps of a namespace, or one of them. The app is the object's name without -config at the end, each key a file of it.
Secrets are not read.`,
		Example: `  sluice import configmap shop-prod --kubeconfig ~/.kube/config --stage production
  sluice import configmap shop-prod/settings --config reconciler.yaml --stage production --app shop --write`,
		RunE: func(c *cobra.Command, args []string) error {
			settings, err := f.settings("configmap", map[string]string{"kubeconfig_file": kubeconfig, "context": kubecontext})
			if err != nil {
				return err
			}
			f.as = asFiles
			namespace, name, _ := strings.Cut(args[0], "/")
			return a.importFrom(c.Context(), f, configMapSource{settings, namespace, name})
		},
	}
	f.add(c)
	c.Flags().StringVar(&kubeconfig, "kubeconfig", "", "kubeconfig `FILE`; without it --config says where the cluster is, and who asks")
	c.Flags().StringVar(&kubecontext, "context", "", "with --kubeconfig: the `CONTEXT`")
	c.Flags().StringVar(&f.target, "target", "", "which cluster of the operator's file, by its `NAME`, where it has several")
	return c
}

// importFrom reads, decides, writes if it may, and reports.
func (a *app) importFrom(ctx context.Context, f importFlags, source importSource) error {
	into, err := a.importPlace(ctx, f)
	if err != nil {
		return err
	}
	defer into.root.Close()
	if err := into.refuseOwn(source); err != nil {
		return err
	}
	found, err := source.read(ctx)
	if err != nil {
		return err
	}
	if len(found.Items)+len(found.Left) == 0 {
		return &failure{code: exitNo, err: fmt.Errorf("nothing is there to take over: %s", source)}
	}
	for _, pattern := range matchesNothing(f.exclude, found) {
		fmt.Fprintf(a.errs, "sluice: --exclude %s matches nothing that is there\n", schema.Printable(pattern))
	}
	plan := planImport(into.rules, found)
	checkImport(into.rules, source.kind(), found, &plan)
	if err := into.compare(&plan, f.force); err != nil {
		return err
	}
	report := into.report(source, found, plan)
	if f.write && len(plan.refused) == 0 {
		if report.Wrote, err = into.write(plan); err != nil {
			return err
		}
		report.Written = true
	}
	if a.json() {
		if err := a.encode(report); err != nil {
			return err
		}
	} else {
		a.printImport(report)
	}
	if len(plan.refused) > 0 || plan.taken == 0 {
		return answer{exitNo}
	}
	return nil
}

// importPlace finds the project's rules and the stage's place in the checkout.
func (a *app) importPlace(ctx context.Context, f importFlags) (*importInto, error) {
	if f.force && !f.write {
		return nil, usageError(errors.New("--force goes with --write"))
	}
	op, err := f.operator()
	if err != nil {
		return nil, err
	}
	top := a.dir
	if found, err := a.git(ctx, "rev-parse", "--show-toplevel"); err == nil {
		top = found
	}
	anchor, err := a.checkoutAnchor(top)
	if err != nil {
		return nil, err
	}
	op = ofProject(op, anchor)
	project, err := a.importProject(ctx, top)
	if err != nil {
		return nil, err
	}
	names := make([]schema.StageName, len(project.Stages))
	for i, s := range project.Stages {
		names[i] = s.Name
	}
	if f.stage == "" {
		return nil, &failure{code: exitUsage, err: errors.New("--stage is missing"), hint: "stages: " + strings.Join(words(names), ", ")}
	}
	if err := checkStage(names, f.stage); err != nil {
		return nil, err
	}
	rules := importRules{project: project, operator: op, as: f.as, file: f.name, typed: f.typed}
	rules.stage, _ = project.Stage(schema.StageName(f.stage))
	if err := rules.read(f); err != nil {
		return nil, err
	}
	if err := a.onStageBranch(ctx, rules); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(top)
	if err != nil {
		return nil, usageError(fmt.Errorf("open the checkout: %w", err))
	}
	into := &importInto{rules: rules, root: root, sealed: a.importSealed(ctx)}
	into.used = into.sealed && a.importUsed(ctx, rules.stage.Name)
	return into, nil
}

// importProject reads sluice.yaml of the checkout. A checkout of a stage's branch has none; then it is that of the default branch.
func (a *app) importProject(ctx context.Context, top string) (schema.Project, error) {
	source, err := os.ReadFile(filepath.Join(top, schema.ProjectFile))
	if errors.Is(err, os.ErrNotExist) {
		for _, ref := range []string{"refs/remotes/origin/HEAD", "refs/heads/main", "refs/heads/master"} {
			if text, problem := a.git(ctx, "show", ref+":"+schema.ProjectFile); problem == nil {
				source, err = []byte(text+"\n"), nil
				break
			}
		}
	}
	if err != nil {
		return schema.Project{}, &failure{code: exitUsage, err: fmt.Errorf("no sluice.yaml in %s", top), hint: "sluice init writes one"}
	}
	project, found := policies.LoadProject(schema.ProjectFile, source)
	if len(found) > 0 {
		return schema.Project{}, found
	}
	return project, nil
}

// onStageBranch makes sure that in the branch layout the checkout is the stage's.
func (a *app) onStageBranch(ctx context.Context, r importRules) error {
	if r.project.Layout != schema.BranchLayout {
		return nil
	}
	if on, err := a.git(ctx, "symbolic-ref", "--short", "HEAD"); err != nil || on != r.stage.Branch {
		return &failure{code: exitUsage, err: fmt.Errorf("the checkout is not on the branch of stage %s, %s", r.stage.Name, r.stage.Branch), hint: "git switch " + r.stage.Branch}
	}
	return nil
}

// importSealed reports whether the project has a ledger already.
func (a *app) importSealed(ctx context.Context) bool {
	_, err := a.git(ctx, "rev-parse", "--verify", "--quiet", "refs/remotes/origin/"+schema.DefaultLedgerBranch)
	return err == nil
}

// importUsed reports whether the stage has admitted something: it is sealed no more. A ledger that cannot be read may say so.
func (a *app) importUsed(ctx context.Context, stage schema.StageName) bool {
	c, err := a.openClone(ctx, cloneFlags{ledger: schema.DefaultLedgerBranch})
	if err != nil {
		return true
	}
	defer c.Close()
	states, err := c.Ledger.Cells(ctx)
	return err != nil || slices.ContainsFunc(states, func(s ledger.State) bool { return s.Stage == stage && s.Admitted.Seq > 0 })
}

// settings say how to reach the system: those of the flags, or of a target of that kind in the operator's file.
func (f importFlags) settings(kind string, given map[string]string) (map[string]string, error) {
	for name, value := range given {
		if value == "" {
			delete(given, name)
		}
	}
	if len(given) > 0 {
		return given, nil
	}
	op, err := f.operator()
	if err != nil {
		return nil, err
	}
	var names []string
	var found map[string]string
	if op != nil {
		for _, p := range op.Projects {
			for name, address := range p.Targets {
				if address.Kind == kind && (f.target == "" || f.target == name) {
					names, found = append(names, name), settings(address)
				}
			}
		}
	}
	switch {
	case len(names) == 1:
		return found, nil
	case len(names) > 1:
		return nil, &failure{code: exitUsage, err: fmt.Errorf("the operator's file names %d targets of kind %s", len(names), kind), hint: "--target NAME says which"}
	case op == nil:
		return nil, &failure{code: exitUsage, err: errors.New("where it is, is not said"), hint: "give --config FILE, or " + map[string]string{"etcd": "--endpoints URL", "configmap": "--kubeconfig FILE"}[kind]}
	}
	return nil, usageError(fmt.Errorf("--config names no such target of kind %s", kind))
}

// importSource is where configuration is now.
type importSource interface {
	kind() string
	String() string // what was read, for people
	read(ctx context.Context) (integrations.Existing, error)
}

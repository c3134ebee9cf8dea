package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/schema"
)

// simulateFlags say by which policies is decided again, and about what.
type simulateFlags struct {
	clone    cloneFlags
	policies string
	since    string
}

func (a *app) simulateCommand() *cobra.Command {
	var f simulateFlags
	c := &cobra.Command{
		Use: "simulate", Short: "Say what other policies would have decided", Args: cobra.NoArgs,
		Long: `simulate decides again what the ledger shows decided, by the policies of a directory: its sluice.yaml, with the schemas and
lists in its .sluice. It takes the facts that were recorded then, at the time of then, about people with the roles of then, and names what
would have been held or denied, and what would have been let through. It needs a clone with the ledger's branch, asks no server and changes
nothing. Each decision is taken by itself: what would not have entered is not followed further. What the change is follows from the other
project's stages, the way between them and its stage_local: a promotion over a step that is not there is refused, and of what would have come in
as another kind of change it says which files would have stayed behind or travelled. What the policies ask and nobody recorded then, such as jobs
that no gate asked for, is told as not known; so is in what else the two projects differ, like layout, places, apps and targets, which decide nothing here.
It ends with 0 where nothing would have been otherwise, 1 where something would, 7 where nothing would as far as it is known, or nothing
was decided in this time.`,
		Example: `  sluice simulate --policies . --since 90d
  git worktree add ../stricter stricter && sluice simulate --policies ../stricter -o json`,
		RunE: func(c *cobra.Command, _ []string) error { return a.simulate(c.Context(), f) },
	}
	f.clone.add(c)
	c.Flags().StringVar(&f.policies, "policies", ".", "`DIR` with the sluice.yaml to decide by")
	c.Flags().StringVar(&f.since, "since", "90d", "decisions since a `TIME`: RFC 3339, a date, or how long ago")
	return c
}

func (a *app) simulate(ctx context.Context, f simulateFlags) error {
	since, err := readMoment("--since", f.since)
	if err != nil {
		return err
	}
	if since.After(now()) {
		return usageError(fmt.Errorf("--since %s is in the future: nothing was decided since", f.since))
	}
	files, err := a.policyFiles(f.policies)
	if err != nil {
		return err
	}
	if err := complete(files); err != nil {
		return usageError(inDir(err, f.policies))
	}
	evidence := reconciler.NewEvidence()
	repo, refs, err := a.openRepo(ctx, gitrepo.WithLimits(gitrepo.DefaultLimits().Frugal()))
	if err != nil {
		return err
	}
	defer repo.Close()
	tip := branch(refs, f.clone.ledger)
	if tip.IsZero() {
		return noLedger("", f.clone.ledger)
	}
	if err := checkLedger(ctx, repo, tip, f.clone.ledger); err != nil {
		return err
	}
	anchor, err := a.anchor(f.clone)
	if err != nil {
		return err
	}
	if _, err := reconciler.OpenClone(ctx, repo, tip, anchor); err != nil {
		return err
	}
	out, err := reconciler.Simulate(ctx, reconciler.SimulateOptions{
		Repository: repo.Beside(evidence.Object), Evidence: evidence, Tip: tip, Policies: files, Since: since,
		Open: func() (reconciler.Workplace, error) {
			own, _, err := a.openRepo(ctx, gitrepo.WithLimits(gitrepo.DefaultLimits().Frugal()))
			if err != nil {
				return reconciler.Workplace{}, err
			}
			evidence := reconciler.NewEvidence()
			return reconciler.Workplace{Repository: own.Beside(evidence.Object), Evidence: evidence, Close: own.Close}, nil
		},
	})
	if err != nil {
		return usageOf(inDir(err, f.policies))
	}
	return a.printSimulation(out)
}

// complete refuses policies of which a part is not there: by a gate that names a list which is missing nothing can be decided, and all
// would seem to have been held.
func complete(files map[string][]byte) error {
	project, found := policies.LoadProject(schema.ProjectFile, files[schema.ProjectFile])
	if err := found.Err(); err != nil {
		return err
	}
	return project.MissingSchemas(func(path string) bool { _, ok := files[path]; return ok }).Err()
}

// inDir names the files that findings are in by where they are.
func inDir(err error, dir string) error {
	var found schema.Diagnostics
	if !errors.As(err, &found) {
		return err
	}
	out := slices.Clone(found)
	for i := range out {
		out[i].Position.File = filepath.ToSlash(filepath.Join(dir, out[i].Position.File))
	}
	return out.Err()
}

// usageOf: what is wrong with the policies is the caller's to mend.
func usageOf(err error) error {
	var found schema.Diagnostics
	if errors.As(err, &found) {
		return usageError(err)
	}
	return err
}

// policyFiles reads the control files of a directory; people are not among them.
func (a *app) policyFiles(dir string) (map[string][]byte, error) {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(a.dir, dir)
	}
	root := os.DirFS(dir)
	source, err := fs.ReadFile(root, schema.ProjectFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usageError(fmt.Errorf("no sluice.yaml in %s", dir))
	}
	if err != nil {
		return nil, fmt.Errorf("read sluice.yaml: %w", reason(err))
	}
	files := map[string][]byte{schema.ProjectFile: source}
	below, err := readTree(root, ".sluice")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read .sluice: %w", reason(err))
	}
	for path, data := range below {
		files[".sluice/"+path] = data
	}
	return files, nil
}

func (a *app) printSimulation(out reconciler.Simulation) error {
	if a.json() {
		if err := a.encode(out); err != nil {
			return err
		}
	} else {
		a.printSimulationText(out)
	}
	switch {
	case len(out.Changed)+len(out.Reclassified)+len(out.Gone) > 0:
		return answer{exitNo}
	case len(out.Unknown) > 0, out.Admitted+out.Waited == 0:
		return answer{exitUnprovable}
	}
	return nil
}

func (a *app) printSimulationText(out reconciler.Simulation) {
	fmt.Fprintf(a.out, "%s and %s that waited since %s, decided again\n",
		count(int64(out.Admitted), "admission", "admissions"), count(int64(out.Waited), "change", "changes"), day(out.Since))
	groups := []struct {
		title string
		is    func(reconciler.Simulated) bool
	}{
		{"would have been denied", func(s reconciler.Simulated) bool { return s.Was.Admits() && s.Verdict.Outcome == schema.Deny }},
		{"would have been held", func(s reconciler.Simulated) bool { return s.Was.Admits() && s.Verdict.Outcome == schema.Hold }},
		{"would have been let in", func(s reconciler.Simulated) bool { return !s.Was.Admits() }},
	}
	for _, g := range groups {
		a.printSimulated(g.title, out.Changed, g.is)
	}
	any := func(reconciler.Simulated) bool { return true }
	a.printSimulated("would have been let in as another change", out.Reclassified, any)
	a.printSimulated("is not known", out.Unknown, any)
	for _, g := range out.Gone {
		fmt.Fprintf(a.out, "\n%s to %s, which is no stage by these policies: nothing would have entered it\n", count(int64(g.Admitted), "admission", "admissions"), g.Stage)
	}
	switch {
	case out.Admitted+out.Waited+len(out.Gone) == 0:
		fmt.Fprintln(a.out, "\nthere was nothing to judge: no change was decided in this time")
	case len(out.Changed)+len(out.Unknown)+len(out.Reclassified)+len(out.Gone) == 0:
		fmt.Fprintln(a.out, "\nnothing would have been otherwise")
	}
	if len(out.NotJudged) > 0 {
		fmt.Fprintf(a.out, "\nnot judged: these policies differ in %s as well, and what that changes is not simulated\n", strings.Join(out.NotJudged, ", "))
	}
}

func (a *app) printSimulated(title string, all []reconciler.Simulated, is func(reconciler.Simulated) bool) {
	var lines []string
	for _, s := range all {
		if !is(s) {
			continue
		}
		line := fmt.Sprintf("  #%d  %s  %s in %s  %s %s", s.Seq, s.At.UTC().Format("2006-01-02 15:04"), schema.Printable(string(s.Cell.App)), s.Cell.Stage, s.Change.Kind, s.Change.To.Revision)
		if s.MergeRequest > 0 {
			line += "  !" + strconv.FormatInt(s.MergeRequest, 10)
		}
		lines = append(lines, line)
		for _, why := range []string{s.Why + strings.TrimSpace(simulatedWhy(s)), otherChange(s)} {
			if why != "" {
				lines = append(lines, "      "+why)
			}
		}
	}
	if len(lines) > 0 {
		fmt.Fprintf(a.out, "\n%s:\n%s\n", title, strings.Join(lines, "\n"))
	}
}

// otherChange says what the change would have been where that is not what it was.
func otherChange(s reconciler.Simulated) string {
	var out []string
	if s.Becomes != "" && s.Becomes != schema.Override { // the verdict says why it is one
		out = append(out, fmt.Sprintf("a change of kind %s instead of %s", s.Becomes, s.Change.Kind))
	}
	for _, files := range []struct {
		what  string
		paths []string
	}{{"the stage's own, they stay", s.Stay}, {"they travel with the others", s.Travel}} {
		if len(files.paths) > 0 {
			out = append(out, schema.Printable(strings.Join(files.paths, ", "))+": "+files.what)
		}
	}
	return strings.Join(out, "; ")
}

func simulatedWhy(s reconciler.Simulated) string {
	if s.Why != "" || s.Verdict.Outcome == schema.Allow {
		return ""
	}
	var codes []string
	for _, m := range leavesOf(s.Verdict) {
		if code := "[" + string(m.Code) + "]"; !strings.Contains(strings.Join(codes, " "), code) {
			codes = append(codes, code)
		}
	}
	return textOf(s.Verdict) + " " + strings.Join(codes, " ")
}

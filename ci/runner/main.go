package runner

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Main makes a pipeline and runs it: runner [FLAGS] ORIGIN EVENT [NAME=VALUE...]. It returns 0 where it passed, 1 where a job
// failed, 2 where the pipeline is none. templates is the folder in which included projects and components are found.
func Main(ctx context.Context, templates string, args []string, out io.Writer) int {
	failed, err := run(ctx, templates, args, out)
	if err != nil {
		fmt.Fprintf(out, "runner: %v\n", err)
		return 2
	}
	if failed {
		fmt.Fprintln(out, "pipeline: failed")
		return 1
	}
	fmt.Fprintln(out, "pipeline: passed")
	return 0
}

func run(ctx context.Context, templates string, args []string, out io.Writer) (bool, error) {
	flags := flag.NewFlagSet("runner", flag.ContinueOnError)
	flags.SetOutput(out)
	e, w := Event{Given: map[string]string{}}, Worker{Log: out}
	flags.StringVar(&e.Branch, "branch", "main", "branch that the merge request is for, or the pipeline's own")
	flags.StringVar(&e.IID, "mr", "7", "number of the merge request")
	flags.BoolVar(&e.Fork, "fork", false, "the pipeline runs in a fork")
	flags.StringVar(&w.Keep, "keep", "kept", "where artifacts and caches stay")
	flags.BoolVar(&w.Offline, "offline", false, "keep the jobs from every network")
	flags.StringVar(&e.Config, "config", "", "the pipeline's configuration, where it is not .gitlab-ci.yml of the commit")
	play := flags.String("play", "", "start this manual job, too")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	if flags.NArg() < 2 {
		return false, fmt.Errorf("usage: runner [FLAGS] ORIGIN EVENT [NAME=VALUE...]")
	}
	var err error
	if e.Origin, err = filepath.Abs(flags.Arg(0)); err != nil {
		return false, err
	}
	e.Kind = flags.Arg(1)
	for _, arg := range flags.Args()[2:] {
		name, value, _ := strings.Cut(arg, "=")
		e.Given[name] = value
	}
	r, jobs, common, err := plan(ctx, e, templates)
	if err != nil {
		return false, err
	}
	return execute(ctx, w, e, r, jobs, common, *play)
}

// plan reads the configuration of the commit, and which jobs the pipeline has.
func plan(ctx context.Context, e Event, templates string) (Run, []Job, map[string]string, error) {
	r, err := e.Start(ctx)
	if err != nil {
		return r, nil, nil, err
	}
	text, err := e.configuration(ctx, r)
	if err != nil {
		return r, nil, nil, err
	}
	c, err := Load(text, func(i Include) ([]byte, error) {
		if i.Local != "" {
			local, err := git(ctx, e.Origin, "show", r.SHA+":"+strings.TrimPrefix(i.Local, "/"))
			return []byte(local), err
		}
		return os.ReadFile(filepath.Join(templates, TemplateFile(i)))
	})
	if err != nil {
		return r, nil, nil, fmt.Errorf("configuration: %w", err)
	}
	jobs, err := c.Pipeline(r.Variables)
	if err == nil && len(jobs) == 0 {
		err = fmt.Errorf("the rules make no pipeline")
	}
	return r, jobs, c.Variables, err
}

func (e Event) configuration(ctx context.Context, r Run) ([]byte, error) {
	if e.Config != "" {
		return os.ReadFile(e.Config)
	}
	text, err := git(ctx, e.Origin, "show", r.SHA+":.gitlab-ci.yml")
	return []byte(text), err
}

// TemplateFile is where an included file lies below our module: a component by its name, others by their path.
func TemplateFile(i Include) string {
	if i.Component == "" {
		return filepath.FromSlash(i.File)
	}
	name, _, _ := strings.Cut(i.Component[strings.LastIndex(i.Component, "/")+1:], "@")
	return filepath.Join("ci", "templates", name+".yml")
}

// execute runs the jobs one after the other. A job without needs runs when all before it passed, and gets their variables.
func execute(ctx context.Context, w Worker, e Event, r Run, jobs []Job, common map[string]string, play string) (bool, error) {
	failed, results := map[string]bool{}, map[string]Result{}
	for _, j := range jobs {
		if j.When == "manual" && j.Name != play {
			fmt.Fprintf(w.Log, "job %s: %s\n", j.Name, j.waiting())
			continue
		}
		if len(failed) > 0 && j.Needs == nil && j.When != "always" {
			fmt.Fprintf(w.Log, "job %s: skipped\n", j.Name)
			continue
		}
		fmt.Fprintf(w.Log, "job %s: starts\n", j.Name)
		result, err := w.Execute(ctx, e, r, j, environment(e, r, common, j, results))
		if err != nil {
			return true, fmt.Errorf("job %s: %w", j.Name, err)
		}
		results[j.Name] = result
		if result.Failed() {
			failed[j.Name] = true
		}
		tell(w.Log, j, result)
	}
	return len(failed) > 0, nil
}

func tell(log io.Writer, j Job, r Result) {
	for _, path := range r.Missing {
		fmt.Fprintf(log, "job %s: left no %s\n", j.Name, path)
	}
	word := map[bool]string{true: "failed", false: "passed"}[r.Failed()]
	if r.Warned {
		word = "warned"
	}
	fmt.Fprintf(log, "job %s: %s, exit %d\n", j.Name, word, r.Code)
}

// environment is a job's variables: what is more particular holds, and what was given to the pipeline above all.
func environment(e Event, r Run, common map[string]string, j Job, before map[string]Result) map[string]string {
	out := maps.Clone(r.Variables)
	maps.Copy(out, common)
	for name, value := range j.Variables {
		out[name] = os.Expand(value, func(name string) string { return out[name] })
	}
	for name, result := range before {
		if j.Needs == nil || slices.Contains(j.Needs, name) {
			maps.Copy(out, result.Dotenv)
		}
	}
	maps.Copy(out, e.Given)
	return out
}

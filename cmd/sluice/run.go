package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/schema"
)

// runFlags are the operator's settings on the command line: for one project without a file, or over one.
type runFlags struct {
	config, repository, tokenFile, anchor, logKey, stateDir, listen, embedded string
	gitlabURL, gitlabProject, gitlabToken, directory, logFormat               string
	etcd                                                                      []string
	interval                                                                  time.Duration
	once, profiling                                                           bool
	admin, traces                                                             string
	reads                                                                     bool // of a command that holds no key
	fileOnly                                                                  bool // of a command that has --config alone: no other flag is advised
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use: "run", Short: "Run the reconciler", Args: cobra.NoArgs,
		Long: `run watches the projects of the operator's file: it admits what the policies let in and keeps the targets equal to it.
With --once it makes one pass and ends with what it found: 0 nothing to do, 1 something is held, denied or drifted.`,
		Example: `  sluice run --config reconciler.yaml
  sluice run --once --config reconciler.yaml
  sluice run --repository https://git.example.com/acme/config.git --token-file token --gitlab-url https://git.example.com \
    --gitlab-project acme/config --gitlab-token-file token --anchor sha256:… --log-key keys/log --state-dir state --embedded-etcd state/etcd`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := someInterval(c, f); err != nil {
				return err
			}
			return a.run(c.Context(), f, commandNames(c.Root()))
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.config, "config", "", "the operator's `FILE`; without it, reconciler.yaml where --repository is not given")
	flags.StringVar(&f.repository, "repository", "", "`URL` of the configuration repository")
	flags.StringVar(&f.tokenFile, "token-file", "", "`FILE` with the token for the repository")
	flags.StringVar(&f.gitlabURL, "gitlab-url", "", "`URL` of GitLab")
	flags.StringVar(&f.gitlabProject, "gitlab-project", "", "path or number of the `PROJECT` there")
	flags.StringVar(&f.gitlabToken, "gitlab-token-file", "", "`FILE` with a token of scope api, or read_api to write no notes")
	flags.StringVar(&f.anchor, "anchor", "", "`DIGEST` of trust version 1, told by the project's admins")
	flags.StringVar(&f.logKey, "log-key", "", "`FILE` with the key that signs the ledger")
	flags.StringVar(&f.stateDir, "state-dir", "", "`DIR` for mirror and spool; it can be lost")
	flags.StringVar(&f.embedded, "embedded-etcd", "", "run etcd inside, with its data in `DIR`")
	flags.StringSliceVar(&f.etcd, "etcd", nil, "`ENDPOINT` of the target named etcd; may be repeated")
	flags.StringVar(&f.directory, "directory", "", "`DIR` of the target named directory")
	flags.StringVar(&f.listen, "listen", "", "`ADDRESS` of the status page")
	flags.StringVar(&f.traces, "traces", "", "`URL` of an OpenTelemetry collector that is told what passes did")
	flags.StringVar(&f.admin, "admin", "", "`ADDRESS` of metrics and health")
	flags.BoolVar(&f.profiling, "pprof", false, "serve profiles at the address of --admin; they show what is in memory")
	flags.DurationVar(&f.interval, "interval", 0, "time between polls")
	flags.StringVar(&f.logFormat, "log-format", "text", "log as `FORMAT`: text or json")
	flags.BoolVar(&f.once, "once", false, "make one pass and end")
	return c
}

// someInterval refuses one that is none: it would be passed over for the usual.
func someInterval(c *cobra.Command, f runFlags) error {
	if c.Flags().Changed("interval") && f.interval <= 0 {
		return usageError(fmt.Errorf("--interval %s: want a time that passes, such as 30s", f.interval))
	}
	return nil
}

func (a *app) run(ctx context.Context, f runFlags, commands []string) error {
	var told calls
	if !f.once {
		told = listenSignals()
	}
	op, err := f.operator()
	if err != nil {
		return err
	}
	if err := makeDir(op.StateDir); err != nil {
		return &failure{code: exitUsage, err: err, hint: adviceStateDir}
	}
	if f.once {
		op.Poll.Guardrails = -1 // nobody would see them
	}
	log := a.logger(f.logFormat)
	traces, err := a.openTraces(op, log)
	if err != nil {
		return err
	}
	defer closeTraces(traces, log)
	shared := process{budgets: budgets{}}
	if traces != nil {
		shared.tracer = traces
	}
	projects, err := openFleet(ctx, op, shared, commands, log)
	if err != nil {
		return err
	}
	if f.once {
		defer func() {
			if err := projects.close(); err != nil {
				log.Warn("not closed cleanly", "error", err)
			}
		}()
		return a.runOnce(ctx, projects.daemons)
	}
	log.Info("watching", "projects", len(projects.daemons), "interval", op.Poll.Interval.String())
	return projects.watch(ctx, adminConfig{profiling: f.profiling, spans: spanCounts(traces)}, told, f.operator)
}

// runOnce ends with the worst class that any project's pass saw (RULES R42).
func (a *app) runOnce(ctx context.Context, daemons []*daemon) error {
	worst := exitDone
	for _, d := range daemons {
		report := d.reconciler.Pass(ctx)
		if err := report.Err(); err != nil {
			a.printError(nil, err)
		}
		worst = worse(worst, passCode(report))
	}
	if worst == exitDone {
		return nil
	}
	return answer{worst}
}

// passCode is the worst class of what one pass found.
func passCode(report reconciler.Report) int {
	worst := exitDone
	if report.Held > 0 || report.Drifted > 0 || report.Failed > 0 {
		worst = exitNo
	}
	if report.Refused > 0 {
		worst = exitTampered
	}
	if err := report.Err(); err != nil {
		worst = worse(worst, exitCode(err))
	}
	return worst
}

// operator reads the operator's file and lays the flags over it.
func (f runFlags) operator() (schema.Operator, error) {
	op := schema.Operator{Poll: schema.Poll{Interval: schema.DefaultPollInterval, Jitter: schema.DefaultPollJitter}}
	if f.config == "" && f.repository == "" {
		f.config = schema.OperatorFile
	}
	if f.config != "" {
		var err error
		if op, err = readOperator(f.config); err != nil {
			var unread *failure
			if errors.As(err, &unread) {
				unread.hint = f.or("name it with --config", "give --repository and the other settings as flags")
			}
			return op, err
		}
	}
	if err := f.override(&op); err != nil {
		return op, err
	}
	return op, f.complete(op)
}

func (f runFlags) override(op *schema.Operator) error {
	if f.repository != "" {
		op.Projects = []schema.OperatorProject{f.project()}
	}
	if f.anchor != "" {
		digest, err := schema.ParseDigest(f.anchor)
		if err != nil {
			return usageError(fmt.Errorf("--anchor: %w", err))
		}
		for i := range op.Projects {
			op.Projects[i].Anchor = digest
		}
	}
	set := func(to *string, from string) {
		if from != "" {
			*to = from
		}
	}
	set(&op.LogKeyFile, f.logKey)
	set(&op.StateDir, f.stateDir)
	set(&op.Listen, f.listen)
	set(&op.Admin, f.admin)
	if f.traces != "" {
		op.Traces = &schema.Traces{Endpoint: f.traces}
	}
	if f.embedded != "" {
		op.Embedded = &schema.EmbeddedEtcd{Directory: f.embedded}
	}
	if f.interval > 0 {
		op.Poll.Interval = f.interval
	}
	return nil
}

func (f runFlags) project() schema.OperatorProject {
	p := schema.OperatorProject{Repository: f.repository, TokenFile: f.tokenFile, Targets: map[string]schema.TargetAddress{}}
	if f.gitlabURL != "" {
		p.GitLab = &schema.GitLabAccess{URL: f.gitlabURL, Project: f.gitlabProject, TokenFile: f.gitlabToken}
	}
	if len(f.etcd) > 0 {
		p.Targets["etcd"] = schema.TargetAddress{Name: "etcd", Kind: "etcd", Endpoints: f.etcd}
	}
	if f.directory != "" {
		if dir, err := filepath.Abs(f.directory); err == nil {
			f.directory = dir
		}
		p.Targets["directory"] = schema.TargetAddress{Name: "directory", Kind: "file", Directory: f.directory}
	}
	return p
}

// or adds the flag that would do as well, where the command has it.
func (f runFlags) or(first, flag string) string {
	if f.fileOnly {
		return first
	}
	return first + ", or " + flag
}

// complete names the first setting that a run cannot do without.
func (f runFlags) complete(op schema.Operator) error {
	missing := func(what, flag string) error {
		return &failure{code: exitUsage, err: fmt.Errorf("%s is not set", what), hint: f.or("write it into the operator's file", "give "+flag)}
	}
	switch {
	case len(op.Projects) == 0:
		return missing("the repository", "--repository")
	case op.LogKeyFile == "" && !f.reads:
		return missing("the log key", "--log-key")
	case op.StateDir == "":
		return missing("the state directory", "--state-dir")
	}
	for _, p := range op.Projects {
		if p.Anchor == "" {
			return missing("the trust anchor of "+redacted(p.Repository), "--anchor; sluice init printed it, and the admins know it")
		}
	}
	return nil
}

func (a *app) logger(format string) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(visible{a.errs}, nil)).With("service_name", a.serviceName())
	}
	return slog.New(slog.NewTextHandler(a.errs, nil))
}

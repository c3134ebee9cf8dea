package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
	"github.com/sluice-gitops/sluice/schema"
)

type demoFlags struct {
	serve bool
	keep  bool
}

func (a *app) demoCommand() *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use: "demo", Short: "Play a tour of sluice on this machine", Args: cobra.NoArgs,
		Long: `demo starts a stand-in for GitLab, an etcd, the reconciler and its status page on loopback, makes keys for four people,
and plays the life of one configuration: a typo, the way to production, a change that is held, a new version that widens in
gray, two rollbacks and the circuit breaker, a hand edit, a force-push, its retirement, and the proof of it all. Every scene
checks what it shows. It needs git, and leaves nothing behind.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.demo(c.Context(), f, commandNames(c.Root())) },
	}
	c.Flags().BoolVar(&f.serve, "serve", false, "leave everything running at the end, to click around in")
	c.Flags().BoolVar(&f.keep, "keep", false, "keep the directory with repositories and keys")
	return c
}

// demo is the stage on which the scenes play.
type demo struct {
	app      *app
	out      io.Writer
	dir      string
	forge    *gitlabtest.Server
	team     *team.Team
	daemon   *daemon
	page     *pageServer
	desk     *pageServer // metrics and health
	etcd     string      // endpoint
	programs *programs
	stop     context.CancelFunc
	running  chan error
	commands []string
	wake     chan struct{}
}

func (a *app) demo(ctx context.Context, f demoFlags, commands []string) (err error) {
	if err := checkGit(ctx); err != nil {
		return err
	}
	started := time.Now()
	dir, err := os.MkdirTemp("", "sluice-demo-")
	if err != nil {
		return err
	}
	d := &demo{app: a, out: a.out, dir: dir, commands: commands, wake: make(chan struct{}, 1)}
	defer func() {
		err = errors.Join(err, d.close())
		if f.keep {
			fmt.Fprintf(a.out, "kept %s\n", dir)
			return
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	err = d.play(ctx, started)
	if err != nil && ctx.Err() != nil {
		return &failure{code: exitInterrupted, err: errors.New("interrupted; everything is ended and removed")}
	}
	if err != nil || !f.serve {
		return err
	}
	fmt.Fprintf(d.out, "\nStill running; press Ctrl-C to end.\n%s  a clone         %s\n", d.addresses(), d.team.Person("ann").Dir())
	<-ctx.Done()
	fmt.Fprintln(d.out, "\nended")
	return nil
}

// play plays every scene; the first that does not come out ends it.
func (d *demo) play(ctx context.Context, started time.Time) error {
	if err := d.open(ctx); err != nil {
		return fmt.Errorf("set the stage: %w", err)
	}
	fmt.Fprint(d.out, d.addresses())
	for n, scene := range scenes() {
		fmt.Fprintf(d.out, "\n%s\n", d.heading(fmt.Sprintf("%d  %s", n+1, scene.title)))
		if err := scene.play(ctx, d); err != nil {
			return &failure{code: exitNo, err: fmt.Errorf("scene %d (%s) did not come out: %w", n+1, scene.title, err), hint: "please report it with the output above"}
		}
	}
	fmt.Fprintf(d.out, "\n%d scenes in %s. Next, in a repository of yours:\n  sluice init        start a project\n  sluice lint        check its files\n  sluice run --help  run the reconciler\n", len(scenes()), time.Since(started).Round(100*time.Millisecond))
	return nil
}

func (d *demo) addresses() string {
	return fmt.Sprintf("  merge requests  %s/%s/-/merge_requests\n  status page     http://%s/\n  for machines    http://%s/metrics and /readyz\n", d.forge.URL(), d.team.Path(), d.page.address, d.desk.address)
}

func (d *demo) heading(text string) string {
	if d.app.colored() {
		return "\x1b[1m" + text + "\x1b[0m"
	}
	return "== " + text
}

const demoProject = `version: 1
layout: directory
targets:
  etcd: {}
stages: default
stage_local: [local.yaml]
`

// open starts every part on loopback: nothing here is a mock but the forge, and that serves real repositories.
func (d *demo) open(ctx context.Context) error {
	var err error
	if d.forge, err = gitlabtest.New(filepath.Join(d.dir, "forge"), gitlabtest.Options{}); err != nil {
		return err
	}
	if _, err := d.forge.Start("127.0.0.1:0"); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	approver := func(stages ...schema.StageName) []schema.Role {
		roles := []schema.Role{{Name: schema.RoleAuthor}}
		for _, s := range stages {
			roles = append(roles, schema.Role{Name: schema.RoleApprover, Stage: s})
		}
		return roles
	}
	all := []schema.StageName{"development", "testing", "staging", "gray", "production"}
	d.team, err = team.New(ctx, team.Config{Server: d.forge, Dir: d.dir, Project: "acme/config", Program: program}, []byte(demoProject),
		team.Member{Name: "ann", Level: gitlabtest.Maintainer, Roles: append([]schema.Role{{Name: schema.RoleRoot}, {Name: schema.RoleAdmin}}, approver(all...)...)},
		team.Member{Name: "bob", Level: gitlabtest.Maintainer, Roles: approver(all...)},
		team.Member{Name: "carol", Roles: approver(all...)},
		team.Member{Name: "dana", Roles: []schema.Role{{Name: schema.RoleRelease}}},
		team.Member{Name: "reconciler", Bot: true, Unknown: true, Level: gitlabtest.Maintainer},
	)
	if err != nil {
		return err
	}
	return d.startReconciler(ctx)
}

func (d *demo) startReconciler(ctx context.Context) error {
	token := filepath.Join(d.dir, "reconciler", "token")
	if err := os.WriteFile(token, []byte(d.team.Person("reconciler").Token()), 0o600); err != nil {
		return err
	}
	op := schema.Operator{
		LogKeyFile: d.team.LogKey(), StateDir: filepath.Join(d.dir, "state"), Poll: schema.Poll{Interval: time.Second},
		Embedded: &schema.EmbeddedEtcd{Directory: filepath.Join(d.dir, "etcd")},
		Projects: []schema.OperatorProject{{
			Repository: d.forge.CloneURL(d.team.Path(), ""), Username: "reconciler", TokenFile: token, Anchor: d.team.Anchor(),
			GitLab: &schema.GitLabAccess{URL: d.forge.URL(), Project: d.team.Path(), TokenFile: token},
		}},
	}
	if err := makeDir(op.StateDir); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(d.dir, "reconciler.log"))
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(file, nil))
	unhurried := budgets{}
	unhurried.allow(d.forge.URL(), 1000) // a GitLab is spared; this one is ours alone
	if d.daemon, err = openDaemon(ctx, op, op.Projects[0], process{budgets: unhurried}, log); err != nil {
		return errors.Join(err, file.Close())
	}
	d.daemon.commands = d.commands
	d.daemon.closers = append([]func() error{file.Close}, d.daemon.closers...)
	d.etcd = d.daemon.embedded
	running, stop := context.WithCancel(ctx)
	if d.page, err = listenStatus(running, schema.Operator{Listen: "127.0.0.1:0"}, []*daemon{d.daemon}, nil); err != nil {
		stop()
		return err
	}
	if d.desk, err = listenAdmin(running, "127.0.0.1:0", adminProjects([]*daemon{d.daemon}), adminConfig{}); err != nil {
		stop()
		return err
	}
	d.stop, d.running = stop, make(chan error, 3)
	go func() { d.running <- d.daemon.reconciler.Run(running, d.wake) }()
	go func() { d.running <- d.page.serve(running, log) }()
	go func() { d.running <- d.desk.serve(running, log) }()
	return nil
}

// close ends everything that open started, in the other order.
func (d *demo) close() error {
	errs := []error{d.programs.Close()}
	if d.stop != nil {
		d.stop()
		errs = append(errs, <-d.running, <-d.running, <-d.running)
	}
	if d.daemon != nil {
		errs = append(errs, d.daemon.Close())
	}
	if d.forge != nil {
		errs = append(errs, d.forge.Close())
	}
	return errors.Join(errs...)
}

// say tells what happens; show prints what a command would.
func (d *demo) say(format string, args ...any) {
	fmt.Fprintln(d.out, folded(fmt.Sprintf(format, args...), d.app.width()))
}

// folded breaks a text between words into lines of at most so many columns.
func folded(text string, width int) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = "  "
		} else if line != "" {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}

// sluice runs a command of this binary in the author's clone and prints it as a person would see it.
func (d *demo) sluice(ctx context.Context, want int, args ...string) (string, error) {
	return d.sluiceOf(ctx, "ann", want, args...)
}

// sluiceOf does so in another person's clone, as it is at the forge now, with that person's key.
func (d *demo) sluiceOf(ctx context.Context, name string, want int, args ...string) (string, error) {
	person, prompt := d.team.Person(name), "$"
	if name != "ann" {
		prompt = name + "$"
		if err := person.Fetch(ctx); err != nil {
			return "", err
		}
	}
	var out strings.Builder
	fmt.Fprintf(d.out, "%s sluice %s\n", prompt, shellWords(args))
	quoted := append([]string{"-C", person.Dir(), "--color=" + map[bool]string{true: "always", false: "never"}[d.app.colored()]}, args...)
	inner := &app{in: strings.NewReader(""), out: &out, errs: &out, environ: d.environ, columns: d.app.width() - len("  ")}
	code := inner.main(ctx, quoted)
	fmt.Fprintln(d.out, indented(out.String()))
	fmt.Fprintf(d.out, "  (exit %d)\n", code)
	if code != want {
		return out.String(), fmt.Errorf("sluice %s: exit %d, want %d", strings.Join(args, " "), code, want)
	}
	return out.String(), nil
}

// shellWords writes arguments as they are typed.
func shellWords(args []string) string {
	words := slices.Clone(args)
	for i, word := range words {
		if strings.Contains(word, " ") {
			words[i] = "'" + word + "'"
		}
	}
	return strings.Join(words, " ")
}

func (d *demo) environ(name string) string {
	if name == "SLUICE_ANCHOR" {
		return string(d.team.Anchor())
	}
	return ""
}

func indented(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}

// until looks at the reconciler's view until it is as the scene needs it.
func (d *demo) until(ctx context.Context, what string, done func(*schema.View) bool) error {
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	d.wakeUp() // as a webhook would
	waiting := d.progress(what)
	defer waiting.clear()
	for {
		if v := d.daemon.reconciler.View(); v != nil && done(v) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-d.running:
			d.running <- err
			return fmt.Errorf("the reconciler ended: %w", err)
		case <-deadline.C:
			return fmt.Errorf("waited 30 s for %s; %s", what, d.problems())
		case <-tick.C:
			waiting.show()
		}
	}
}

// wakeUp asks for a pass now; one that is asked for already is enough.
func (d *demo) wakeUp() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *demo) problems() string {
	if v := d.daemon.reconciler.View(); v != nil && len(v.Problems) > 0 {
		return "the reconciler says: " + strings.Join(v.Problems, "; ")
	}
	return "the reconciler reports no problem"
}

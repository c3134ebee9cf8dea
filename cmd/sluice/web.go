package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/admin"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/journal"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

func (a *app) webCommand() *cobra.Command {
	f := runFlags{reads: true}
	c := &cobra.Command{
		Use: "web", Short: "Serve the page alone, from what the ledger says", Args: cobra.NoArgs,
		Long: `web serves the page without a reconciler: it fetches the repository of each project at every interval and shows what the
ledger says. It holds no key and asks for no right to write, so that whoever takes it over can change nothing. What only a
running reconciler knows, such as open merge requests and guard rails, it does not show.`,
		Example: `  sluice web --repository https://git.example.com/acme/config.git --token-file read-token --anchor sha256:… --state-dir web --listen 127.0.0.1:8080
  sluice web --config web.yaml`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := someInterval(c, f); err != nil {
				return err
			}
			return a.web(c.Context(), f, commandNames(c.Root()))
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.config, "config", "", "a `FILE` in the form of the operator's; its keys and targets are not looked at, and of GitLab its address alone")
	flags.StringVar(&f.repository, "repository", "", "`URL` of the configuration repository")
	flags.StringVar(&f.tokenFile, "token-file", "", "`FILE` with a token that may read it")
	flags.StringVar(&f.gitlabURL, "gitlab-url", "", "`URL` of GitLab, for links to merge requests; it is not asked")
	flags.StringVar(&f.gitlabProject, "gitlab-project", "", "path of the `PROJECT` there")
	flags.StringVar(&f.anchor, "anchor", "", "`DIGEST` of trust version 1, told by the project's admins")
	flags.StringVar(&f.stateDir, "state-dir", "", "`DIR` for the mirror; it can be lost")
	flags.StringVar(&f.listen, "listen", "", "`ADDRESS` of the page; 127.0.0.1:8080 by default")
	flags.StringVar(&f.admin, "admin", "", "`ADDRESS` of metrics and health")
	flags.DurationVar(&f.interval, "interval", 0, "time between fetches")
	flags.StringVar(&f.logFormat, "log-format", "text", "log as `FORMAT`: text or json")
	return c
}

func (a *app) web(ctx context.Context, f runFlags, commands []string) error {
	told, log := listenSignals(), a.logger(f.logFormat)
	op, err := f.operator()
	if err != nil {
		return err
	}
	again := webAgain(f, op, log)
	if op.Listen == "" {
		op.Listen = "127.0.0.1:8080"
	}
	watchers, err := openWatchers(ctx, op, log)
	if err != nil {
		return err
	}
	defer func() {
		for _, w := range watchers {
			if err := w.Close(); err != nil {
				log.Warn("not closed cleanly", "error", err)
			}
		}
	}()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cfg := status.Config{Version: version, Commands: commands, Badges: op.Badges, Values: op.ShowValues, Done: ctx.Done(), Log: log}
	shown, machines := watched(watchers)
	page, err := listenPage(op, cfg, shown)
	if err != nil {
		return err
	}
	desk, err := listenAdmin(ctx, op.Admin, machines, adminConfig{reads: true})
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, server := range []*pageServer{page, desk} {
		if server != nil {
			log.Info("serving "+server.what, "address", server.url())
			wg.Go(func() { defer stop(); errs[i] = server.serve(ctx, log) })
		}
	}
	for _, w := range watchers {
		wg.Go(func() { w.run(ctx) })
	}
	wg.Go(func() { onEach(ctx, told.reload, again) })
	wg.Go(func() {
		onEach(ctx, told.wake, func() {
			for _, w := range watchers {
				w.wakeUp()
			}
		})
	})
	wg.Wait()
	return errors.Join(errs...)
}

// openWatchers opens a watcher for each project, each with a directory of its own.
func openWatchers(ctx context.Context, op schema.Operator, log *slog.Logger) ([]*watcher, error) {
	var out []*watcher
	for i, project := range op.Projects {
		own := op
		own.Projects = []schema.OperatorProject{project}
		if len(op.Projects) > 1 {
			own.StateDir = filepath.Join(op.StateDir, strconv.Itoa(i))
		}
		w, err := openWatcher(ctx, own, log.With("project", redacted(project.Repository)))
		if err != nil {
			for _, open := range out {
				err = errors.Join(err, open.Close())
			}
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// watched are projects as people see them, and as machines do.
func watched(watchers []*watcher) (shown []status.Project, machines []admin.Project) {
	var names []string
	for _, w := range watchers {
		names = append(names, w.name)
		machines = append(machines, admin.Project{Name: w.name, View: w.view.Load})
	}
	for i, name := range pageNames(names) {
		machines[i].Short = name
		one := status.Project{Name: name, View: watchers[i].view.Load, Starting: watchers[i].starting}
		if !watchers[i].apart {
			one.Content = contentOf(watchers[i].repo)
		}
		shown = append(shown, one)
	}
	return shown, machines
}

// watcher makes views of a ledger that somebody else writes.
type watcher struct {
	name     string
	repo     *gitrepo.Repo
	apart    bool // the repository is the ledger's alone, without what it admits
	ref      string
	anchor   schema.Digest
	interval time.Duration
	requests string // address of the forge's merge requests
	log      *slog.Logger
	wake     chan struct{} // look at once

	past journal.Fold
	told string // the trouble that was logged last
	from string // the ref that the ledger was read from last
	view atomic.Pointer[schema.View]

	plain *schema.View              // the ledger's, without what the branches hold
	clone *reconciler.Clone         // what it was made from
	waits map[string]unjudgedBranch // those that were seen to hold what nobody has judged, by full name

	doing atomic.Pointer[schema.Starting]
}

// at keeps what it is at, for those who look before there is a view.
func (w *watcher) at(doing string) { w.doing.Store(&schema.Starting{Doing: doing, Since: now()}) }

func (w *watcher) starting() schema.Starting {
	if now := w.doing.Load(); now != nil {
		return *now
	}
	return schema.Starting{}
}

func openWatcher(ctx context.Context, op schema.Operator, log *slog.Logger) (*watcher, error) {
	project := op.Projects[0]
	if project.Ledger.Repository == "" {
		project.Ledger.Repository = project.Repository
	}
	if project.Ledger.Branch == "" {
		project.Ledger.Branch = schema.DefaultLedgerBranch
	}
	remote := remoteOf(project)
	remote.URL = located(project.Ledger.Repository)
	if err := makeDir(op.StateDir); err != nil {
		return nil, &failure{code: exitUsage, err: err, hint: adviceStateDir}
	}
	repo, err := gitrepo.Open(ctx, filepath.Join(op.StateDir, "mirror"), remote, gitrepo.WithOrigins())
	if err != nil {
		return nil, settingError(err)
	}
	return &watcher{name: redacted(project.Repository), repo: repo, apart: project.Ledger.Repository != project.Repository, ref: "refs/heads/" + project.Ledger.Branch, anchor: project.Anchor, interval: op.Poll.Interval, requests: requestsOf(project.GitLab), log: log, wake: make(chan struct{}, 1)}, nil
}

// Close gives the mirror back.
func (w *watcher) Close() error { return w.repo.Close() }

// run looks at every interval until ctx ends.
func (w *watcher) run(ctx context.Context) {
	tick := time.NewTicker(w.interval)
	defer tick.Stop()
	for {
		w.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-w.wake:
		}
	}
}

// wakeUp makes it look at once.
func (w *watcher) wakeUp() {
	select {
	case w.wake <- struct{}{}:
	default: // it is to look already
	}
}

// look publishes what the ledger says now. What cannot be found out leaves the last view with its time, which becomes stale.
func (w *watcher) look(ctx context.Context) {
	last := schema.View{Repository: w.name, StaleAfter: max(2*w.interval, 15*time.Second), Requests: w.requests, Alone: &schema.Alone{Every: w.interval}}
	if v := w.view.Load(); v != nil {
		last = *v
	}
	began := now().UTC()
	next, refs, err := w.next(ctx, last)
	if err == nil {
		next = w.withUnjudged(ctx, next, refs, began)
		next.Looked, err = w.heard(&next, refs, began)
	}
	if err != nil && ctx.Err() != nil {
		return
	}
	next.At, next.Problems, next.ProblemCodes = now().UTC(), nil, nil
	if err != nil {
		next.Problems, next.ProblemCodes = shownProblems(err)
	}
	next.Problems = append(next.Problems, next.Unread...)
	if text := fmt.Sprint(err); text != w.told {
		if w.told = text; err != nil {
			w.log.Error("the ledger cannot be shown as it is now", "error", err)
		}
	}
	w.view.Store(&next)
}

// next makes the view of the ledger's newest commit, or returns the last one with the reason why there is no other. refs are what was
// fetched.
func (w *watcher) next(ctx context.Context, last schema.View) (next schema.View, refs map[string]schema.Hash, err error) {
	w.at("the repository is fetched")
	if refs, err = (gitrepo.Mirror{Repo: w.repo}).Fetch(ctx); err != nil {
		return last, nil, fmt.Errorf("fetch the ledger: %w", err)
	}
	from, tip, err := w.ledgerIn(ctx, refs)
	if err != nil {
		return last, nil, err
	}
	next, err = w.viewAt(ctx, last, from, tip)
	return next, refs, err
}

// viewAt makes the view of a ledger.
func (w *watcher) viewAt(ctx context.Context, last schema.View, from string, tip schema.Hash) (schema.View, error) {
	switch {
	case tip.IsZero() && w.past.Read() > 0:
		return last, &ledger.Doubt{Code: ledger.LogRollback, Err: fmt.Errorf("the ledger's branch is gone, it had %d entries", w.past.Read())}
	case tip.IsZero():
		return last, fmt.Errorf("there is no branch %s in %s, nor does it know one of its origin: the project is not sealed yet, or this is a clone that has to fetch [no-ledger]", strings.TrimPrefix(w.ref, "refs/heads/"), w.name)
	case tip == last.Ledger.Tip && w.plain != nil:
		plain := *w.plain
		plain.Ledger.Ref = from
		return plain, nil
	}
	w.at("the ledger is read and proven")
	clone, err := reconciler.OpenClone(ctx, w.repo, tip, w.anchor)
	if err != nil {
		return last, err
	}
	if err := w.goesOn(ctx, clone.Ledger); err != nil {
		return last, err
	}
	view, err := clone.View(ctx)
	if err != nil {
		return last, err
	}
	if view, err = reconciler.WithNext(ctx, view, clone.Ledger, clone.Project, now()); err != nil {
		return last, err
	}
	if !w.apart {
		_ = reconciler.WithAbove(ctx, view, clone.Ledger, gitrepo.Mirror{Repo: w.repo}) // the view says what is not known
	}
	view.Journal = w.past.Journal()
	view.Journal.Whole = true
	view.Repository, view.StaleAfter, view.Ledger.Ref, view.Requests, view.Alone = last.Repository, last.StaleAfter, from, w.requests, &schema.Alone{Every: w.interval}
	if from != w.from {
		w.from = from
		w.log.Info("the ledger is read", "ref", from)
	}
	w.plain, w.clone = &view, clone
	return view, nil
}

// goesOn reads what is new, if what was read before is still the beginning: a ledger that is shorter or another is not shown.
func (w *watcher) goesOn(ctx context.Context, l *ledger.Ledger) error {
	if read := w.past.Read(); read > 0 {
		if l.Head().Size < read {
			return &ledger.Doubt{Code: ledger.LogRollback, Err: fmt.Errorf("the ledger has %d entries and had %d", l.Head().Size, read)}
		}
		_, raw, err := l.Entry(ctx, read)
		if err != nil {
			return err
		}
		if known, ok := w.past.Journal().Record(read); !ok || known.Digest != schema.DigestOf(raw) {
			return &ledger.Doubt{Code: ledger.LogFork, Err: fmt.Errorf("entry %d of the ledger is another one than before", read)}
		}
	}
	return reconciler.ReadJournal(ctx, &w.past, l, 0)
}

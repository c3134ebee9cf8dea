package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/lease"
	"github.com/sluice-gitops/sluice/schema"
)

// daemon is one project's reconciler with everything it holds open.
type daemon struct {
	reconciler *reconciler.Reconciler
	heir       atomic.Pointer[daemon]      // works in its place since the operator's file was read again
	before     atomic.Pointer[schema.View] // what was shown until then
	name       string                      // as the logs have it
	targets    []string                    // their names
	commands   []string                    // what its texts may advise
	embedded   string                      // endpoint of the etcd inside, if there is one
	repo       *gitrepo.Repo

	election     *lease.Election // nil: each reconciler works
	forge        *gitlab.Client
	forgeProject string // as the operator wrote it
	ledgerRef    string
	closers      []func() error
}

// Close gives back connections, last opened first.
func (d *daemon) Close() error {
	var errs []error
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i]())
	}
	d.closers = nil
	return errors.Join(errs...)
}

// openDaemon puts a project's reconciler together from the operator's file.
func openDaemon(ctx context.Context, op schema.Operator, project schema.OperatorProject, shared process, log *slog.Logger) (_ *daemon, err error) {
	d := &daemon{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	cfg := reconciler.Config{
		Name: redacted(project.Repository), Anchor: project.Anchor, Log: log,
		Tracer: shared.tracer, Interval: op.Poll.Interval, Jitter: op.Poll.Jitter, GuardsEvery: op.Poll.Guardrails, StateDir: op.StateDir, Page: op.Page,
	}
	if err := loadLogKeys(op, &cfg); err != nil {
		return nil, err
	}
	if err := d.openRepositories(ctx, op, project, &cfg); err != nil {
		return nil, err
	}
	if err := d.openForge(project, shared.budgets, log, &cfg); err != nil {
		return nil, err
	}
	if err := openWitnesses(project, &cfg); err != nil {
		return nil, err
	}
	if err := d.openTargets(ctx, op, project, log, &cfg); err != nil {
		return nil, err
	}
	if err := d.openElection(project, log, &cfg); err != nil {
		return nil, err
	}
	d.name, d.targets = cfg.Name, slices.Sorted(maps.Keys(cfg.Targets))
	d.reconciler, err = reconciler.New(cfg)
	return d, err
}

func (d *daemon) openRepositories(ctx context.Context, op schema.Operator, project schema.OperatorProject, cfg *reconciler.Config) error {
	remote := remoteOf(project)
	repo, err := gitrepo.Open(ctx, filepath.Join(op.StateDir, "mirror"), remote)
	if err != nil {
		return settingError(err)
	}
	d.closers = append(d.closers, repo.Close)
	d.repo = repo
	apart := project.Ledger.Repository != "" && project.Ledger.Repository != project.Repository
	cfg.Repository = gitrepo.Mirror{Repo: repo, Pushes: !apart} // what is recorded is pushed to the ledger
	branch := project.Ledger.Branch
	if branch == "" {
		branch = schema.DefaultLedgerBranch
	}
	cfg.LedgerRef = "refs/heads/" + branch
	d.ledgerRef = cfg.LedgerRef
	if !apart {
		return nil
	}
	remote.URL = located(project.Ledger.Repository)
	ledgerRepo, err := gitrepo.Open(ctx, filepath.Join(op.StateDir, "ledger"), remote)
	if err != nil {
		return settingError(err)
	}
	d.closers = append(d.closers, ledgerRepo.Close)
	cfg.Ledger = gitrepo.Mirror{Repo: ledgerRepo, Pushes: true}
	return nil
}

func remoteOf(project schema.OperatorProject) gitrepo.Remote {
	return gitrepo.Remote{
		URL: located(project.Repository), Username: project.Username, TokenFile: project.TokenFile,
		SSHKeyFile: project.SSHKeyFile, KnownHostsFile: project.KnownHostsFile, CAFile: project.CAFile,
	}
}

// located makes a relative path absolute; like the other files of the operator's it counts from the working directory.
func located(repository string) string {
	if strings.Contains(repository, ":") || filepath.IsAbs(repository) {
		return repository // a URL, or host:path
	}
	if dir, err := filepath.Abs(repository); err == nil {
		return dir
	}
	return repository
}

// settingError says where a setting of the repository that makes no sense was made.
func settingError(err error) error {
	if !errors.Is(err, gitrepo.ErrUsage) {
		return err
	}
	return &failure{code: exitUsage, err: err, hint: "correct the repository's settings in the operator's file, or the flags"}
}

// process is what the projects of one process share.
type process struct {
	budgets budgets
	tracer  reconciler.Tracer // nil: nobody is told what passes did
}

// budgets are what may be asked of each GitLab, by its address, however many projects are there.
type budgets map[string]*gitlab.Budget

func (b budgets) of(address string) *gitlab.Budget { return b.allow(address, 0) }

// allow says how many requests a second a GitLab gets, 0 for the usual; what was said before holds.
func (b budgets) allow(address string, perSecond float64) *gitlab.Budget {
	u, err := url.Parse(address)
	if err != nil {
		return nil // it is refused with its project
	}
	key := strings.ToLower(u.Scheme + "://" + u.Host)
	if b[key] == nil {
		b[key] = gitlab.NewBudget(perSecond)
	}
	return b[key]
}

func (d *daemon) openForge(project schema.OperatorProject, shared budgets, log *slog.Logger, cfg *reconciler.Config) error {
	if project.GitLab == nil {
		return &failure{
			code: exitUsage, err: fmt.Errorf("project %s has no gitlab", redacted(project.Repository)),
			hint: "GitLab is asked for the merge request that brought a change: write gitlab: into the operator's file, or give --gitlab-url, --gitlab-project and --gitlab-token-file",
		}
	}
	access := forgeConfig(project, log)
	access.Budget = shared.of(project.GitLab.URL)
	access.Writes = access.Writes || cfg.BotKey != nil
	forge, err := gitlab.New(access)
	if err != nil {
		return &failure{code: exitUsage, err: err, hint: "correct gitlab: in the operator's file; its token_file holds a project access token with role Developer and scope api, or Reporter and read_api where notes: is false"}
	}
	d.closers = append(d.closers, forge.Close)
	cfg.Forge, cfg.Guards, cfg.Statuses, cfg.Proposer, cfg.Merger = forge, forge, forge, forge, forge
	d.forge, d.forgeProject, cfg.Requests = forge, project.GitLab.Project, requestsOf(project.GitLab)
	if !project.GitLab.NoNotes {
		cfg.Announcer = forge
	}
	return nil
}

func forgeConfig(project schema.OperatorProject, log *slog.Logger) gitlab.Config {
	return gitlab.Config{
		URL: project.GitLab.URL, Project: project.GitLab.Project, TokenFile: project.GitLab.TokenFile, CAFile: project.GitLab.CAFile,
		Pushes: project.TokenFile == project.GitLab.TokenFile && project.SSHKeyFile == "", Writes: !project.GitLab.NoNotes, Log: log,
	}
}

func (d *daemon) openTargets(ctx context.Context, op schema.Operator, project schema.OperatorProject, log *slog.Logger, cfg *reconciler.Config) error {
	addresses, err := d.addresses(op, project)
	if err != nil {
		return err
	}
	cfg.Targets = map[string]integrations.Target{}
	for name, address := range addresses {
		target, err := openTarget(ctx, name, address, cfg.HeadKeys, log)
		if err != nil {
			return err
		}
		cfg.Targets[name] = target
		if c, ok := target.(integrations.Closer); ok {
			d.closers = append(d.closers, c.Close)
		}
	}
	return nil
}

// addresses adds the embedded etcd, which serves the name etcd where the operator's file has no other.
func (d *daemon) addresses(op schema.Operator, project schema.OperatorProject) (map[string]schema.TargetAddress, error) {
	out := map[string]schema.TargetAddress{}
	for name, address := range project.Targets {
		out[name] = address
	}
	if op.Embedded == nil {
		return out, nil
	}
	dir := op.Embedded.Directory
	if dir == "" {
		dir = filepath.Join(op.StateDir, "etcd")
	}
	server, err := etcd.StartEmbedded(dir, etcd.EmbeddedOptions{Listen: op.Embedded.Listen})
	if err != nil {
		return nil, err
	}
	d.closers = append(d.closers, func() error { server.Close(); return nil })
	d.embedded = server.Endpoint()
	if _, ok := out["etcd"]; !ok {
		out["etcd"] = schema.TargetAddress{Name: "etcd", Kind: "etcd", Endpoints: []string{server.Endpoint()}}
	}
	return out, nil
}

func openTarget(ctx context.Context, name string, address schema.TargetAddress, keys *integrations.LogKeys, log *slog.Logger) (integrations.Target, error) {
	spec := integrations.Spec{Name: name, Kind: address.Kind, Settings: settings(address), Keys: keys, Now: time.Now, Log: log}
	for _, i := range all() {
		if i.Name == address.Kind && i.Target != nil {
			return i.Target(ctx, spec)
		}
	}
	var kinds []string
	for _, i := range all() {
		if i.Target != nil {
			kinds = append(kinds, i.Name)
		}
	}
	return nil, usageError(fmt.Errorf("target %s: kind %q: want one of %s", name, address.Kind, strings.Join(kinds, ", ")))
}

// settings writes an address as the integrations read it: what is not set is not there.
func settings(a schema.TargetAddress) map[string]string {
	out := map[string]string{}
	for name, value := range map[string]string{
		"endpoints": strings.Join(a.Endpoints, ","), "root": a.Root, "prefix": a.Prefix, "directory": a.Directory, "namespace": a.Namespace,
		"context": a.Context, "kubeconfig_file": a.KubeconfigFile, "username": a.Username, "password_file": a.PasswordFile,
		"token_file": a.TokenFile, "cert_file": a.CertFile, "key_file": a.KeyFile, "ca_file": a.CAFile,
	} {
		if value != "" {
			out[name] = value
		}
	}
	for name, value := range a.Settings {
		out[name] = value
	}
	return out
}

// redacted leaves out what might be a credential in an address: the user, and all behind the path.
func redacted(repository string) string {
	scheme, rest, ok := strings.Cut(repository, "://")
	if !ok {
		return repository
	}
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	authority, path, isPath := strings.Cut(rest, "/")
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		authority = authority[at+1:]
	}
	if isPath {
		path = "/" + path
	}
	return scheme + "://" + authority + path
}

// makeDir makes a directory that only this user reads.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	return nil
}

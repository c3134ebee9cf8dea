package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/pflag"

	"github.com/sluice-gitops/sluice/reconciler/agent"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	provideretcd "github.com/sluice-gitops/sluice/reconciler/provider/etcd"
	"github.com/sluice-gitops/sluice/reconciler/provider/file"
	providerhttp "github.com/sluice-gitops/sluice/reconciler/provider/http"
	"github.com/sluice-gitops/sluice/reconciler/provider/mount"
)

// appReader makes what an app is read with.
type appReader struct {
	common provider.Options
	source func(app string) (provider.Source, error)
	close  func()
}

func (r appReader) of(app string) (provider.Options, error) {
	o := r.common
	o.App = app
	var err error
	o.Source, err = r.source(app)
	return o, err
}

// agentOptions reads the flags, and refuses what would do nothing or cannot be meant.
func (a *app) agentOptions(f agentFlags) (agent.Options, appReader, error) {
	log := a.logger(f.logFormat)
	o := agent.Options{In: a.in, Out: a.out, Errs: a.errs, Log: log}
	for _, check := range []func() error{f.complete, f.coherent, func() error { return f.receivers(&o) }} {
		if err := check(); err != nil {
			return o, appReader{}, err
		}
	}
	r, err := f.readers()
	r.common.Log = log
	return o, r, err
}

// meant refuses what was given and says nothing: a command that is empty, as a variable that is not set leaves it, and a time
// that is none, for which the default would stand.
func meant(flags *pflag.FlagSet) error {
	var errs []error
	flags.Visit(func(flag *pflag.Flag) {
		d, err := time.ParseDuration(flag.Value.String())
		switch {
		case flag.Value.Type() == "duration" && err == nil && d <= 0:
			errs = append(errs, fmt.Errorf("--%s %s: want more than 0, like %s", flag.Name, d, flag.DefValue))
		case flag.Value.String() == "" && slices.Contains([]string{"check", "reload", "signal", "pid-file", "stop-signal"}, flag.Name):
			errs = append(errs, fmt.Errorf("--%s is empty: say what is meant, or leave the flag out", flag.Name))
		}
	})
	if len(errs) > 0 {
		return usageError(errs[0])
	}
	return nil
}

// complete names the first setting that the agent cannot do without.
func (f agentFlags) complete() error {
	sources := 0
	for _, given := range []bool{len(f.etcd) > 0, f.http != "", f.file != "", f.mount != ""} {
		if given {
			sources++
		}
	}
	switch {
	case f.project == "":
		return missingFlag("--project; the id is in root.yaml of the trust directory", "the project")
	case f.stage == "":
		return missingFlag("--stage", "the stage")
	case len(f.apps) == 0:
		return missingFlag("--app", "the app")
	case (f.keys == "") == (len(f.key) == 0):
		return missingFlag("--keys FILE or --key LINE, one of the two: the reconciler's log key, as log_keys of root.yaml has it", "whom to believe")
	case sources > 1:
		return usageError(errors.New("--etcd, --http, --file and --mount are places to read: give one of them"))
	case sources != 1:
		return missingFlag("one of --etcd, --http, --file and --mount", "where to read")
	case f.out == "" && len(f.child) == 0 && f.apollo == "":
		return missingFlag("--out DIR, --apollo ADDRESS, or a program after --", "who gets the configuration")
	}
	return nil
}

// coherent refuses flags that have no effect together.
func (f agentFlags) coherent() error {
	where := f.http + f.file + f.mount
	for _, rule := range []struct {
		wrong bool
		text  string
	}{
		{len(f.apps) > 1 && (f.apollo == "" || f.out != "" || len(f.child) > 0), "several --app: only with --apollo, and without --out and a program"},
		{len(f.apps) > 1 && where != "" && !strings.Contains(where, "{app}"), "several --app: write {app} where the name belongs into --http, --file or --mount"},
		{f.out == "" && f.check+f.reload+f.signal != "", "--check, --reload and --signal are for the files of --out"},
		{strings.ContainsFunc(f.instance, notInAName) || len(f.instance) > 200, fmt.Sprintf("--instance %q: want a name as a host or a Pod has one, at most 200 bytes without blanks and slashes", f.instance)},
		{f.unread() != nil, fmt.Sprintf("--instance, --service and --label: the reconciler could not read what this instance reports: %v", f.unread())},
		{len(f.etcd) > 0 && etcd.CheckRoot(f.etcdRoot) != nil, fmt.Sprintf("--etcd-root: %v", etcd.CheckRoot(f.etcdRoot))},
		{(f.signal == "") != (f.pidFile == ""), "--signal and --pid-file belong together"},
		{len(f.env) > 0 && len(f.child) == 0, "--env is for a program after --"},
		{f.once && (len(f.child) > 0 || f.apollo != ""), "--once is for --out alone"},
		{f.apollo == "" && (f.apolloKeys+f.apolloCert+f.apolloKey != "" || f.anonymous || len(f.apolloNames) > 0), "--apollo-access-keys, --apollo-name, --apollo-tls-cert, --apollo-tls-key and --apollo-anonymous are for --apollo"},
		{(f.apolloCert == "") != (f.apolloKey == ""), "--apollo-tls-cert and --apollo-tls-key belong together"},
		{f.httpHeaders != "" && f.http == "", "--http-header-file is for --http"},
		{f.cache == "" && f.start != "" && f.start != "fresh", "--start " + f.start + " needs --cache"},
		{!slices.Contains([]string{"", "fresh", "stale", "cached"}, f.start), fmt.Sprintf("--start %q: want fresh, stale or cached", f.start)},
	} {
		if rule.wrong {
			return usageError(errors.New(rule.text))
		}
	}
	if f.apollo != "" {
		return f.listening()
	}
	return nil
}

// receivers says who gets the configuration.
func (f agentFlags) receivers(o *agent.Options) error {
	if f.out != "" {
		mode, err := strconv.ParseUint(f.mode, 8, 32)
		if err != nil || mode&^0o666 != 0 || mode&0o400 == 0 {
			return usageError(fmt.Errorf("--mode %q: want an octal number like 0640 that lets the owner read and nobody run", f.mode))
		}
		dir, err := filepath.Abs(f.out)
		if err != nil {
			return usageError(fmt.Errorf("--out: %w", err))
		}
		o.Output = &agent.Output{Dir: dir, Mode: fs.FileMode(mode)}
	}
	for flag, to := range map[string]struct {
		line string
		into **agent.Command
	}{"--check": {f.check, &o.Check}, "--reload": {f.reload, &o.Reload}} {
		if to.line == "" {
			continue
		}
		c, err := agent.ParseCommand(to.line, f.shell)
		if err != nil {
			return usageError(fmt.Errorf("%s: %w", flag, err))
		}
		c.Timeout = f.checkTimeout
		*to.into = &c
	}
	if f.signal != "" {
		s, err := agent.ParseSignal(f.signal)
		if err != nil {
			return usageError(fmt.Errorf("--signal: %w", err))
		}
		o.Signal = &agent.PidSignal{Signal: s, File: f.pidFile}
	}
	if len(f.child) == 0 {
		return nil
	}
	return f.program(o)
}

func (f agentFlags) program(o *agent.Options) error {
	child := &agent.Child{Argv: f.child, Grace: f.grace, Env: agent.Environment{Files: f.env, Prefix: f.envPrefix}}
	var err error
	if f.stop != "" {
		if child.Stop, err = agent.ParseSignal(f.stop); err != nil {
			return usageError(fmt.Errorf("--stop-signal: %w", err))
		}
	}
	switch f.onChange {
	case "restart":
	case "nothing":
		child.OnChange.Leave = true
	default:
		if child.OnChange.Signal, err = agent.ParseSignal(f.onChange); err != nil {
			return usageError(fmt.Errorf("--on-change: want restart, nothing or a signal: %w", err))
		}
	}
	o.Child = child
	return nil
}

// readers says where apps are read, and whom to believe.
func (f agentFlags) readers() (appReader, error) {
	r := appReader{close: func() {}, common: provider.Options{
		Project: f.project, Stage: f.stage, Patience: f.patience, Refresh: f.refresh,
		Identity: provider.Identity{Instance: f.instance, Service: f.service, Labels: f.labels},
	}}
	if f.keys != "" {
		r.common.Keys = provider.KeyFile(f.keys)
	} else {
		keys, err := provider.ParseKeys(strings.Join(f.key, "\n"))
		if err != nil {
			return r, usageError(fmt.Errorf("--key: %w", err))
		}
		r.common.Keys = keys
	}
	if _, err := r.common.Keys.Pinned(); err != nil {
		return r, usageError(fmt.Errorf("--keys: %w", err))
	}
	if f.cache != "" {
		r.common.Cache, r.common.Start = provider.DirCache(f.cache), provider.AllowStale(f.maxAge)
	}
	switch f.start {
	case "fresh":
		r.common.Start = provider.RequireFresh()
	case "cached":
		r.common.Start = provider.AllowFallback()
	}
	return f.sources(r)
}

func (f agentFlags) sources(r appReader) (appReader, error) {
	place := func(text, app string) string { return strings.ReplaceAll(text, "{app}", app) }
	switch {
	case f.file != "":
		r.source = func(app string) (provider.Source, error) { return file.New(place(f.file, app)), nil }
	case f.mount != "":
		r.source = func(app string) (provider.Source, error) { return mount.New(place(f.mount, app)), nil }
	case f.http != "":
		headers, err := f.headers()
		if err != nil {
			return r, err
		}
		r.source = func(app string) (provider.Source, error) {
			s, err := providerhttp.New(place(f.http, app))
			if err != nil {
				return nil, usageError(fmt.Errorf("--http: %w", err))
			}
			s.Header = headers
			return s, nil
		}
	default:
		settings := map[string]string{"endpoints": strings.Join(f.etcd, ",")}
		for name, value := range map[string]string{"ca_file": f.etcdCA, "cert_file": f.etcdCert, "key_file": f.etcdKey, "username": f.etcdUser, "password_file": f.etcdPass} {
			if value != "" {
				settings[name] = value
			}
		}
		config, err := etcd.ReaderConfig(settings)
		if err != nil {
			return r, usageError(err)
		}
		connection := provideretcd.Connect(config)
		r.close = func() { _ = connection.Close() } // nothing is under way any more
		r.source = func(app string) (provider.Source, error) {
			return agentEtcd{connection.Source(provideretcd.Place(f.etcdRoot, f.stage, app)), settings}, nil
		}
	}
	return r, nil
}

// headers reads what is sent along, which may be a secret: it goes over https or to this machine alone.
func (f agentFlags) headers() (http.Header, error) {
	if f.httpHeaders == "" {
		return nil, nil
	}
	u, err := url.Parse(f.http)
	if err != nil || u.Scheme != "https" && !loopback(net.JoinHostPort(u.Hostname(), "80")) {
		return nil, usageError(errors.New("--http-header-file: headers may hold a password, which needs https"))
	}
	text, err := os.ReadFile(f.httpHeaders)
	if err != nil {
		return nil, usageError(fmt.Errorf("--http-header-file: %w", err))
	}
	headers := http.Header{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		name, value, ok := strings.Cut(lines.Text(), ":")
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		if !ok {
			return nil, usageError(fmt.Errorf("--http-header-file: line %d: want Name: value", n))
		}
		headers.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return headers, nil
}

// loopback reports whether an address is of this machine alone.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// unread is why the reconciler could not read what this instance reports. Without an instance nothing is reported.
func (f agentFlags) unread() error {
	if f.instance == "" {
		return nil
	}
	text, err := json.Marshal(provider.Report{V: 1, Instance: f.instance, Service: f.service, Labels: f.labels, At: time.Now()})
	if err == nil {
		_, err = integrations.ParseReport(f.instance, text)
	}
	return err
}

func notInAName(r rune) bool { return r == '/' || unicode.IsSpace(r) || !unicode.IsPrint(r) }

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/agent"
)

// agentFlags are what sluice agent reads, whom it believes, and who gets it.
type agentFlags struct {
	project, stage, keys string
	apps, key            []string

	etcd                                                    []string
	etcdRoot, etcdCA, etcdCert, etcdKey, etcdUser, etcdPass string
	http, httpHeaders, file, mount                          string
	cache, start                                            string
	maxAge, patience, refresh                               time.Duration
	instance, service                                       string
	labels                                                  map[string]string
	out, mode, check, reload, signal, pidFile               string
	shell                                                   bool
	checkTimeout                                            time.Duration
	env                                                     []string
	envPrefix, onChange, stop                               string
	grace                                                   time.Duration
	apollo, apolloKeys, apolloCert, apolloKey, logFormat    string
	apolloNames                                             []string
	anonymous, once                                         bool
	child                                                   []string
}

func (a *app) agentCommand() *cobra.Command {
	var f agentFlags
	c := &cobra.Command{
		Use: "agent [flags] [-- PROGRAM ARGS...]", Short: "Bring admitted configuration to a program that does not read it itself",
		Long: `agent reads what the reconciler delivered for an app in a stage, verifies it against the pinned log key, and keeps it new:
as files in a directory, as the files and environment of a program that it runs, or for clients of Apollo. What the check
command refuses is never seen, and with --cache it goes on, and starts, with the last it knew when everything is down.`,
		Example: `  sluice agent --project 5f0c66d1 --stage production --app pay --keys log_keys --etcd https://etcd:2379 \
    --out /srv/pay --check 'nginx -t -c {dir}/nginx.conf' --reload 'nginx -s reload'
  sluice agent --project 5f0c66d1 --stage production --app pay --keys log_keys --mount /etc/pay-config \
    --env app.yaml -- /usr/bin/pay --listen :8080
  sluice agent --project 5f0c66d1 --stage production --app pay --app shop/cart --keys log_keys --etcd https://etcd:2379 \
    --apollo 127.0.0.1:8080 --apollo-access-keys access_keys`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := meant(c.Flags()); err != nil {
				return err
			}
			f.child = args
			return a.agent(c.Context(), f)
		},
	}
	f.sourceFlags(c)
	f.receiverFlags(c)
	return c
}

func (f *agentFlags) sourceFlags(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.project, "project", "", "the project's `ID`, which is in root.yaml")
	flags.StringVar(&f.stage, "stage", "", "`STAGE` to read")
	flags.StringArrayVar(&f.apps, "app", nil, "`APP` to read; may be repeated with --apollo")
	flags.StringVar(&f.keys, "keys", "", "`FILE` with the pinned log keys, one per line, read again before each look")
	flags.StringArrayVar(&f.key, "key", nil, "a pinned log key as `LINE` (ssh-ed25519 AAAA…); may be repeated")
	flags.StringSliceVar(&f.etcd, "etcd", nil, "read from etcd: an `ENDPOINT`; may be repeated")
	flags.StringVar(&f.etcdRoot, "etcd-root", "/config", "the stage's `ROOT` there")
	flags.StringVar(&f.etcdCA, "etcd-ca", "", "`FILE` with who signed the servers' certificates")
	flags.StringVar(&f.etcdCert, "etcd-cert", "", "`FILE` with the client certificate")
	flags.StringVar(&f.etcdKey, "etcd-key", "", "`FILE` with its key")
	flags.StringVar(&f.etcdUser, "etcd-user", "", "`NAME` to log in with")
	flags.StringVar(&f.etcdPass, "etcd-password-file", "", "`FILE` with the password")
	flags.StringVar(&f.http, "http", "", "read from a web server: `URL` of the app; {app} in it stands for the app's name")
	flags.StringVar(&f.httpHeaders, "http-header-file", "", "`FILE` with headers to send, one per line")
	flags.StringVar(&f.file, "file", "", "read from a `FILE` with a signed head; {app} as in --http")
	flags.StringVar(&f.mount, "mount", "", "read from a mounted ConfigMap or a directory that the target fills: `DIR`; {app} as in --http")
	flags.StringVar(&f.cache, "cache", "", "keep the last configuration that was live in `DIR`")
	flags.StringVar(&f.start, "start", "", "start with what is `fresh`, stale (cached, and confirmed within --max-age), or cached (of any age); by default stale with --cache, else fresh")
	flags.DurationVar(&f.maxAge, "max-age", 24*time.Hour, "how old a cached configuration may be to start with")
	flags.DurationVar(&f.patience, "patience", 5*time.Second, "how long to try a source that does not answer at the start")
	flags.DurationVar(&f.refresh, "refresh", 5*time.Minute, "how often everything is read again, whatever the watch says")
	flags.StringVar(&f.instance, "instance", "", "report to the reconciler what runs here, as instance `NAME`; gray rules choose by it")
	flags.StringVar(&f.service, "service", "", "the program's `NAME`, for gray rules")
	flags.StringToStringVar(&f.labels, "label", nil, "`NAME=VALUE` for gray rules; may be repeated")
	flags.BoolVar(&f.once, "once", false, "take what there is now and end")
	flags.StringVar(&f.logFormat, "log-format", "text", "log as `FORMAT`: text or json")
}

func (f *agentFlags) receiverFlags(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.out, "out", "", "keep the files in `DIR`, which is the agent's alone and one app's in one stage")
	flags.StringVar(&f.mode, "mode", "0600", "`MODE` of the files; who may read may enter directories and run programs")
	flags.StringVar(&f.check, "check", "", "`COMMAND` that is asked about new files before they are switched to; {dir} is where they are, with --shell $SLUICE_DIR")
	flags.DurationVar(&f.checkTimeout, "command-timeout", 30*time.Second, "how long --check and --reload may take")
	flags.StringVar(&f.reload, "reload", "", "`COMMAND` after the switch; where it fails it is tried again")
	flags.BoolVar(&f.shell, "shell", false, "run --check and --reload with sh -c; by default they are words, and no shell reads them")
	flags.StringVar(&f.signal, "signal", "", "`SIGNAL` for the program whose process id is in --pid-file, after the switch")
	flags.StringVar(&f.pidFile, "pid-file", "", "`FILE` with that process id")
	flags.StringArrayVar(&f.env, "env", nil, "give PROGRAM the keys of `FILE` as variables: server.port is SERVER_PORT; may be repeated")
	flags.StringVar(&f.envPrefix, "env-prefix", "", "`PREFIX` of these variables")
	flags.StringVar(&f.onChange, "on-change", "restart", "what PROGRAM gets when its configuration changed: restart, nothing, or a `SIGNAL` like HUP")
	flags.StringVar(&f.stop, "stop-signal", "", "`SIGNAL` that asks PROGRAM to end; by default TERM, or the INT that ends the agent")
	flags.DurationVar(&f.grace, "grace", 10*time.Second, "how long PROGRAM has to end before it is killed")
	flags.StringVar(&f.apollo, "apollo", "", "answer clients of Apollo at `ADDRESS`")
	flags.StringVar(&f.apolloKeys, "apollo-access-keys", "", "`FILE` with access keys: an app and its key, at least 16 characters, on each line")
	flags.BoolVar(&f.anonymous, "apollo-anonymous", false, "answer also whoever has no access key, about the apps that have none, from every machine")
	flags.StringArrayVar(&f.apolloNames, "apollo-name", nil, "a host `NAME` that clients ask for; may be repeated. Without access keys it is localhost alone, beside addresses")
	flags.StringVar(&f.apolloCert, "apollo-tls-cert", "", "`FILE` with the certificate for https")
	flags.StringVar(&f.apolloKey, "apollo-tls-key", "", "`FILE` with its key")
}

func (a *app) agent(ctx context.Context, f agentFlags) error {
	o, apps, err := a.agentOptions(f)
	if err != nil {
		return err
	}
	defer apps.close()
	if f.apollo != "" {
		return a.agentApollo(ctx, f, o, apps)
	}
	o.Provider, err = apps.of(f.apps[0])
	if err != nil {
		return err
	}
	if f.once {
		return readerError(agent.Once(ctx, o))
	}
	return a.agentRun(ctx, o)
}

// agentRun runs until it is told to end; with a program it ends with that, and as that did.
func (a *app) agentRun(ctx context.Context, o agent.Options) error {
	if o.Child != nil {
		signals := make(chan os.Signal, 8)
		signal.Notify(signals, agent.Signals()...)
		defer signal.Stop(signals)
		o.Signals = signals
	}
	code, err := agent.Run(ctx, o)
	if err != nil {
		return readerError(err)
	}
	if code != 0 {
		return answer{code}
	}
	return nil
}

// listening refuses to answer everybody about configuration unless that was asked for in words.
func (f agentFlags) listening() error {
	switch {
	case f.apolloKeys != "" || f.anonymous || loopback(f.apollo):
		return nil
	}
	return &failure{
		code: exitUsage, err: errors.New("--apollo: without access keys everybody who reaches the address could read the configuration"),
		hint: "give --apollo-access-keys, listen on 127.0.0.1, or say --apollo-anonymous",
	}
}

func missingFlag(name, what string) error {
	return &failure{code: exitUsage, err: fmt.Errorf("%s is not set", what), hint: "give " + name}
}

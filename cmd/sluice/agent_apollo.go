package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/agent"
	"github.com/sluice-gitops/sluice/reconciler/agent/apollo"
	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// agentApollo answers Apollo's clients about every app. An app that cannot be read is tried again, and keeps nobody from the
// others.
func (a *app) agentApollo(ctx context.Context, f agentFlags, o agent.Options, apps appReader) error {
	keys, err := f.accessKeys()
	if err != nil {
		return err
	}
	options := f.apolloOptions(keys)
	options.Log = o.Log
	handler := apollo.New(options)
	if info, err := os.Stat(f.apolloKeys); f.apolloKeys != "" && err == nil && info.Mode().Perm()&0o007 != 0 {
		o.Log.Warn("found the access keys readable by everybody", "file", f.apolloKeys, "mode", info.Mode().Perm().String(), "fix", "chmod o= "+f.apolloKeys)
	}
	server, err := f.apolloServer(handler)
	if err != nil {
		return err
	}
	o.Log.Info("serving Apollo's clients", "address", server.address)
	each := make([]agent.Options, len(f.apps))
	for i, name := range f.apps {
		each[i] = o
		each[i].Log = o.Log.With("app", name)
		if each[i].Provider, err = apps.of(name); err != nil {
			return err
		}
		each[i].Provider.Log = each[i].Log
		each[i].Publish = func(s *provider.Snapshot) {
			for _, err := range handler.Publish(name, s) {
				each[i].Log.Warn("not served as flat keys", "error", err)
			}
		}
	}
	return a.runApollo(ctx, server, each)
}

// runApollo ends with the program, where there is one, else with ctx.
func (a *app) runApollo(ctx context.Context, server *pageServer, each []agent.Options) error {
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if each[0].Child == nil {
		context.AfterFunc(ctx, stop)
	}
	var wg sync.WaitGroup
	served := make(chan error, 1)
	wg.Go(func() { defer stop(); served <- server.serve(serving, slog.New(slog.DiscardHandler)) })
	var err error
	if each[0].Child != nil {
		err = a.agentRun(ctx, each[0])
		stop()
	} else {
		for _, o := range each {
			wg.Go(func() { persist(serving, o) })
		}
	}
	wg.Wait()
	if failed := <-served; failed != nil {
		return failed
	}
	return err
}

// persist runs an agent until ctx ends, however often it cannot begin.
func persist(ctx context.Context, o agent.Options) {
	for pause := time.Second; ctx.Err() == nil; pause = min(2*pause, time.Minute) {
		if _, err := agent.Run(ctx, o); err != nil && ctx.Err() == nil {
			o.Log.Warn("cannot be read yet", "again_in", pause, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// apolloOptions answer whoever has a key; without keys, who is on this machine, or everybody where that was asked for in words.
func (f agentFlags) apolloOptions(keys apollo.Keys) apollo.Options {
	return apollo.Options{
		Stage: f.stage, Apps: f.apps, Keys: keys, Anonymous: f.anonymous || keys == nil,
		Names: f.apolloNames, AnyName: len(f.apolloNames) == 0 && (keys != nil || f.anonymous),
	}
}

func (f agentFlags) accessKeys() (apollo.Keys, error) {
	if f.apolloKeys == "" {
		return nil, nil
	}
	text, err := os.ReadFile(f.apolloKeys)
	if err != nil {
		return nil, usageError(fmt.Errorf("--apollo-access-keys: %w", err))
	}
	keys, err := apollo.ParseKeys(string(text))
	if err != nil {
		return nil, usageError(fmt.Errorf("--apollo-access-keys: %s: %w", f.apolloKeys, err))
	}
	return keys, nil
}

// apolloServer holds requests for a minute, so an answer may take a little longer than that.
func (f agentFlags) apolloServer(handler *apollo.Server) (*pageServer, error) {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 90 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 1 << 17, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	server.RegisterOnShutdown(handler.Close)
	page, err := listenFor("Apollo's clients", f.apollo, server)
	if err != nil || f.apolloCert == "" {
		return page, err
	}
	load := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(f.apolloCert, f.apolloKey)
		return &pair, err
	}
	if _, err := load(); err != nil {
		return nil, usageError(fmt.Errorf("--apollo-tls-cert: %w", err))
	}
	page.listener = tls.NewListener(page.listener, &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return load() }, // read again: it may be renewed
	})
	return page, nil
}

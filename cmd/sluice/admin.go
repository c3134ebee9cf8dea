package main

import (
	"context"
	"net/http"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/admin"
	"github.com/sluice-gitops/sluice/schema"
)

// adminConfig is what machines are told of the process itself.
type adminConfig struct {
	profiling bool
	reads     bool                              // it reads ledgers alone
	webhooks  func() map[string]uint64          // nil: none are received
	spans     func() (sent uint64, lost uint64) // nil: none are sent
	reload    func() (ok bool, at time.Time)    // nil: no file is read again
}

// listenAdmin opens the address of metrics and health for every project; an empty one is none.
func listenAdmin(ctx context.Context, address string, projects []admin.Project, machines adminConfig) (*pageServer, error) {
	if address == "" {
		return nil, nil
	}
	cfg := admin.Config{
		Projects: projects, Version: version, Webhooks: machines.webhooks, Spans: machines.spans, Reload: machines.reload, Reads: machines.reads, Profiling: machines.profiling,
		Stopping: func() bool { return ctx.Err() != nil },
	}
	return listenFor("metrics and health", address, &http.Server{
		Handler: admin.New(cfg), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute, // a profile takes its time
	})
}

func adminProjects(daemons []*daemon) []admin.Project {
	var out []admin.Project
	var names []string
	for _, d := range daemons {
		names = append(names, d.name)
	}
	short := pageNames(names)
	for i, d := range daemons {
		out = append(out, admin.Project{
			Name: d.name, Short: short[i], View: d.view, Targets: func() []string { return d.now().targets }, Timings: func() map[string]schema.Durations { return d.now().reconciler.Timings() },
		})
	}
	return out
}

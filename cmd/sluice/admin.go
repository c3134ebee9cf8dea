package main

import (
	"context"
	"net/http"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/admin"
)

// listenAdmin opens the address of metrics and health for every project; an empty one is none.
func listenAdmin(ctx context.Context, address string, projects []admin.Project, webhooks func() map[string]uint64, profiling bool) (*pageServer, error) {
	if address == "" {
		return nil, nil
	}
	cfg := admin.Config{Projects: projects, Version: version, Webhooks: webhooks, Profiling: profiling, Stopping: func() bool { return ctx.Err() != nil }}
	return listenFor("metrics and health", address, &http.Server{
		Handler: admin.New(cfg), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute, // a profile takes its time
	})
}

func adminProjects(daemons []*daemon) []admin.Project {
	var out []admin.Project
	for _, d := range daemons {
		out = append(out, admin.Project{Name: d.name, View: d.reconciler.View, Targets: d.targets})
	}
	return out
}

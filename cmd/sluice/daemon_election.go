package main

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/lease"
	"github.com/sluice-gitops/sluice/schema"
)

// openElection joins the election that the operator's file names.
func (d *daemon) openElection(project schema.OperatorProject, log *slog.Logger, cfg *reconciler.Config) error {
	if project.Election == "" {
		return nil
	}
	target, ok := cfg.Targets[project.Election].(*etcd.Target)
	if !ok {
		return &failure{
			code: exitUsage, err: fmt.Errorf("election: %q is no target of kind etcd of project %s", project.Election, redacted(project.Repository)),
			hint: "name one of projects[].targets whose kind is etcd; its user needs to write below ROOT/.sluice/",
		}
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	d.election, err = lease.New(lease.Config{
		Client: target.Client, Key: target.ElectionKey(project.Anchor), Name: fmt.Sprintf("%s/%d", host, os.Getpid()), Log: log,
		TTL: min(max(3*cfg.Interval, 5*time.Second), lease.DefaultTTL),
	})
	if err != nil {
		return err
	}
	cfg.Election = d.election
	return nil
}

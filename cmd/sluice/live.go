package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// live are the targets of a project, by the operator's file, opened when they are asked for.
type live struct {
	keys    *integrations.LogKeys
	targets map[string]schema.TargetAddress
	open    map[string]integrations.Target
}

// openLive finds the project in the operator's file.
func openLive(op schema.Operator, c *clone) (*live, error) {
	p, ok := operatorProject(op, c.Ledger.Head().Anchor)
	if !ok {
		return nil, &failure{code: exitUsage, err: fmt.Errorf("the operator's file has no project with the anchor %s of this clone", c.Ledger.Head().Anchor),
			hint: "give the operator's file of this project"}
	}
	var cfg reconciler.Config
	if err := loadLogKeys(op, &cfg); err != nil {
		return nil, err
	}
	return &live{keys: cfg.HeadKeys, targets: p.Targets, open: map[string]integrations.Target{}}, nil
}

func (l *live) target(ctx context.Context, name string) (integrations.Target, error) {
	if t, ok := l.open[name]; ok {
		return t, nil
	}
	address, ok := l.targets[name]
	if !ok {
		return nil, usageError(fmt.Errorf("the operator's file says nothing of target %s", name))
	}
	t, err := openTarget(ctx, name, address, l.keys, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, &failure{code: exitUsage, err: err, hint: "correct " + name + " below targets in the operator's file"}
	}
	l.open[name] = t
	return t, nil
}

func (l *live) close() {
	for _, t := range l.open {
		if c, ok := t.(integrations.Closer); ok {
			_ = c.Close() // nothing is pending
		}
	}
}

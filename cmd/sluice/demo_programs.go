package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	provideretcd "github.com/sluice-gitops/sluice/reconciler/provider/etcd"
	"github.com/sluice-gitops/sluice/reconciler/signing"
)

// programs are the demo's instances of payments in gray, each with the library that users link: they take what the rule of the
// head has for them, and report what they run.
type programs struct {
	names []string
	runs  []*provider.Binding[demoConfig]
	close []io.Closer
}

// demoConfig is what they read.
type demoConfig struct {
	Limits struct {
		MaxTransfer int    `json:"maxTransfer"`
		Currency    string `json:"currency"`
	} `json:"limits"`
}

// canary is the instance that gray's first step names by its label; the others have none.
const canary = "pay-1"

func (d *demo) startPrograms(ctx context.Context, stage string) error {
	key, err := signing.LoadLogKey(d.team.LogKey())
	if err != nil {
		return err
	}
	config, err := etcd.ReaderConfig(map[string]string{"endpoints": d.etcd})
	if err != nil {
		return err
	}
	connection := provideretcd.Connect(config)
	d.programs = &programs{close: []io.Closer{connection}}
	for n := 1; n <= 4; n++ {
		me := provider.Identity{Instance: fmt.Sprintf("pay-%d", n), Service: "payments"}
		if me.Instance == canary {
			me.Labels = map[string]string{"pool": "canary"}
		}
		source := connection.Source(provideretcd.Place(etcd.DefaultRoot, stage, string(demoApp)))
		p, err := provider.Open(ctx, provider.Options{
			Source: source, Project: d.daemon.reconciler.View().Project, Stage: stage, App: string(demoApp), Identity: me,
			Keys: provider.Keys{key.ID(): key.PublicKey()},
		})
		if err != nil {
			return fmt.Errorf("start %s: %w", me.Instance, err)
		}
		d.programs.close = append(d.programs.close, p)
		b, err := provider.Bind[demoConfig](p, provider.Files("app.yaml"))
		if err != nil {
			return fmt.Errorf("start %s: %w", me.Instance, err)
		}
		d.programs.names, d.programs.runs = append(d.programs.names, me.Instance), append(d.programs.runs, b)
	}
	return nil
}

// have counts the instances that run a limit.
func (p *programs) have(limit int) int {
	n := 0
	for _, b := range p.runs {
		if b.Load().Limits.MaxTransfer == limit {
			n++
		}
	}
	return n
}

// String says what each runs: "pay-1 8000, pay-2 5000".
func (p *programs) String() string {
	var out []string
	for i, b := range p.runs {
		out = append(out, fmt.Sprintf("%s %d", p.names[i], b.Load().Limits.MaxTransfer))
	}
	return strings.Join(out, ", ")
}

// Close ends them in the other order: the client last.
func (p *programs) Close() error {
	if p == nil {
		return nil
	}
	var errs []error
	for i := len(p.close) - 1; i >= 0; i-- {
		errs = append(errs, p.close[i].Close())
	}
	return errors.Join(errs...)
}

// seen waits until the programs run what they should, which they are told by etcd.
func (d *demo) seen(ctx context.Context, limit, instances int) error {
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for d.programs.have(limit) < instances {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return fmt.Errorf("waited 30 s for %d instances that run %d: %s", instances, limit, d.programs)
		case <-tick.C:
		}
	}
	return nil
}

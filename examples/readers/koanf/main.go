// Program koanf reads admitted configuration through koanf, under other sources as koanf layers them.
package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/knadh/koanf/parsers/json"
	"github.com/knadh/koanf/v2"

	"github.com/sluice-gitops/sluice/examples/readers"
	"github.com/sluice-gitops/sluice/reconciler/provider"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "koanf:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	p, err := readers.Open(ctx)
	if err != nil {
		return err
	}
	defer p.Close()
	var live atomic.Pointer[koanf.Koanf]
	load := func() error {
		k := koanf.New(".")
		if err := k.Load(Source{p, "app.yaml"}, json.Parser()); err != nil {
			return err
		}
		live.Store(k) // whole: nobody sees half of the new one
		return nil
	}
	if err := load(); err != nil {
		return err
	}
	changes, err := provider.Bind[map[string]any](p)
	if err != nil {
		return err
	}
	changes.AfterChange(func(_, _ *map[string]any, _ provider.Changes) {
		if err := load(); err != nil {
			fmt.Fprintln(os.Stderr, "koanf:", err)
		}
	})
	fmt.Printf("%s:%d\n", live.Load().String("server.host"), live.Load().Int("server.port"))
	return nil
}

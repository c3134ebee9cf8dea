// Program viper reads admitted configuration through viper. A viper is not safe for writing while it is read, so each
// release gets one of its own.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/spf13/viper"

	"github.com/sluice-gitops/sluice/examples/readers"
	"github.com/sluice-gitops/sluice/reconciler/provider"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "viper:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	p, err := readers.Open(ctx)
	if err != nil {
		return err
	}
	defer p.Close()
	var live atomic.Pointer[viper.Viper]
	load := func() error {
		text, ok := p.Snapshot().JSON("app.yaml")
		if !ok {
			return fmt.Errorf("app.yaml: no such file with values")
		}
		v := viper.New()
		v.SetConfigType("json")
		if err := v.ReadConfig(bytes.NewReader(text)); err != nil {
			return err
		}
		live.Store(v)
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
			fmt.Fprintln(os.Stderr, "viper:", err)
		}
	})
	fmt.Printf("%s:%d, timeout %s\n", live.Load().GetString("server.host"), live.Load().GetInt("server.port"), live.Load().GetDuration("timeout"))
	return nil
}

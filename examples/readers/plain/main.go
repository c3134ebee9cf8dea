// Program plain binds configuration to a type of its own.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/sluice-gitops/sluice/examples/readers"
	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// Config is what the program needs. A key that is missing, misspelt or of another type is an error.
type Config struct {
	Server struct {
		Host string `sluice:"host"`
		Port uint16 `sluice:"port"`
	} `sluice:"server"`
	Timeout time.Duration   `sluice:"timeout" default:"10s"`
	Rate    float64         `sluice:"rate"`
	Token   provider.Secret `sluice:"token"`
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "plain:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	p, err := readers.Open(ctx)
	if err != nil {
		return err
	}
	defer p.Close()
	config, err := provider.Bind[Config](p, provider.Strict())
	if err != nil {
		return err
	}
	c, s := config.Load(), p.Snapshot()
	fmt.Printf("%s:%d, timeout %s, rate %v, token %v\n", c.Server.Host, c.Server.Port, c.Timeout, c.Rate, c.Token)
	fmt.Printf("entry %d, %s, commit %.8s\n", s.Seq(), s.Origin(), s.Commit())
	return nil
}

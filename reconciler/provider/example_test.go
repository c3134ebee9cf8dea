package provider_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

// The source of an example is in memory; a program has etcd.New, mount.New, file.New or http.New, and its own project.
func source() *providertest.Source {
	return providertest.New(map[string]any{"app.yaml": map[string]any{
		"server": map[string]any{"host": "pay.example.com", "port": 8080}, "timeout": "90s", "token": "hunter2",
	}})
}

func Example() {
	type Config struct {
		Server struct {
			Host string `sluice:"host"`
			Port int    `sluice:"port"`
		} `sluice:"server"`
		Timeout time.Duration   `sluice:"timeout" default:"30s"`
		Token   provider.Secret `sluice:"token"`
	}
	from := source()
	p, err := provider.Open(context.Background(), provider.Options{
		Source: from, Project: providertest.Project, Stage: "production", App: "pay",
		Keys: providertest.SourceSigner().Keys(), // provider.KeyFile("/etc/sluice/log_keys")
	})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	config, err := provider.Bind[Config](p, provider.Strict())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(config.Load().Server.Host, config.Load().Timeout, config.Load().Token)

	config.OnChange(func(_ context.Context, _, new *Config, changes provider.Changes) error {
		fmt.Println("asked about", changes)
		if new.Server.Port < 1024 {
			return errors.New("this program may not listen there")
		}
		return nil
	})
	from.Set(map[string]any{"app.yaml": map[string]any{"server": map[string]any{"host": "pay.example.com", "port": 80}, "timeout": "90s", "token": "hunter2"}})
	fmt.Println(p.Refresh(context.Background()))
	fmt.Println("still", config.Load().Server.Port)
	// Output:
	// pay.example.com 1m30s [sealed]
	// asked about replace app.yaml: server.port
	// rejected: entry 2: this program may not listen there
	// still 8080
}

func ExampleGet() {
	p, err := provider.Open(context.Background(), source().Options())
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	s := p.Snapshot() // hold one for as long as a request takes
	port, err := provider.Get[int](s, "app.yaml", "server", "port")
	fmt.Println(port, err)
	_, err = provider.Get[bool](s, "app.yaml", "server", "tls")
	fmt.Println(err)
	_, err = provider.Get[int](s, "app.yaml", "token")
	fmt.Println(err)
	// Output:
	// 8080 <nil>
	// app.yaml: server.tls: missing
	// app.yaml: token: want a whole number, have text
}

func ExampleAllowFallback() {
	defaults, err := provider.DocumentOf(map[string]any{"app.yaml": map[string]any{"server": map[string]any{"port": 8080}}})
	if err != nil {
		log.Fatal(err)
	}
	from := source()
	from.Disconnect()
	opts := from.Options()
	opts.Fallback, opts.Start, opts.Patience = defaults, provider.AllowFallback(), time.Millisecond
	p, err := provider.Open(context.Background(), opts)
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	port, err := provider.Get[int](p.Snapshot(), "app.yaml", "server", "port")
	fmt.Println(port, err, p.Snapshot().Origin(), errors.Is(p.Healthy(), provider.ErrUnavailable))
	// Output: 8080 <nil> fallback true
}

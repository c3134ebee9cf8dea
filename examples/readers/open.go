// Package readers opens the configuration that the programs beside it read: one file with a signed head, so that nothing
// has to run. A real program has etcd.New or mount.New here, and its own project, stage and app.
package readers

import (
	"context"
	"flag"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/file"
)

// Open reads the file that -head names, and believes the keys in the file that -keys names.
func Open(ctx context.Context) (*provider.Provider, error) {
	head := flag.String("head", "pay.json", "file with the signed head")
	keys := flag.String("keys", "log_keys", "file with the pinned log keys")
	flag.Parse()
	return provider.Open(ctx, Options(*head, *keys))
}

// Options are what the programs open.
func Options(head, keys string) provider.Options {
	return provider.Options{
		Source:  file.New(head),
		Project: "0123abcd", Stage: "production", App: "pay",
		Keys:     provider.KeyFile(keys),
		Patience: time.Second,
	}
}

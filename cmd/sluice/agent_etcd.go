package main

import (
	"context"

	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	provideretcd "github.com/sluice-gitops/sluice/reconciler/provider/etcd"
)

// agentEtcd is etcd as the agent reads it, with an error that says which endpoint gave no answer, and why.
type agentEtcd struct {
	*provideretcd.Source
	settings map[string]string
}

// Head implements [provider.Source].
func (s agentEtcd) Head(ctx context.Context) ([]byte, provider.Position, error) {
	raw, at, err := s.Source.Head(ctx)
	if err != nil && ctx.Err() != context.Canceled {
		err = etcd.Unreached(s.settings, err)
	}
	return raw, at, err
}

package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	provideretcd "github.com/sluice-gitops/sluice/reconciler/provider/etcd"
)

func TestTheAgentNamesTheEndpointThatGaveNoAnswer(t *testing.T) {
	endpoint := "http://" + real.FreeAddress(t)
	settings := map[string]string{"endpoints": endpoint}
	config, err := etcd.ReaderConfig(settings)
	if err != nil {
		t.Fatal(err)
	}
	connection := provideretcd.Connect(config)
	defer connection.Close()
	source := agentEtcd{connection.Source("/config/production/pay"), settings}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, _, err = source.Head(ctx); err == nil || !strings.Contains(err.Error(), endpoint+": connection refused") {
		t.Errorf("got %v, want the endpoint, and that it refused", err)
	}
	if _, ok := provider.Source(source).(provider.Watcher); !ok {
		t.Error("it does not tell of changes any more")
	}
	if other := errors.New("other"); etcd.Unreached(settings, other) != other {
		t.Error("another error does not stay as it is")
	}
}

package providertest_test

import (
	"errors"
	"testing"

	"go.uber.org/goleak"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	providertest.TestSource(t, func(*testing.T) providertest.Fixture {
		source := providertest.New(nil)
		return providertest.Fixture{
			Open:  func(*testing.T) provider.Source { return source },
			Put:   func(_ *testing.T, held providertest.Held) { source.Put(held) },
			Clear: func(*testing.T) { source.Put(providertest.Held{}) },
			Break: func(*testing.T) func() { source.Disconnect(); return source.Reconnect },
		}
	})
}

// TestAUsersTest is how a user's test looks.
func TestAUsersTest(t *testing.T) {
	source := providertest.New(map[string]any{"app.yaml": map[string]any{"port": 8080}})
	p, err := provider.Open(t.Context(), source.Options())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	port := func() int {
		n, err := provider.Get[int](p.Snapshot(), "app.yaml", "port")
		if err != nil {
			t.Error(err)
		}
		return n
	}
	down := errors.New("down for maintenance")
	source.Fail(down)
	source.Set(map[string]any{"app.yaml": map[string]any{"port": 9090}})
	if err := p.Refresh(t.Context()); !errors.Is(err, down) || port() != 8080 {
		t.Errorf("while it fails: port %d, %v", port(), err)
	}
	source.Fail(nil)
	if err := p.Refresh(t.Context()); err != nil || port() != 9090 {
		t.Errorf("afterwards: port %d, %v", port(), err)
	}
}

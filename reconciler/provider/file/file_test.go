package file_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/file"
	"github.com/sluice-gitops/sluice/reconciler/provider/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	providertest.TestSource(t, func(t *testing.T) providertest.Fixture {
		path := filepath.Join(t.TempDir(), "pay.json")
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		return providertest.Fixture{
			Open: func(*testing.T) provider.Source { return file.Source{Path: path, Poll: time.Millisecond} },
			Put: func(_ *testing.T, held providertest.Held) {
				must(os.WriteFile(path+".next", append(held.Head, '\n'), 0o600))
				must(os.Rename(path+".next", path))
			},
			Clear:      func(*testing.T) { must(os.RemoveAll(path)) },
			InlineOnly: true,
			Break: func(*testing.T) func() {
				must(os.Rename(path, path+".away"))
				return func() { must(os.Rename(path+".away", path)) }
			},
		}
	})
}

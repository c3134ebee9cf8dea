package etcd_test

import (
	"errors"
	"strings"
	"testing"

	"go.etcd.io/etcd/server/v3/embed"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// TestWhatTheServerRefusesHasASize: its limit may be lower than the default, which nothing here is larger than. etcd does not say it.
func TestWhatTheServerRefusesHasASize(t *testing.T) {
	endpoint := "http://" + started(t, "http", func(config *embed.Config) { config.MaxRequestBytes = 2000 })
	target := connect(t, map[string]string{"endpoints": endpoint})
	write(t, target, release(1, "small"))
	for _, row := range []struct {
		sentence string
		bytes    int
		least    int64
	}{
		{"in the head", 10_000, 10_000},
		{"in parts", 600_000, integrations.PartSize},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			_, err := target.Write(t.Context(), release(2, strings.Repeat("x", row.bytes)))
			var said *integrations.Error
			if !errors.Is(err, integrations.ErrTooLarge) || !errors.As(err, &said) {
				t.Fatalf("got %v, want ErrTooLarge", err)
			}
			if r := said.Refused; r == nil || r.Size < row.least || r.Size > 4*row.least || r.Limit != 0 {
				t.Errorf("it says %+v; want a size of %d or more, and no limit", said.Refused, row.least)
			}
		})
	}
}

package etcd

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// TestWhatTheConnectionRefusesIsTooLarge, and no outage: trying again gives the same. It names both numbers.
func TestWhatTheConnectionRefusesIsTooLarge(t *testing.T) {
	for _, text := range []string{"trying to send message larger than max (2097200 vs. 2097152)", "grpc: received message larger than max (2097200 vs. 2097152)"} {
		err := status.Error(codes.ResourceExhausted, text)
		if class := classOf(err); class != integrations.ErrTooLarge {
			t.Errorf("%s: got %v, want ErrTooLarge", text, class)
		}
		if r := refusal(err); r == nil || *r != (schema.Refusal{Size: 2097200, Limit: 2097152}) {
			t.Errorf("%s: it says %+v", text, r)
		}
	}
	if err := status.Error(codes.ResourceExhausted, "etcdserver: too many requests"); classOf(err) != integrations.ErrUnavailable || refusal(err) != nil {
		t.Errorf("who asks too often may ask again: %v, %+v", classOf(err), refusal(err))
	}
}

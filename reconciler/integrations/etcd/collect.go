package etcd

import (
	"context"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// Without this the reconciler would take the target for one that keeps no reports.
var _ integrations.Collector = (*Target)(nil)

const (
	// collectCells is how many cells are looked at in one request, and collectFirst how many reports of each come with it:
	// applications write what they like, up to etcd's 1.5 MiB each, and all of it has to fit into memory.
	collectCells = 16
	collectFirst = 8
	collectPage  = 64
)

// Collect implements [integrations.Collector].
func (t *Target) Collect(ctx context.Context, wants []integrations.CellPlace) ([]integrations.Collected, error) {
	out := make([]integrations.Collected, 0, len(wants))
	for from := 0; from < len(wants); from += collectCells {
		some, err := t.collectSome(ctx, wants[from:min(from+collectCells, len(wants))])
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// collectSome reads the reports of some cells in one request, and what did not fit of those that have many.
func (t *Target) collectSome(ctx context.Context, wants []integrations.CellPlace) ([]integrations.Collected, error) {
	prefixes, ops := make([]string, len(wants)), make([]clientv3.Op, len(wants))
	for i, want := range wants {
		p, err := t.placeOf(&integrations.Release{Cell: want.Cell, Settings: want.Settings})
		if err != nil {
			return nil, err
		}
		prefixes[i] = p.dir + consumersDir
		ops[i] = clientv3.OpGet(prefixes[i], clientv3.WithPrefix(), clientv3.WithLimit(collectFirst))
	}
	response, err := t.txn(ctx, nil, ops)
	if err != nil {
		return nil, t.fail(prefixes[0], err)
	}
	out := make([]integrations.Collected, len(wants))
	for i, answer := range response.Responses {
		found := answer.GetResponseRange()
		if err := t.collectAll(ctx, prefixes[i], found.Kvs, found.More, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (t *Target) collectAll(ctx context.Context, prefix string, kvs []*mvccpb.KeyValue, more bool, c *integrations.Collected) error {
	for {
		for _, kv := range kvs {
			if len(c.Reports)+c.Unread == integrations.MaxReports {
				c.More = true
				return nil
			}
			c.Add(strings.TrimPrefix(string(kv.Key), prefix), kv.Value)
		}
		if !more || len(kvs) == 0 {
			return nil
		}
		next := string(kvs[len(kvs)-1].Key) + "\x00"
		response, err := t.txn(ctx, nil, []clientv3.Op{clientv3.OpGet(next, clientv3.WithRange(clientv3.GetPrefixRangeEnd(prefix)), clientv3.WithLimit(collectPage))})
		if err != nil {
			return t.fail(prefix, err)
		}
		found := response.Responses[0].GetResponseRange()
		kvs, more = found.Kvs, found.More
	}
}

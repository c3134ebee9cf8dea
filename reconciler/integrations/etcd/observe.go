package etcd

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// maxForeign bounds how many keys beside ours are looked at, in each of the gaps between reserved names.
const maxForeign = 1000

// found is an observation with what the next write needs to know.
type found struct {
	integrations.Observation
	head     integrations.Head
	revision int64 // of the head key's last change; 0 if there is no such key
}

// Read implements [integrations.Target].
func (t *Target) Read(ctx context.Context, want integrations.Release) (integrations.Observation, error) {
	key, err := t.headKey(want)
	if err != nil {
		return integrations.Observation{}, err
	}
	o, err := t.observe(ctx, key, want)
	return o.Observation, err
}

// observe reads everything of a cell in one linearizable transaction, at one revision.
func (t *Target) observe(ctx context.Context, key string, want integrations.Release) (found, error) {
	response, err := t.txn(ctx, nil, look(key, want))
	for n := 0; err != nil && n < 3 && dropped(err); n++ {
		pause(ctx, 50*time.Millisecond<<n)
		response, err = t.txn(ctx, nil, look(key, want))
	}
	if err != nil {
		return found{Observation: integrations.Observation{Place: key}}, t.fail(key, err)
	}
	return t.compare(key, want, response.Responses), nil
}

// txn is one request with a time limit of its own.
func (t *Target) txn(ctx context.Context, compare []clientv3.Cmp, then []clientv3.Op) (*clientv3.TxnResponse, error) {
	client, err := t.connected()
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	response, err := client.Txn(limited).If(compare...).Then(then...).Commit()
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // the caller's own end, in whatever words the connection put it
	}
	return response, err
}

// looks is how many operations look has.
const looks = 5

// look reads the head, and the keys beside it in the gaps that rel/ and consumers/ leave.
func look(key string, want integrations.Release) []clientv3.Op {
	dir := strings.TrimSuffix(key, "head")
	limit := clientv3.WithLimit(int64(max(maxForeign, len(want.Files)+1)))
	gap := func(from, to string) clientv3.Op { return clientv3.OpGet(from, clientv3.WithRange(to), limit) }
	return []clientv3.Op{
		clientv3.OpGet(key),
		gap(dir, dir+"consumers/"),
		gap(dir+"consumers0", key), // "0" follows "/"
		gap(key+"\x00", dir+"rel/"),
		gap(dir+"rel0", clientv3.GetPrefixRangeEnd(dir)),
	}
}

// compare turns the answers to look into an observation.
func (t *Target) compare(key string, want integrations.Release, answers []*etcdserverpb.ResponseOp) found {
	var kv *mvccpb.KeyValue
	var raw []byte
	if kvs := answers[0].GetResponseRange().Kvs; len(kvs) > 0 {
		kv, raw = kvs[0], append([]byte{}, kvs[0].Value...)
	}
	var o found
	o.Observation, o.head = t.spec.Observe(key, raw, want)
	if kv != nil {
		o.revision, o.Digest = kv.ModRevision, schema.DigestOf(raw)
	}
	body := integrations.NewBody(want, true)
	// A lease on the head would delete it one day: somebody else put it there.
	o.Equal = o.Holder == integrations.Us && o.head.Body.Equal(body) && kv.Lease == 0
	if !o.Equal {
		o.Keys = differences(key, want, body, o.head, raw)
	}
	beside, complete := foreignKeys(strings.TrimSuffix(key, "head"), want.Cell, answers[1:])
	if kv == nil && len(beside) > 0 {
		o.Holder, o.Same = integrations.Stranger, complete && sameFiles(strings.TrimSuffix(key, "head"), want, beside)
		o.Digest = digestOfKeys(beside)
	}
	for _, kv := range beside {
		o.Foreign = append(o.Foreign, string(kv.Key))
		o.Keys = append(o.Keys, integrations.Difference{Key: string(kv.Key), Op: integrations.Foreign, After: schema.DigestOf(kv.Value)})
	}
	slices.Sort(o.Foreign)
	slices.SortFunc(o.Keys, func(a, b integrations.Difference) int { return strings.Compare(a.Key, b.Key) })
	return o
}

// foreignKeys are the keys beside the head, but those of cells that lie below: an app's directory may hold apps after
// the app itself has gone.
func foreignKeys(dir string, cell schema.Cell, answers []*etcdserverpb.ResponseOp) (kvs []*mvccpb.KeyValue, complete bool) {
	complete = true
	var nested []string
	for _, answer := range answers {
		r := answer.GetResponseRange()
		complete = complete && !r.More
		for _, kv := range r.Kvs {
			kvs = append(kvs, kv)
			place, ok := strings.CutSuffix(string(kv.Key), "head")
			if h, err := integrations.DecodeHead(kv.Value); ok && err == nil &&
				h.Stage == cell.Stage && string(cell.App)+"/"+strings.TrimPrefix(place, dir) == string(h.App)+"/" {
				nested = append(nested, place)
			}
		}
	}
	kvs = slices.DeleteFunc(kvs, func(kv *mvccpb.KeyValue) bool {
		return slices.ContainsFunc(nested, func(place string) bool { return strings.HasPrefix(string(kv.Key), place) })
	})
	return kvs, complete
}

// sameFiles reports whether the keys are, one by one, the files of the release.
func sameFiles(dir string, want integrations.Release, kvs []*mvccpb.KeyValue) bool {
	if len(kvs) != len(want.Files) {
		return false
	}
	for _, kv := range kvs {
		data, ok := want.Files[strings.TrimPrefix(string(kv.Key), dir)]
		if !ok || string(data) != string(kv.Value) {
			return false
		}
	}
	return true
}

// digestOfKeys names a set of keys and values.
func digestOfKeys(kvs []*mvccpb.KeyValue) schema.Digest {
	var text strings.Builder
	for _, kv := range kvs {
		text.WriteString(schema.DigestOf(kv.Value).Hex() + "  " + string(kv.Key) + "\n")
	}
	return schema.DigestOf([]byte(text.String()))
}

// differences names the files that differ, where the document that is there can be read, and else the head.
func differences(key string, want integrations.Release, body integrations.Body, head integrations.Head, raw []byte) []integrations.Difference {
	if raw == nil {
		return []integrations.Difference{{Key: key, Op: integrations.Deleted, Before: body.Digest()}}
	}
	if out := fileDifferences(key, want, head.Inline); len(out) > 0 {
		return out
	}
	return []integrations.Difference{{Key: key, Op: integrations.Changed, Before: body.Digest(), After: schema.DigestOf(raw)}}
}

func fileDifferences(key string, want integrations.Release, document []byte) []integrations.Difference {
	var doc struct {
		Files map[string]struct {
			Base64 []byte `json:"base64"`
		} `json:"files"`
	}
	if len(document) == 0 || json.Unmarshal(document, &doc) != nil {
		return nil
	}
	var out []integrations.Difference
	for _, f := range want.Manifest {
		there, ok := doc.Files[f.Path]
		delete(doc.Files, f.Path)
		d := integrations.Difference{Key: key + "#" + f.Path, Op: integrations.Deleted, Before: f.Digest}
		if ok {
			d.Op, d.After = integrations.Changed, schema.DigestOf(there.Base64)
		}
		if d.After != d.Before {
			out = append(out, d)
		}
	}
	for path, f := range doc.Files {
		out = append(out, integrations.Difference{Key: key + "#" + path, Op: integrations.Foreign, After: schema.DigestOf(f.Base64)})
	}
	return out
}

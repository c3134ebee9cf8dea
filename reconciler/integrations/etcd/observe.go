package etcd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	// maxForeign bounds how many keys beside ours are looked at, in each of the gaps between reserved names.
	maxForeign = 1000
	// maxBetween bounds those between the head and the inventory, where the mirror is: with more, ours could not be told.
	maxBetween = 4 * maxMirrorKeys
)

// found is an observation with what the next write needs to know.
type found struct {
	integrations.Observation
	head     integrations.Head
	revision int64 // of the head key's last change; 0 if there is no such key
	created  int64 // revision in which the head key was made

	inventory inventory
	listed    int64         // revision of the inventory's last change; 0 if there is none
	parts     []partFound   // in the order of the goal's parts
	changes   []clientv3.Op // what makes the mirror that of the goal
	bytes     int           // of the changes
	strangers []stranger    // what foreign: prune takes away
}

type partFound struct {
	revision int64 // 0 if it is not there
	right    bool
}

type stranger struct {
	key      string
	revision int64
}

// Read implements [integrations.Target].
func (t *Target) Read(ctx context.Context, want integrations.Release) (integrations.Observation, error) {
	g, err := t.goalOf(&want)
	if err != nil {
		return integrations.Observation{Place: g.head}, err
	}
	o, err := t.observe(ctx, g)
	return o.Observation, err
}

// observe reads everything of a cell in one linearizable transaction, at one revision.
func (t *Target) observe(ctx context.Context, g goal) (found, error) {
	o, complete, err := t.observeUpTo(ctx, g, len(g.mirror)+maxForeign)
	if err == nil && !complete {
		o, complete, err = t.observeUpTo(ctx, g, maxBetween)
	}
	if err == nil && !complete {
		err = t.tooLarge(g.dir, fmt.Sprintf("more than %d keys are beside the head; those that nobody needs have to be removed by hand", maxBetween))
	}
	return o, err
}

func (t *Target) observeUpTo(ctx context.Context, g goal, between int) (o found, complete bool, err error) {
	ops := look(g, between)
	if len(g.parts) > 0 {
		dir := g.generation(g.body.Doc)
		ops = append(ops, clientv3.OpGet(dir, clientv3.WithPrefix(), clientv3.WithLimit(int64(len(g.parts)+maxForeign))))
	}
	response, err := t.txn(ctx, nil, ops)
	for n := 0; err != nil && n < 3 && dropped(err); n++ {
		pause(ctx, 50*time.Millisecond<<n)
		response, err = t.txn(ctx, nil, ops)
	}
	if err != nil {
		return found{Observation: integrations.Observation{Place: g.head}}, false, t.fail(g.head, err)
	}
	l := seen(g, response.Responses)
	return t.compare(g, l), l.complete, nil
}

// txn is one request with a time limit of its own. What only reads and is not answered is asked once more: the client takes the
// members in turns, and one that stands still keeps its connections, so that it is missed only after a quarter of a minute.
func (t *Target) txn(ctx context.Context, compare []clientv3.Cmp, then []clientv3.Op) (*clientv3.TxnResponse, error) {
	client, err := t.connected()
	if err != nil {
		return nil, err
	}
	response, err := t.once(ctx, client, compare, then)
	if err == nil || ctx.Err() != nil || !late(err) || !reads(then) || !t.mayAskAgain() {
		return response, err
	}
	if response, err = t.once(ctx, client, compare, then); err != nil {
		t.silent.Store(time.Now().UnixNano())
	}
	return response, err
}

// mayAskAgain is so where there is another member, unless nobody answered lately: a cluster that is away would cost twice the time.
func (t *Target) mayAskAgain() bool {
	return len(t.config.Endpoints) > 1 && time.Since(time.Unix(0, t.silent.Load())) > 10*time.Second
}

// reads reports whether operations change nothing.
func reads(ops []clientv3.Op) bool {
	return !slices.ContainsFunc(ops, func(op clientv3.Op) bool { return !op.IsGet() })
}

func (t *Target) once(ctx context.Context, client *clientv3.Client, compare []clientv3.Cmp, then []clientv3.Op) (*clientv3.TxnResponse, error) {
	limited, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	response, err := client.Txn(limited).If(compare...).Then(then...).Commit()
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // the caller's own end, in whatever words the connection put it
	}
	return response, sized(err, then)
}

// looks is how many operations look has.
const looks = 3

// look reads the head and the keys beside it, in the gaps that consumers/ and rel/ leave. The head, the mirror and the
// inventory are in the second of them.
func look(g goal, between int) []clientv3.Op {
	gap := func(from, to string, limit int) clientv3.Op {
		return clientv3.OpGet(from, clientv3.WithRange(to), clientv3.WithLimit(int64(limit)))
	}
	beside := max(maxForeign, len(g.want.Files)+1)
	return []clientv3.Op{
		gap(g.dir, g.dir+"consumers/", beside),
		gap(g.dir+"consumers0", g.inventory()+"\x00", max(beside, between)), // "0" follows "/"
		gap(g.dir+"rel0", clientv3.GetPrefixRangeEnd(g.dir), beside),
	}
}

// looked is what a look at a cell found.
type looked struct {
	head     *mvccpb.KeyValue // nil if there is none
	beside   []*mvccpb.KeyValue
	parts    []*mvccpb.KeyValue
	all      bool // nothing was left out of beside
	complete bool // no key of ours can be among what was left out
}

// seen sorts the answers to look, and those to what was asked of the parts after it.
func seen(g goal, answers []*etcdserverpb.ResponseOp) looked {
	l := looked{all: true, complete: !answers[1].GetResponseRange().More}
	for _, answer := range answers[:looks] {
		r := answer.GetResponseRange()
		l.all = l.all && !r.More
		for _, kv := range r.Kvs {
			l.add(g, kv)
		}
	}
	for _, answer := range answers[looks:] {
		l.parts = append(l.parts, answer.GetResponseRange().Kvs...)
	}
	return l
}

func (l *looked) add(g goal, kv *mvccpb.KeyValue) {
	if string(kv.Key) == g.head {
		l.head = kv
		return
	}
	l.beside = append(l.beside, kv)
}

// compare turns what was found into an observation.
func (t *Target) compare(g goal, l looked) (o found) {
	var raw []byte
	if l.head != nil {
		raw = l.head.Value[:len(l.head.Value):len(l.head.Value)]
		if raw == nil {
			raw = []byte{} // an empty head is one
		}
	}
	o.Observation, o.head, o.Equal = t.observed(g, raw)
	if l.head != nil {
		o.revision, o.created, o.Digest = l.head.ModRevision, l.head.CreateRevision, schema.DigestOf(raw)
	}
	// A lease on the head would delete it one day: somebody else put it there.
	o.Equal = o.Equal && l.head.Lease == 0
	if !o.Equal {
		o.Keys = differences(g.head, *g.want, g.body, o.head, raw)
		for i := range o.Keys {
			o.Keys[i].Revision = o.revision
		}
	}
	beside := o.ours(g, withoutNested(g.dir, g.want.Cell, l.beside))
	if len(g.parts) > 0 {
		o.compareParts(g, l.parts)
	}
	if l.head == nil && len(beside) > 0 {
		o.Holder, o.Same = integrations.Stranger, l.all && sameFiles(g.dir, *g.want, beside)
		o.Digest = digestOfKeys(beside)
	}
	o.foreign(g, beside)
	slices.Sort(o.Foreign)
	slices.SortFunc(o.Keys, func(a, b integrations.Difference) int { return strings.Compare(a.Key, b.Key) })
	return o
}

// observed tells whose the head is, and whether it says the goal. One that this process signed a moment ago for that very goal
// need not be taken apart and verified when it comes back byte for byte.
func (t *Target) observed(g goal, raw []byte) (o integrations.Observation, head integrations.Head, equal bool) {
	if w := g.wrote; w != nil && bytes.Equal(raw, w.value) {
		o = integrations.Observation{Place: g.head, Holder: integrations.Us, Project: w.head.Project, Seq: w.head.Seq, Content: w.head.Content}
		return o, w.head, true
	}
	o, head = t.spec.Observe(g.head, raw, *g.want)
	return o, head, o.Holder == integrations.Us && head.Body.Equal(g.body)
}

// differs notes a difference of what is ours.
func (o *found) differs(key, op string, before schema.Digest, kv *mvccpb.KeyValue) {
	o.Equal = false
	d := integrations.Difference{Key: key, Op: op, Before: before}
	if kv != nil {
		d.After, d.Revision = schema.DigestOf(kv.Value), kv.ModRevision
	}
	o.Keys = append(o.Keys, d)
}

// foreign reports the keys that we never wrote. Where the stage says so, and they came after our head, they are to be
// taken away (RULES R39).
func (o *found) foreign(g goal, beside []*mvccpb.KeyValue) {
	for _, kv := range beside {
		o.Foreign = append(o.Foreign, string(kv.Key))
		o.Keys = append(o.Keys, integrations.Difference{Key: string(kv.Key), Op: integrations.Foreign, After: schema.DigestOf(kv.Value), Revision: kv.ModRevision})
		if g.want.Prune && g.want.Applied && o.Holder == integrations.Us && kv.CreateRevision > o.created {
			o.Equal = false
			o.strangers = append(o.strangers, stranger{string(kv.Key), kv.ModRevision})
		}
	}
}

// withoutNested leaves out the keys of cells that lie below: an app's directory may hold apps after the app itself has gone.
func withoutNested(dir string, cell schema.Cell, beside []*mvccpb.KeyValue) []*mvccpb.KeyValue {
	var nested []string
	for _, kv := range beside {
		place, ok := strings.CutSuffix(string(kv.Key), "head")
		if !ok {
			continue
		}
		if h, err := integrations.DecodeHead(kv.Value); err == nil &&
			h.Stage == cell.Stage && string(cell.App)+"/"+strings.TrimPrefix(place, dir) == string(h.App)+"/" {
			nested = append(nested, place)
		}
	}
	if len(nested) == 0 {
		return beside
	}
	return slices.DeleteFunc(beside, func(kv *mvccpb.KeyValue) bool {
		return slices.ContainsFunc(nested, func(place string) bool { return strings.HasPrefix(string(kv.Key), place) })
	})
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
		return []integrations.Difference{{Key: key, Op: integrations.Deleted, Before: body.Doc}}
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

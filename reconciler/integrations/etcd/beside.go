package etcd

import (
	"maps"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// ours compares the inventory and the mirror with the goal, and returns the keys that are neither.
func (o *found) ours(g goal, kvs []*mvccpb.KeyValue) (foreign []*mvccpb.KeyValue) {
	if len(kvs)+len(g.mirror)+len(g.parts) == 0 {
		return nil
	}
	there := map[string]*mvccpb.KeyValue{} // below kv/
	for _, kv := range kvs {
		name, mirrored := strings.CutPrefix(string(kv.Key), g.dir+mirrorDir)
		switch {
		case string(kv.Key) == g.inventory():
			o.compareInventory(g, kv)
		case mirrored:
			there[name] = kv
		default:
			foreign = append(foreign, kv)
		}
	}
	if o.listed == 0 && (len(g.mirror) > 0 || len(g.parts) > 0) {
		o.Equal = false // the head or what is beside it is not there either, or this alone was taken away
		if o.head.Body.Equal(g.body) {
			o.differs(g.inventory(), integrations.Deleted, schema.DigestOf(nil), nil)
		}
	}
	listed := map[string]bool{}
	for _, name := range o.inventory.Keys {
		listed[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(g.mirror)) {
		kv := there[name]
		o.compareMirrored(g, name, g.mirror[name], kv)
		if kv != nil && o.Holder != integrations.Us && !listed[name] && string(kv.Value) != g.mirror[name] {
			foreign = append(foreign, kv) // it was there before we ever were
		}
		delete(there, name)
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		kv := there[name]
		if !listed[name] {
			foreign = append(foreign, kv)
			continue
		}
		o.differs(string(kv.Key), integrations.Foreign, "", kv)
		o.changes = append(o.changes, clientv3.OpDelete(string(kv.Key)))
	}
	return foreign
}

// compareInventory believes an inventory that reads as one. What it lacks is written anew.
func (o *found) compareInventory(g goal, kv *mvccpb.KeyValue) {
	var err error
	o.listed = kv.ModRevision
	o.inventory, err = decodeInventory(kv.Value)
	if err == nil && kv.Lease == 0 && o.inventory.covers(g) {
		return
	}
	o.Equal = false
	if err != nil || kv.Lease != 0 || o.head.Body.Equal(g.body) {
		o.differs(string(kv.Key), integrations.Changed, schema.DigestOf(nil), kv)
	}
}

func (o *found) compareMirrored(g goal, name, value string, kv *mvccpb.KeyValue) {
	key := g.dir + mirrorDir + name
	switch {
	case kv == nil:
		o.differs(key, integrations.Deleted, schema.DigestOf([]byte(value)), nil)
	case string(kv.Value) != value || kv.Lease != 0:
		o.differs(key, integrations.Changed, schema.DigestOf([]byte(value)), kv)
	default:
		return
	}
	if name != completeName { // it is written last
		o.changes = append(o.changes, clientv3.OpPut(key, value))
		o.bytes += len(key) + len(value)
	}
}

// compareParts looks for every part of the goal. They are named as differences only where the head says that they are there.
func (o *found) compareParts(g goal, kvs []*mvccpb.KeyValue) {
	there := map[string]*mvccpb.KeyValue{}
	for _, kv := range kvs {
		there[string(kv.Key)] = kv
	}
	named := o.head.Body.Equal(g.body)
	o.parts = make([]partFound, len(g.parts))
	for i, p := range g.parts {
		kv := there[p.key]
		if kv != nil {
			o.parts[i] = partFound{kv.ModRevision, string(kv.Value) == p.value && kv.Lease == 0}
		}
		switch {
		case o.parts[i].right:
		case !named:
			o.Equal = false
		case kv == nil:
			o.differs(p.key, integrations.Deleted, schema.DigestOf([]byte(p.value)), nil)
		default:
			o.differs(p.key, integrations.Changed, schema.DigestOf([]byte(p.value)), kv)
		}
	}
}

package etcd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// maxPlain bounds the files that become plain keys: as many can be looked at beside a head.
const maxPlain = maxForeign - 1

// leaving is what leaving a cell takes.
type leaving struct {
	integrations.Leaving
	place
	head, listed int64    // revisions of the head and of the inventory; 0 if there is none
	plain        []part   // what lies in the head alone and is not there plainly yet
	marked       bool     // the mirror has its marker
	parts        []string // keys of releases
}

// Leave implements [integrations.Leaver]. Where there is a mirror, that is what stays; else each file becomes a key of its own, where a
// cell begins that was there before sluice. The head goes with the last of them, in one transaction, and its releases after it.
func (t *Target) Leave(ctx context.Context, want integrations.Release, write bool) (integrations.Leaving, error) {
	p, err := t.placeOf(&want)
	if err != nil {
		return integrations.Leaving{}, err
	}
	for n := range attempts {
		l, err := t.leaving(ctx, goal{place: p, want: &want})
		if err != nil || !write || len(l.Goes) == 0 {
			return l.Leaving, err
		}
		if done, err := t.leave(ctx, l); done || err != nil {
			return l.Leaving, err
		}
		pause(ctx, time.Millisecond<<min(n, 7))
	}
	return integrations.Leaving{}, &integrations.Error{Target: t.spec.Name, Key: p.head, Class: integrations.ErrUnavailable,
		Why: fmt.Sprintf("not left in %d attempts: others write it too", attempts)}
}

// leaving looks at a cell, in one transaction.
func (t *Target) leaving(ctx context.Context, g goal) (leaving, error) {
	l := leaving{place: g.place}
	ops := append(look(g, maxBetween),
		clientv3.OpGet(g.dir+"rel/", clientv3.WithPrefix(), clientv3.WithKeysOnly(), clientv3.WithLimit(maxBelowRel)),
		clientv3.OpGet(g.dir+"consumers/", clientv3.WithPrefix(), clientv3.WithKeysOnly(), clientv3.WithLimit(1)))
	response, err := t.txn(ctx, nil, ops)
	if err != nil {
		return l, t.fail(g.head, err)
	}
	looked := seen(g, response.Responses[:looks])
	if !looked.all {
		return l, t.tooLarge(g.dir, fmt.Sprintf("more than %d keys are beside the head; those that nobody needs have to be removed by hand", maxForeign))
	}
	values := map[string]string{}
	for _, kv := range withoutNested(g.dir, g.want.Cell, looked.beside) {
		if values[string(kv.Key)] = string(kv.Value); string(kv.Key) == g.inventory() {
			l.listed = kv.ModRevision
		}
	}
	var have inventory
	if l.listed != 0 {
		if have, err = decodeInventory([]byte(values[g.inventory()])); err != nil {
			return l, t.stays(g.inventory(), "it is not what sluice wrote there: "+err.Error())
		}
		l.Goes = append(l.Goes, g.inventory())
	}
	docs := map[string]bool{}
	for _, generation := range have.Generations {
		docs[g.generation(generation.Doc)] = true
	}
	for _, kv := range response.Responses[looks].GetResponseRange().Kvs {
		key := string(kv.Key)
		if doc, ok := generationOf(g.place, key); ok && docs[g.generation(doc)] {
			l.parts = append(l.parts, key)
		}
	}
	if len(l.parts) > 0 {
		l.Goes = append(l.Goes, g.dir+"rel/")
	}
	if looked.head == nil {
		return l, nil // never ours, or what an interrupted one left
	}
	if len(response.Responses[looks+1].GetResponseRange().Kvs) > 0 {
		return l, t.stays(g.head, "programs report below "+g.dir+"consumers/ that they read it; let them read plain keys first, and wait until their reports are gone")
	}
	o, head := t.spec.Observe(g.head, looked.head.Value, *g.want)
	switch {
	case o.Holder == integrations.Another:
		return l, &integrations.Error{Target: t.spec.Name, Key: g.head, Class: integrations.ErrTaken, Why: fmt.Sprintf("the place belongs to project %q, this is %q", o.Project, g.want.Project)}
	case o.Holder != integrations.Us:
		return l, t.stays(g.head, "it is not what sluice signed: nobody vouches for what it holds")
	case head.Canary != nil:
		return l, t.stays(g.head, "it is being widened: its readers have two contents")
	}
	l.head = looked.head.ModRevision
	l.Goes = append([]string{g.head}, l.Goes...)
	if _, ok := values[g.dir+mirrorDir+completeName]; ok && slices.Contains(have.Keys, completeName) {
		l.marked = true
		l.Goes = append(l.Goes, g.dir+mirrorDir+completeName)
	}
	if len(have.Keys) > 0 || head.Retired {
		for _, name := range have.Keys {
			if name != completeName {
				l.Plain = append(l.Plain, g.dir+mirrorDir+name)
			}
		}
		return l, nil
	}
	document, err := t.document(ctx, g, head)
	if err != nil {
		return l, err
	}
	return l, t.plainly(&l, values, document)
}

// plainly plans a key for each file of a document.
func (t *Target) plainly(l *leaving, values map[string]string, document []byte) error {
	var d struct {
		Files map[string]struct {
			Base64 []byte `json:"base64"`
		} `json:"files"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return t.stays(l.place.head, "its document cannot be read: "+err.Error())
	}
	if len(d.Files) > maxPlain {
		return t.stays(l.place.head, fmt.Sprintf("it has %d files, plain keys are made of %d; write the stage with mirror: files before it is left", len(d.Files), maxPlain))
	}
	for _, path := range slices.Sorted(maps.Keys(d.Files)) {
		first, _, _ := strings.Cut(path, "/")
		if slices.Contains([]string{"head", "rel", "kv", "consumers"}, first) {
			return t.stays(l.place.head, fmt.Sprintf("the file %s would have a name of sluice's own; write the stage with mirror: files before it is left", path))
		}
		key, value := l.dir+path, string(d.Files[path].Base64)
		have, there := values[key]
		if there && have != value {
			return t.stays(key, "it is there with another value, and sluice never wrote it: move it away")
		}
		l.Plain = append(l.Plain, key)
		if !there {
			l.plain = append(l.plain, part{key, value})
		}
	}
	return nil
}

// document is the one that a head names.
func (t *Target) document(ctx context.Context, g goal, head integrations.Head) ([]byte, error) {
	if head.Blobs == 0 {
		return head.Inline, nil
	}
	response, err := t.txn(ctx, nil, []clientv3.Op{clientv3.OpGet(g.generation(head.Doc)+"blob/", clientv3.WithPrefix(), clientv3.WithLimit(int64(head.Blobs)+1))})
	if err != nil {
		return nil, t.fail(g.head, err)
	}
	var parts [][]byte
	for _, kv := range response.Responses[0].GetResponseRange().Kvs {
		parts = append(parts, kv.Value)
	}
	document, err := head.Body.JoinParts(parts)
	if err != nil {
		return nil, t.stays(g.head, "its parts are not there as it says: "+err.Error())
	}
	return document, nil
}

// leave does what was planned: what does not fit into one transaction with the end of the head goes in front of it. It is not done
// when somebody else was at work, or an answer was lost.
func (t *Target) leave(ctx context.Context, l leaving) (done bool, err error) {
	if l.head == 0 {
		return t.sweep(ctx, l)
	}
	for plain := l.plain; ; {
		n, bytes := 0, 0
		for n < min(len(plain), maxChanges) && (n == 0 || bytes+len(plain[n].value) <= maxBytes) {
			bytes += len(plain[n].key) + len(plain[n].value)
			n++
		}
		guard := []clientv3.Cmp{unmoved(l.place.head, l.head), unmoved(l.inventory(), l.listed)}
		var ops []clientv3.Op
		for _, p := range plain[:n] {
			guard, ops = append(guard, unmoved(p.key, 0)), append(ops, clientv3.OpPut(p.key, p.value))
		}
		if plain = plain[n:]; len(plain) == 0 {
			ops = append(ops, clientv3.OpDelete(l.place.head))
			if l.marked {
				ops = append(ops, clientv3.OpDelete(l.dir+mirrorDir+completeName))
			}
		}
		if _, done, err := t.apply(ctx, goal{place: l.place}, guard, ops); !done {
			return false, t.onlyFinal(ctx, err)
		}
		if len(plain) == 0 {
			return t.sweep(ctx, l)
		}
	}
}

// sweep takes the parts away, and the inventory with the last of them: whoever comes back finds by it what is left to do.
func (t *Target) sweep(ctx context.Context, l leaving) (done bool, err error) {
	if l.listed == 0 {
		return true, nil
	}
	guard := []clientv3.Cmp{unmoved(l.place.head, 0), unmoved(l.inventory(), l.listed)}
	for keys := l.parts; ; {
		n := min(len(keys), pruneAtOnce)
		var ops []clientv3.Op
		for _, key := range keys[:n] {
			ops = append(ops, clientv3.OpDelete(key))
		}
		if keys = keys[n:]; len(keys) == 0 {
			ops = append(ops, clientv3.OpDelete(l.inventory()))
		}
		if _, done, err := t.apply(ctx, goal{place: l.place}, guard, ops); !done || len(keys) == 0 {
			return done, t.onlyFinal(ctx, err)
		}
	}
}

// onlyFinal leaves out the errors after which reading tells what happened.
func (t *Target) onlyFinal(ctx context.Context, err error) error {
	if t.final(ctx, err) {
		return err
	}
	return nil
}

// stays says why marks are not taken away.
func (t *Target) stays(key, why string) error {
	return &integrations.Error{Target: t.spec.Name, Key: key, Class: integrations.ErrForeign, Err: errors.New(why)}
}

package main

import (
	"slices"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
)

// cuts are what the network does in the middle of a flip.
func cuts() []fault {
	return []fault{
		{name: "the network swallows everything from the head on, and delivers it late", where: "etcd", asked: "a new value of small", apps: []string{small}, outcome: "recorded as not delivered; then written once", play: func(f *faults) {
			one := f.replica("one")
			f.run(one, false)
			f.trap.arm(spring{on: headOf("/config", small), before: func(w *wire) bool { one.hold(true); return w.passes() }})
			c := f.bring(small)
			f.recorded(small, c, string(integrations.CodeUnavailable))
			one.hold(false)
		}},
		{name: "the head is delayed by the network until a newer one is live", where: "etcd", asked: "a value, and a newer one meanwhile", apps: []string{small}, outcome: "the late one is refused", play: func(f *faults) {
			f.late(small, headOf("/config", small))
		}},
		{name: "keys of the mirror are delayed by the network until newer ones are live", where: "etcd mirror", asked: "a value, and a newer one meanwhile", apps: []string{many}, again: true, outcome: "the late ones are refused", play: func(f *faults) {
			f.late(many, sends("/mirror/development/many/kv/f130"))
		}},
		{name: "the connection breaks within a part", more: true, where: "etcd", asked: "a new value of large", apps: []string{large}, outcome: "sent again; written once", play: func(f *faults) {
			f.run(f.replica("one"), false)
			f.trap.arm(spring{on: partOf("/config", large, "/blob/0001"), part: 300})
			f.bring(large)
		}},
		{name: "the head arrives, its answer does not, and all connections break", where: "etcd", asked: "a new value of small", apps: []string{small}, outcome: "found by reading, written once", play: func(f *faults) {
			one := f.replica("one")
			f.run(one, false)
			f.at(workStep{where: "etcd", app: small, on: headOf("/config", small), after: true}, func(*wire) { one.cut() }, true)
			f.bring(small)
		}},
		{name: "the push of the admission arrives, its answer does not", more: true, where: "ledger", asked: "a new value of small", apps: []string{small}, outcome: "its own entry is found: one admission", play: func(f *faults) {
			f.run(f.replica("one"), false)
			f.at(workStep{where: "ledger", app: small, on: pushes, after: true}, func(*wire) {}, true)
			f.bring(small)
		}},
		{name: "Git and API are away after the admission", where: "ledger", asked: "a new value of small", apps: []string{small}, outcome: "delivered meanwhile, recorded when they are back", play: func(f *faults) {
			f.run(f.replica("one"), false)
			f.trap.arm(spring{on: headOf("/config", small), before: func(*wire) bool { f.forge.Down(true); return true }})
			c := f.bring(small)
			f.awaitLive(small, c)
			f.forge.Down(false)
		}},
	}
}

func (r *replica) hold(yes bool) {
	for _, w := range r.wires {
		w.hold(yes)
	}
}

func (r *replica) cut() {
	for _, w := range r.wires {
		w.cut()
	}
}

// late lets one connection keep what was sent on it while all others work, until something newer is live.
func (f *faults) late(app string, on func([]byte) bool) {
	f.t.Helper()
	f.run(f.replica("one"), false)
	f.run(f.replica("other"), false)
	kept, deliver := make(chan *replica, 1), make(chan struct{})
	f.trap.arm(spring{on: on, before: func(w *wire) bool { kept <- w.of; <-deliver; return true }})
	f.bring(app)
	f.caught(kept, workStep{what: "what is delayed"})
	f.awaitLive(app, f.bring(app))
	close(deliver)
}

// edits are what people do by hand while nobody can answer.
func edits() []fault {
	return []fault{
		{name: "the watch breaks, its history is compacted, and keys are changed meanwhile", where: "etcd, mirror", asked: "edits by hand", apps: nil, again: true, outcome: "found by reading again; healed and recorded", play: func(f *faults) {
			one := f.replica("one")
			f.run(one, false)
			f.bring(small)
			f.equal() // and the watch is there
			one.hold(true)
			f.byHand(func() { f.vandalise(); f.compact() })
			one.cut()
			one.hold(false)
			f.healed(vandalised...)
		}},
		{name: "heads, parts and mirrored keys are changed and deleted while no reconciler runs", where: "etcd, mirror", asked: "edits by hand", again: true, outcome: "healed at the start, and recorded", play: func(f *faults) {
			f.byHand(f.vandalise)
			f.run(f.replica("one"), false)
			f.healed(vandalised...)
		}},
		{name: "an older head that sluice signed is put back while Git and API are away", where: "etcd", asked: "an edit by hand", again: true, outcome: "healed without them, recorded later; nobody goes back", play: func(f *faults) {
			old := f.raw("/config/development/small/head")
			f.run(f.replica("one"), false)
			f.awaitLive(small, f.bring(small))
			f.equal()
			f.forge.Down(true)
			f.byHand(func() { f.put("/config/development/small/head", old) })
			f.awaitLive(small, f.last[small])
			f.forge.Down(false)
			f.healed("small etcd")
		}},
		{name: "keys are changed by hand while the leader is killed", more: true, where: "etcd, mirror", asked: "edits by hand, and a new value of small", apps: []string{small}, again: true, outcome: "healed and recorded, the new value delivered", play: func(f *faults) {
			f.run(f.replica("one"), false)
			f.awaitLive(small, f.bring(small))
			f.equal()
			leader := f.leader()
			f.byHand(f.vandalise)
			leader.Kill()
			f.bring(small)
			f.allLive()
			leader.Restart()
			f.healed("large etcd", "many etcd", "many mirror") // small may have got its new value before anybody could look
		}},
	}
}

// raw is what a key has.
func (f *faults) raw(key string) string {
	f.t.Helper()
	answer, err := f.client.Get(f.t.Context(), key)
	f.check(err)
	if len(answer.Kvs) != 1 {
		f.t.Fatalf("%s is not there", key)
	}
	return string(answer.Kvs[0].Value)
}

func (f *faults) put(key, value string) {
	f.t.Helper()
	_, err := f.client.Put(f.t.Context(), key, value)
	f.check(err)
}

// vandalise changes what it can: a head, a part of what is live, a head that is deleted, and keys of mirrors.
func (f *faults) vandalise() {
	f.t.Helper()
	doc := f.head("/config", large).Doc.Hex()
	f.put("/config/development/small/head", "by hand")
	f.put("/config/development/large/rel/"+doc+"/blob/0001", "by hand")
	f.put("/mirror/development/small/kv/app.yaml", "by: hand\n")
	for _, key := range []string{"/config/development/many/head", "/mirror/development/many/kv/f130"} {
		_, err := f.client.Delete(f.t.Context(), key)
		f.check(err)
	}
}

// vandalised are the cells that vandalise leaves changed, as the ledger names them.
var vandalised = []string{"small etcd", "large etcd", "many etcd", "small mirror", "many mirror"}

// byHand lets readers refuse what they see until it is healed.
func (f *faults) byHand(tamper func()) {
	f.t.Helper()
	f.before = len(f.ledger())
	f.tampering.Store(true)
	tamper()
}

// healed waits until everything is as it should be, nobody can see any more what was done by hand, and the ledger says where it was.
func (f *faults) healed(where ...string) {
	f.t.Helper()
	f.await("the drift to be in the ledger", func() bool {
		told := map[string]bool{}
		for _, e := range f.ledger()[f.before:] {
			if e.Kind == ledger.Drift {
				told[string(e.App)+" "+e.Delivery.Target] = true
			}
		}
		return !slices.ContainsFunc(where, func(cell string) bool { return !told[cell] })
	})
	f.equal() // only now: what the ledger says of before is true of what nobody has looked at since
	f.readers.await()
	f.caughtUp()
	f.tampering.Store(false)
}

// caughtUp waits until the history has seen what is there now.
func (f *faults) caughtUp() {
	f.t.Helper()
	newest := append(clientv3.WithLastRev(), clientv3.WithKeysOnly())
	for _, root := range f.roots() {
		answer, err := f.client.Get(f.t.Context(), root, newest...)
		f.check(err)
		f.await("the history to have seen "+root, func() bool { return f.history.seen(root) >= answer.Kvs[0].ModRevision })
	}
}

// compact makes everything unreadable that is not the newest revision.
func (f *faults) compact() {
	f.t.Helper()
	f.caughtUp()
	now, err := f.client.Get(f.t.Context(), "x")
	f.check(err)
	_, err = f.client.Compact(f.t.Context(), now.Header.Revision)
	f.check(err)
}

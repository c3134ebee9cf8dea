package main

import (
	"bytes"
	"syscall"

	"github.com/sluice-gitops/sluice/schema"
)

// A workStep is a point of a reconciler's work, by what it sends there.
type workStep struct {
	where, what, app string
	on               func(sent []byte) bool
	skip             int
	after            bool // once the server has it, and before its answer; else before the server has it
	again            bool // whoever finishes takes the head to itself by writing it again
}

// workSteps are all steps from a merge request that landed to the entry that says it is live.
var workSteps = []workStep{
	{"ledger", "before the admission is pushed", small, pushes, 0, false, false},
	{"ledger", "the admission is pushed, its answer on the way", small, pushes, 0, true, false},
	{"etcd", "before the head", small, headOf("/config", small), 0, false, false},
	{"etcd", "after the head", small, headOf("/config", small), 0, true, false},
	{"etcd", "before the first part", large, partOf("/config", large, "/blob/0000"), 0, false, false},
	{"etcd", "before the second part", large, partOf("/config", large, "/blob/0001"), 0, false, false},
	{"etcd", "before the list of parts", large, partOf("/config", large, "/manifest"), 0, false, false},
	{"etcd", "parts are there, before the head", large, headOf("/config", large), 0, false, false},
	{"etcd", "after the head of parts", large, headOf("/config", large), 0, true, false},
	{"etcd mirror", "before the head with its mirror", small, headOf("/mirror", small), 0, false, false},
	{"etcd mirror", "after the head with its mirror", small, headOf("/mirror", small), 0, true, false},
	{"etcd mirror", "before the head of 300 keys", many, headOf("/mirror", many), 0, false, false},
	{"etcd mirror", "after the head, before its 300 keys", many, headOf("/mirror", many), 0, true, true},
	{"etcd mirror", "within 300 keys", many, sends("/mirror/development/many/kv/f130"), 0, false, true},
	{"etcd mirror", "300 keys are there, before the marker", many, sends("kv/_complete\x12\x47sha256:"), 0, false, true},
	{"ledger", "before the deliveries are pushed", small, pushes, 1, false, false},
	{"ledger", "the deliveries are pushed, their answer on the way", small, pushes, 1, true, false},
}

func sends(text string) func([]byte) bool {
	return func(sent []byte) bool { return bytes.Contains(sent, []byte(text)) }
}

func pushes(sent []byte) bool {
	return bytes.Contains(sent, []byte("POST /")) && bytes.Contains(sent, []byte("/git-receive-pack HTTP"))
}

func headOf(root, app string) func([]byte) bool {
	key := []byte(root + "/development/" + app + "/head")
	return func(sent []byte) bool { return bytes.Contains(sent, key) && bytes.Contains(sent, []byte("writtenAt")) }
}

func partOf(root, app, part string) func([]byte) bool {
	dir := []byte(root + "/development/" + app + "/rel/")
	return func(sent []byte) bool { return bytes.Contains(sent, dir) && bytes.Contains(sent, []byte(part)) }
}

// arrived returns what waits until the server has what is sent now.
func (f *faults) arrived(s workStep) (wait func()) {
	if s.where == "ledger" {
		tip := f.forge.Tip(f.team.Path(), schema.DefaultLedgerBranch)
		return func() {
			for f.t.Context().Err() == nil && f.forge.Tip(f.team.Path(), schema.DefaultLedgerBranch) == tip {
			}
		}
	}
	root := rootOf(s.where)
	seq := f.head(root, s.app).Seq
	return func() {
		for f.t.Context().Err() == nil && f.head(root, s.app).Seq == seq {
		}
	}
}

// rootOf is the place that a step is of.
func rootOf(where string) string {
	if root, ok := map[string]string{"etcd": "/config", "etcd mirror": "/mirror"}[where]; ok {
		return root
	}
	return where
}

// at does something at a step; arrives tells whether what is sent there reaches the server, be it late.
func (f *faults) at(s workStep, do func(*wire), arrives bool) {
	if !s.after {
		f.trap.arm(spring{on: s.on, skip: s.skip, before: func(w *wire) bool { do(w); return arrives }})
		return
	}
	var wait func()
	f.trap.arm(spring{
		on: s.on, skip: s.skip, before: func(*wire) bool { wait = f.arrived(s); return true },
		after: func(w *wire) { wait(); do(w) },
	})
}

// kills are a kill -9 at every step; in every second case another reconciler of the project is at work as well.
func kills(steps []workStep, more func(i int) bool) []fault {
	var out []fault
	for i, s := range steps {
		c := fault{
			name: "kill -9 " + s.what, where: s.where, asked: "a new value of " + s.app, apps: []string{s.app},
			outcome: "the next process finishes it; one admission, one write of each head", more: more(i),
		}
		if s.again {
			c.again, c.outcome = true, "the next process finishes it, and takes the head to itself for that by writing it again"
		}
		another := i%2 == 1 && s.skip == 0 // its pushes would be counted as well
		if another {
			c.name += ", another one at work"
		}
		c.play = func(f *faults) { f.killed(s, another) }
		out = append(out, c)
	}
	return out
}

func (f *faults) killed(s workStep, another bool) {
	f.t.Helper()
	f.run(f.replica("one"), false)
	if another {
		f.run(f.replica("other"), false)
	}
	victim := make(chan *replica, 1)
	f.at(s, func(w *wire) { w.of.kill(); victim <- w.of }, false)
	f.bring(s.app)
	dead := f.caught(victim, s)
	f.gone(dead)
	f.run(dead, false)
}

// caught waits until a process came to a step.
func (f *faults) caught(at <-chan *replica, s workStep) *replica {
	f.t.Helper()
	var r *replica
	f.await("the reconciler to come to: "+s.what, func() bool {
		select {
		case r = <-at:
			return true
		default:
			return false
		}
	})
	return r
}

// pauses are a SIGSTOP of the one that leads, at every step, until another one has led and written something newer.
func pauses(steps []workStep, elect bool, more func(i int) bool) []fault {
	var out []fault
	for i, s := range steps {
		out = append(out, fault{
			name: "SIGSTOP of the leading reconciler " + s.what + ", woken late", where: s.where, asked: "a value, and a newer one meanwhile",
			apps: []string{s.app}, again: s.again, more: more(i), play: func(f *faults) { f.paused(s, elect) },
			outcome: "the next one leads and writes the newer; what arrives late is refused",
		})
	}
	return out
}

func (f *faults) paused(s workStep, elect bool) {
	f.t.Helper()
	for _, name := range []string{"one", "other"} {
		r := f.replica(name)
		f.run(r, elect)
		defer f.interrupt(r.cmd)
	}
	stopped, wake := make(chan *replica, 1), make(chan struct{})
	f.at(s, func(w *wire) {
		_ = w.of.cmd.Process.Signal(syscall.SIGSTOP)
		stopped <- w.of
		<-wake
	}, true)
	f.bring(s.app)
	late := f.caught(stopped, s)
	newer := f.bring(s.app)
	f.awaitLive(s.app, newer)
	f.check(late.cmd.Process.Signal(syscall.SIGCONT))
	close(wake)
	f.equal()
}

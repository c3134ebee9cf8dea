package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
)

// nodes are what happens to the members of the cluster.
func nodes() []fault {
	return []fault{
		{name: "a follower is killed", more: true, where: "etcd", asked: "a new value of all apps", apps: faultApps, outcome: "nobody notices", play: func(f *faults) {
			f.run(f.replica("one"), false)
			dead := f.follower()
			dead.Kill()
			f.bring(faultApps...)
			f.allLive()
			dead.Restart()
		}},
		{name: "the leader is killed before the head reaches it", more: true, where: "etcd", asked: "a new value of small", apps: []string{small}, outcome: "written after the election, once", play: func(f *faults) {
			f.leaderLost(small, spring{on: headOf("/config", small)})
		}},
		{name: "the leader is killed when it has the head, its answer is lost", where: "etcd", asked: "a new value of small", apps: []string{small}, outcome: "found by reading, written once", play: func(f *faults) {
			f.leaderLost(small, spring{on: headOf("/config", small), after: func(*wire) {}})
		}},
		{name: "the leader is killed between two parts", more: true, where: "etcd", asked: "a new value of large", apps: []string{large}, outcome: "the rest follows after the election", play: func(f *faults) {
			f.leaderLost(large, spring{on: partOf("/config", large, "/blob/0001")})
		}},
		{name: "the leader is killed within 300 keys", where: "etcd mirror", asked: "a new value of many", apps: []string{many}, again: true, outcome: "the rest follows after the election, then the marker", play: func(f *faults) {
			f.leaderLost(many, spring{on: sends("/mirror/development/many/kv/f130")})
		}},
		{name: "two of three are killed", where: "etcd", asked: "a new value of small", apps: []string{small}, outcome: "admitted, recorded as not delivered; delivered when they are back", play: (*faults).noQuorum},
		{name: "all three are killed at once", more: true, where: "etcd", asked: "a new value of all apps", apps: faultApps, again: true, outcome: "delivered when they are back", play: func(f *faults) {
			f.run(f.replica("one"), false)
			gone := make(chan *replica, 1)
			f.trap.arm(spring{on: headOf("/mirror", many), before: func(w *wire) bool {
				for _, m := range f.cluster {
					m.Kill()
				}
				gone <- w.of
				return true
			}})
			f.bring(faultApps...)
			f.caught(gone, workStep{what: "the head of many"})
			real.RestartAll(f.cluster)
		}},
		{name: "SIGSTOP of the member that leads, woken after another was elected", where: "etcd", asked: "two values of all apps", apps: faultApps, again: true, outcome: "the others serve; what it had is thrown away", play: func(f *faults) {
			f.run(f.replica("one"), false)
			f.bring(faultApps...)
			asleep := f.leader()
			f.check(syscall.Kill(asleep.Pid(), syscall.SIGSTOP))
			f.bring(faultApps...)
			f.allLive()
			f.check(syscall.Kill(asleep.Pid(), syscall.SIGCONT))
		}},
		{name: "quota alarm: storage is used up", where: "etcd", asked: "a new value of large", apps: []string{large}, outcome: "recorded as target-full, live unharmed; delivered once there is room", play: (*faults).full},
		{name: "slow disk: every fsync of all members takes 150 ms longer (strace -e inject)", where: "etcd", asked: "a new value of all apps", apps: faultApps, again: true, outcome: "late, whole", play: (*faults).slowDisk},
		{name: "stalls: all members stand still 0.4 s of each 0.8 s (SIGSTOP, not a disk)", where: "etcd", asked: "a new value of all apps", apps: faultApps, again: true, more: true, outcome: "late, whole", play: (*faults).stalls},
	}
}

// follower is a member that does not lead.
func (f *faults) follower() *real.EtcdServer {
	f.t.Helper()
	leader := f.leader()
	for _, m := range f.cluster {
		if m != leader {
			return m
		}
	}
	return nil
}

// allLive waits until everything that was asked for last is live.
func (f *faults) allLive() {
	f.t.Helper()
	for _, app := range faultApps {
		f.awaitLive(app, f.last[app])
	}
}

// leaderLost kills the member that leads when something is sent, or when it has arrived.
func (f *faults) leaderLost(app string, s spring) {
	f.t.Helper()
	f.run(f.replica("one"), false)
	leader, gone := f.leader(), make(chan *replica, 1)
	kill := func(w *wire) { leader.Kill(); gone <- w.of }
	if s.after == nil {
		s.before = func(w *wire) bool { kill(w); return true }
	} else {
		var wait func()
		s.before = func(*wire) bool { wait = f.arrived(workStep{where: "etcd", app: app}); return true }
		s.after = func(w *wire) { wait(); kill(w) }
	}
	f.trap.arm(s)
	f.bring(app)
	f.caught(gone, workStep{what: "what the leader was to get"})
	f.allLive()
	leader.Restart()
}

// recorded waits until the newest word about a change at a target is this code.
func (f *faults) recorded(app string, c change, code string) {
	f.t.Helper()
	f.awaitAdmitted(app, c)
	f.await(app+" to be recorded as "+code, func() bool {
		entries := f.ledger()
		seq := admission(entries, app, c)
		for _, e := range entries {
			if e.Kind == ledger.Apply && string(e.App) == app && e.Delivery.Admission == seq && string(e.Code) == code {
				return true
			}
		}
		return false
	})
}

func (f *faults) noQuorum() {
	f.run(f.replica("one"), false)
	dead := []*real.EtcdServer{f.leader(), f.follower()}
	for _, m := range dead {
		m.Kill()
	}
	c := f.bring(small)
	f.recorded(small, c, string(integrations.CodeUnavailable))
	real.RestartAll(dead)
}

// full fills the storage until the cluster refuses every write, and makes room as an operator does.
func (f *faults) full() {
	f.run(f.replica("one"), false)
	junk := strings.Repeat("j", 1<<20)
	for n := 0; ; n++ {
		ctx, stop := context.WithTimeout(f.t.Context(), 5*patience)
		_, err := f.client.Put(ctx, "/junk/"+strconv.Itoa(n), junk)
		stop()
		if err != nil && strings.Contains(err.Error(), "database space exceeded") {
			break
		}
		if n > 4*quota>>20 {
			f.t.Fatalf("the cluster is not full: %v", err)
		}
	}
	c := f.bring(large)
	f.recorded(large, c, string(integrations.CodeFull))
	f.makeRoom()
}

func (f *faults) makeRoom() {
	f.t.Helper()
	deleted, err := f.client.Delete(f.t.Context(), "/junk/", clientv3.WithPrefix())
	f.check(err)
	f.caughtUp()
	_, err = f.client.Compact(f.t.Context(), deleted.Header.Revision, clientv3.WithCompactPhysical())
	f.check(err)
	for _, m := range f.cluster {
		f.await("a member to give room back", func() bool {
			_, err := f.client.Defragment(f.t.Context(), m.Endpoint)
			return err == nil
		})
	}
	alarms, err := f.client.AlarmList(f.t.Context())
	f.check(err)
	for _, a := range alarms.Alarms {
		_, err := f.client.AlarmDisarm(f.t.Context(), (*clientv3.AlarmMember)(a))
		f.check(err)
	}
}

// slowDisk lets strace hold back every fsync: what is written takes long to be on disk, as on a disk that is worn or shared.
func (f *faults) slowDisk() {
	strace := real.Binary(f.t, "strace")
	f.run(f.replica("one"), false)
	for _, m := range f.cluster {
		trace := exec.Command(strace, "-f", "-q", "-o", "/dev/null", "-p", strconv.Itoa(m.Pid()), "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:delay_exit=150ms")
		real.Start(f.t, trace)
		defer func() { _ = trace.Process.Signal(syscall.SIGTERM); _ = trace.Wait() }()
		f.attached(m, trace)
	}
	f.bring(faultApps...)
	f.allLive()
}

// attached waits until a member is traced; where the kernel does not let one trace another, the cell is skipped.
func (f *faults) attached(m *real.EtcdServer, trace *exec.Cmd) {
	f.t.Helper()
	f.await("strace to hold a member", func() bool {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", m.Pid()))
		f.check(err)
		if !strings.Contains(string(status), "\nTracerPid:\t0\n") {
			return true
		}
		if err := syscall.Kill(trace.Process.Pid, 0); err != nil || zombie(trace.Process.Pid) {
			f.t.Skip("SKIPPED, NOT CHECKED: strace may not trace here, so no disk was slow")
		}
		return false
	})
}

func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

// stalls lets all members stand still together, again and again, until what was asked for is live.
func (f *faults) stalls() {
	f.run(f.replica("one"), false)
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(400 * time.Millisecond)
		defer tick.Stop()
		for stopped := false; ; stopped = !stopped {
			for _, m := range f.cluster {
				_ = syscall.Kill(m.Pid(), map[bool]syscall.Signal{true: syscall.SIGCONT, false: syscall.SIGSTOP}[stopped])
			}
			if stopped {
				select {
				case <-over:
					return
				default:
				}
			}
			<-tick.C
		}
	}()
	f.bring(faultApps...)
	f.allLive()
	close(over)
	<-ended
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// faultLines is a project of one stage that matters, whose apps are delivered to two places of one cluster.
const faultLines = `version: 1
layout: directory
targets: {etcd: {}, mirror: {mirror: files}}
stages:
  - name: development
  - name: production
stage_local: [local.yaml]
`

// The apps take different steps: all in the head; in parts; with a mirror that no transaction could hold.
const (
	small = "small"
	large = "large"
	many  = "many"
)

var faultApps = []string{small, large, many}

// quota is what a member may store: enough for a run, and filled in no time.
const quota = 48 << 20

// faults is a project whose reconcilers, network and cluster are made to fail.
type faults struct {
	*endToEnd
	apps    []string
	places  []string // where each app is delivered to, as roots
	cluster []*real.EtcdServer
	kube    *kube            // instead of a cluster of etcd
	client  *clientv3.Client // past all wires
	trap    *trap
	last    map[string]change // by app, what was asked for last
	value   int
	trust   schema.Trust
	readers *readers
	history *history

	before    int         // entries when somebody wrote by hand
	tampering atomic.Bool // somebody writes by hand: readers may refuse what they see
}

// A change is one merge request for one app.
type change struct{ iid, value int }

// replica is a process of sluice run with its own state directory and its own network.
type replica struct {
	name  string
	cmd   *exec.Cmd
	git   *wire
	wires []*wire // one for each member
}

func newFaults(t *testing.T, binary string) *faults {
	t.Helper()
	f := faultsOf(t, binary, faultLines)
	f.apps, f.places = faultApps, []string{"/config", "/mirror"}
	f.cluster = real.EtcdCluster(t, 3, fmt.Sprintf("--quota-backend-bytes=%d", quota), "--heartbeat-interval=50", "--election-timeout=500")
	var endpoints []string
	for _, m := range f.cluster {
		endpoints = append(endpoints, m.Endpoint)
	}
	f.dial(endpoints...)
	return f
}

// faultsOf is a project whose sealing is asked for.
func faultsOf(t *testing.T, binary, lines string) *faults {
	t.Helper()
	p, err := newProject(t.Context(), t.TempDir(), binary, lines)
	if err != nil {
		t.Fatal(err)
	}
	f := &faults{endToEnd: &endToEnd{project: p, t: t, binary: binary}, trap: &trap{}, last: map[string]change{}}
	t.Cleanup(func() { f.check(p.forge.Close()) })
	f.check(p.team.Person("ann").Fetch(t.Context()))
	f.sluice(exitDone, "init", "--seal")
	return f
}

// dial reaches an etcd past all wires.
func (f *faults) dial(endpoints ...string) {
	f.t.Helper()
	var err error
	f.client, err = clientv3.New(clientv3.Config{Endpoints: endpoints, Logger: zap.NewNop()})
	f.check(err)
	f.t.Cleanup(func() { _ = f.client.Close() })
}

// replica makes the network of a reconciler; run starts it.
func (f *faults) replica(name string) *replica {
	r := &replica{name: name}
	r.git = newWire(f.t, r, f.trap, strings.TrimPrefix(f.forge.URL(), "http://"))
	if f.kube != nil {
		r.wires = append(r.wires, newTLSWire(f.t, r, f.trap, strings.TrimPrefix(f.kube.URL, "https://"), f.kube.identity, f.kube.upstream))
	}
	for _, m := range f.cluster {
		r.wires = append(r.wires, newWire(f.t, r, f.trap, strings.TrimPrefix(m.Endpoint, "http://")))
	}
	return r
}

// run starts the process, as one of those that take turns or for itself.
func (f *faults) run(r *replica, elect bool) {
	f.t.Helper()
	var endpoints []string
	for _, w := range r.wires {
		endpoints = append(endpoints, fmt.Sprintf("%q", "http://"+w.address))
	}
	address := "endpoints: [" + strings.Join(endpoints, ", ") + "], settings: {timeout: 500ms}"
	f.targets = fmt.Sprintf("etcd: {kind: etcd, %s}\nmirror: {kind: etcd, root: /mirror, %s}", address, address)
	if f.kube != nil {
		f.targets = f.kube.target("inplace", r.wires[0]) + "\n" + f.kube.target("rolling", r.wires[0])
	}
	f.adapt = func(text string) string {
		text = strings.Replace(text, "repository: "+f.forge.URL(), "repository: http://"+r.git.address, 1)
		if elect {
			text = elected(text)
		}
		return text
	}
	r.cmd = f.start(r.name)
}

// kill ends a process as a machine that fails; whoever waits for it does so elsewhere.
func (r *replica) kill() { _ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL) }

// gone waits for the end of a process that was killed.
func (f *faults) gone(r *replica) {
	f.t.Helper()
	var exit *exec.ExitError
	if err := r.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		f.t.Fatal(err)
	}
}

// bring asks for a new value in some apps, by one merge request that is merged.
func (f *faults) bring(apps ...string) change {
	f.t.Helper()
	f.value++
	files := map[string]string{}
	for _, app := range apps {
		for path, data := range filesOf(app, f.value) {
			files["stages/development/"+app+"/"+path] = data
		}
	}
	f.brought++
	iid, err := f.team.Person("ann").Propose(f.t.Context(), "main", fmt.Sprintf("ann/%d", f.brought), fmt.Sprintf("value %d in %s", f.value, strings.Join(apps, ", ")),
		team.Commit{Message: fmt.Sprintf("value %d", f.value), Files: files})
	f.check(err)
	f.check(f.team.Person("bob").Merge(iid, gitlabtest.MergeOptions{RemoveSource: true}))
	c := change{iid, f.value}
	for _, app := range apps {
		f.last[app] = c
	}
	return c
}

// filesOf are the files of an app; every line of them says the value.
func filesOf(app string, value int) map[string]string {
	line := fmt.Sprintf("value: %d\n", value)
	switch app {
	case large:
		return map[string]string{"large.bin": strings.Repeat(line, 400_000/len(line))}
	case many:
		out := map[string]string{}
		for n := range 300 {
			out[fmt.Sprintf("f%03d", n)] = line
		}
		return out
	}
	return map[string]string{"app.yaml": line}
}

// ledger reads every entry as a clone would.
func (f *faults) ledger() []ledger.Entry {
	f.t.Helper()
	repo, err := gitrepo.OpenLocal(f.forge.RepoDir(f.team.Path()))
	f.check(err)
	defer repo.Close()
	tip := f.forge.Tip(f.team.Path(), schema.DefaultLedgerBranch)
	if tip == "" {
		return nil
	}
	at, err := schema.ParseHash(tip)
	f.check(err)
	clone, err := reconciler.OpenClone(f.t.Context(), repo, at, f.team.Anchor())
	f.check(err)
	f.trust = clone.Trust
	var out []ledger.Entry
	for e, err := range clone.Ledger.Entries(f.t.Context(), 1) {
		f.check(err)
		out = append(out, e)
	}
	return out
}

// admission is the entry that let a change in; 0 before.
func admission(entries []ledger.Entry, app string, c change) int64 {
	for _, e := range entries {
		if e.Kind == ledger.Admit && string(e.App) == app && e.Decision.MergeRequest != nil && int(e.Decision.MergeRequest.IID) == c.iid {
			return e.Seq
		}
	}
	return 0
}

// awaitAdmitted waits until the change is in the ledger.
func (f *faults) awaitAdmitted(app string, c change) {
	f.t.Helper()
	f.await(fmt.Sprintf("!%d to be admitted", c.iid), func() bool { return admission(f.ledger(), app, c) > 0 })
}

// soon bounds one question: a member may stand still.
func (f *faults) soon() (context.Context, context.CancelFunc) {
	return context.WithTimeout(f.t.Context(), patience)
}

// head is what a plain client reads of an app below a root; zero if nothing can be read.
func (f *faults) head(root, app string) integrations.Head {
	ctx, stop := f.soon()
	defer stop()
	if f.kube != nil {
		_, head, _ := f.kube.read(ctx, root, app)
		return head
	}
	answer, err := f.client.Get(ctx, root+"/development/"+app+"/head")
	if err != nil || len(answer.Kvs) == 0 {
		return integrations.Head{}
	}
	head, _ := integrations.DecodeHead(answer.Kvs[0].Value)
	return head
}

// awaitLive waits until both places have the change.
func (f *faults) awaitLive(app string, c change) {
	f.t.Helper()
	f.awaitAdmitted(app, c)
	seq := admission(f.ledger(), app, c)
	f.await(fmt.Sprintf("%s of !%d to be live", app, c.iid), func() bool {
		return !slices.ContainsFunc(f.places, func(root string) bool { return f.head(root, app).Seq != seq })
	})
}

// proven holds the ledger, and both places to it, with the command that auditors use.
func (f *faults) proven() {
	f.t.Helper()
	f.check(f.team.Person("ann").Fetch(f.t.Context()))
	if f.kube != nil {
		f.provenInCluster()
		return
	}
	for target, root := range map[string]string{"etcd": "/config/", "mirror": "/mirror/"} {
		dump := filepath.Join(f.dir, target+".json")
		out, err := exec.CommandContext(f.t.Context(), real.Binary(f.t, "etcdctl"), "--endpoints="+strings.Join(f.client.Endpoints(), ","), "get", "--prefix", root, "-w", "json").Output()
		f.check(err)
		f.check(os.WriteFile(dump, out, 0o600))
		if said := f.sluice(exitDone, "audit", "verify", "--state", dump, "--target", target); !strings.HasPrefix(said, "proven: ") {
			f.t.Errorf("audit verify of %s says %s", target, said)
		}
	}
}

// leader is the member that leads now.
func (f *faults) leader() *real.EtcdServer {
	f.t.Helper()
	var found *real.EtcdServer
	f.await("a member to lead", func() bool {
		for _, m := range f.cluster {
			status, err := f.statusOf(m)
			if err == nil && status.Leader == status.Header.MemberId {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

func (f *faults) statusOf(m *real.EtcdServer) (*clientv3.StatusResponse, error) {
	ctx, stop := f.soon()
	defer stop()
	return f.client.Status(ctx, m.Endpoint)
}

// mirrored holds the mirror of plain keys to what was asked for.
func (f *faults) mirrored(app string, c change) {
	f.t.Helper()
	want := filesOf(app, c.value)
	f.await("the mirror of "+app+" to be whole", func() bool {
		ctx, stop := f.soon()
		defer stop()
		answer, err := f.client.Get(ctx, "/mirror/development/"+app+"/kv/", clientv3.WithPrefix())
		if err != nil || len(answer.Kvs) != len(want)+1 {
			return false
		}
		for _, kv := range answer.Kvs {
			name := strings.TrimPrefix(string(kv.Key), "/mirror/development/"+app+"/kv/")
			if name != "_complete" && want[name] != string(kv.Value) {
				return false
			}
		}
		return true
	})
}

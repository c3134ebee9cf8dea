package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
	"github.com/sluice-gitops/sluice/reconciler/lease"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestEndToEndManyProjects lets three processes share many projects on one etcd: each project has one leader, each process its
// share; then one is killed and one stopped, and everything is delivered by the third, once.
func TestEndToEndManyProjects(t *testing.T) {
	if os.Getenv("SLUICE_E2E") == "" && os.Getenv("SLUICE_FAULTS") == "" {
		t.Skip("many projects are played by make e2e, and more of them by make faults")
	}
	t.Parallel()
	n := 5
	if os.Getenv("SLUICE_FAULTS") != "" {
		n = 20
	}
	m := newManyProjects(t, n)
	processes := []*exec.Cmd{m.start("one"), m.start("two"), m.start("three")}
	m.shared(processes...)
	m.bring(1)
	m.delivered(1)
	m.check(syscall.Kill(-processes[0].Process.Pid, syscall.SIGKILL))
	_ = processes[0].Wait() // the error says that it was killed
	m.check(processes[1].Process.Signal(syscall.SIGSTOP))
	m.bring(2)
	m.delivered(2)
	m.shared(processes[2])
	m.check(processes[1].Process.Signal(syscall.SIGCONT))
	m.bring(3)
	m.delivered(3)
	m.shared(processes[1:]...)
	m.once(3)
}

// manyProjects are projects with a forge each, and one reconcilers' file for all.
type manyProjects struct {
	*endToEnd // of the first project
	all       []*project
	client    *clientv3.Client
}

func newManyProjects(t *testing.T, n int) *manyProjects {
	t.Helper()
	binary, endpoint := sluiceBinary(t), real.Etcd(t).Endpoint
	m := &manyProjects{all: make([]*project, n)}
	key := []byte(nil)
	for i := range m.all { // the first one's key is every one's
		lines := strings.Replace(faultLines, "{etcd: {}, mirror: {mirror: files}}", fmt.Sprintf("{etcd: {root: /config/p%02d}}", i), 1)
		p, err := newProjectOf(t.Context(), gitlabtest.Options{}, team.Config{Dir: t.TempDir(), Project: "acme/config", Program: binary, LogKey: key}, lines)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.forge.Close() })
		if key, err = os.ReadFile(p.team.LogKey()); err != nil {
			t.Fatal(err)
		}
		m.all[i] = p
		m.endToEnd = &endToEnd{project: p, t: t, binary: binary}
		m.check(p.team.Person("ann").Fetch(t.Context()))
		m.sluice(exitDone, "init", "--seal")
	}
	m.endToEnd = &endToEnd{project: m.all[0], t: t, binary: binary, adapt: m.together,
		targets: fmt.Sprintf("etcd: {kind: etcd, endpoints: [%q], settings: {timeout: 2s}}", endpoint)}
	var err error
	m.client, err = clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
	m.check(err)
	t.Cleanup(func() { _ = m.client.Close() })
	return m
}

// together makes one operator's file of all projects, with the end of the first one's.
func (m *manyProjects) together(first string) string {
	var b strings.Builder
	b.WriteString("projects:\n")
	for _, p := range m.all {
		name, err := p.operatorFile("alone", m.targets)
		m.check(err)
		text, err := os.ReadFile(name)
		m.check(err)
		_, rest, _ := strings.Cut(string(text), "projects:\n")
		project, _, _ := strings.Cut(rest, "log_key_file:")
		b.WriteString(strings.TrimPrefix(elected(project), "projects:\n"))
	}
	_, end, _ := strings.Cut(first, "log_key_file:")
	return b.String() + "log_key_file:" + strings.Replace(end, "interval: 200ms", "interval: 1s", 1)
}

// shared waits until each project is led by the one of these processes that it is drawn for, and each has some if there are several.
func (m *manyProjects) shared(processes ...*exec.Cmd) {
	m.t.Helper()
	host, err := os.Hostname()
	m.check(err)
	var names []string
	for _, p := range processes {
		names = append(names, fmt.Sprintf("%s/%d", host, p.Process.Pid))
	}
	led := map[string]int{}
	m.await("every project to be led by the one that it is drawn for", func() bool {
		clear(led)
		for _, p := range m.all {
			key := "/config/.sluice/" + p.team.Anchor().Hex()[:16] + "/leader"
			candidates, err := m.client.Get(m.t.Context(), key+"/", clientv3.WithPrefix(), clientv3.WithSort(clientv3.SortByCreateRevision, clientv3.SortAscend))
			m.check(err)
			if len(candidates.Kvs) != len(names) || string(candidates.Kvs[0].Value) != lease.Favourite(key, names) {
				return false
			}
			led[string(candidates.Kvs[0].Value)]++
		}
		return true
	})
	m.t.Logf("%d projects are led by: %v", len(m.all), led)
	if len(m.all) >= 20 && len(led) != len(names) {
		m.t.Errorf("%d of %d processes lead something", len(led), len(names))
	}
}

// bring asks for a value in every project at once.
func (m *manyProjects) bring(value int) {
	m.t.Helper()
	errs := make([]error, len(m.all))
	var group sync.WaitGroup
	for i, p := range m.all {
		group.Go(func() { errs[i] = p.bringOne(m.t.Context(), value) })
	}
	group.Wait()
	for _, err := range errs {
		m.check(err)
	}
}

func (p *project) bringOne(ctx context.Context, value int) error {
	iid, err := p.team.Person("ann").Propose(ctx, "main", fmt.Sprintf("ann/%d", value), fmt.Sprintf("value %d", value), team.Commit{
		Message: fmt.Sprintf("value %d", value), Files: map[string]string{"stages/development/small/app.yaml": fmt.Sprintf("value: %d\n", value)},
	})
	if err != nil {
		return err
	}
	return p.team.Person("bob").Merge(iid, gitlabtest.MergeOptions{RemoveSource: true})
}

func headKey(i int) string {
	return etcd.HeadKey(fmt.Sprintf("/config/p%02d", i), schema.Cell{Stage: "development", App: small})
}

// delivered waits until every project's value is live.
func (m *manyProjects) delivered(value int) {
	m.t.Helper()
	for i := range m.all {
		m.await(fmt.Sprintf("project %d to have value %d", i, value), func() bool {
			document, err := etcd.ReadDocument(m.t.Context(), m.client.Endpoints()[0], headKey(i))
			if err != nil {
				return false
			}
			got, err := valueOf(document)
			return err == nil && got == strconv.Itoa(value)
		})
	}
}

// once holds that every value was admitted once and written once.
func (m *manyProjects) once(values int) {
	m.t.Helper()
	for i, p := range m.all {
		answer, err := m.client.Get(m.t.Context(), headKey(i))
		m.check(err)
		if n := answer.Kvs[0].Version; n != int64(values) {
			m.t.Errorf("the head of project %d was written %d times, want %d", i, n, values)
		}
		f := &faults{endToEnd: &endToEnd{project: p, t: m.t, binary: m.binary}}
		admitted := slices.DeleteFunc(f.ledger(), func(e ledger.Entry) bool { return e.Kind != ledger.Admit })
		if len(admitted) != values {
			m.t.Errorf("project %d has %d admissions, want %d", i, len(admitted), values)
		}
	}
	m.t.Attr("replicas", fmt.Sprintf("3 processes, %d projects on one etcd: one killed, one stopped and woken; one leader each, shared; %d values of each admitted once and written once", len(m.all), values))
}

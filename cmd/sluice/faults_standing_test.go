package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
)

// standingLines is a project whose app is delivered to etcd and to Kubernetes.
const standingLines = `version: 1
layout: directory
targets: {etcd: {}, kubernetes: {kind: configmap, name: "{app}-standing"}}
stages:
  - name: development
  - name: production
stage_local: [local.yaml]
`

const standingTitle = "one of two targets stands still"

// standing is a project with two targets, one of which takes connections and never answers.
type standing struct {
	*faults
	etcd *real.EtcdServer
}

// standsStill lets first the API server and then etcd stand still (SIGSTOP): meanwhile drift at the other is healed and a new
// release gets there; when it wakes up, it gets what it missed.
func standsStill(t *testing.T, binary string, k *kube) {
	s := standing{faultsOf(t, binary, standingLines), real.Etcd(t)}
	s.dial(s.etcd.Endpoint)
	s.targets = fmt.Sprintf("etcd: {kind: etcd, endpoints: [%q], settings: {timeout: 2s}}\nkubernetes: {kind: configmap, endpoints: [%q], settings: {timeout: 2s, ca_file: %s, token_file: %s}}",
		s.etcd.Endpoint, k.URL, k.CAFile, k.TokenFile)
	s.start("one")
	value := s.bring(small).value
	inEtcd := func() integrations.Head { return s.head("/config", small) }
	inObject := func() integrations.Head {
		ctx, stop := s.soon()
		defer stop()
		m, err := k.get(ctx, "small-standing")
		if err != nil {
			return integrations.Head{}
		}
		head, _ := integrations.DecodeHead([]byte(m.Data[".sluice.json"]))
		return head
	}
	s.await("both to have the first value", func() bool { return inEtcd().Seq > 0 && inObject().Seq == inEtcd().Seq })

	for _, row := range []struct {
		who          string
		pid          int
		tamper       func() (since int64)
		other, still func() integrations.Head
	}{
		{"the API server", k.Pid(), func() int64 {
			seq := inEtcd().Seq
			s.put("/config/development/small/head", "by hand")
			return seq
		}, inEtcd, inObject},
		{"etcd", s.etcd.Pid(), func() int64 {
			seq := inObject().Seq
			(&faults{endToEnd: s.endToEnd, kube: k}).change("small-standing", map[string]any{".sluice.json": "by hand"})
			return seq
		}, inObject, inEtcd},
	} {
		s.check(syscall.Kill(row.pid, syscall.SIGSTOP))
		seq := row.tamper()
		began := time.Now()
		s.await("drift to be healed while "+row.who+" stands still", func() bool { return row.other().Seq >= seq })
		healed := time.Since(began)
		began = time.Now()
		c := s.bring(small)
		value = c.value
		s.awaitAdmitted(small, c)
		entry := admission(s.ledger(), small, c)
		s.await("a new value while "+row.who+" stands still", func() bool { return row.other().Seq == entry })
		fresh := time.Since(began)
		s.check(syscall.Kill(row.pid, syscall.SIGCONT))
		s.await(row.who+" to get what it missed", func() bool { return row.still().Seq == entry })
		s.await("both deliveries to be in the ledger", func() bool { return appliedTo(s.ledger(), small, entry) == 2 })
		t.Attr("stands-still-"+strings.ReplaceAll(row.who, " ", "-"), fmt.Sprintf("drift at the other target healed after %.1f s, a new value there after %.1f s", healed.Seconds(), fresh.Seconds()))
	}
	s.standingEqual(k, value)
}

// standingEqual holds what plain readers of both targets find to the last value, and lets the audit prove the ledger.
func (s standing) standingEqual(k *kube, value int) {
	s.t.Helper()
	document, err := etcd.ReadDocument(s.t.Context(), s.etcd.Endpoint, "/config/development/small/head")
	s.check(err)
	if got, err := valueOf(document); err != nil || got != fmt.Sprint(value) {
		s.t.Errorf("etcd has %q, %v; want %d", got, err, value)
	}
	object, err := k.get(s.t.Context(), "small-standing")
	s.check(err)
	if got, want := object.Data["app.yaml"], filesOf(small, value)["app.yaml"]; got != want {
		s.t.Errorf("the ConfigMap has %q, want %q", got, want)
	}
	s.check(s.team.Person("ann").Fetch(s.t.Context()))
	if said := s.sluice(exitDone, "audit", "verify"); !strings.HasPrefix(said, "proven: ") {
		s.t.Errorf("audit verify says %s", said)
	}
}

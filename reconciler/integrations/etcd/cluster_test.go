package etcd_test

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// TestLeaderDies writes release after release from two reconcilers while the leader of three members is killed: no
// release goes back, and the last one is there.
func TestLeaderDies(t *testing.T) {
	members := cluster(t, 3)
	var endpoints []string
	for _, m := range members {
		endpoints = append(endpoints, m.endpoint)
	}
	settings := map[string]string{"endpoints": strings.Join(endpoints, ","), "timeout": "2s"}
	one, two := connect(t, settings), connect(t, settings)
	const last = 40
	var newest int64
	for seq := int64(1); seq <= last; seq++ {
		if seq == last/2 {
			killLeader(t, members)
		}
		for {
			o, err := one.Write(t.Context(), release(seq, fmt.Sprint(seq)))
			if err == nil && o.Seq == seq {
				break
			}
			if !errors.Is(err, integrations.ErrUnavailable) {
				t.Fatalf("entry %d: %+v, %v", seq, o, err)
			}
		}
		newest = goesOn(t, two, newest, seq)
	}
	if newest != last {
		t.Errorf("the newest release is %d, want %d", newest, last)
	}
}

// goesOn is the other reconciler, which is one release behind: it sees what was written, and is refused.
func goesOn(t *testing.T, target integrations.Target, newest, seq int64) int64 {
	t.Helper()
	for {
		o, err := target.Read(t.Context(), release(seq, fmt.Sprint(seq)))
		if errors.Is(err, integrations.ErrUnavailable) {
			continue
		}
		if err != nil || !o.Equal || o.Seq < newest {
			t.Fatalf("after entry %d: %+v, %v", newest, o, err)
		}
		newest = o.Seq
		if seq == 1 {
			return newest
		}
		_, err = target.Write(t.Context(), release(seq-1, fmt.Sprint(seq-1)))
		if errors.Is(err, integrations.ErrFenced) {
			return newest
		}
		if !errors.Is(err, integrations.ErrUnavailable) {
			t.Fatalf("entry %d after entry %d: got %v, want ErrFenced", seq-1, seq, err)
		}
	}
}

// killLeader ends the process that leads, as a power cut would.
func killLeader(t *testing.T, members []member) {
	t.Helper()
	for _, m := range members {
		status, err := dial(t, m.endpoint).Status(t.Context(), m.endpoint)
		if err != nil {
			t.Fatal(err)
		}
		if status.Leader == status.Header.MemberId {
			if err := m.process.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("nobody leads")
}

// member is one process of a cluster.
type member struct {
	endpoint string
	process  *exec.Cmd
}

func cluster(t *testing.T, n int) []member {
	t.Helper()
	binary, urls := real.Binary(t, "etcd"), freeURLs(t, 2*n)
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("m%d=%s", i, urls[i]))
	}
	members := make([]member, n)
	for i := range members {
		peer, client := urls[i], urls[n+i]
		cmd := exec.Command(binary, "--name", fmt.Sprintf("m%d", i), "--data-dir", t.TempDir()+"/data", "--unsafe-no-fsync",
			"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--listen-client-urls", client, "--advertise-client-urls", client,
			"--initial-cluster", strings.Join(names, ","), "--heartbeat-interval", "20", "--election-timeout", "200", "--log-level", "panic")
		real.Start(t, cmd)
		members[i] = member{client, cmd}
	}
	return members
}

// freeURLs are addresses that stay free for the test: members have to know each other's before they start.
func freeURLs(t *testing.T, n int) []string {
	t.Helper()
	var urls []string
	for range n {
		urls = append(urls, "http://"+real.FreeAddress(t))
	}
	return urls
}

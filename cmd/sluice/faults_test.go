package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// A fault is one cell of the matrix: what fails, where, and what was asked for meanwhile.
type fault struct {
	name, where, asked string
	apps               []string // that change
	again              bool     // heads are written more than once: somebody wrote by hand
	more               bool     // make faults alone plays it
	play               func(f *faults)
	outcome            string
}

// TestEndToEndFaults breaks everything around a reconciler that can break, one after the other, and holds each time: nothing is
// lost, nothing is mixed, no old write comes after a new one, the ledger and the targets are equal at the end, and the audit proves
// it. Readers read all the while. Everything is real but GitLab: the binary, the network of TCP connections, a cluster of three etcd,
// a kube-apiserver.
// make faults plays more cells than make e2e.
func TestEndToEndFaults(t *testing.T) {
	all := os.Getenv("SLUICE_FAULTS") != ""
	if os.Getenv("SLUICE_E2E") == "" && !all {
		t.Skip("the fault matrix is played by make e2e, and in full by make faults")
	}
	if len(chosen(faultMatrix(), all)) == 0 && len(chosen(clusterMatrix(), all)) == 0 && !strings.Contains(standingTitle, os.Getenv("SLUICE_FAULT")) {
		t.Fatalf("no cell's name contains SLUICE_FAULT=%q", os.Getenv("SLUICE_FAULT"))
	}
	t.Parallel()
	binary := sluiceBinary(t)
	t.Run("etcd", func(t *testing.T) { t.Parallel(); newFaults(t, binary).play(faultMatrix(), all) })
	t.Run("kubernetes", func(t *testing.T) {
		t.Parallel()
		f := newClusterFaults(t, binary)
		f.play(clusterMatrix(), all)
		if os.Getenv("SLUICE_FAULT") == "" || strings.Contains(standingTitle, os.Getenv("SLUICE_FAULT")) {
			t.Run(standingTitle, func(t *testing.T) { standsStill(t, binary, f.kube) })
		}
	})
}

// play breaks one thing after the other.
func (f *faults) play(matrix []fault, all bool) {
	t := f.t
	f.begin()
	for _, i := range chosen(matrix, all) {
		if !t.Run(matrix[i].title(i), func(t *testing.T) { f.cell(t, i+1, matrix[i]) }) {
			break // what comes after would only be confused by it
		}
	}
}

// chosen are the cells that are played: all of them only if asked for, and of these those whose title contains SLUICE_FAULT.
func chosen(matrix []fault, all bool) []int {
	var out []int
	for i, c := range matrix {
		if (all || !c.more) && strings.Contains(c.title(i), os.Getenv("SLUICE_FAULT")) {
			out = append(out, i)
		}
	}
	return out
}

func (c fault) title(i int) string { return fmt.Sprintf("%02d %s: %s", i+1, c.where, c.name) }

// begin brings the first values, and lets readers and the history start.
func (f *faults) begin() {
	f.t.Helper()
	first := f.replica("one")
	f.run(first, false)
	f.await("the ledger to begin", func() bool { return len(f.ledger()) > 0 })
	pinned, err := provider.ParseKeys(strings.Join(f.trust.Root.LogKeys, "\n"))
	f.check(err)
	f.readers = &readers{client: f.client, kube: f.kube, apps: f.apps, keys: pinned, project: f.trust.Root.Project, tampering: &f.tampering}
	f.history = &history{client: f.client, roots: f.roots(), tampering: &f.tampering, report: f.readers.report}
	f.bring(f.apps...)
	f.equal()
	f.bring(f.apps...) // what was created is taken over by the first change
	f.equal()
	f.readers.start(f.t)
	f.history.start(f.t)
	first.kill()
	f.gone(first)
}

// cell plays one fault with processes of its own, and holds what has to be true after every one.
func (f *faults) cell(t *testing.T, n int, c fault) {
	outer := f.endToEnd.t
	f.endToEnd.t = t
	defer func() { f.endToEnd.t = outer }()
	began, reads, silent, refused, entries := time.Now(), f.readers.reads.Load(), f.readers.silent.Load(), f.readers.refused.Load(), len(f.ledger())
	c.play(f)
	f.equal()
	took := time.Since(began)
	f.written(c)
	f.proven()
	for _, wrong := range f.readers.taken() {
		t.Error(wrong)
	}
	if t.Failed() {
		return
	}
	r := f.readers
	t.Attr(fmt.Sprintf("fault-%s-%02d", f.kind(), n), fmt.Sprintf("%s | %s | %s | %s | %.1f s, %d entries; %d reads whole, %d unanswered, %d refused as untrue",
		c.where, c.name, c.asked, c.outcome, took.Seconds(), len(f.ledger())-entries, r.reads.Load()-reads, r.silent.Load()-silent, r.refused.Load()-refused))
}

// equal waits until everything that was asked for is admitted once, delivered, recorded, and what a plain client reads.
func (f *faults) equal() {
	f.t.Helper()
	for _, app := range f.apps {
		c := f.last[app]
		f.awaitLive(app, c)
		f.await(fmt.Sprintf("the deliveries of %s to be in the ledger", app), func() bool {
			entries := f.ledger()
			return appliedTo(entries, app, admission(entries, app, c)) == 2
		})
		if f.kube != nil {
			f.equalInCluster(app, c)
			continue
		}
		plain := &plainReader{readers: f.readers, place: "/config/development/" + app}
		_, document, err := plain.read(f.t.Context())
		f.check(err)
		if value, err := valueOf(document); err != nil || value != fmt.Sprint(c.value) {
			f.t.Errorf("%s has %q, want %d: %v", app, value, c.value, err)
		}
		f.mirrored(app, c)
	}
	admitted := map[string]int64{}
	for _, e := range f.ledger() {
		if e.Kind != ledger.Admit {
			continue
		}
		what := fmt.Sprintf("%s !%d", e.App, e.Decision.MergeRequest.IID)
		if other, twice := admitted[what]; twice {
			f.t.Errorf("%s is admitted in #%d and #%d", what, other, e.Seq)
		}
		admitted[what] = e.Seq
	}
}

// appliedTo counts the targets at which the newest word about an admission is that it was read back.
func appliedTo(entries []ledger.Entry, app string, admission int64) int {
	good := map[string]bool{}
	for _, e := range entries {
		if e.Delivery != nil && string(e.App) == app && e.Delivery.Admission == admission {
			good[e.Delivery.Target] = e.Kind == ledger.Apply && e.Delivery.Result == ledger.ResultOK
		}
	}
	n := 0
	for _, ok := range good {
		if ok {
			n++
		}
	}
	return n
}

// written waits for the history, and wants one write of each head that was asked for.
func (f *faults) written(c fault) {
	f.t.Helper()
	entries := f.ledger()
	for _, app := range c.apps {
		seq := admission(entries, app, f.last[app])
		for _, root := range f.places {
			key := root + "/development/" + app + "/head"
			f.await("the history to show "+key, func() bool { return f.history.written(key, seq) > 0 })
			if n := f.history.written(key, seq); n != 1 && !c.again {
				f.t.Errorf("%s of entry %d was written %d times", key, seq, n)
			}
		}
	}
}

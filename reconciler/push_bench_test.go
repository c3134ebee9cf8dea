package reconciler_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo/gitrepotest"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	etcdsource "github.com/sluice-gitops/sluice/reconciler/provider/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

// pushed is a project of the reference size with a developer who pushes signed changes to one app, a program that watches its
// configuration through the provider, and the loop of a shell beside it that does the least: git fetch, git diff-tree, etcdctl put.
type pushed struct {
	*scale
	merged *landedForge
	seen   chan int // the versions that the provider took
	shell  io.Writer
	plain  <-chan struct{} // what the shell's loop wrote arrived
	tip    schema.Hash
}

// landedForge has the answers about merged merge requests at hand, as the cache of forge evidence has, and counts the questions.
type landedForge struct {
	mu       sync.Mutex
	landed   map[schema.Hash]schema.MergeRequest
	answered int
}

func (f *landedForge) Landings(_ context.Context, commit schema.Hash, _ string) ([]schema.MergeRequest, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answered++
	if mr, ok := f.landed[commit]; ok {
		return []schema.MergeRequest{mr}, nil
	}
	return nil, nil
}

func (f *landedForge) Opened(context.Context) ([]schema.MergeRequest, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answered++
	return nil, nil
}

func newPushed(b *testing.B, apps int) *pushed {
	etcdctl := real.Binary(b, "etcdctl")
	p := &pushed{merged: &landedForge{landed: map[schema.Hash]schema.MergeRequest{}}, seen: make(chan int, 1)}
	p.scale = newScaleIn(b, apps, p.merged, newPhases())
	p.git("", "config", "gc.auto", "0") // as at a forge: what lies loose is packed at night, not beside a push
	p.pass()
	tip, err := schema.ParseHash(p.git("", "rev-parse", "refs/heads/main"))
	if err != nil {
		b.Fatal(err)
	}
	p.tip = tip
	p.watch(b)
	p.startShell(b, etcdctl)
	return p
}

// watch opens a provider as a program would.
func (p *pushed) watch(b *testing.B) {
	client, err := p.target.Client()
	if err != nil {
		b.Fatal(err)
	}
	opened, err := provider.Open(b.Context(), provider.Options{
		Source:  etcdsource.New(client, etcdsource.Place("/config", "development", gitrepotest.App(0))),
		Project: scaleProject, Stage: "development", App: gitrepotest.App(0), Keys: provider.Keys{p.logKey.ID(): p.logKey.PublicKey()},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { opened.Close() })
	binding, err := provider.Bind[versioned](opened)
	if err != nil {
		b.Fatal(err)
	}
	binding.AfterChange(func(_, now *versioned, _ provider.Changes) { p.seen <- now.Version })
}

type versioned struct {
	Version int `json:"version"`
}

// startShell starts the loop. It waits for a line, as a hook would wake it.
func (p *pushed) startShell(b *testing.B, etcdctl string) {
	clone := filepath.Join(p.dir, "shell.git")
	if out, err := exec.Command("git", "clone", "-q", "--bare", "file://"+p.bare, clone).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	const loop = `cd "$1"; old=$(git rev-parse refs/heads/main)
while read -r _; do
	git fetch -q origin refs/heads/main:refs/heads/main
	new=$(git rev-parse refs/heads/main)
	git diff-tree -r --name-only "$old" "$new" | while read -r file; do
		git cat-file blob "$new:$file" | "$2" --endpoints="$3" put "/shell/$file" >/dev/null
	done
	old=$new
done`
	cmd := exec.Command("bash", "-c", loop, "loop", clone, etcdctl, p.endpoint)
	cmd.Env, cmd.Stderr = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1"), os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	real.Start(b, cmd)
	p.shell = stdin
	client, err := p.target.Client()
	if err != nil {
		b.Fatal(err)
	}
	arrived := make(chan struct{})
	go func() {
		for range client.Watch(b.Context(), "/shell/"+gitrepotest.File(0, 0)) {
			arrived <- struct{}{}
		}
	}()
	p.plain = arrived
}

// land makes a signed change, as a developer would before pushing it, with the merge request that the forge will show for it.
func (p *pushed) land(version int) schema.Hash {
	p.t.Helper()
	text := gitrepotest.Content(0, 0, version)
	at := time.Now().Unix()
	p.git(fmt.Sprintf("commit refs/heads/next\ncommitter Ann <ann@example.com> %d +0000\ndata 6\nchange\nfrom %s\nM 100644 inline %s\ndata %d\n%s\n",
		at, p.tip, gitrepotest.File(0, 0), len(text), text), "fast-import", "--quiet", "--force")
	tree := p.git("", "rev-parse", "refs/heads/next^{tree}")
	p.git("", "update-ref", "-d", "refs/heads/next")
	head := fmt.Sprintf("tree %s\nparent %s\nauthor Ann <ann@example.com> %[3]d +0000\ncommitter Ann <ann@example.com> %[3]d +0000\n", tree, p.tip, at)
	message := fmt.Sprintf("\nversion %d\n", version)
	signature, err := p.ann.Sign("git", []byte(head+message))
	if err != nil {
		p.t.Fatal(err)
	}
	armored := strings.ReplaceAll(strings.TrimSuffix(string(signature), "\n"), "\n", "\n ")
	commit, err := schema.ParseHash(p.git(head+"gpgsig "+armored+"\n"+message, "hash-object", "-w", "-t", "commit", "--stdin"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.merged.land(commit, p.tip, int64(version))
	p.tip = commit
	return commit
}

func (f *landedForge) land(commit, before schema.Hash, iid int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now().UTC()
	f.landed[commit] = schema.MergeRequest{
		Host: "gitlab.example.com", ProjectID: 1, IID: iid, Title: "change", State: "merged",
		Author: schema.Account{ID: 7, Username: "ann"}, MergedBy: schema.Account{ID: 8, Username: "bob"}, CreatedAt: now, MergedAt: now, AsOf: now,
		SourceRef: "refs/heads/change", TargetRef: "refs/heads/main", Head: commit, Approvals: []schema.Approval{},
		Versions: []schema.Version{{ID: iid, Head: commit, Base: before, Start: before, CreatedAt: now}},
		Raw:      []schema.Raw{{Request: "GET /projects/1/merge_requests/1", Body: []byte("{}"), Digest: schema.DigestOf([]byte("{}"))}},
	}
}

// once moves main and takes the time from there until both have what was pushed: first sluice, then the shell.
func (p *pushed) once(version int) (ours, pass, shell time.Duration) {
	p.t.Helper()
	p.git("", "update-ref", "refs/heads/main", p.land(version).String())
	began := time.Now()
	p.phases.begin()
	passed := make(chan struct{})
	go func() {
		defer close(passed)
		if report := p.pass(); report.Held > 0 {
			p.t.Errorf("the change is held: %+v", report.Entries[0].Decision.Verdict.Missing())
		}
	}()
	ours = p.await(began, version)
	p.phases.end()
	<-passed
	pass = time.Since(began)
	began = time.Now()
	if _, err := io.WriteString(p.shell, "\n"); err != nil {
		p.t.Fatal(err)
	}
	<-p.plain
	return ours, pass, time.Since(began)
}

// await waits until the provider has a version.
func (p *pushed) await(began time.Time, version int) time.Duration {
	p.t.Helper()
	select {
	case got := <-p.seen:
		if got != version {
			p.t.Fatalf("the provider has version %d, want %d", got, version)
		}
	case <-time.After(time.Minute):
		p.t.Fatalf("the provider does not get version %d", version)
	}
	return time.Since(began)
}

// ledgerCheck is how long git takes at the remote to see that an append to the ledger lacks nothing, as it does in every push:
// it walks all trees of the ledger.
func (p *pushed) ledgerCheck() time.Duration {
	began := time.Now()
	p.git("", "rev-list", "--objects", "--quiet", "refs/heads/sluice/ledger", "--not", "refs/heads/sluice/ledger^")
	return time.Since(began)
}

// BenchmarkPushToReadable takes the time from a push, at the moment when the ref has moved and whoever waits is woken, until a
// program that watches has read the new value: fetched, judged with signatures and merge request, recorded in the ledger, signed
// and written, against a loop of the shell that does none of that. What the forge is asked for is at hand and counted;
// what git at the remote takes to accept the append to the ledger is in the time, and told apart.
func BenchmarkPushToReadable(b *testing.B) {
	apps, pushes := 10_000, 40
	if testing.Short() {
		apps, pushes = 200, 5
	}
	p := newPushed(b, apps)
	version := 1
	for range 2 { // what is read once is warm
		version++
		p.once(version)
	}
	p.merged.answered, p.phases.took = 0, map[string][]time.Duration{}
	var ours, passes, shell, checks []time.Duration
	for b.Loop() {
		for range pushes {
			version++
			o, q, s := p.once(version)
			ours, passes, shell, checks = append(ours, o), append(passes, q), append(shell, s), append(checks, p.ledgerCheck())
		}
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(quantile(ours, 50)), "ms-p50")
	b.ReportMetric(ms(quantile(ours, 99)), "ms-p99")
	b.ReportMetric(ms(quantile(passes, 50)), "ms-pass")
	b.ReportMetric(ms(quantile(shell, 50)), "ms-shell-p50")
	b.ReportMetric(ms(quantile(shell, 99)), "ms-shell-p99")
	b.ReportMetric(ms(quantile(checks, 50)), "ms-ledger-check")
	p.phases.report(b)
	b.ReportMetric(float64(p.merged.answered)/float64(len(ours)), "forge-calls")
	b.ReportMetric(heapMB(), "heap-MB")
	b.ReportMetric(quantile(ours, 50).Seconds()/quantile(shell, 50).Seconds(), "x-shell-loop")
	b.ReportMetric(quantile(ours, 99).Seconds()/quantile(shell, 99).Seconds(), "x-shell-loop-p99")
	b.ReportMetric((quantile(ours, 50)-quantile(checks, 50)).Seconds()/quantile(shell, 50).Seconds(), "x-shell-loop-without-ledger-check")
}

// quantile sorts the times.
func quantile(times []time.Duration, percent int) time.Duration {
	slices.Sort(times)
	return times[min(len(times)*percent/100, len(times)-1)]
}

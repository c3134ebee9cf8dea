package reconciler_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo/gitrepotest"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// long is a project with a long ledger: every change is a signed commit that a merge request brought, every entry is decided
// and written by the reconciler itself. Only the network, the forge and the targets are in memory.
type long struct {
	*scale
	ann    *signing.SSHSigner
	repo   *gitrepo.Repo
	refs   map[string]schema.Hash
	landed map[schema.Hash]schema.MergeRequest
	now    time.Time
	apps   int
	iid    int64

	root, stages, cells []schema.TreeEntry // the trees on the way to the cells of development
	entries             int
}

// inMemory is the mirror without a network: what is pushed is there.
type inMemory struct {
	gitrepo.Mirror
	l *long
}

func (m inMemory) Fetch(context.Context) (map[string]schema.Hash, error) {
	return maps.Clone(m.l.refs), nil
}

func (m inMemory) Push(ctx context.Context, ref string, _, new schema.Hash, objects []schema.Object) error {
	m.l.refs[ref] = new
	return m.Write(ctx, objects)
}

func (m inMemory) RemoteRef(_ context.Context, ref string) (schema.Hash, error) {
	return m.l.refs[ref], nil
}

// Landings knows the merge request that brought each commit.
func (l *long) Landings(_ context.Context, commit schema.Hash, _ string) ([]schema.MergeRequest, error) {
	if mr, ok := l.landed[commit]; ok {
		return []schema.MergeRequest{mr}, nil
	}
	return nil, nil
}

// Opened knows none.
func (l *long) Opened(context.Context) ([]schema.MergeRequest, error) { return nil, nil }

// obedient is a target that has whatever was written last.
type obedient map[schema.Cell]int64

func (o obedient) Read(_ context.Context, want integrations.Release) (integrations.Observation, error) {
	return integrations.Observation{Holder: integrations.Us, Seq: o[want.Cell], Content: want.Content, Equal: o[want.Cell] == want.Seq}, nil
}

func (o obedient) Write(ctx context.Context, want integrations.Release) (integrations.Observation, error) {
	o[want.Cell] = want.Seq
	return o.Read(ctx, want)
}

const fourTargets = "version: 1\nlayout: directory\ntargets:\n  a: {}\n  b: {}\n  c: {}\n  d: {}\nstages: default\n"

func newLong(t testing.TB, apps int) *long {
	t.Helper()
	l := &long{scale: &scale{t: t, dir: t.TempDir(), project: fourTargets}, landed: map[schema.Hash]schema.MergeRequest{}, now: time.Now().UTC().Truncate(time.Second), apps: apps}
	l.bare = filepath.Join(l.dir, "config.git")
	if _, err := gitrepotest.Large(l.bare, apps, 1); err != nil {
		t.Fatal(err)
	}
	l.ann = l.key("ann")
	logSigner := l.key("log")
	key, err := signing.NewLogKey(logSigner)
	l.must(err)
	anchor := l.control(l.ann, logSigner)
	l.seal(l.ann)
	l.repo, err = gitrepo.Open(t.Context(), filepath.Join(l.dir, "mirror"), gitrepo.Remote{URL: "file://" + l.bare})
	l.must(err)
	t.Cleanup(func() {
		if l.repo != nil {
			l.repo.Close()
		}
	})
	fetched, err := l.repo.Fetch(t.Context())
	l.must(err)
	l.refs = fetched.Refs
	targets := map[string]integrations.Target{}
	for _, name := range []string{"a", "b", "c", "d"} {
		targets[name] = obedient{}
	}
	l.reconciler, err = reconciler.New(reconciler.Config{
		Name: "long", Repository: inMemory{gitrepo.Mirror{Repo: l.repo}, l}, Forge: l, Targets: targets, Anchor: anchor, LogKey: key,
		StateDir: filepath.Join(l.dir, "state"), CompareEvery: 1000 * time.Hour, Now: func() time.Time { return l.now },
	})
	l.must(err)
	l.anchor = anchor
	l.pass()
	l.trees()
	return l
}

func (l *long) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// trees reads the trees that every change changes.
func (l *long) trees() {
	info, err := l.repo.Commit(context.Background(), l.refs["refs/heads/main"])
	l.must(err)
	l.root = l.tree(info.Tree)
	l.stages = l.tree(find(l.root, "stages").ID)
	l.cells = l.tree(find(l.stages, "development").ID)
}

func (l *long) tree(id schema.Hash) []schema.TreeEntry {
	l.t.Helper()
	entries, err := l.repo.Tree(context.Background(), id)
	l.must(err)
	return append([]schema.TreeEntry(nil), entries...)
}

func find(entries []schema.TreeEntry, name string) *schema.TreeEntry {
	for i := range entries {
		if entries[i].Name == name {
			return &entries[i]
		}
	}
	return nil
}

func encodeTree(entries []schema.TreeEntry) schema.Object {
	var b bytes.Buffer
	for _, e := range entries {
		fmt.Fprintf(&b, "%s %s\x00", e.Mode, e.Name)
		b.Write(e.ID[:])
	}
	return schema.NewObject(schema.TreeObject, b.Bytes())
}

// land commits the next change and fast-forwards main to it by a merge request.
func (l *long) land(n int) []schema.Object {
	l.iid++
	blob := schema.NewObject(schema.BlobObject, []byte(gitrepotest.Content(0, n%l.apps, n+2)))
	app := encodeTree([]schema.TreeEntry{{Name: "app.yaml", Mode: schema.Regular, ID: blob.ID}})
	find(l.cells, gitrepotest.App(n%l.apps)).ID = app.ID
	cells := encodeTree(l.cells)
	find(l.stages, "development").ID = cells.ID
	stages := encodeTree(l.stages)
	find(l.root, "stages").ID = stages.ID
	root := encodeTree(l.root)
	before := l.refs["refs/heads/main"]
	commit := l.commit(root.ID, before, n)
	l.refs["refs/heads/main"] = commit.ID
	l.landed[commit.ID] = schema.MergeRequest{
		Host: "gitlab.example.com", ProjectID: 1, IID: l.iid, Title: fmt.Sprint("change ", n), State: "merged",
		Author: schema.Account{ID: 7, Username: "ann"}, MergedBy: schema.Account{ID: 8, Username: "bob"}, CreatedAt: l.now, MergedAt: l.now, AsOf: l.now,
		SourceRef: "refs/heads/change", TargetRef: "refs/heads/main", Head: commit.ID, Approvals: []schema.Approval{},
		Versions: []schema.Version{{ID: l.iid, Head: commit.ID, Base: before, Start: before, CreatedAt: l.now}},
		Raw:      l.raw(),
	}
	return []schema.Object{blob, app, cells, stages, root, commit}
}

// raw are answers of the size that GitLab's have.
func (l *long) raw() []schema.Raw {
	var out []schema.Raw
	for _, what := range []string{"", "/versions", "/approvals"} {
		body := fmt.Appendf(nil, `{"iid":%d,"of":%q,"more":%q}`, l.iid, what, strings.Repeat("x", 900))
		out = append(out, schema.Raw{Request: fmt.Sprintf("GET /projects/1/merge_requests/%d%s", l.iid, what), Body: body, Digest: schema.DigestOf(body)})
	}
	return out
}

func (l *long) commit(tree, parent schema.Hash, n int) schema.Object {
	l.t.Helper()
	head := fmt.Sprintf("tree %s\nparent %s\nauthor Ann <ann@example.com> %[3]d +0000\ncommitter Ann <ann@example.com> %[3]d +0000\n", tree, parent, l.now.Unix())
	message := fmt.Sprintf("\nchange %d\n", n)
	signature, err := l.ann.Sign("git", []byte(head+message))
	l.must(err)
	armored := strings.ReplaceAll(strings.TrimSuffix(string(signature), "\n"), "\n", "\n ")
	return schema.NewObject(schema.CommitObject, []byte(head+"gpgsig "+armored+"\n"+message))
}

// grow lands changes, so many before each pass, until there are as many commits.
func (l *long) grow(commits, each int) {
	l.t.Helper()
	for n := 0; n < commits; {
		l.now = l.now.Add(time.Minute)
		var objects []schema.Object
		for range each {
			objects = append(objects, l.land(n)...)
			n++
		}
		l.must(l.repo.Write(context.Background(), objects))
		l.entries += len(l.pass().Entries)
		clear(l.landed)
		if n/each%10 == 0 || n == commits {
			l.repack()
		}
	}
}

// repack joins the packs, as git's own maintenance would.
func (l *long) repack() {
	l.t.Helper()
	for _, args := range [][]string{
		{"update-ref", "refs/heads/main", l.refs["refs/heads/main"].String()},
		{"update-ref", "refs/heads/sluice/ledger", l.refs["refs/heads/sluice/ledger"].String()},
		{"repack", "-a", "-d", "-q", "--window=0"},
	} {
		cmd := exec.Command("git", append([]string{"-C", filepath.Join(l.dir, "mirror")}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			l.t.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
	}
}

// prove audits the project as the command does, with a repository that was just opened.
func (l *long) prove() {
	l.t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	repo, err := gitrepo.OpenLocal(filepath.Join(l.dir, "mirror"), gitrepo.WithLimits(gitrepo.DefaultLimits().Frugal()))
	l.must(err)
	defer repo.Close()
	evidence := reconciler.NewEvidence()
	report, err := reconciler.Audit(context.Background(), reconciler.AuditOptions{
		Repository: repo.Beside(evidence.Object), Evidence: evidence, Tip: l.refs["refs/heads/sluice/ledger"], Anchor: l.anchor,
		Ref: func(ref string) (schema.Hash, bool) { id, ok := l.refs[ref]; return id, ok },
	})
	l.must(err)
	if !report.Proven() || len(report.Findings) > 0 {
		l.t.Fatalf("%d findings, the first: %v", len(report.Findings), report.Findings[0])
	}
}

func TestALongLedgerIsProvenInSmall(t *testing.T) {
	t.Parallel()
	l := newLong(t, 20)
	l.grow(60, 15)
	if want := 60 * 5; l.entries != want {
		t.Errorf("%d entries, want %d", l.entries, want)
	}
	l.prove()
	if s := l.simulate(l.project); s.Admitted != 60 || len(s.Changed)+len(s.Unknown) > 0 {
		t.Errorf("by the policies in force: %d made again, %d otherwise, %d unknown", s.Admitted, len(s.Changed), len(s.Unknown))
	}
	l.grow(60, 1) // many appends, so that several work side by side
	beside, alone := l.simulate(askingForApprovals), l.simulateBy(askingForApprovals, nil)
	if len(alone.Changed) != 120 || alone.Admitted != 120 {
		t.Errorf("where edits need an approval %d of %d are held, want 120", len(alone.Changed), alone.Admitted)
	}
	if !reflect.DeepEqual(beside, alone) {
		t.Errorf("side by side %d of %d are held, alone %d of %d", len(beside.Changed), beside.Admitted, len(alone.Changed), alone.Admitted)
	}
}

// TestStretchesAreTheLedgerOnce cuts a ledger whose appends are of few moments into any number of parts.
func TestStretchesAreTheLedgerOnce(t *testing.T) {
	t.Parallel()
	l := newLong(t, 20)
	l.grow(60, 1)
	at, err := l.workplace()
	l.must(err)
	defer at.Close()
	tip := l.refs["refs/heads/sluice/ledger"]
	told := func(s ledger.Stretch) (out []int64) {
		for a, err := range ledger.Appends(t.Context(), at.Repository, s.Tip, s.Since) {
			l.must(err)
			for _, e := range a.Entries {
				if e.Seq > s.After {
					out = append(out, e.Seq)
				}
			}
		}
		return out
	}
	for _, since := range []time.Time{{}, l.now.Add(-30 * time.Minute)} {
		want := told(ledger.Stretch{Tip: tip, Since: since})
		for n := 1; n <= 7; n++ {
			stretches, err := ledger.Stretches(t.Context(), at.Repository, tip, since, n)
			l.must(err)
			var got []int64
			for _, s := range stretches {
				got = append(got, told(s)...)
			}
			if !slices.Equal(got, want) || n > 1 && len(stretches) < 2 {
				t.Errorf("since %s in %d of %d: got %d entries, want %d", since, len(stretches), n, len(got), len(want))
			}
		}
	}
}

// askingForApprovals are other policies: nobody approved any of the edits.
const askingForApprovals = "version: 1\nlayout: directory\ntargets:\n  a: {}\nstages: [{name: development, gates: {promote: [approvals: 1]}}]\n"

// simulate decides everything again by another project file, as the command does.
func (l *long) simulate(project string) reconciler.Simulation {
	l.t.Helper()
	return l.simulateBy(project, l.workplace)
}

// workplace is the mirror, opened once more.
func (l *long) workplace() (reconciler.Workplace, error) {
	repo, err := gitrepo.OpenLocal(filepath.Join(l.dir, "mirror"), gitrepo.WithLimits(gitrepo.DefaultLimits().Frugal()))
	if err != nil {
		return reconciler.Workplace{}, err
	}
	evidence := reconciler.NewEvidence()
	return reconciler.Workplace{Repository: repo.Beside(evidence.Object), Evidence: evidence, Close: repo.Close}, nil
}

func (l *long) simulateBy(project string, open func() (reconciler.Workplace, error)) reconciler.Simulation {
	l.t.Helper()
	repo, err := gitrepo.OpenLocal(filepath.Join(l.dir, "mirror"), gitrepo.WithLimits(gitrepo.DefaultLimits().Frugal()))
	l.must(err)
	defer repo.Close()
	evidence := reconciler.NewEvidence()
	out, err := reconciler.Simulate(context.Background(), reconciler.SimulateOptions{
		Repository: repo.Beside(evidence.Object), Evidence: evidence, Tip: l.refs["refs/heads/sluice/ledger"],
		Policies: map[string][]byte{"sluice.yaml": []byte(project)}, Open: open,
	})
	l.must(err)
	return out
}

// BenchmarkAuditVerify decides again about 20,000 signed commits in a ledger of 100,000 entries, as they were decided and then by other
// policies ([reconciler.Simulate]). Its memory may not grow with
// the ledger.
func BenchmarkAuditVerify(b *testing.B) {
	commits, each := 20_000, 400
	if testing.Short() {
		commits, each = 2_000, 400
	}
	l := newLong(b, 400)
	began := time.Now()
	l.grow(commits, each)
	b.Logf("%d entries about %d commits made in %s", l.entries, commits, time.Since(began).Round(time.Second))
	l.must(l.repo.Close())
	l.reconciler, l.repo = nil, nil
	runtime.GC()
	stop, peak := make(chan struct{}), atomic.Uint64{}
	go watchHeap(stop, &peak)
	b.ResetTimer()
	for b.Loop() {
		l.prove()
	}
	b.StopTimer()
	began = time.Now()
	if s := l.simulate(askingForApprovals); len(s.Changed) != commits {
		b.Fatalf("%d of %d held", len(s.Changed), commits)
	}
	b.ReportMetric(float64(commits)/time.Since(began).Seconds(), "simulated-admissions/s")
	close(stop)
	b.ReportMetric(float64(l.entries)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(peak.Load())/(1<<20), "peak-heap-MB")
	if peak.Load() > 300<<20 {
		b.Errorf("the heap came to %d MB, want less than 300", peak.Load()>>20)
	}
}

// BenchmarkSimulate decides again about 20,000 signed commits by other policies, from a repository that was just opened: a person waits
// for the answer.
func BenchmarkSimulate(b *testing.B) {
	commits, each := 20_000, 400
	if testing.Short() {
		commits, each = 2_000, 400
	}
	l := newLong(b, 400)
	l.grow(commits, each)
	l.must(l.repo.Close())
	l.reconciler, l.repo = nil, nil
	runtime.GC()
	b.ResetTimer()
	before := now()
	for b.Loop() {
		if s := l.simulate(askingForApprovals); len(s.Changed) != commits {
			b.Fatalf("%d of %d held", len(s.Changed), commits)
		}
	}
	b.ReportMetric((now().processor-before.processor).Seconds()/float64(b.N), "cpu-s") // which a busy machine does not change
	b.ReportMetric(float64(commits)*float64(b.N)/b.Elapsed().Seconds(), "admissions/s")
}

// watchHeap keeps the most that the heap ever held, garbage included.
func watchHeap(stop <-chan struct{}, peak *atomic.Uint64) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapAlloc))
		}
	}
}

package reconciler_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo/gitrepotest"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// silentForge knows of no merge request.
type silentForge struct{}

func (silentForge) Landings(context.Context, schema.Hash, string) ([]schema.MergeRequest, error) {
	return nil, nil
}
func (silentForge) Opened(context.Context) ([]schema.MergeRequest, error) { return nil, nil }

// scale is a sealed project of so many apps in five stages, on a repository on disk and an etcd in this process.
type scale struct {
	t          testing.TB
	dir, bare  string
	project    string // sluice.yaml; by default as init makes it
	anchor     schema.Digest
	reconciler *reconciler.Reconciler

	forge    reconciler.Forge // silentForge by default
	ann      *signing.SSHSigner
	logKey   *signing.LogKey
	target   *etcd.Target
	endpoint string
	phases   *phases    // if given, told what is under way
	first    *firstPass // if given, its moments are noted, and etcd waits for its disk
	promoted bool       // each stage has what the first one has
}

const scaleProject = "5ca1e5ca1e5ca1e5ca1e5ca1e5ca1e" // the project's id

func newScale(t testing.TB, apps int) *scale {
	t.Helper()
	return newScaleWith(t, apps, silentForge{})
}

func newScaleWith(t testing.TB, apps int, forge reconciler.Forge) *scale {
	t.Helper()
	return newScaleIn(t, apps, forge, nil)
}

func newScaleIn(t testing.TB, apps int, forge reconciler.Forge, phases *phases) *scale {
	t.Helper()
	s := &scale{t: t, dir: t.TempDir(), forge: forge, phases: phases}
	s.prepare(apps)
	return s
}

// prepare makes the repository, seals it and opens everything.
func (s *scale) prepare(apps int) {
	t := s.t
	t.Helper()
	s.bare = filepath.Join(s.dir, "config.git")
	fill := gitrepotest.Large
	if s.promoted {
		fill = gitrepotest.Promoted
	}
	if _, err := fill(s.bare, apps, 5); err != nil {
		t.Fatal(err)
	}
	s.ann = s.key("ann")
	logSigner := s.key("log")
	var err error
	if s.logKey, err = signing.NewLogKey(logSigner); err != nil {
		t.Fatal(err)
	}
	s.anchor = s.control(s.ann, logSigner)
	s.seal(s.ann)
	s.open()
}

func (s *scale) key(name string) *signing.SSHSigner {
	s.t.Helper()
	private, _, err := signing.GenerateEd25519()
	if err != nil {
		s.t.Fatal(err)
	}
	signer, err := signing.NewSSHSigner(private)
	if err != nil {
		s.t.Fatalf("%s: %v", name, err)
	}
	return signer
}

// control commits the control files on top of main.
func (s *scale) control(ann, logKey *signing.SSHSigner) schema.Digest {
	s.t.Helper()
	files, err := schema.NewProject(schema.InitOptions{
		ProjectID: scaleProject, CreatedAt: time.Now().UTC(), Person: schema.Principal{ID: "ann", Emails: []string{"ann@example.com"}},
		Key: schema.PublicKey{Format: schema.SSHKey, Data: []byte(ann.PublicKey() + "\n")}, LogKey: logKey.PublicKey(),
		BotKey: schema.PublicKey{Format: schema.SSHKey, Data: []byte(s.key("bot").PublicKey() + "\n")},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if s.project != "" {
		files["sluice.yaml"] = []byte(s.project)
	}
	var in strings.Builder
	in.WriteString("commit refs/heads/main\ncommitter Ann <ann@example.com> 1700000001 +0000\ndata 7\ncontrol\nfrom refs/heads/main^0\n")
	for path, data := range files {
		fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", path, len(data), data)
	}
	s.git(in.String(), "fast-import", "--quiet")
	return schema.DigestOf(files[".sluice/trust/root.yaml"])
}

// seal puts the genesis request into the repository, as `sluice init --seal` would push it.
func (s *scale) seal(ann *signing.SSHSigner) {
	s.t.Helper()
	ctx := context.Background()
	repo, err := gitrepo.OpenLocal(s.bare)
	if err != nil {
		s.t.Fatal(err)
	}
	defer repo.Close()
	tip, err := schema.ParseHash(s.git("", "rev-parse", "refs/heads/main"))
	if err != nil {
		s.t.Fatal(err)
	}
	sealing, err := reconciler.Seal(ctx, gitrepo.Mirror{Repo: repo}, tip, map[string]schema.Hash{"refs/heads/main": tip})
	if err != nil {
		s.t.Fatal(err)
	}
	statement, err := sealing.Statement()
	if err != nil {
		s.t.Fatal(err)
	}
	signature, err := ann.Sign(reconciler.RequestNamespace, statement)
	if err != nil {
		s.t.Fatal(err)
	}
	message := string(statement) + "\n" + string(signature)
	request, err := schema.ParseRequest([]byte(message))
	if err != nil {
		s.t.Fatal(err)
	}
	s.git(message, "tag", "-a", "--cleanup=verbatim", "-F", "-", request.TagName("ann"), tip.String())
}

func (s *scale) open() {
	s.t.Helper()
	key := s.logKey
	ctx := context.Background()
	repo, err := gitrepo.Open(ctx, filepath.Join(s.dir, "state", "mirror"), gitrepo.Remote{URL: "file://" + s.bare})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { repo.Close() })
	server, err := etcd.StartEmbedded(filepath.Join(s.dir, "etcd"), etcd.EmbeddedOptions{Quick: s.first == nil})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(server.Close)
	s.endpoint = server.Endpoint()
	sign := key.SignHead
	if s.first != nil {
		sign = s.first.timed(sign)
	}
	s.target, err = etcd.New(integrations.Spec{
		Name: "etcd", Kind: "etcd", Settings: map[string]string{"endpoints": s.endpoint}, Now: time.Now,
		Keys: integrations.NewLogKeys(integrations.HeadSigner{ID: key.ID(), Key: key.PublicKey(), Sign: sign}),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.target.Close() })
	repository, target := reconciler.Repository(gitrepo.Mirror{Repo: repo, Pushes: true}), integrations.Target(s.target)
	if s.phases != nil {
		repository, target = phasedRepository{repository, s.phases}, phasedTarget{s.target, s.phases}
	}
	if s.first != nil {
		repository, target = timedRepository{repository, s.first}, timedTarget{s.target, s.first}
	}
	s.reconciler, err = reconciler.New(reconciler.Config{
		Name: "scale", Repository: repository, Forge: s.forge, Anchor: s.anchor, LogKey: key,
		Targets: map[string]integrations.Target{"etcd": target}, StateDir: filepath.Join(s.dir, "state"), CompareEvery: time.Hour,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scale) git(stdin string, args ...string) string {
	s.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Env = append(os.Environ(), "GIT_DIR="+s.bare, "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.com")
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// change commits one app's file without merge request or signature.
func (s *scale) change(n int) { s.changeIn(0, n) }

func (s *scale) changeIn(stage, n int) {
	text := gitrepotest.Content(stage, n, 2+n)
	s.git(fmt.Sprintf("commit refs/heads/main\ncommitter Ann <ann@example.com> %d +0000\ndata 6\nchange\nfrom refs/heads/main^0\nM 100644 inline %s\ndata %d\n%s\n",
		1700000100+n, gitrepotest.File(stage, n), len(text), text), "fast-import", "--quiet")
}

func (s *scale) pass() reconciler.Report {
	s.t.Helper()
	report := s.reconciler.Pass(context.Background())
	if err := report.Err(); err != nil {
		s.t.Fatal(err)
	}
	return report
}

func TestScaleInSmall(t *testing.T) {
	t.Parallel()
	s := newScale(t, 40)
	first := s.pass()
	if got, want := len(first.Entries), 200; got != want {
		t.Errorf("first pass: %d entries, want %d (one apply for each cell)", got, want)
	}
	if again := s.pass(); len(again.Entries) != 0 {
		t.Errorf("second pass: %d entries, want none", len(again.Entries))
	}
	s.change(3)
	if third := s.pass(); third.Held != 1 {
		t.Errorf("after a direct push: %d cells held, want 1", third.Held)
	}
}

// BenchmarkReferenceSize shows what a project of 10,000 apps in 5 stages costs: to take over, to look at when nothing
// happened, and when one file did. The peer is what git needs to see the same.
func BenchmarkReferenceSize(b *testing.B) {
	apps := 10_000
	if testing.Short() {
		apps = 500
	}
	s := newScale(b, apps)
	began := time.Now()
	s.pass()
	b.Logf("genesis and first sync of %d files: %s", apps*5, time.Since(began).Round(time.Millisecond))
	b.Run("nothing-new", func(b *testing.B) {
		for b.Loop() {
			s.pass()
		}
		b.ReportMetric(heapMB(), "heap-MB")
	})
	b.Run("full-compare", func(b *testing.B) {
		for b.Loop() {
			for _, stage := range []schema.StageName{"development", "testing", "staging", "gray", "production"} {
				s.reconciler.Wake(schema.Cell{Stage: stage})
			}
			s.pass()
		}
		b.ReportMetric(float64(apps*5)*float64(b.N)/b.Elapsed().Seconds(), "cells/s")
	})
	b.Run("one-file", func(b *testing.B) {
		n := 0
		for b.Loop() {
			b.StopTimer()
			s.change(n)
			n++
			b.StartTimer()
			s.pass()
		}
	})
}

func heapMB() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

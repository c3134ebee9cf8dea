package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// childEnv makes this test binary a reconciler's process that writes one release and ends.
const childEnv = "SLUICE_TEST_CHILD"

// The exit codes of a child.
const (
	childWrote  = 0
	childFenced = 6
	childFailed = 5
)

// child is what the other process does: "ENDPOINT APP KIND SEQ".
func child(task string) int {
	var endpoint, app, kind string
	var seq int64
	if _, err := fmt.Sscan(task, &endpoint, &app, &kind, &seq); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	target, err := etcd.New(integrationstest.Spec("etcd", map[string]string{"endpoints": endpoint}))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	defer target.Close()
	_, err = target.Write(context.Background(), stepped(app, kind, seq))
	switch {
	case errors.Is(err, integrations.ErrFenced):
		return childFenced
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return childFailed
	}
	return childWrote
}

// stepped are releases that take different steps: all in the head, in parts, with a mirror that moves with it or after it.
func stepped(app, kind string, seq int64) integrations.Release {
	files, mode := map[string]string{"app.yaml": fmt.Sprint("step-", seq)}, "none"
	switch kind {
	case "parts":
		files["large.bin"] = strings.Repeat(fmt.Sprint("large ", seq, "\n"), 2*integrations.PartSize/8)
	case "mirror":
		mode = "files"
	case "large-mirror":
		mode = "files"
		for n := range 300 {
			files[fmt.Sprintf("f%03d", n)] = fmt.Sprint("step-", seq)
		}
	}
	want := integrationstest.Release(integrationstest.Cell(schema.App(app)), seq, files)
	want.Settings = map[string]string{"mirror": mode}
	return want
}

func spawn(t *testing.T, endpoint, app, kind string, seq int64) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+fmt.Sprintf("%s %s %s %d", endpoint, app, kind, seq))
	cmd.Stderr = os.Stderr
	real.Start(t, cmd)
	return cmd
}

// exited waits for a child.
func exited(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// steps are the requests of a write, by what only they contain.
var steps = []struct {
	kind, step, sent string
	after            bool // as soon as the server has it; else before
}{
	{"inline", "before the head", "writtenAt", false},
	{"inline", "after the head", "writtenAt", true},
	{"parts", "before the first part", "/blob/0000", false},
	{"parts", "before the second part", "/blob/0001", false},
	{"parts", "before the list of parts", "/manifest", false},
	{"parts", "before the head", "writtenAt", false},
	{"parts", "after the head", "writtenAt", true},
	{"mirror", "before the head and the mirror", "writtenAt", false},
	{"mirror", "after the head and the mirror", "writtenAt", true},
	{"large-mirror", "before the head", "writtenAt", false},
	{"large-mirror", "after the head, before the mirror", "writtenAt", true},
	{"large-mirror", "within the mirror", "kv/f130", false},
	{"large-mirror", "before the marker", "kv/_complete\x12\x47sha256:", false},
}

// TestKilledAtEveryStep kills the process that writes at each of its steps. Readers see one release whole at any time, and the
// next process finishes what was begun.
func TestKilledAtEveryStep(t *testing.T) {
	endpoint := embedded(t)
	c, next := raw{dial(t, endpoint), "/config"}, connect(t, map[string]string{"endpoints": endpoint})
	for i, s := range steps {
		p, app := between(t, endpoint), fmt.Sprint("killed-", i)
		old, begun := stepped(app, s.kind, 1), stepped(app, s.kind, 2)
		write(t, next, old)
		start := make(chan *exec.Cmd, 1)
		kill := func() { cmd := <-start; _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); p.cut(true) }
		if s.after {
			p.when(s.sent, nil, func() { c.awaitSeq(t, begun); kill() })
		} else {
			p.when(s.sent, kill, nil)
		}
		cmd := spawn(t, p.endpoint(), app, s.kind, 2)
		start <- cmd
		if code := exited(t, cmd); code != -1 {
			t.Errorf("%s, killed %s: it ended with %d, want: killed", s.kind, s.step, code)
		}
		seen := old
		if c.seq(t, old.Cell) == 2 {
			seen = begun
		}
		c.reads(t, seen)
		whole := c.mirrorIs(t, begun) || c.mirrorIs(t, old)
		write(t, next, begun)
		c.reads(t, begun)
		if !c.mirrorIs(t, begun) {
			t.Errorf("%s, killed %s: the mirror was not finished", s.kind, s.step)
		}
		t.Logf("%-12s killed %-33s readers of heads: release %d, whole; the mirror says that it is whole: %-5v; then finished", s.kind, s.step, seen.Seq, whole)
	}
}

// TestPausedAtEveryStep stops the process that writes at each of its steps, lets another one write a newer release meanwhile,
// and wakes it up: what it had sent arrives late. The newer one stays.
func TestPausedAtEveryStep(t *testing.T) {
	endpoint := embedded(t)
	c, other := raw{dial(t, endpoint), "/config"}, connect(t, map[string]string{"endpoints": endpoint})
	for i, s := range steps {
		p, app := between(t, endpoint), fmt.Sprint("paused-", i)
		begun, newer := stepped(app, s.kind, 2), stepped(app, s.kind, 3)
		write(t, other, stepped(app, s.kind, 1))
		start := make(chan *exec.Cmd, 1)
		meanwhile := func() {
			cmd := <-start
			_ = cmd.Process.Signal(syscall.SIGSTOP)
			write(t, other, newer)
			_ = cmd.Process.Signal(syscall.SIGCONT)
		}
		if s.after {
			p.when(s.sent, nil, func() { c.awaitSeq(t, begun); meanwhile(); p.cut(false) })
		} else {
			p.when(s.sent, meanwhile, nil)
		}
		cmd := spawn(t, p.endpoint(), app, s.kind, 2)
		start <- cmd
		code := exited(t, cmd)
		if code != childFenced {
			t.Errorf("%s, paused %s: it ended with %d, want %d: fenced", s.kind, s.step, code, childFenced)
		}
		c.reads(t, newer)
		if !c.mirrorIs(t, newer) {
			t.Errorf("%s, paused %s: an old write came to the mirror after a new one", s.kind, s.step)
		}
		t.Logf("%-12s paused %-33s the newer release stays, the late one is fenced", s.kind, s.step)
	}
}

func (c raw) seq(t *testing.T, cell schema.Cell) int64 {
	t.Helper()
	head, err := integrations.DecodeHead(c.get(t, c.head(cell)))
	if err != nil {
		t.Fatal(err)
	}
	return head.Seq
}

// awaitSeq looks until the release is there: its write is on its way.
func (c raw) awaitSeq(t *testing.T, want integrations.Release) {
	for t.Context().Err() == nil && c.seq(t, want.Cell) != want.Seq {
	}
}

// mirrorIs reports whether the mirror has its marker and is that of the release; a release without one has none.
func (c raw) mirrorIs(t *testing.T, want integrations.Release) bool {
	t.Helper()
	response, err := c.Get(t.Context(), c.beside(want.Cell, "kv/"), clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	if want.Settings["mirror"] == "none" {
		return len(response.Kvs) == 0
	}
	there := map[string]string{}
	for _, kv := range response.Kvs {
		there[strings.TrimPrefix(string(kv.Key), c.beside(want.Cell, "kv/"))] = string(kv.Value)
	}
	marked := there["_complete"] == string(schema.DigestOf(want.Document))
	for path, data := range want.Files {
		marked = marked && there[path] == string(data)
	}
	return marked && len(there) == len(want.Files)+1
}

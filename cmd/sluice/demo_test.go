package main

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/ci/real"
)

// playing is a demo that runs as a process, with its temporary files in a directory of the test.
type playing struct {
	t    *testing.T
	cmd  *exec.Cmd
	temp string

	mu  sync.Mutex // guards out
	out bytes.Buffer
}

func (p *playing) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(data)
}

func (p *playing) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func play(t *testing.T, flags ...string) *playing {
	t.Helper()
	p := &playing{t: t, temp: t.TempDir()}
	p.cmd = exec.Command(sluiceBinary(t), append([]string{"demo"}, flags...)...)
	p.cmd.Env = append(os.Environ(), "TMPDIR="+p.temp)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	real.Start(t, p.cmd)
	return p
}

// await looks until the demo has said something; four minutes are for loaded machines.
func (p *playing) await(text string) {
	p.t.Helper()
	deadline := time.Now().Add(15 * time.Minute)
	for !strings.Contains(p.said(), text) {
		if time.Now().After(deadline) {
			p.t.Fatalf("the demo does not say %q:\n%s", text, p.said())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// interrupt presses Ctrl-C and holds how the demo ends, and that nothing of it is left.
func (p *playing) interrupt(want int) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	if got := p.cmd.ProcessState.ExitCode(); got != want {
		p.t.Errorf("the demo ends with %d, want %d:\n%s", got, want, p.said())
	}
	left, err := os.ReadDir(p.temp)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, entry := range left {
		p.t.Errorf("the demo left %s behind", entry.Name())
	}
}

func TestDemoPlaysAndServes(t *testing.T) {
	t.Parallel()
	p := play(t, "--serve")
	p.await("Still running; press Ctrl-C to end.")
	for _, want := range []string{
		"11 scenes in", "Bob and Carol approve", `"maxTransfer":5000`, "canary   pay-1 8000, pay-2 5000, pay-3 5000, pay-4 5000", "all      pay-1 8000",
		"[breaker-tripped]", "restored in ", "payments is suspended in production", "kept until ", "proven: ", "NOT PROVEN",
	} {
		if !strings.Contains(p.said(), want) {
			t.Errorf("the demo does not say %q:\n%s", want, p.said())
		}
	}
	pages := regexp.MustCompile(`http://127\.0\.0\.1:\S+`).FindAllString(p.said(), -1)
	if len(pages) < 2 {
		t.Fatalf("the demo names %d pages", len(pages))
	}
	for _, page := range pages[:2] {
		answer, err := http.Get(page)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s", page, answer.Status)
		}
	}
	p.interrupt(exitDone)
}

func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	p := play(t)
	p.await("== 3  ")
	p.interrupt(exitInterrupted)
	if !strings.Contains(p.said(), "sluice: interrupted; everything is ended and removed") {
		t.Errorf("the demo does not say that it was interrupted:\n%s", p.said())
	}
}

func TestOlderVersion(t *testing.T) {
	for _, row := range []struct {
		found string
		want  bool
	}{
		{"2.37.9", true}, {"1.99", true}, {"2.38.0", false}, {"2.39.5 (Apple Git-154)", false}, {"3.0.rc1", false}, {"unknown", false},
	} {
		if got := olderVersion(row.found, "2.38"); got != row.want {
			t.Errorf("git %s is older than 2.38: got %t, want %t", row.found, got, row.want)
		}
	}
}

func TestFolded(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"short", "short"},
		{"one two three", "one two\n  three"},
		{"averyveryverylongword", "averyveryverylongword"},
		{"a averyveryverylongword b", "a\n  averyveryverylongword\n  b"},
	} {
		if got := folded(row.text, 10); got != row.want {
			t.Errorf("%q in 10 columns: got %q, want %q", row.text, got, row.want)
		}
	}
}

package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// readAgain changes the operator's file in ways that are taken over and in ways that are not, and sends SIGHUP each time.
func (m *manners) readAgain(running *exec.Cmd) {
	file := filepath.Join(m.dir, "first.yaml")
	text, err := os.ReadFile(file)
	m.check(err)
	good := string(text)
	hangup := func(text string) {
		m.check(os.WriteFile(file, []byte(text), 0o600))
		m.check(running.Process.Signal(syscall.SIGHUP))
	}
	metric := func(text string) func() bool {
		return func() bool { _, got := m.machines("/metrics", ""); return strings.Contains(got, "\n"+text) }
	}
	started, passes := m.reloadedAt(), m.passes()

	hangup(strings.Replace(good, "interval: 200ms", "interval: 300ms", 1))
	m.await("the new interval", func() bool {
		_, got := m.machines("/metrics", "")
		return regexp.MustCompile(`(?m)^sluice_poll_interval_seconds\{.*\} 0.3$`).MatchString(got)
	})
	m.await("the success", metric("sluice_config_last_reload_successful 1\n"))
	m.promote(6000, "development")
	if at := m.reloadedAt(); at == started {
		m.t.Errorf("the file was last taken over at %s, as before", at)
	}
	after := m.reloadedAt()
	refused := []struct{ sentence, text, why string }{
		{"a typo", strings.Replace(good, "interval: 200ms", "intervall: 200ms", 1), "first.yaml:"},
		{"half a file", good[:len(good)/2], "first.yaml"},
		{"an address that others know", good + "listen: 127.0.0.1:0\n", "listen cannot change while it runs"},
		{"a target that cannot be opened", strings.Replace(good, "kind: etcd", "kind: etcdd", 1), "etcdd"},
		{"a key that is not there", strings.Replace(good, "log_key_file: ", "log_key_file: /nowhere", 1), "/nowhere"},
	}
	for i, row := range refused {
		hangup(row.text)
		m.await("the refusal of "+row.sentence, func() bool {
			return len(m.logged("the operator's file was not taken over; what was in force goes on")) > i
		})
		lines := m.logged("the operator's file was not taken over; what was in force goes on")
		if got := lines[i]; got.Level != "ERROR" || !strings.Contains(got.Error, row.why) || len(lines) != i+1 {
			m.t.Errorf("%s: logged %+v, want one error with %q", row.sentence, got, row.why)
		}
		m.await("the metric of "+row.sentence, metric("sluice_config_last_reload_successful 0\n"))
		m.await("passes after "+row.sentence+" that are counted on from those before", func() bool { return m.passes() > passes })
		passes = m.passes()
	}
	m.promote(7000, "development") // with what was in force
	if at := m.reloadedAt(); at != after {
		m.t.Errorf("the file was last taken over at %s, which was refused", at)
	}
	hangup(good)
	m.await("the success", metric("sluice_config_last_reload_successful 1\n"))
}

// passes are those since the process started that met no trouble.
func (m *manners) passes() int {
	_, got := m.machines("/metrics", "")
	found := regexp.MustCompile(`(?m)^sluice_passes_total\{.*result="ok"\} (\d+)$`).FindStringSubmatch(got)
	if found == nil {
		m.t.Fatal("/metrics does not count passes")
	}
	n, err := strconv.Atoi(found[1])
	m.check(err)
	return n
}

func (m *manners) reloadedAt() string {
	_, got := m.machines("/metrics", "")
	found := regexp.MustCompile(`(?m)^sluice_config_last_reload_success_timestamp_seconds (.*)$`).FindStringSubmatch(got)
	if found == nil {
		m.t.Fatal("/metrics does not say when the file was taken over")
	}
	return found[1]
}

// endInTheMiddle tells the process to end while it pushes to the ledger.
func (m *manners) endInTheMiddle(running *exec.Cmd) {
	m.awaitReady()
	m.slow.held.Store(true)
	iid, err := m.bring(m.t.Context(), "development", "the last one", limit(8000))
	m.check(err)
	<-m.slow.reached
	m.check(running.Process.Signal(syscall.SIGTERM))
	m.await("the process not to be ready any more", func() bool {
		code, text := m.machines("/readyz", "")
		return code == http.StatusServiceUnavailable && strings.Contains(text, "[-]shutdown failed: the process is ending")
	})
	for _, late := range []os.Signal{syscall.SIGHUP, syscall.SIGUSR1} { // of a service manager that does not know that it ends
		m.check(running.Process.Signal(late))
	}
	if code, _ := m.machines("/livez", ""); code != http.StatusOK {
		m.t.Errorf("/livez answers %d while it ends: it lives", code)
	}
	close(m.slow.goOn)
	if err := running.Wait(); err != nil {
		m.t.Errorf("told to end, sluice run ends with %v, want 0", err)
	}
	if got := m.admissions("development", iid); got != 1 {
		m.t.Errorf("%d admissions of !%d, want that which was being written", got, iid)
	}
	if got := m.value("development"); strings.Contains(got, "8000") {
		m.t.Errorf("etcd has %s: something was begun after the end", got)
	}
	if len(m.logged("not closed cleanly")) > 0 {
		m.t.Error("something was not closed cleanly")
	}
}

// slowPush stands before the forge's repositories. Once held, it lets a push wait.
type slowPush struct {
	*httptest.Server
	held          atomic.Bool
	reached, goOn chan struct{}
}

func newSlowPush(t *testing.T, to string) *slowPush {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	s := &slowPush{reached: make(chan struct{}), goOn: make(chan struct{})}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" && strings.HasSuffix(r.URL.Path, "/git-receive-pack") && s.held.CompareAndSwap(true, false) {
			close(s.reached)
			select {
			case <-s.goOn:
			case <-r.Context().Done(): // the process is gone, and a test that failed must not hang
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

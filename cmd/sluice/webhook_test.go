package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const hookSecret = "hook-canary-5c1e8a90"

// hooked is a project whose reconciler polls once an hour, and receives webhooks.
type hooked struct {
	*project
	t    *testing.T
	live string // directory of the target
}

func newHooked(t *testing.T) *hooked {
	t.Helper()
	h := &hooked{project: freshProject(t, "directory"), t: t, live: t.TempDir()}
	h.write("hook-token", hookSecret)
	h.write("hook-signing", "whsec_"+base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))
	return h
}

func (h *hooked) write(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text+"\n"), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// operator writes the operator's file with that interval.
func (h *hooked) operator(interval string) string {
	h.t.Helper()
	file, err := h.operatorFile("state", "directory: {kind: file, directory: "+h.live+"}")
	if err != nil {
		h.t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		h.t.Fatal(err)
	}
	text := strings.Replace(string(data), "interval: 200ms", "interval: "+interval, 1) +
		"listen: 127.0.0.1:0\n" +
		fmt.Sprintf("webhook: {listen: 'localhost:0', secret_file: %s/hook-token, signing_key_files: [%s/hook-signing]}\n", h.dir, h.dir)
	h.write("state.yaml", text)
	return file
}

// running is a sluice run in this process.
type running struct {
	page, hooks, admin string // addresses
	stop               func() string
}

// run starts the reconciler and waits until its first pass is over.
func (h *hooked) run(interval string) running {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	log, errs := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		a := &app{in: strings.NewReader(""), out: io.Discard, errs: errs, environ: os.Getenv}
		ended <- a.main(ctx, []string{"run", "--config", h.operator(interval), "--admin", "127.0.0.1:0"})
		errs.Close()
	}()
	var r running
	seen := make(chan string)
	go func() { seen <- h.addresses(log, &r) }()
	<-seen
	said := make(chan string, 1)
	go func() {
		rest, _ := io.ReadAll(log)
		said <- string(rest)
	}()
	r.stop = func() string {
		cancel()
		if code := <-ended; code != exitDone {
			h.t.Errorf("sluice run ends with %d", code)
		}
		return <-said
	}
	h.await("the first pass", func() bool { return strings.Contains(h.get(r.page+"/view.json"), `"size":`) })
	return r
}

// addresses reads the log until it has told where everything listens.
func (h *hooked) addresses(log io.Reader, r *running) string {
	find := regexp.MustCompile(`serving (the status page|webhooks|metrics and health)" address=(\S+)`)
	var all bytes.Buffer
	for r.page == "" || r.hooks == "" || r.admin == "" {
		var chunk [512]byte
		n, err := log.Read(chunk[:])
		all.Write(chunk[:n])
		for _, m := range find.FindAllStringSubmatch(all.String(), -1) {
			switch m[1] {
			case "webhooks":
				r.hooks = m[2]
			case "the status page":
				r.page = m[2]
			default:
				r.admin = m[2]
			}
		}
		if err != nil {
			h.t.Errorf("sluice run ended:\n%s", all.String())
			break
		}
	}
	return all.String()
}

func (h *hooked) await(what string, so func() bool) {
	h.t.Helper()
	(&endToEnd{t: h.t}).await(what, so)
}

func (h *hooked) get(address string) string {
	resp, err := http.Get(address)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}

// asks sends a form to the forge as one of its maintainers.
func (h *hooked) asks(method, path string, form url.Values) {
	h.t.Helper()
	req, err := http.NewRequest(method, h.forge.URL()+"/api/v4/projects/"+url.PathEscape(h.team.Path())+path, strings.NewReader(form.Encode()))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("PRIVATE-TOKEN", h.team.Person("bob").Token())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode > 299 {
		body, _ := io.ReadAll(resp.Body)
		h.t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, body)
	}
}

func (h *hooked) brings(value int) {
	h.t.Helper()
	if _, err := h.bring(h.t.Context(), "development", fmt.Sprintf("limit %d", value), limit(value)); err != nil {
		h.t.Fatal(err)
	}
	h.await(fmt.Sprintf("%d to be live", value), func() bool {
		data, err := os.ReadFile(filepath.Join(h.live, "development", "payments", "current", "app.yaml"))
		return err == nil && strings.Contains(string(data), fmt.Sprint(value))
	})
}

// TestAHookHurriesWhatPollingFinds: with a hook a change arrives although the next poll is an hour away, and with every hook
// lost it arrives by polling.
func TestAHookHurriesWhatPollingFinds(t *testing.T) {
	t.Parallel()
	h := newHooked(t)
	h.refusesEmptySecrets()
	r := h.run("1h")
	h.listensApart(r)
	h.asks("POST", "/hooks", url.Values{"url": {r.hooks + "/gitlab"}, "merge_requests_events": {"true"}, "token": {hookSecret},
		"signing_token": {"whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))}})
	h.brings(5000)
	if got := h.get(r.admin + "/metrics"); !regexp.MustCompile(`sluice_webhook_requests_total\{outcome="accepted"\} [1-9]`).MatchString(got) {
		t.Error("no webhook was counted as accepted")
	}
	for _, want := range []string{"[+]git ok", "[+]ledger ok", "[+]forge ok", "[+]target:", "[+]past ok"} {
		if got := h.get(r.admin + "/readyz?verbose"); !strings.Contains(got, want) {
			t.Errorf("readyz lacks %q:\n%s", want, got)
		}
	}
	h.await("the admission to be counted", func() bool {
		return regexp.MustCompile(`sluice_transitions_total\{from="draft",project="[^"]+",result="admitted",to="development"\} [1-9]`).MatchString(h.get(r.admin + "/metrics"))
	})
	h.replay()
	if got := h.get(r.admin + "/metrics"); !regexp.MustCompile(`sluice_webhook_requests_total\{outcome="duplicate"\} [1-9]`).MatchString(got) {
		t.Error("no webhook was counted as a duplicate")
	}
	if said := r.stop(); strings.Contains(said, hookSecret) {
		t.Error("the log repeats the secret")
	}
	r = h.run("200ms") // elsewhere: what the forge sends goes to an address that nobody has
	h.brings(8000)
	r.stop()
}

// replay sends everything again that the forge has sent, as it was.
func (h *hooked) replay() {
	h.t.Helper()
	for _, d := range h.forge.Deliveries() {
		req, err := http.NewRequest(http.MethodPost, d.URL, bytes.NewReader(d.Body))
		if err != nil {
			h.t.Fatal(err)
		}
		req.Header = d.Header.Clone()
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			h.t.Fatal(err)
		}
		resp.Body.Close()
		if d.Status != resp.StatusCode && (d.Status != 202 || resp.StatusCode != 200) {
			h.t.Errorf("a webhook was answered with %d, and with %d when it came again", d.Status, resp.StatusCode)
		}
	}
}

// refusesEmptySecrets: the reconciler does not start with one, whatever else there is.
func (h *hooked) refusesEmptySecrets() {
	h.t.Helper()
	operator := h.operator("1h")
	for _, name := range []string{"hook-token", "hook-signing"} {
		kept, err := os.ReadFile(filepath.Join(h.dir, name))
		if err != nil {
			h.t.Fatal(err)
		}
		h.write(name, "")
		code, _, errs := call(h.t.Context(), os.Getenv, "run", "--config", operator)
		if code != exitUsage || !strings.Contains(errs, name+" is empty") || !strings.Contains(errs, "hint: correct webhook:") {
			h.t.Errorf("%s: exit %d, want %d, and the file by name\n%s", name, code, exitUsage, errs)
		}
		h.write(name, strings.TrimSpace(string(kept)))
	}
}

// listensApart: the webhooks' address does nothing else, and the page takes none.
func (h *hooked) listensApart(r running) {
	h.t.Helper()
	for path, want := range map[string]string{"/": "404 page not found\n", "/metrics": "404 page not found\n", "/gitlab": "bad-method\n", "/gitlab/": "404 page not found\n"} {
		if got := h.get(r.hooks + path); got != want {
			h.t.Errorf("GET %s: got %q, want %q", path, got, want)
		}
	}
	resp, err := http.Post(r.page+"/gitlab", "application/json", strings.NewReader("{}"))
	if err != nil {
		h.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		h.t.Errorf("the page answers a POST with %d", resp.StatusCode)
	}
}

// TestNobodyIsWaitedForLong: sixteen senders that have the secret, or that claim a signature, and then send nothing keep the
// receiver from others no longer than a GitLab waits for its answer.
func TestNobodyIsWaitedForLong(t *testing.T) {
	s := webhookServer(http.NotFoundHandler())
	for name, limit := range map[string][2]time.Duration{
		"head": {s.ReadHeaderTimeout, 2 * time.Second}, "head and body": {s.ReadTimeout, 3 * time.Second}, "answer": {s.WriteTimeout, 5 * time.Second},
	} {
		if got, most := limit[0], limit[1]; got <= 0 || got > most {
			t.Errorf("%s: %v, want no more than %v", name, got, most)
		}
	}
}

package hook_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gogitlab "github.com/xanzy/go-gitlab"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/hook"
)

// station is a receiver that watches project 42, and project 7 of another name whose number is not known yet.
type station struct {
	t     *testing.T
	r     *hook.Receiver
	at    time.Time
	woken [2]int
	log   bytes.Buffer
}

func newStation(t *testing.T, change func(*hook.Config)) *station {
	t.Helper()
	s := &station{t: t, at: now}
	cfg := hook.Config{
		Keys: hook.Files{Secret: write(t, token), Signing: []string{write(t, whsec(keyA))}},
		Projects: []hook.Project{
			{Path: "acme/config", Number: func() int64 { return 42 }, Own: []string{"refs/heads/sluice/ledger"}, Wake: func() { s.woken[0]++ }},
			{Path: "/acme/other", Number: func() int64 { return 0 }, Wake: func() { s.woken[1]++ }},
		},
		Now: func() time.Time { return s.at }, Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	}
	if change != nil {
		change(&cfg)
	}
	r, err := hook.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	s.r = r
	return s
}

// send posts a body with the right token and further headers; an empty value takes one away.
func (s *station) send(body string, pairs ...string) hook.Outcome {
	s.t.Helper()
	req := httptest.NewRequest(http.MethodPost, "/gitlab", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Gitlab-Token", token)
	for name, values := range headers(pairs...) {
		req.Header[name] = values
		if values[0] == "" {
			req.Header.Del(name)
		}
	}
	return s.do(req)
}

func (s *station) do(req *http.Request) hook.Outcome {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.r.ServeHTTP(w, req)
	got := strings.TrimSpace(w.Body.String())
	if !slices.Contains(hook.Outcomes(), hook.Outcome(got)) {
		s.t.Errorf("got answer %d %q, want a word of ours", w.Code, got)
	}
	// Whatever GitLab itself sent about whichever project is delivered: it disables a hook that is told otherwise.
	if ok := w.Code < 300; ok != slices.Contains([]hook.Outcome{hook.Accepted, hook.Duplicate, hook.Ignored, hook.BadProject}, hook.Outcome(got)) {
		s.t.Errorf("got %d for %s", w.Code, got)
	}
	return hook.Outcome(got)
}

const push = `{"object_kind":"push","project_id":42,"project":{"id":42},"ref":"refs/heads/main"}`

func TestWhatWakesAProject(t *testing.T) {
	for _, row := range []struct {
		name  string
		body  string
		want  hook.Outcome
		woken [2]int
	}{
		{"a push", push, hook.Accepted, [2]int{1, 0}},
		{"a push that names its project once", `{"object_kind":"push","project_id":42}`, hook.Accepted, [2]int{1, 0}},
		{"a merge request", `{"object_kind":"merge_request","project":{"id":42},"object_attributes":{"iid":"seven","oldrev":[]}}`, hook.Accepted, [2]int{1, 0}},
		{"a tag, as requests are", `{"object_kind":"tag_push","project":{"id":42},"ref":"refs/tags/sluice/approve/1/bob"}`, hook.Accepted, [2]int{1, 0}},
		{"a pipeline", `{"object_kind":"pipeline","project":{"id":42},"object_attributes":{"duration":"0.01"}}`, hook.Accepted, [2]int{1, 0}},
		{"a project whose number is not known yet", `{"object_kind":"push","project":{"id":7,"path_with_namespace":"Acme/other"}}`, hook.Accepted, [2]int{0, 1}},
		{"a note", `{"object_kind":"note","project":{"id":42}}`, hook.Ignored, [2]int{}},
		{"an event of a kind that nobody knows", `{"project":{"id":42}}`, hook.Ignored, [2]int{}},
		{"the reconciler's own ledger", `{"object_kind":"push","project":{"id":42},"ref":"refs/heads/sluice/ledger"}`, hook.Ignored, [2]int{}},
		{"a merge request of another project", `{"object_kind":"merge_request","project":{"id":43},"object_attributes":{"target_project_id":42}}`, hook.BadProject, [2]int{}},
		{"another project under our name", `{"object_kind":"push","project":{"id":43,"path_with_namespace":"acme/config"}}`, hook.BadProject, [2]int{}},
		{"two projects at once", `{"object_kind":"push","project_id":42,"project":{"id":43}}`, hook.Malformed, [2]int{}},
		{"no project, as a group's member has none", `{"event_name":"user_add_to_group","group_id":78}`, hook.BadProject, [2]int{}},
		{"a name and no number", `{"object_kind":"push","project":{"path_with_namespace":"acme/other"}}`, hook.BadProject, [2]int{}},
		{"a project that is no number", `{"object_kind":"push","project":{"id":"42"}}`, hook.Malformed, [2]int{}},
		{"a list", `[` + push + `]`, hook.Malformed, [2]int{}},
		{"two objects", push + push, hook.Malformed, [2]int{}},
		{"nothing", ``, hook.Malformed, [2]int{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStation(t, nil)
			if got := s.send(row.body); got != row.want || s.woken != row.woken {
				t.Errorf("got %s and wake-ups %v, want %s and %v", got, s.woken, row.want, row.woken)
			}
		})
	}
}

func TestWhatIsRefused(t *testing.T) {
	s := newStation(t, func(c *hook.Config) { c.Instances = []string{"https://gitlab.example.com/"} })
	request := func(method, contentType string, body io.Reader) *http.Request {
		req := httptest.NewRequest(method, "/gitlab", body)
		req.Header.Set("Content-Type", contentType)
		req.Header.Set("X-Gitlab-Token", token)
		return req
	}
	unknownLength := request("POST", "application/json", io.MultiReader(strings.NewReader(push), strings.NewReader(strings.Repeat(" ", 2<<20))))
	unknownLength.ContentLength = -1
	long := request("POST", "application/json", strings.NewReader(push))
	long.ContentLength = 2<<20 + 1
	cut := request("POST", "application/json", io.MultiReader(strings.NewReader(push), failing{}))
	for _, row := range []struct {
		name string
		got  hook.Outcome
		want hook.Outcome
	}{
		{"a GET", s.do(request("GET", "application/json", nil)), hook.BadMethod},
		{"a form", s.do(request("POST", "application/x-www-form-urlencoded", strings.NewReader("a=b"))), hook.BadType},
		{"no content type", s.do(request("POST", "", strings.NewReader(push))), hook.BadType},
		{"a body that says it is too large", s.do(long), hook.TooLarge},
		{"a body that is too large", s.do(unknownLength), hook.TooLarge},
		{"a body that is cut", s.do(cut), hook.Malformed},
		{"a wrong token", s.send(push, "X-Gitlab-Token", "wrong"), hook.BadToken},
		{"no token", s.send(push, "X-Gitlab-Token", ""), hook.Unsigned},
		{"another GitLab", s.send(push, "X-Gitlab-Instance", "https://gitlab.example.org"), hook.BadInstance},
		{"a GitLab that does not say which", s.send(push), hook.BadInstance},
		{"two GitLabs", s.send(push, "X-Gitlab-Instance", "https://gitlab.example.com", "X-Gitlab-Instance", "https://gitlab.example.org"), hook.BadInstance},
	} {
		if row.got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, row.got, row.want)
		}
	}
	if s.woken != [2]int{} {
		t.Errorf("woken %v by what was refused", s.woken)
	}
	if got := s.send(push, "X-Gitlab-Instance", "https://GitLab.example.com"); got != hook.Accepted || s.woken[0] != 1 {
		t.Errorf("the right GitLab: got %s", got)
	}
}

// failing ends a body in the middle.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestReplays: what was sent before wakes nobody, by whatever it is known.
func TestReplays(t *testing.T) {
	signedPush := func(id string, at time.Time) []string {
		return []string{"X-Gitlab-Token", "", "webhook-id", id, "webhook-timestamp", fmt.Sprint(at.Unix()), "webhook-signature", sign(keyA, id, at, push)}
	}
	for _, row := range []struct {
		name   string
		first  []string
		second []string
		after  time.Duration
		want   hook.Outcome
	}{
		{"by its key of idempotency", []string{"Idempotency-Key", "k", "X-Gitlab-Event-UUID", "u"}, []string{"Idempotency-Key", "k", "X-Gitlab-Event-UUID", "v"}, 0, hook.Duplicate},
		{"by the event's id", []string{"X-Gitlab-Event-UUID", "u"}, []string{"X-Gitlab-Event-UUID", "u"}, 0, hook.Duplicate},
		{"by what it says", nil, nil, 0, hook.Duplicate},
		{"a day later", nil, nil, 24 * time.Hour, hook.Duplicate},
		{"more than a day later", nil, nil, 24*time.Hour + time.Second, hook.Accepted},
		{"another event that says the same", []string{"Idempotency-Key", "k"}, []string{"Idempotency-Key", "l"}, 0, hook.Accepted},
		{"signed, within its time", signedPush("e1", now), signedPush("e1", now), 4 * time.Minute, hook.Duplicate},
		{"signed, with another key of idempotency", signedPush("e1", now), append(signedPush("e1", now), "Idempotency-Key", "other"), 0, hook.Duplicate},
		{"signed, after its time", signedPush("e1", now), signedPush("e1", now), 6 * time.Minute, hook.Stale},
		{"signed anew", signedPush("e1", now), signedPush("e1", now.Add(6*time.Minute)), 6 * time.Minute, hook.Duplicate},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newStation(t, nil)
			if got := s.send(push, row.first...); got != hook.Accepted {
				t.Fatalf("the first: got %s", got)
			}
			s.at = s.at.Add(row.after)
			if got := s.send(push, row.second...); got != row.want {
				t.Errorf("the second: got %s, want %s", got, row.want)
			}
		})
	}
}

// TestARefusedRequestIsNotRemembered: else a forged one could keep GitLab's from being heard.
func TestARefusedRequestIsNotRemembered(t *testing.T) {
	s := newStation(t, nil)
	if got := s.send(push, "X-Gitlab-Token", "wrong", "Idempotency-Key", "k"); got != hook.BadToken {
		t.Fatalf("got %s", got)
	}
	if got := s.send(push, "Idempotency-Key", "k"); got != hook.Accepted {
		t.Errorf("got %s, want %s", got, hook.Accepted)
	}
}

// TestAFloodWakesSlowly: at once, and then at the end of each while; the last event of a flood is never lost.
func TestAFloodWakesSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		woken := make(chan time.Duration, 100)
		begin := time.Now()
		r, err := hook.New(hook.Config{
			Keys:     hook.Files{Secret: write(t, token)},
			Projects: []hook.Project{{Number: func() int64 { return 42 }, Wake: func() { woken <- time.Since(begin) }}},
		})
		if err != nil {
			t.Fatal(err)
		}
		s := &station{t: t, r: r}
		for i := range 1000 {
			if got := s.send(push, "Idempotency-Key", fmt.Sprint(i)); got != hook.Accepted {
				t.Fatalf("got %s", got)
			}
		}
		if a, b := <-woken, <-woken; a != 0 || b != 2*time.Second {
			t.Errorf("woken after %v and %v, want at once and after 2 s", a, b)
		}
		if got := s.send(push, "Idempotency-Key", "later"); got != hook.Accepted || <-woken != 4*time.Second {
			t.Errorf("got %s", got)
		}
		s.send(push, "Idempotency-Key", "at the end")
		r.Close()
		s.send(push, "Idempotency-Key", "after the end")
		time.Sleep(time.Hour) // of the bubble's own time
		if len(woken) != 0 {
			t.Error("woken after it was closed")
		}
	})
}

// TestNothingOfARequestIsLogged: neither a secret nor what a stranger wrote, and no more than a line a minute for one reason.
func TestNothingOfARequestIsLogged(t *testing.T) {
	s := newStation(t, nil)
	for range 50 {
		s.send(push, "X-Gitlab-Token", token+"-nearly", "X-Gitlab-Event", "canary-event", "User-Agent", "canary-agent")
	}
	s.send(`{"object_kind":"canary-kind","project":{"id":1,"path_with_namespace":"canary-path"}}`)
	log := s.log.String()
	if strings.Contains(log, "canary") || strings.Contains(log, token) {
		t.Errorf("the log repeats the request:\n%s", log)
	}
	if n := strings.Count(log, "reason=bad-token"); n != 1 || !strings.Contains(log, "secret_file") || !strings.Contains(log, "reason=bad-project") {
		t.Errorf("got %d lines about bad tokens, want one that says what to do:\n%s", n, log)
	}
	s.at = s.at.Add(time.Minute)
	s.send(push, "X-Gitlab-Token", "wrong")
	if log := s.log.String(); strings.Count(log, "reason=bad-token") != 2 || !strings.Contains(log, "so_far=51") {
		t.Errorf("want a second line that counts 51:\n%s", log)
	}
}

func TestCountsHaveEveryOutcome(t *testing.T) {
	s := newStation(t, nil)
	s.send(push)
	s.send(push)
	s.send(push, "X-Gitlab-Token", "wrong")
	got := s.r.Counts()
	if len(got) != len(hook.Outcomes()) || got["accepted"] != 1 || got["duplicate"] != 1 || got["bad-token"] != 1 || got["stale"] != 0 {
		t.Errorf("got %v", got)
	}
}

// TestAKeyThatIsTakenAway lets nothing in any more; a new one counts at once.
func TestAKeyThatIsTakenAway(t *testing.T) {
	secret := write(t, token)
	s := newStation(t, func(c *hook.Config) { c.Keys = hook.Files{Secret: secret} })
	if err := os.WriteFile(secret, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := s.send(push, "X-Gitlab-Token", ""); got != hook.NoKeys {
		t.Errorf("with an empty secret: got %s", got)
	}
	if err := os.WriteFile(secret, []byte("new-secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := s.send(push); got != hook.BadToken {
		t.Errorf("with the old secret: got %s", got)
	}
	if got := s.send(push, "X-Gitlab-Token", "new-secret"); got != hook.Accepted {
		t.Errorf("with the new secret: got %s", got)
	}
}

func TestAReceiverWithoutKeysDoesNotStart(t *testing.T) {
	for name, files := range map[string]hook.Files{"none named": {}, "an empty file": {Secret: write(t, "\n")}} {
		if r, err := hook.New(hook.Config{Keys: files}); err == nil || r != nil {
			t.Errorf("%s: got a receiver", name)
		}
	}
}

// TestTooManyAtOnce: whoever sends slowly takes no more than his share of memory.
func TestTooManyAtOnce(t *testing.T) {
	s := newStation(t, nil)
	release, reading := make(chan struct{}), make(chan struct{})
	done := make(chan struct{})
	for range 16 {
		go func() {
			req := httptest.NewRequest(http.MethodPost, "/gitlab", slow{reading, release})
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("X-Gitlab-Token", token)
			s.r.ServeHTTP(httptest.NewRecorder(), req)
			done <- struct{}{}
		}()
		<-reading
	}
	if got := s.send(push); got != hook.Busy {
		t.Errorf("got %s, want %s", got, hook.Busy)
	}
	if got := s.send(push, "X-Gitlab-Token", "wrong"); got != hook.BadToken {
		t.Errorf("a stranger meanwhile: got %s, want %s", got, hook.BadToken)
	}
	close(release)
	for range 16 {
		<-done
	}
	if got := s.send(push); got != hook.Accepted {
		t.Errorf("afterwards: got %s, want %s", got, hook.Accepted)
	}
}

// TestStrangersAreNotRead: whoever has no key takes no place to read at, however long he lets his body wait.
func TestStrangersAreNotRead(t *testing.T) {
	for _, row := range []struct {
		name  string
		keys  func(*hook.Files)
		pairs []string
		want  hook.Outcome
	}{
		{"nothing", nil, nil, hook.Unsigned},
		{"a wrong token", nil, []string{"X-Gitlab-Token", "wrong"}, hook.BadToken},
		{"two tokens", nil, []string{"X-Gitlab-Token", token, "X-Gitlab-Token", token}, hook.BadToken},
		{"a part of a signature", nil, []string{"webhook-id", "e1", "X-Gitlab-Token", token}, hook.BadSignature},
		{"a signature that nobody could check", func(f *hook.Files) { f.Signing = nil }, []string{"webhook-id", "e1", "webhook-timestamp", "1", "webhook-signature", "v1,eA=="}, hook.Unsigned},
		{"a token where a signature is required", func(f *hook.Files) { f.RequireSignature = true }, []string{"X-Gitlab-Token", token}, hook.Unsigned},
	} {
		s := newStation(t, func(c *hook.Config) {
			if row.keys != nil {
				row.keys(&c.Keys)
			}
		})
		read := false
		req := httptest.NewRequest(http.MethodPost, "/gitlab", reads{&read})
		for name, values := range headers(row.pairs...) {
			req.Header[name] = values
		}
		req.Header.Set("Content-Type", "application/json")
		if got := s.do(req); got != row.want || read {
			t.Errorf("%s: got %s, read %v, want %s and nothing read", row.name, got, read, row.want)
		}
	}
}

// reads is a body that notes that it was read.
type reads struct{ read *bool }

func (b reads) Read([]byte) (int, error) {
	*b.read = true
	return 0, io.EOF
}

// slow is a body that says when it is read and ends when it is told to.
type slow struct{ reading, release chan struct{} }

func (b slow) Read([]byte) (int, error) {
	b.reading <- struct{}{}
	<-b.release
	return 0, io.EOF
}

// TestContractEvents reads the examples of real events: those that matter wake, whatever their fields look like.
func TestContractEvents(t *testing.T) {
	root := os.Getenv("SLUICE_CONTRACTS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "..", "shared")
	}
	files, err := filepath.Glob(filepath.Join(root, "gitlab-contract", "examples", "webhooks", "*.json"))
	if err != nil || len(files) == 0 {
		t.Skip("GitLab's contract examples are not there: clone them beside the module or set SLUICE_CONTRACTS")
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, number := range []int64{1, 5, 14, 15, 30, 380, 41, 42} {
			s := newStation(t, func(c *hook.Config) { c.Projects[0].Number = func() int64 { return number } })
			got := s.send(string(body))
			if got == hook.Malformed {
				t.Errorf("%s: got %s", filepath.Base(file), got)
			}
			if (got == hook.Accepted) != (s.woken[0] == 1) {
				t.Errorf("%s: got %s with wake-ups %v", filepath.Base(file), got, s.woken)
			}
		}
	}
}

// TestNoAddressOfAPayloadIsRead: whatever a payload says, its reader learns no text but the kind, the ref and the project's
// name, and the package that reads it could ask nobody.
func TestNoAddressOfAPayloadIsRead(t *testing.T) {
	asked := false
	evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer evil.Close()
	s := newStation(t, nil)
	body := strings.ReplaceAll(`{"object_kind":"push","project":{"id":42,"path_with_namespace":"EVIL","web_url":"EVIL","git_http_url":"EVIL","git_ssh_url":"EVIL"},
		"repository":{"url":"EVIL","git_http_url":"EVIL"},"ref":"EVIL","commits":[{"url":"EVIL"}],"object_attributes":{"url":"EVIL"},"callback":"EVIL"}`, "EVIL", evil.URL)
	if got := s.send(body, "X-Gitlab-Instance", evil.URL, "Referer", evil.URL); got != hook.Accepted || s.woken != [2]int{1, 0} {
		t.Errorf("got %s and wake-ups %v, want the configured project to be looked at", got, s.woken)
	}
	if asked || strings.Contains(s.log.String(), evil.URL) {
		t.Error("the address in the payload was asked or logged")
	}
	want := []string{"Kind string", "ProjectID int64", "Project.ID int64", "Project.Path string", "Ref string"}
	if got := hook.ReadOfAnEvent(); !slices.Equal(got, want) {
		t.Errorf("an event is read as %v, want %v: what is not read cannot be followed", got, want)
	}
}

// TestLibraryFailsOnAnEvent: a number where it wants a text, and the whole event is an error.
func TestLibraryFailsOnAnEvent(t *testing.T) {
	const body = `{"object_kind":"merge_request","project":{"id":42},"object_attributes":{"iid":7,"approvals_before_merge":1}}`
	if _, err := gogitlab.ParseWebhook(gogitlab.EventTypeMergeRequest, []byte(body)); err == nil {
		t.Error("bare library: got no error; it used to fail on the number")
	}
	s := newStation(t, nil)
	if got := s.send(body); got != hook.Accepted || s.woken[0] != 1 {
		t.Errorf("ours: got %s", got)
	}
}

// FuzzReceive: nothing that a stranger sends wakes anybody.
func FuzzReceive(f *testing.F) {
	f.Add(push, "wrong", "application/json")
	f.Add("{", "", "text/plain")
	f.Fuzz(func(t *testing.T, body, secret, contentType string) {
		s := newStation(t, nil)
		req := httptest.NewRequest(http.MethodPost, "/gitlab", strings.NewReader(body))
		req.Header["Content-Type"], req.Header["X-Gitlab-Token"] = []string{contentType}, []string{secret}
		if s.do(req); secret != token && s.woken != [2]int{} {
			t.Errorf("woken by %q with token %q", body, secret)
		}
	})
}

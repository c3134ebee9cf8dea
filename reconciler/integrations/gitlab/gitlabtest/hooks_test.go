package gitlabtest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/xanzy/go-gitlab"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

type received struct {
	header http.Header
	body   []byte
}

func TestWebhooks(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	got := make(chan received, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- received{r.Header, body}
	}))
	defer receiver.Close()
	key := []byte("0123456789abcdef0123456789abcdef")
	resp, body := f.raw("mia", "POST", "/projects/acme%2Fconfig/hooks", url.Values{"url": {receiver.URL}, "token": {"secret"},
		"merge_requests_events": {"true"}, "signing_token": {"whsec_" + base64.StdEncoding.EncodeToString(key)}})
	if resp.StatusCode != 201 {
		t.Fatalf("add hook: %d %s", resp.StatusCode, body)
	}

	dir := f.clone("ann")
	head := f.change(dir, "b.yaml", "b: 1\n")
	f.gitOK(dir, "push", "--quiet", "origin", "HEAD:refs/heads/feature")
	f.open("ann", "feature")
	f.must(f.Approve(config, 1, "bob"))
	f.must2(f.Merge(config, 1, "mia", gitlabtest.MergeOptions{}))

	for _, want := range []string{"push feature", "open", "approved", "push main", "merge"} {
		d := <-got
		if d.header.Get("X-Gitlab-Token") != "secret" || d.header.Get("Idempotency-Key") == "" || d.header.Get("X-Gitlab-Instance") != f.URL() {
			t.Errorf("%s: got header %v", want, d.header)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(d.header.Get("webhook-id") + "." + d.header.Get("webhook-timestamp") + "."))
		mac.Write(d.body)
		if d.header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
			t.Errorf("%s: the signature is not that of the body", want)
		}
		event, err := gitlab.ParseWebhook(gitlab.EventType(d.header.Get("X-Gitlab-Event")), d.body)
		f.must(err)
		switch e := event.(type) {
		case *gitlab.PushEvent:
			if "push "+e.Ref[len("refs/heads/"):] != want || e.ProjectID != 101 || want == "push feature" && (e.After != head || e.TotalCommitsCount != 1) {
				t.Errorf("got a push to %s (%d commits), want %s", e.Ref, e.TotalCommitsCount, want)
			}
		case *gitlab.MergeEvent:
			if e.ObjectAttributes.Action != want || e.ObjectAttributes.IID != 1 || e.ObjectAttributes.LastCommit.ID != head {
				t.Errorf("got %s of !%d, want %s", e.ObjectAttributes.Action, e.ObjectAttributes.IID, want)
			}
		}
	}
	f.must(f.Close())
	if sent := f.Deliveries(); len(sent) != 5 || sent[4].Status != 200 {
		t.Errorf("got %d deliveries, want 5", len(sent))
	}
}

func TestWebhooksStayOnThisMachine(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.raw("mia", "POST", "/projects/acme%2Fconfig/hooks", url.Values{"url": {"http://192.0.2.1/hook"}})
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	for len(f.Deliveries()) == 0 {
		f.raw("ann", "GET", "/version", nil)
	}
	if got := f.Deliveries(); got[0].Status != 0 {
		t.Errorf("got %d from an address that is not loopback", got[0].Status)
	}
}

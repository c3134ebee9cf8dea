package gitlab_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/schema"
)

func (f *forge) status(state string) schema.CommitStatus {
	return schema.CommitStatus{Commit: hash(f.t, f.Tip(config, "change")), Ref: "refs/heads/change", Name: "sluice/production", State: state,
		Description: "waits", URL: "https://sluice.example.com/"}
}

func TestAStatusIsWrittenWhenItChanged(t *testing.T) {
	f, c, _ := writing(t)
	for _, step := range []struct {
		state string
		sent  int // so far
	}{{"pending", 1}, {"pending", 1}, {"success", 2}, {"success", 2}, {"pending", 3}, {"failed", 4}} {
		ok(t)(nil, c.Status(context.Background(), f.status(step.state)))
		if got := f.sent("POST", "/statuses/"); got != step.sent {
			t.Fatalf("after %s: %d were sent, want %d", step.state, got, step.sent)
		}
	}
}

// TestAStatusJoinsThePipeline: one of its own would become the merge request's.
func TestAStatusJoinsThePipeline(t *testing.T) {
	s := newStub(t)
	one := strings.Repeat("1", 40)
	var body string
	s.on("/projects/42/repository/commits/"+one, text(200, `{"id":"`+one+`","last_pipeline":{"id":77}}`))
	// What is pending is in another pipeline, or has another name.
	s.on("/projects/42/repository/commits/"+one+"/statuses", text(200, `[{"id":1,"name":"sluice/production","status":"pending","pipeline_id":5},
		{"id":2,"name":"other","status":"pending","pipeline_id":77}]`, "X-Next-Page", ""))
	s.on("/projects/42/statuses/"+one, func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		ok(t)(data, err)
		body = string(data)
		text(201, `{}`)(w, r)
	})
	c, _ := s.client(nil)
	ok(t)(nil, c.Status(context.Background(), schema.CommitStatus{Commit: hash(t, one), Ref: "refs/heads/x", Name: "sluice/production", State: "pending", Description: "d"}))
	if !strings.Contains(body, `"pipeline_id":77`) || strings.Contains(body, `"ref"`) {
		t.Errorf("sent %s, want the commit's pipeline and no ref", body)
	}
}

func TestRefusalsOfAStatus(t *testing.T) {
	same := `{"message":"Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via \"enqueue\")"}`
	other := `{"message":"Cannot transition status via :enqueue from :running (Reason(s): Status cannot transition via \"enqueue\")"}`
	busy := text(409, `{"message":"409 Conflict"}`)
	for _, tc := range []struct {
		name    string
		answers []stubbed
		want    error
		sent    int
	}{
		{"it is in that state already", []stubbed{text(400, same)}, nil, 1},
		{"it is in another state that leads nowhere", []stubbed{text(400, other)}, gitlab.ErrRefused, 1},
		{"it is not valid", []stubbed{text(400, `{"message":"state does not have a valid value"}`)}, gitlab.ErrRefused, 1},
		{"another one is being written", []stubbed{busy, busy, text(201, `{}`)}, nil, 3},
		{"others are being written for ever", []stubbed{busy}, gitlab.ErrRefused, 5},
		{"it may not be set", []stubbed{text(403, `{"message":"403 Forbidden"}`)}, gitlab.ErrForbidden, 1},
		{"an error", []stubbed{text(500, `{}`)}, gitlab.ErrUnavailable, 1},
	} {
		s := newStub(t)
		one := strings.Repeat("1", 40)
		s.on("/projects/42/repository/commits/"+one, text(200, `{"id":"`+one+`","last_pipeline":null}`))
		s.on("/projects/42/repository/commits/"+one+"/statuses", text(200, `[]`, "X-Next-Page", ""))
		s.on("/projects/42/statuses/"+one, tc.answers...)
		c, _ := s.client(nil)
		err := c.Status(context.Background(), schema.CommitStatus{Commit: hash(t, one), Ref: "refs/heads/x", Name: "sluice/production", State: "pending", Description: "d"})
		if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) || s.count("POST /projects/42/statuses/"+one) != tc.sent {
			t.Errorf("%s: got %v after %d, want %v after %d", tc.name, err, s.count("POST /projects/42/statuses/"+one), tc.want, tc.sent)
		}
	}
}

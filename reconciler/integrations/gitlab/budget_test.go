package gitlab_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
)

// shared are two clients of one GitLab with one budget.
func shared(t *testing.T, s *stub, b *gitlab.Budget, now func() time.Time) (one, two *gitlab.Client) {
	t.Helper()
	change := func(cfg *gitlab.Config) { cfg.Budget, cfg.Now = b, now }
	one, _ = s.client(change)
	two, _ = s.client(change)
	return one, two
}

// TestProjectsOfOneGitLabShareARate: what one client sent, another may not send as well.
func TestProjectsOfOneGitLabShareARate(t *testing.T) {
	s := newStub(t)
	one, two := shared(t, s, gitlab.NewBudget(0.001), time.Now) // a burst of one
	if err := one.Get(context.Background(), "projects/42"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := two.Get(ctx, "projects/42"); !errors.Is(err, gitlab.ErrUnavailable) || s.requests() != 1 {
		t.Errorf("got %v after %d requests, want the second one not to be sent", err, s.requests())
	}
}

// TestGitLabIsLeftAlone for as long as it asks, by every client of it and by whatever is asked.
func TestGitLabIsLeftAlone(t *testing.T) {
	s := newStub(t)
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	one, two := shared(t, s, gitlab.NewBudget(1000), func() time.Time { return now })
	s.on("/x", text(429, "Retry later\n", "Content-Type", "text/plain", "Retry-After", "600"))
	if err := one.Get(context.Background(), "x"); !errors.Is(err, gitlab.ErrUnavailable) || s.requests() != 1 {
		t.Fatalf("got %v after %d requests", err, s.requests())
	}
	for name, ask := range map[string]func() error{
		"the same client":   func() error { return one.Get(context.Background(), "projects/42") },
		"another client":    func() error { return two.Get(context.Background(), "projects/42") },
		"a change":          func() error { return two.Post(context.Background(), "x") },
		"a list of changes": func() error { _, err := two.Opened(context.Background()); return err },
	} {
		var e *gitlab.Error
		if err := ask(); !errors.As(err, &e) || e.Kind != gitlab.ErrUnavailable || e.RetryAfter != 10*time.Minute || s.requests() != 1 {
			t.Errorf("%s: got %v after %d requests, want it not to be sent for ten minutes", name, err, s.requests())
		}
	}
	now = now.Add(10 * time.Minute)
	if err := two.Get(context.Background(), "projects/42"); err != nil || s.requests() != 2 {
		t.Errorf("afterwards: got %v after %d requests", err, s.requests())
	}
}

// TestGitLabIsNotLeftAloneForEver: the header may be anybody's.
func TestGitLabIsNotLeftAloneForEver(t *testing.T) {
	s := newStub(t)
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	one, two := shared(t, s, gitlab.NewBudget(1000), func() time.Time { return now })
	s.on("/x", text(503, "", "Retry-After", "2147483647"))
	if err := one.Get(context.Background(), "x"); !errors.Is(err, gitlab.ErrUnavailable) {
		t.Fatal(err)
	}
	now = now.Add(15 * time.Minute)
	if err := two.Get(context.Background(), "projects/42"); err != nil {
		t.Errorf("a quarter of an hour later: got %v", err)
	}
}

// TestAShortRestIsWaitedFor by whoever comes next.
func TestAShortRestIsWaitedFor(t *testing.T) {
	s := newStub(t)
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	s.on("/x", text(429, "", "Retry-After", "7"))
	c, w := s.client(func(cfg *gitlab.Config) { cfg.Now = func() time.Time { return now } })
	if err := c.Post(context.Background(), "x"); !errors.Is(err, gitlab.ErrUnavailable) || len(w.all()) != 0 {
		t.Fatalf("got %v after pauses %v", err, w.all())
	}
	if err := c.Get(context.Background(), "projects/42"); err != nil || len(w.all()) != 1 || w.all()[0] != 7*time.Second {
		t.Errorf("got %v after pauses %v, want one of 7 s", err, w.all())
	}
}

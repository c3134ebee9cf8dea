package gitlab_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
)

func TestAGetIsSentAgain(t *testing.T) {
	plain := text(429, "Retry later\n", "Content-Type", "text/plain")
	for _, tc := range []struct {
		name    string
		answers []stubbed
		sent    int
		want    error
	}{
		{"after 502, 503 and 504", []stubbed{html(502), html(503), html(504), text(200, `{}`)}, 4, nil},
		{"after lost connections", []stubbed{cut(""), cut(`{"id":`), text(200, `{}`)}, 3, nil},
		{"after 429", []stubbed{plain, text(200, `{}`)}, 2, nil},
		{"no more than four times", []stubbed{html(502)}, 4, gitlab.ErrUnavailable},
		{"not after 500, which means a bug", []stubbed{html(500)}, 1, gitlab.ErrUnavailable},
		{"not after 401", []stubbed{text(401, `{}`)}, 1, gitlab.ErrUnauthorized},
		{"not after a login page", []stubbed{html(200)}, 1, gitlab.ErrIncomplete},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStub(t)
			s.on("/x", tc.answers...)
			c, w := s.client(nil)
			if err := c.Get(context.Background(), "x"); !errors.Is(err, tc.want) || s.requests() != tc.sent {
				t.Errorf("got %v after %d requests, want %v after %d", err, s.requests(), tc.want, tc.sent)
			}
			if len(w.all()) != tc.sent-1 {
				t.Errorf("got pauses %v, want one between any two tries", w.all())
			}
		})
	}
}

func TestAPostIsNeverSentAgain(t *testing.T) {
	for name, answer := range map[string]stubbed{"502": html(502), "503": html(503), "429": html(429), "cut": cut("")} {
		s := newStub(t)
		s.on("/x", answer)
		c, w := s.client(nil)
		if err := c.Post(context.Background(), "x"); !errors.Is(err, gitlab.ErrUnavailable) || s.requests() != 1 || len(w.all()) != 0 {
			t.Errorf("%s: got %v after %d requests, want ErrUnavailable after 1", name, err, s.requests())
		}
	}
}

func TestWaits(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name    string
		headers []string
		want    time.Duration // 0: up to the client
		gaveUp  bool
	}{
		{"as long as asked in seconds", []string{"Retry-After", "7"}, 7 * time.Second, false},
		{"until the date that is asked for", []string{"Retry-After", "Mon, 02 Mar 2026 12:00:09 GMT"}, 9 * time.Second, false},
		{"until the limit is reset", []string{"RateLimit-Remaining", "0", "RateLimit-Reset", fmt.Sprint(now.Unix() + 11)}, 11 * time.Second, false},
		{"shortly, while requests remain", []string{"RateLimit-Remaining", "5", "RateLimit-Reset", fmt.Sprint(now.Unix() + 11)}, 0, false},
		{"shortly, after a date that has passed", []string{"Retry-After", "Mon, 02 Mar 2026 11:00:00 GMT"}, 0, false},
		{"shortly, after nonsense", []string{"Retry-After", "soon"}, 0, false},
		{"not at all when it is longer than the client has", []string{"Retry-After", "3600"}, time.Hour, true},
		{"not at all when it is longer than time", []string{"Retry-After", "2147483647"}, 2147483647 * time.Second, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStub(t)
			s.on("/x", text(429, "", tc.headers...), text(200, `{}`))
			c, w := s.client(func(cfg *gitlab.Config) { cfg.Now = func() time.Time { return now } })
			err := c.Get(context.Background(), "x")
			var e *gitlab.Error
			switch waited := w.all(); {
			case tc.gaveUp && (!errors.As(err, &e) || e.RetryAfter != tc.want || len(waited) != 0):
				t.Errorf("got %v after pauses %v, want to give up and say %v", err, waited, tc.want)
			case !tc.gaveUp && (err != nil || len(waited) != 1):
				t.Errorf("got %v after pauses %v, want one pause", err, waited)
			case !tc.gaveUp && tc.want != 0 && !slices.Equal(waited, []time.Duration{tc.want}):
				t.Errorf("got pauses %v, want %v", waited, tc.want)
			case !tc.gaveUp && tc.want == 0 && (waited[0] < 100*time.Millisecond || waited[0] > 200*time.Millisecond):
				t.Errorf("got pause %v, want 100 to 200 ms", waited[0])
			}
		})
	}
}

func TestPausesGrow(t *testing.T) {
	s := newStub(t)
	s.on("/x", html(502))
	c, w := s.client(func(cfg *gitlab.Config) { cfg.Tries = 6 })
	if err := c.Get(context.Background(), "x"); !errors.Is(err, gitlab.ErrUnavailable) {
		t.Fatal(err)
	}
	for i, d := range w.all() {
		if most := 200 * time.Millisecond << i; d < most/2 || d > most {
			t.Errorf("pause %d: got %v, want between %v and %v", i+1, d, most/2, most)
		}
	}
}

func TestARealPauseEndsWithTheContext(t *testing.T) {
	s := newStub(t)
	s.on("/x", text(503, "", "Retry-After", "20"))
	c, _ := s.client(func(cfg *gitlab.Config) { cfg.Pause = nil })
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := c.Get(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want context.DeadlineExceeded", err)
	}
}

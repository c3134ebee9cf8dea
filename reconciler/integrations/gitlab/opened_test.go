package gitlab_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
)

// shelf is the merge requests of a project, listed as GitLab lists them: filtered, sorted and cut into pages.
type shelf struct {
	at   time.Time
	rows map[int]stubMR
	next int
	size int // most rows of a page

	ignores bool   // takes no notice of updated_after
	turning func() // called after each page
}

func newShelf(open int) *shelf {
	s := &shelf{at: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), rows: map[int]stubMR{}, next: 1, size: 100}
	for range open {
		s.add()
	}
	return s
}

func (s *shelf) add() {
	s.at = s.at.Add(time.Second)
	iid := s.next
	s.next++
	s.rows[iid] = newMR(iid, stubMR{"state": "opened", "merge_commit_sha": nil, "created_at": stamp(s.at), "updated_at": stamp(s.at)})
}

func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.000Z") }

// set changes a merge request at a moment.
func (s *shelf) set(iid int, at time.Time, field string, value any) {
	s.rows[iid]["updated_at"] = stamp(at)
	s.rows[iid][field] = value
}

func (s *shelf) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	rows := s.filtered(q)
	page, _ := strconv.Atoi(cmp.Or(q.Get("page"), "1"))
	size, _ := strconv.Atoi(q.Get("per_page"))
	size = min(size, s.size)
	begin, end := min((page-1)*size, len(rows)), min(page*size, len(rows))
	next := ""
	if end < len(rows) {
		next = fmt.Sprint(page + 1)
	}
	body, err := json.Marshal(rows[begin:end])
	if err != nil {
		panic(err)
	}
	w.Header().Set("Date", s.at.Format(http.TimeFormat))
	text(200, string(body), "X-Page", fmt.Sprint(page), "X-Next-Page", next, "X-Total", fmt.Sprint(len(rows)))(w, r)
	if s.turning != nil {
		s.turning()
	}
}

func (s *shelf) filtered(q url.Values) []stubMR {
	rows := []stubMR{}
	for _, iid := range slices.Sorted(maps.Keys(s.rows)) {
		mr := s.rows[iid]
		switch state := q.Get("state"); {
		case state != "all" && state != mr["state"]:
		case !s.ignores && mr["updated_at"].(string) < q.Get("updated_after"):
		default:
			rows = append(rows, maps.Clone(mr))
		}
	}
	by := cmp.Or(q.Get("order_by"), "created_at")
	slices.SortStableFunc(rows, func(a, b stubMR) int { return cmp.Compare(a[by].(string), b[by].(string)) })
	return rows
}

// open are the open ones, by number and head.
func (s *shelf) open() map[int64]string {
	out := map[int64]string{}
	for iid, mr := range s.rows {
		if mr["state"] == "opened" {
			out[int64(iid)] = fmt.Sprint(mr["sha"], mr["title"], mr["target_branch"])
		}
	}
	return out
}

// poll is a client that lists a shelf.
type poll struct {
	*stub
	c   *gitlab.Client
	at  time.Time // ours
	was int
}

func (s *shelf) poll(t testing.TB) *poll {
	p := &poll{stub: newStub(t), at: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	p.on("/projects/42/merge_requests", s.list)
	p.c, _ = p.client(func(cfg *gitlab.Config) { cfg.Now = func() time.Time { return p.at } })
	return p
}

// opened lists, and tells how many requests that took.
func (p *poll) opened() (map[int64]string, int) {
	p.t.Helper()
	got, err := p.c.Opened(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	out := map[int64]string{}
	for _, mr := range got {
		out[mr.IID] = fmt.Sprint(mr.Head, mr.Title, mr.TargetRef[len("refs/heads/"):])
	}
	n := p.count("GET /projects/42/merge_requests")
	defer func() { p.was = n }()
	return out, n - p.was
}

// expect lists and compares with what is there.
func (p *poll) expect(name string, s *shelf, requests int) {
	p.t.Helper()
	got, n := p.opened()
	if !maps.Equal(got, s.open()) {
		p.t.Errorf("%s: got %d merge requests, want the %d that are open", name, len(got), len(s.open()))
	}
	if n != requests {
		p.t.Errorf("%s: took %d requests, want %d", name, n, requests)
	}
}

// TestWhatAPollCosts holds the formula that Opened documents, and that nothing is missed for it.
func TestWhatAPollCosts(t *testing.T) {
	s := newShelf(1000)
	p := s.poll(t)
	p.expect("the first", s, 10)
	s.at = s.at.Add(time.Hour)
	p.expect("nothing changed", s, 1)
	s.set(3, s.at, "state", "closed")
	p.expect("one was closed", s, 1)
	s.set(4, s.at, "state", "merged")
	s.set(5, s.at, "sha", headB)
	s.add()
	p.expect("one was merged, one moved its head, one was opened", s, 1)
	s.set(3, s.at.Add(time.Second), "state", "opened")
	p.expect("one was opened again", s, 1)
	s.at = s.at.Add(time.Hour)
	for i := range 150 {
		s.set(100+i, s.at.Add(time.Duration(i)*time.Millisecond), "title", "New")
	}
	p.expect("a hundred and fifty changed", s, 2)
	s.at = s.at.Add(time.Hour)
	for i := range 900 {
		s.set(1+i, s.at.Add(time.Duration(i)*time.Millisecond), "title", "Newer")
	}
	p.expect("nearly all changed", s, 10) // each page begins with the last row of the one before
	s.at = s.at.Add(time.Hour)
	for iid := range s.rows {
		s.set(iid, s.at.Add(time.Duration(iid)*time.Millisecond), "title", "Newest")
	}
	for range 100 {
		s.add()
	}
	p.expect("more changed than there were", s, 10+11)
	delete(s.rows, 7)
	p.at = p.at.Add(time.Hour)
	p.expect("an hour later, when one was deleted", s, 11)
}

func TestFewAreAlwaysListed(t *testing.T) {
	s := newShelf(99)
	p := s.poll(t)
	for range 3 {
		delete(s.rows, len(s.rows))
		p.expect("fewer than a page", s, 1)
	}
}

// TestChangesThatCannotBeTold: where a page is not what was asked for, all are listed.
func TestChangesThatCannotBeTold(t *testing.T) {
	s := newShelf(150)
	p := s.poll(t)
	p.expect("the first", s, 2)
	s.at = s.at.Add(time.Hour)
	for iid := range 120 {
		s.set(iid+1, s.at, "title", "At once")
	}
	p.expect("more than a page of one moment", s, 2+2)
	s.ignores = true
	s.set(9, s.at, "state", "closed")
	p.expect("a server that filters nothing", s, 1+2)
	s.ignores, s.size = false, 20
	p.at = p.at.Add(time.Hour)
	p.expect("a server with small pages", s, 8)
	s.set(10, s.at, "state", "closed")
	p.expect("and small pages of one moment", s, 2+8)
}

// TestAChangeThatComesLate: its time is before another that was seen earlier.
func TestAChangeThatComesLate(t *testing.T) {
	s := newShelf(150)
	p := s.poll(t)
	p.expect("the first", s, 2)
	s.at = s.at.Add(time.Hour)
	s.set(1, s.at, "title", "In time")
	p.expect("one that is in time", s, 1)
	s.set(2, s.at.Add(-59*time.Second), "state", "closed")
	p.expect("one that took a minute to be seen", s, 1)
}

// TestAFailedPollForgetsNothing: what could not be read is read the next time, and an error is never a shorter list.
func TestAFailedPollForgetsNothing(t *testing.T) {
	s := newShelf(150)
	p := s.poll(t)
	p.expect("the first", s, 2)
	s.at = s.at.Add(time.Hour)
	s.set(1, s.at, "state", "closed")
	for name, answer := range map[string]stubbed{"down": html(500), "a login page": html(200), "cut short": text(200, "[{"), "no headers": text(200, rowsWithoutHeaders(20))} {
		p.on("/projects/42/merge_requests", answer)
		if got, err := p.c.Opened(context.Background()); err == nil || got != nil {
			t.Errorf("%s: got %d rows, %v", name, len(got), err)
		}
	}
	p.on("/projects/42/merge_requests", s.list)
	p.was = p.count("GET /projects/42/merge_requests")
	p.expect("afterwards", s, 1)
}

func TestTwoPollsAtOnceAreOneAfterTheOther(t *testing.T) {
	s := newShelf(150)
	p := s.poll(t)
	entered, release := make(chan struct{}), make(chan struct{})
	p.on("/projects/42/merge_requests", func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		html(500)(w, r)
	})
	done := make(chan error)
	go func() {
		_, err := p.c.Opened(context.Background())
		done <- err
	}()
	<-entered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.c.Opened(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the second one to wait no longer than its context", err)
	}
	close(release)
	if err := <-done; !errors.Is(err, gitlab.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// TestPollsAgainstAllOfThem compares every poll with the shelf, through changes at the same moment, late ones, storms, and
// ones between two pages.
func TestPollsAgainstAllOfThem(t *testing.T) {
	for seed := range uint64(3) {
		draw := rand.New(rand.NewPCG(seed, 1))
		s := newShelf(101 + draw.IntN(200))
		p := s.poll(t)
		for round := range 60 {
			if draw.IntN(4) == 0 {
				s.turning = func() { s.disturb(draw) }
			}
			if _, err := p.c.Opened(context.Background()); err != nil && !errors.Is(err, gitlab.ErrIncomplete) {
				t.Fatal(err)
			}
			s.turning = nil
			for range draw.IntN(5) {
				s.disturb(draw)
			}
			if draw.IntN(10) == 0 {
				p.at = p.at.Add(time.Hour)
			}
			if got, _ := p.opened(); !maps.Equal(got, s.open()) {
				t.Fatalf("seed %d, round %d: got %d merge requests, want the %d that are open", seed, round, len(got), len(s.open()))
			}
		}
	}
}

// disturb changes something, now, at the same moment as the last, or up to half a minute late.
func (s *shelf) disturb(draw *rand.Rand) {
	s.at = s.at.Add(time.Duration(draw.IntN(3)*draw.IntN(20000)) * time.Millisecond)
	states, many := []string{"opened", "closed", "merged"}, 1
	if draw.IntN(20) == 0 {
		many = 150
	}
	for range many {
		iid, at := 1+draw.IntN(s.next-1), s.at.Add(-time.Duration(draw.IntN(30000))*time.Millisecond)
		switch draw.IntN(4) {
		case 0:
			s.add()
		case 1:
			s.set(iid, at, "state", states[draw.IntN(3)])
		case 2:
			s.set(iid, at, "sha", []string{headA, headB}[draw.IntN(2)])
		default:
			s.set(iid, at, "title", fmt.Sprint(draw.IntN(1000)))
		}
	}
}

// BenchmarkPollOfAThousand reports the requests of a poll where a thousand merge requests are open, one is asked for every 30
// seconds, and 20 change in between.
func BenchmarkPollOfAThousand(b *testing.B) {
	s := newShelf(1000)
	p := s.poll(b)
	before := p.requests()
	polls := 0
	for b.Loop() {
		for i := range 20 {
			s.set(1+(polls*20+i)%1000, s.at, "title", fmt.Sprint(polls))
		}
		p.opened()
		s.at, p.at = s.at.Add(30*time.Second), p.at.Add(30*time.Second)
		polls++
	}
	b.ReportMetric(float64(p.requests()-before)/float64(polls), "calls/poll")
}

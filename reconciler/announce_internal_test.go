package reconciler

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

var (
	noteNow  = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	mainOnly = []string{"refs/heads/main"}
)

func openMR(iid int64, at time.Time) schema.MergeRequest {
	return schema.MergeRequest{IID: iid, TargetRef: "refs/heads/main", Head: schema.Hash{1}, UpdatedAt: at}
}

// looked is a memory of merge requests that were all looked at, about app a in production.
func lookedAt(iids ...int64) *announced {
	a := &announced{Requests: map[int64]*announcedNote{}, tags: map[schema.Hash]bool{}}
	for _, iid := range iids {
		a.Requests[iid] = &announcedNote{
			Head: schema.Hash{1}, Updated: noteNow, Target: "refs/heads/main", Looked: noteNow,
			Cells: []schema.Cell{{Stage: "production", App: "a"}},
		}
	}
	return a
}

func TestWhichMergeRequestsAreLookedAt(t *testing.T) {
	all := []schema.MergeRequest{openMR(1, noteNow), openMR(2, noteNow)}
	for _, row := range []struct {
		sentence string
		change   func(a *announced, open []schema.MergeRequest) []schema.MergeRequest
		after    time.Duration
		want     []int64
	}{
		{"none of which anything is news", func(_ *announced, o []schema.MergeRequest) []schema.MergeRequest { return o }, time.Minute, nil},
		{"one that was pushed to", func(_ *announced, o []schema.MergeRequest) []schema.MergeRequest {
			o[1].Head = schema.Hash{2}
			return o
		}, 0, []int64{2}},
		{"one that something happened to", func(_ *announced, o []schema.MergeRequest) []schema.MergeRequest {
			o[0].UpdatedAt = noteNow.Add(1)
			return o
		}, 0, []int64{1}},
		{"one that was retargeted", func(a *announced, o []schema.MergeRequest) []schema.MergeRequest {
			a.Requests[1].Target = "refs/heads/x"
			return o
		}, 0, []int64{1}},
		{"a new one", func(_ *announced, o []schema.MergeRequest) []schema.MergeRequest {
			return append(o, openMR(3, noteNow))
		}, 0, []int64{3}},
		{"none into a branch that is nobody's", func(_ *announced, o []schema.MergeRequest) []schema.MergeRequest {
			mr := openMR(3, noteNow)
			mr.TargetRef = "refs/heads/feature"
			return append(o, mr)
		}, 0, nil},
		{"one that is open no more", func(_ *announced, o []schema.MergeRequest) []schema.MergeRequest { return o[:1] }, 0, []int64{2}},
		{"none that is merged and was told so", func(a *announced, o []schema.MergeRequest) []schema.MergeRequest {
			a.Requests[2].Merged = true
			return o[:1]
		}, 0, nil},
		{"all that change the same app, when the ledger has news of it", func(a *announced, o []schema.MergeRequest) []schema.MergeRequest {
			a.newsOfEntry(ledger.Entry{Kind: ledger.Apply, Stage: "gray", App: "a"})
			return o
		}, 0, []int64{1, 2}},
		{"none when the news is of another app", func(a *announced, o []schema.MergeRequest) []schema.MergeRequest {
			a.newsOfEntry(ledger.Entry{Kind: ledger.Apply, Stage: "production", App: "b"})
			return o
		}, 0, nil},
		{"all under other rules", func(a *announced, o []schema.MergeRequest) []schema.MergeRequest {
			a.newsOfEntry(ledger.Entry{Kind: ledger.Control})
			return o
		}, 0, []int64{1, 2}},
		{"all in a stage that was pinned", func(a *announced, o []schema.MergeRequest) []schema.MergeRequest {
			a.newsOfEntry(ledger.Entry{Kind: ledger.Suspend, Stage: "production"})
			return o
		}, 0, []int64{1, 2}},
		{"none in another stage", func(a *announced, o []schema.MergeRequest) []schema.MergeRequest {
			a.newsOfEntry(ledger.Entry{Kind: ledger.Suspend, Stage: "gray"})
			return o
		}, 0, nil},
		{"none for a step of a ref", func(a *announced, o []schema.MergeRequest) []schema.MergeRequest {
			a.newsOfEntry(ledger.Entry{Kind: ledger.Observe, Ref: "refs/heads/main"})
			return o
		}, 0, nil},
		{"one that time has come for", func(a *announced, o []schema.MergeRequest) []schema.MergeRequest {
			a.Requests[2].Due = noteNow.Add(time.Minute)
			return o
		}, time.Minute, []int64{2}},
		{"one of those that were not looked at for long", func(_ *announced, o []schema.MergeRequest) []schema.MergeRequest { return o }, lookAnyway, []int64{1}},
	} {
		a := lookedAt(1, 2)
		a.newsOfForge(row.change(a, slices.Clone(all)), mainOnly)
		if got := a.toLookAt(noteNow.Add(row.after)); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %v, want %v", row.sentence, got, row.want)
		}
	}
}

// TestAPassLooksAtFewMergeRequests: of a thousand new ones each has its turn, and no pass asks for more than ten.
func TestAPassLooksAtFewMergeRequests(t *testing.T) {
	var open []schema.MergeRequest
	for iid := range int64(1000) {
		open = append(open, openMR(iid+1, noteNow))
	}
	a := lookedAt()
	now, seen, passes := noteNow, map[int64]bool{}, 0
	for ; len(seen) < len(open); passes++ {
		now = now.Add(time.Second)
		a.newsOfForge(open, mainOnly)
		looked := a.toLookAt(now)
		if len(looked) > maxLooks || len(looked) == 0 {
			t.Fatalf("pass %d looks at %d", passes, len(looked))
		}
		for _, iid := range looked {
			seen[iid], a.Requests[iid].Looked, a.Requests[iid].News = true, now, false
		}
	}
	if passes != len(open)/maxLooks {
		t.Errorf("it took %d passes, want %d", passes, len(open)/maxLooks)
	}
	a.newsOfForge(open, mainOnly)
	if looked := a.toLookAt(now); len(looked) != 0 {
		t.Errorf("without news %d are looked at", len(looked))
	}
}

// TestOneThatFailsLetsOthersPass: what is tried again stands behind those that were not tried.
func TestOneThatFailsLetsOthersPass(t *testing.T) {
	a := lookedAt()
	for iid := range int64(maxLooks + 1) {
		a.request(iid + 1)
	}
	first := a.toLookAt(noteNow)
	for _, iid := range first {
		a.Requests[iid].Looked = noteNow // and its news stay: it failed
	}
	if next := a.toLookAt(noteNow.Add(time.Second)); next[0] != maxLooks+1 {
		t.Errorf("looked at %v, then at %v: the last one waits for ever", first, next)
	}
}

func TestOneThatIsRefusedIsTriedLater(t *testing.T) {
	a := lookedAt(1, 2)
	for _, n := range a.Requests {
		n.News, n.Due = true, noteNow
	}
	a.Requests[1].denied = noteNow.Add(afterRefusal)
	if got := a.toLookAt(noteNow); !slices.Equal(got, []int64{2}) {
		t.Errorf("looked at %v, want the other one alone", got)
	}
	if got := a.toLookAt(noteNow.Add(afterRefusal)); !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("later: looked at %v, want both", got)
	}
}

func TestOnlyARefusalOfTheTokenStopsNotes(t *testing.T) {
	for _, row := range []struct {
		sentence         string
		err              forgeRefuses
		stops, forbidden bool
	}{
		{"the token ended", forgeRefuses{"forge-unauthorized", true}, true, false},
		{"its scope is too small", forgeRefuses{"forge-forbidden", true}, true, true},
		{"one merge request may not be written to", forgeRefuses{"forge-forbidden", false}, false, true},
		{"no answer", forgeRefuses{"forge-unavailable", false}, false, false},
		{"refused by its rules", forgeRefuses{"forge-refused", false}, false, false},
	} {
		err := fmt.Errorf("write: %w", row.err)
		if ofToken(err) != row.stops || forbidden(err) != row.forbidden {
			t.Errorf("%s: of the token %v, forbidden %v; want %v, %v", row.sentence, ofToken(err), forbidden(err), row.stops, row.forbidden)
		}
	}
}

// forgeRefuses is an error as the forge's client makes it.
type forgeRefuses struct {
	code    schema.Code
	ofToken bool
}

func (e forgeRefuses) Error() string     { return string(e.code) }
func (e forgeRefuses) Code() schema.Code { return e.code }
func (e forgeRefuses) OfToken() bool     { return e.ofToken }

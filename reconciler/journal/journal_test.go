package journal_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/journal"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// start is when the first entry of a tale is written; each later one comes an hour after.
var start = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

// tale writes entries one after the other.
type tale struct {
	fold journal.Fold
	seq  int64
}

func (s *tale) add(e ledger.Entry) int64 {
	s.seq++
	e.Seq, e.At = s.seq, start.Add(time.Duration(s.seq)*time.Hour)
	s.fold.Add(e, schema.DigestOf([]byte(fmt.Sprint(s.seq))))
	return s.seq
}

// decides is a decision about the app shop; source is the stage it is promoted from.
func (s *tale) decides(kind ledger.Kind, change schema.Kind, stage, source schema.StageName, rev string) int64 {
	d := ledger.Decision{Change: schema.Change{Kind: change, To: schema.Side{Revision: schema.Revision(rev)}}, Required: []string{"etcd"}}
	if source != "" {
		d.Change.Source = &schema.Source{Stage: source}
	}
	if kind == ledger.Hold || kind == ledger.Deny {
		d.Verdict = schema.Verdict{Outcome: schema.Hold, Parts: []schema.Verdict{{Policy: "soak", Code: "soak-pending", Outcome: schema.Hold}}}
	}
	if kind == ledger.Admit {
		d.MergeRequest = &ledger.MergeRequest{IID: s.seq, Author: "alice", OpenedAt: start.Add(time.Duration(s.seq) * time.Hour)} // an hour before it is let in
	}
	return s.add(ledger.Entry{Kind: kind, Stage: stage, App: "shop", Decision: &d})
}

func (s *tale) live(stage schema.StageName, admission int64) {
	s.add(ledger.Entry{Kind: ledger.Apply, Stage: stage, App: "shop", Delivery: &ledger.Delivery{Target: "etcd", Admission: admission, Result: ledger.ResultOK}})
}

func TestTransitionsAreCountedFromWhereToWhere(t *testing.T) {
	var s tale
	s.add(ledger.Entry{Kind: ledger.Genesis})
	s.decides(ledger.Admit, schema.Edit, "development", "", "r1")
	s.decides(ledger.Hold, schema.Promote, "testing", "development", "r1")
	s.decides(ledger.Admit, schema.Promote, "testing", "development", "r1")
	s.decides(ledger.Deny, schema.Override, "production", "", "r9")
	s.decides(ledger.Admit, schema.Tune, "testing", "", "r1")
	s.decides(ledger.Rollback, schema.Rollback, "testing", "", "r0")
	s.decides(ledger.Retire, schema.Retire, "production", "", "")
	s.add(ledger.Entry{Kind: ledger.Archive, Stage: "testing", App: "shop", Order: &ledger.Order{Revision: "r0"}})
	s.add(ledger.Entry{Kind: ledger.Control, Decision: &ledger.Decision{}})
	absence := ledger.Decision{Change: schema.Change{Kind: schema.Retire, Source: &schema.Source{Stage: "testing"}}}
	s.add(ledger.Entry{Kind: ledger.Retire, Stage: "production", App: "shop", Decision: &absence})
	held := s.add(ledger.Entry{Kind: ledger.Hold, App: schema.Control.App, Decision: &ledger.Decision{Change: schema.Change{Kind: schema.Edit}}})
	want := map[schema.Transition]int64{
		{From: "draft", To: "development", Result: "admitted"}:   1,
		{From: "development", To: "testing", Result: "held"}:     1,
		{From: "development", To: "testing", Result: "admitted"}: 1,
		{From: "draft", To: "production", Result: "denied"}:      1,
		{From: "testing", To: "testing", Result: "admitted"}:     2,
		{From: "production", To: "archived", Result: "admitted"}: 2, // also where the absence came through another stage
		{From: "testing", To: "archived", Result: "admitted"}:    1,
	}
	j := s.fold.Journal()
	if !reflect.DeepEqual(j.Transitions, want) {
		t.Errorf("got  %v\nwant %v", j.Transitions, want)
	}
	if r, ok := j.Record(3); !ok || r.From != "development" || r.To != "testing" || r.Result != "held" || len(r.Missing) != 1 || r.Missing[0] != "soak-pending" {
		t.Errorf("record 3 is %+v, %v", r, ok)
	}
	if r, ok := j.Record(held); !ok || r.App != "" || r.From != "" || r.Result != schema.Waiting || r.Change != schema.Edit {
		t.Errorf("a change of the control files that is held is %+v, %v", r, ok)
	}
	if j.Kinds["admit"] != 3 || j.Kinds["control"] != 1 || j.Read != 12 {
		t.Errorf("kinds %v, read %d", j.Kinds, j.Read)
	}
}

// TestAnAttemptIsCountedOnceAResult: that other reasons hold a change, or the same ones again, is another entry and no other attempt.
func TestAnAttemptIsCountedOnceAResult(t *testing.T) {
	var s tale
	for range 178 {
		s.decides(ledger.Hold, schema.Promote, "testing", "development", "r1")
	}
	s.decides(ledger.Deny, schema.Promote, "testing", "development", "r1")
	s.decides(ledger.Hold, schema.Promote, "testing", "development", "r2")
	s.decides(ledger.Hold, schema.Promote, "production", "testing", "r1")
	s.decides(ledger.Admit, schema.Promote, "testing", "development", "r1")
	s.decides(ledger.Hold, schema.Promote, "testing", "development", "r1")
	want := map[schema.Transition]int64{
		{From: "development", To: "testing", Result: "held"}:     2,
		{From: "development", To: "testing", Result: "denied"}:   1,
		{From: "development", To: "testing", Result: "admitted"}: 1,
		{From: "testing", To: "production", Result: "held"}:      1,
	}
	j := s.fold.Journal()
	if !reflect.DeepEqual(j.Transitions, want) {
		t.Errorf("got  %v\nwant %v", j.Transitions, want)
	}
	if j.Kinds["hold"] != 181 {
		t.Errorf("of 181 entries %d are counted", j.Kinds["hold"])
	}
}

func TestTheFourFiguresOfDelivery(t *testing.T) {
	var s tale
	dev := s.decides(ledger.Admit, schema.Edit, "development", "", "r1") // opened at 0 h
	s.live("development", dev)                                           // 2 h
	one := s.decides(ledger.Admit, schema.Promote, "production", "development", "r1")
	s.live("production", one)                                                   // 4 h: four hours after it was opened
	bad := s.decides(ledger.Admit, schema.Edit, "production", "", "r2")         // opened at 4 h
	s.live("production", bad)                                                   // 6 h
	s.live("production", bad)                                                   // said again: counts once
	back := s.decides(ledger.Rollback, schema.Rollback, "production", "", "r1") // 8 h
	s.live("production", back)                                                  // 9 h: three hours after r2 went live
	never := s.decides(ledger.Admit, schema.Edit, "production", "", "r3")       // never live, so no deployment
	s.decides(ledger.Rollback, schema.Rollback, "production", "", "r1")         // and no failure
	s.add(ledger.Entry{Kind: ledger.Drift, Stage: "production", App: "shop", Delivery: &ledger.Delivery{Target: "etcd", Admission: never}})
	s.add(ledger.Entry{Kind: ledger.Apply, Stage: "production", App: "shop", Delivery: &ledger.Delivery{Target: "etcd", Admission: never, Result: ledger.ResultFailed}})
	s.add(ledger.Entry{Kind: ledger.Taint, Stage: "development", App: "shop", Order: &ledger.Order{Revision: "r1"}})
	s.add(ledger.Entry{Kind: ledger.Taint, Stage: "development", App: "shop", Order: &ledger.Order{Revision: "r1"}})
	j := s.fold.Journal()
	p := j.Stages["production"]
	if p.Deployments != 2 || p.Failed != 1 || !p.Last.Equal(start.Add(6*time.Hour)) {
		t.Errorf("production: %d deployments, %d failed, last at %s", p.Deployments, p.Failed, p.Last)
	}
	if p.Lead.Count != 2 || p.Lead.Sum != (4+2)*3600 {
		t.Errorf("lead time: %d of %v s in all, want 2 of 6 h", p.Lead.Count, p.Lead.Sum)
	}
	if p.Restore.Count != 1 || p.Restore.Sum != 3*3600 {
		t.Errorf("time to restore: %d of %v s in all, want 1 of 3 h", p.Restore.Count, p.Restore.Sum)
	}
	if d := j.Stages["development"]; d.Deployments != 1 || d.Failed != 1 {
		t.Errorf("development: %d deployments, %d failed; a mark counts once", d.Deployments, d.Failed)
	}
	if j.Drifts["production"] != 1 || j.Deliveries[schema.DeliveryResult{Stage: "production", Target: "etcd", Result: "failed"}] != 1 {
		t.Errorf("drifts %v, deliveries %v", j.Drifts, j.Deliveries)
	}
}

func TestARestoreEndsWithTheDeliveryThatHolds(t *testing.T) {
	hours := func(n ...float64) schema.Durations {
		var out schema.Durations
		for _, n := range n {
			out = out.With(time.Duration(n * float64(time.Hour)))
		}
		return out
	}
	var s tale
	back := func(rev string) {
		s.live("production", s.decides(ledger.Rollback, schema.Rollback, "production", "", rev))
	}
	forth := func(rev string) { s.live("production", s.decides(ledger.Admit, schema.Edit, "production", "", rev)) }
	figure := func() schema.Durations { return s.fold.Journal().Stages["production"].Restore }
	for _, step := range []struct {
		sentence string
		do       func()
		want     schema.Durations
	}{
		{"back once, and nobody knows yet whether that helps", func() { forth("r2"); back("r1") }, hours()},
		{"once more, which is the same outage", func() { back("r0") }, hours()},
		{"the next change: what is left held until then", func() { forth("r3") }, hours(4)},
		{"a day without anything", func() { back("r0"); s.seq += 24; s.add(ledger.Entry{Kind: ledger.Observe}) }, hours(4, 2)},
		{"back from that is no part of an outage that was over", func() { back("r0"); forth("r4") }, hours(4, 2)},
		{"marked as failed: the next change ends it", func() {
			back("r0")
			s.add(ledger.Entry{Kind: ledger.Taint, Stage: "production", App: "shop", Order: &ledger.Order{Revision: "r0"}})
			forth("r5")
			forth("r6")
		}, hours(4, 2, 5)},
		{"not live when it is left", func() {
			s.decides(ledger.Rollback, schema.Rollback, "production", "", "r5")
			back("r4")
			forth("r7")
		}, hours(4, 2, 5, 3)},
	} {
		step.do()
		if got := figure(); got.Count != step.want.Count || got.Sum != step.want.Sum {
			t.Errorf("%s: %d of %v h in all, want %d of %v h", step.sentence, got.Count, got.Sum/3600, step.want.Count, step.want.Sum/3600)
		}
	}
}

func TestARemovalIsNoDeploymentInAnyStage(t *testing.T) {
	var s tale
	s.live("gray", s.decides(ledger.Admit, schema.Edit, "gray", "", "r1"))
	before := s.fold.Journal().Stages["gray"]
	s.live("gray", s.decides(ledger.Admit, schema.Retire, "gray", "", ""))
	s.live("gray", s.decides(ledger.Admit, schema.Promote, "gray", "testing", string(schema.None))) // as the stages before the last have it
	s.live("production", s.decides(ledger.Retire, schema.Retire, "production", "gray", ""))
	j := s.fold.Journal()
	if got := j.Stages["gray"]; before.Deployments != 1 || !reflect.DeepEqual(got, before) {
		t.Errorf("the removal changed gray from %+v to %+v", before, got)
	}
	if got := j.Stages["production"]; got.Deployments != 0 || got.Lead.Count != 0 || !got.Last.IsZero() {
		t.Errorf("production counts a removal: %+v", got)
	}
}

func TestAJournalGivenOutDoesNotChange(t *testing.T) {
	var s tale
	for range 45_000 {
		s.decides(ledger.Hold, schema.Promote, "testing", "development", "r1")
		if s.seq == 10 {
			early := s.fold.Journal()
			defer func() {
				if early.Read != 10 || len(early.Records) != 10 || early.Records[9].Seq != 10 || early.Kinds["hold"] != 10 || len(early.Stages) != 0 {
					t.Errorf("it changed: %d read, %d records, %v", early.Read, len(early.Records), early.Kinds)
				}
			}()
		}
	}
	j := s.fold.Journal()
	if n := len(j.Records); n < 20_000 || n > 40_000 || j.Records[n-1].Seq != 45_000 || !j.Since.Equal(j.Records[0].At) {
		t.Errorf("%d records, the last is %d", n, j.Records[n-1].Seq)
	}
	if _, ok := j.Record(1); ok {
		t.Error("a record that is long past is still kept")
	}
}

func TestARecordSaysWhetherItFollows(t *testing.T) {
	var f journal.Fold
	digest := func(n int) schema.Digest { return schema.DigestOf([]byte{byte(n)}) }
	f.Add(ledger.Entry{Seq: 1}, digest(1))
	f.Add(ledger.Entry{Seq: 2, Prev: digest(1)}, digest(2))
	f.Add(ledger.Entry{Seq: 3, Prev: digest(1)}, digest(3))
	f.Add(ledger.Entry{Seq: 5, Prev: digest(3)}, digest(5))
	for seq, want := range map[int64]bool{1: true, 2: true, 3: false, 5: false} {
		if r, ok := f.Journal().Record(seq); !ok || r.Linked != want {
			t.Errorf("entry %d: linked is %v, want %v", seq, r.Linked, want)
		}
	}
}

func TestARecordSaysWhatAuditShowSays(t *testing.T) {
	until := start.Add(48 * time.Hour)
	old, err := schema.ParseHash("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	if err != nil {
		t.Fatal(err)
	}
	var many []ledger.DriftKey
	for range 23 {
		many = append(many, ledger.DriftKey{Op: "foreign", Key: "/a"})
	}
	said := func(name, text string) []schema.Said { return []schema.Said{{Name: name, Text: text}} }
	for _, row := range []struct {
		sentence string
		entry    ledger.Entry
		want     []schema.Said
	}{
		{"who gets it next", ledger.Entry{Kind: ledger.Widen, Step: &ledger.Step{Admission: 4, Rule: &schema.GrayRule{Permyriad: 2500}}}, said("goes to", "25 % of the instances, by entry #4")},
		{"all get it", ledger.Entry{Kind: ledger.Widen, Step: &ledger.Step{Admission: 4}}, said("goes to", "all, by entry #4")},
		{"who gets it first", ledger.Entry{Kind: ledger.Admit, Decision: &ledger.Decision{Gray: &schema.GrayRule{Permyriad: 500}}}, said("goes to", "5 % of the instances first")},
		{"until when", ledger.Entry{Kind: ledger.Suspend, Order: &ledger.Order{Until: &until}}, said("until", "2026-11-03 08:00:00 UTC")},
		{"until nobody knows when", ledger.Entry{Kind: ledger.Suspend, Order: &ledger.Order{}}, said("until", "somebody resumes it")},
		{"how long it is kept", ledger.Entry{Kind: ledger.Archive, Order: &ledger.Order{Until: &until}}, said("kept until", "2026-11-03 08:00:00 UTC")},
		{"that it is kept for ever", ledger.Entry{Kind: ledger.Archive, Order: &ledger.Order{}}, said("kept", "for ever")},
		{"when it has to be looked at", ledger.Entry{Kind: ledger.BreakGlass, Order: &ledger.Order{Review: &until}}, said("review by", "2026-11-03 08:00:00 UTC")},
		{"the keys, and nothing of their values", ledger.Entry{Kind: ledger.Drift, Delivery: &ledger.Delivery{Keys: []ledger.DriftKey{{Op: "changed", Key: "/a", By: "kubectl", Revision: 7, After: "sha256:aa"}}}},
			said("keys", "changed /a  by kubectl  revision 7")},
		{"from where a ref was moved to where", ledger.Entry{Kind: ledger.Observe, Ref: "refs/heads/main", Old: old}, said("moved", "from aaaaaaaa to nothing")},
		{"when it was seen", ledger.Entry{Kind: ledger.Resume, ObservedAt: &until, Order: &ledger.Order{}}, said("seen", "2026-11-03 08:00:00 UTC, and recorded when that could be done")},
	} {
		var f journal.Fold
		row.entry.Seq = 1
		f.Add(row.entry, "")
		if r, _ := f.Journal().Record(1); !reflect.DeepEqual(r.Says, row.want) {
			t.Errorf("%s: got %v, want %v", row.sentence, r.Says, row.want)
		}
	}
	var f journal.Fold
	f.Add(ledger.Entry{Seq: 1, Kind: ledger.Drift, Delivery: &ledger.Delivery{Keys: many}}, "")
	if r, _ := f.Journal().Record(1); len(r.Says) != 21 || r.Says[20].Text != "3 more: sluice audit show 1" {
		t.Errorf("of many keys: %v", r.Says)
	}
}

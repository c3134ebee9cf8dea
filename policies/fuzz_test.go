package policies_test

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// FuzzGate reads policies as a person writes them: what is accepted can be asked, for each kind of change, gives one answer in words
// that are explained, and lets nothing in of which nothing is known. What always holds is not switched off by anything written.
func FuzzGate(f *testing.F) {
	const head = "version: 1\nlayout: directory\nstages:\n- name: staging\n- name: gray\n  gates:\n    promote:\n"
	f.Add([]byte(everything[len("version: 1\nlayout: directory\nstages:\n- name: staging\n- name: gray\n  gates:\n    promote:\n"):]))
	for _, seed := range []string{
		"    - approvals: {observed: 1, signed: 1, roles: [release, admin], after: any, bind: head}\n", "    - soak: {for: 24h, in: staging, reset: true}\n",
		"    - at_least: {n: 2, of: [{approvals: 2}, {soak: 72h}, {all: [{approvals: 1}, {pipeline: [unit]}]}]}\n", "    []\n",
		"    - freeze: {dates: [\"2028-02-28 18:00 - 2028-02-29 24:00\"], zone: Pacific/Apia}\n    - window: {weekly: [\"Sat-Sun\", \"Mon-Fri 22:00-06:00\"], zone: UTC}\n",
		"    - when: {kinds: [tune], files: [\"**/*.yaml\"], apps: [\"pay*\"], then: [{critical: {fields: [\"*.yaml#a.*.b\"]}}]}\n    rollback: []\n    retire: [approvals: 3]\n",
		"    - breaker: {fields: [\"a#b\"], success: 90, window: 14d, restore: 30m, trip: hold, risk: 70, weight: 10}\n    - guardrails: [pipeline]\n    - health: {}\n",
	} {
		f.Add([]byte(seed))
	}
	fact := promotion()
	compares(f, tree{"app.yaml": "replicas: 1\n"}, tree{"app.yaml": "replicas: 2\n"}, 2)(&fact)
	pushed := fact
	pushed.MergeRequest, pushed.Commits = nil, nil
	f.Fuzz(func(t *testing.T, gates []byte) {
		project, found := policies.LoadProject("sluice.yaml", append([]byte(head), gates...))
		if len(found) > 0 {
			return
		}
		for _, stage := range project.Stages {
			for _, kind := range []schema.Kind{schema.Edit, schema.Promote, schema.Rollback, schema.Tune, schema.Retire} {
				gate, err := policies.ForGate(stage.Gates, kind)
				if err != nil {
					t.Fatalf("accepted, and cannot be asked: %v", err)
				}
				facts := fact
				facts.Change.Kind = kind
				first := gate.Evaluate(facts)
				if !first.Equal(gate.Evaluate(facts)) {
					t.Errorf("%s: two answers to one question", kind)
				}
				explained(t, first)
				unknown := pushed
				unknown.Change.Kind = kind
				for what, f := range map[string]policies.Facts{"of which nothing is known": {}, "without a merge request and a signature": unknown} {
					if v := gate.Evaluate(f); v.Outcome == schema.Allow {
						t.Errorf("%s: lets in a change %s", kind, what)
					}
				}
			}
		}
	})
}

// explained holds that whatever does not allow says so in words that the registry has.
func explained(t *testing.T, v schema.Verdict) {
	t.Helper()
	if v.Outcome == schema.Allow {
		return
	}
	if len(v.Missing()) == 0 {
		t.Errorf("it says %s and not why: %+v", v.Outcome, v)
	}
	for _, m := range v.Missing() {
		if _, ok := schema.Explain(m.Code); !ok {
			t.Errorf("code %q is not explained", m.Code)
		}
	}
}

// FuzzSpans holds spans of weeks and of dates together: several are worth what each of them is, a freeze beats a window, dates are
// what the clock on the wall shows, leap days too, and what holds until a time holds all the way to it.
func FuzzSpans(f *testing.F) {
	zones := []string{"Europe/Berlin", "America/New_York", "Asia/Beirut", "Pacific/Apia", "Australia/Lord_Howe", "America/Havana", "Africa/Casablanca", "UTC"}
	f.Add(uint8(7), int64(1835395200), uint16(0), uint16(480), int32(-60), uint16(1440), uint8(128))     // 2028-02-29
	f.Add(uint8(0), int64(1806170400), uint16(8640), uint16(300), int32(-30), uint16(180), uint8(7))     // the clock is set forward
	f.Add(uint8(4), int64(1790000000), uint16(6840), uint16(3600), int32(2000), uint16(60000), uint8(9)) // ahead
	f.Add(uint8(3), int64(1325239200), uint16(5000), uint16(9000), int32(-1440), uint16(2880), uint8(200))
	f.Fuzz(func(t *testing.T, zone uint8, unix int64, from, long uint16, ahead int32, lasts uint16, part uint8) {
		now := time.Unix(unix%8e9, 0).UTC()
		spec := schema.CalendarSpec{Zone: zones[int(zone)%len(zones)]}
		loc, err := spec.Location()
		if err != nil {
			t.Fatal(err)
		}
		begin := schema.WallTime(wallMinutes(now.In(loc)) + int64(ahead)%100_000)
		weekly, dates := spec, spec
		weekly.Weekly = []schema.WeekSpan{{From: int(from) % 10080, Long: int(long)%10079 + 1}}
		dates.Dates = []schema.DateSpan{{From: begin, Until: begin + schema.WallTime(lasts) + 1}}
		both := schema.CalendarSpec{Zone: spec.Zone, Weekly: weekly.Weekly, Dates: dates.Dates}
		allows := func(p policies.Policy) bool { return p.Evaluate(policies.Facts{Now: now}).Outcome == schema.Allow }
		freeze := func(c schema.CalendarSpec) policies.Policy { return policies.Freeze{Spans: c, Zone: loc} }
		window := func(c schema.CalendarSpec) policies.Policy { return policies.Window{Spans: c, Zone: loc} }
		if got, want := allows(freeze(both)), allows(freeze(weekly)) && allows(freeze(dates)); got != want {
			t.Errorf("%s: a freeze of two spans allows %t, its spans together %t", now, got, want)
		}
		if got, want := allows(window(both)), allows(window(weekly)) || allows(window(dates)); got != want {
			t.Errorf("%s: a window of two spans allows %t, its spans together %t", now, got, want)
		}
		overlap := policies.Composed{Name: "all", Need: 2, Of: []policies.Policy{window(weekly), freeze(dates)}}
		if allows(overlap) && !allows(freeze(dates)) {
			t.Errorf("%s: a window opens a freeze", now)
		}
		shown := wallMinutes(now.In(loc)) >= int64(begin) && wallMinutes(now.In(loc)) <= int64(begin)+int64(lasts)
		if shown == allows(freeze(dates)) && !nearChange(now, loc) {
			t.Errorf("%s: the clock is inside of %+v: %t, the freeze allows %t", now.In(loc), dates.Dates, shown, allows(freeze(dates)))
		}
		for _, p := range []policies.Policy{freeze(both), window(both)} {
			v := p.Evaluate(policies.Facts{Now: now})
			if v.Earliest == nil {
				continue
			}
			between := now.Add(v.Earliest.Sub(now) / 256 * time.Duration(part))
			if again := p.Evaluate(policies.Facts{Now: between}); again.Outcome == schema.Allow {
				t.Errorf("%s: holds until %s, and lets go at %s", now, v.Earliest, between)
			}
		}
	})
}

// wallMinutes is what a clock on the wall shows, as minutes since 1970.
func wallMinutes(local time.Time) int64 {
	shown := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), 0, 0, time.UTC)
	return shown.Unix() / 60
}

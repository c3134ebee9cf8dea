package policies_test

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// gatePolicy makes a policy the way that a gate does.
func gatePolicy(t testing.TB, name string, value any) policies.Policy {
	t.Helper()
	p, err := policies.New(schema.PolicySpec{Name: name, Value: value})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func at(text string) func(*policies.Facts) {
	return func(f *policies.Facts) {
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			panic(err)
		}
		f.Now = now
	}
}

var frozen, closed = []schema.Code{"freeze"}, []schema.Code{"window-closed"}

func TestFreeze(t *testing.T) {
	weekend := gatePolicy(t, "freeze", map[string]any{"weekly": "Fri 18:00 - Mon 06:00", "zone": "Europe/Berlin"})
	holidays := gatePolicy(t, "freeze", map[string]any{
		"weekly": []any{"Sat-Sun"}, "dates": []any{"2026-12-18 12:00 - 2027-01-04 06:00", "2028-02-29 00:00 - 2028-02-29 24:00"}, "zone": "UTC",
	})
	for _, r := range []row{
		{"a second before it", weekend, at("2026-11-27T16:59:59Z"), schema.Allow, nil},
		{"the moment it begins", weekend, at("2026-11-27T17:00:00Z"), schema.Hold, frozen},
		{"on Sunday", weekend, at("2026-11-29T12:00:00Z"), schema.Hold, frozen},
		{"a second before its end", weekend, at("2026-11-30T04:59:59Z"), schema.Hold, frozen},
		{"the moment it ends", weekend, at("2026-11-30T05:00:00Z"), schema.Allow, nil},
		{"the end comes an hour sooner once summer time began", weekend, at("2027-03-29T04:00:00Z"), schema.Allow, nil},
		{"and not before", weekend, at("2027-03-29T03:59:59Z"), schema.Hold, frozen},
		{"the end comes an hour later once summer time ended", weekend, at("2026-10-26T04:59:59Z"), schema.Hold, frozen},
		{"within dates, on a Wednesday", holidays, at("2026-12-23T12:00:00Z"), schema.Hold, frozen},
		{"after them", holidays, at("2027-01-04T06:00:00Z"), schema.Allow, nil},
		{"on a leap day", holidays, at("2028-02-29T23:59:59Z"), schema.Hold, frozen},
		{"the day after it", holidays, at("2028-03-01T00:00:00Z"), schema.Allow, nil},
		{"a rollback whose gate names it", weekend, func(f *policies.Facts) { at("2026-11-29T12:00:00Z")(f); f.Change.Kind = schema.Rollback }, schema.Hold, frozen},
		{"a clock that the forge does not share", weekend, func(f *policies.Facts) { f.ClockSkew = time.Hour }, schema.Hold, []schema.Code{"clock"}},
		{"nobody knows the time", weekend, func(f *policies.Facts) { f.Now = time.Time{} }, schema.Hold, []schema.Code{"clock"}},
		{"a freeze without its zone", policies.Freeze{}, nil, schema.Hold, []schema.Code{"clock"}},
	} {
		r.run(t)
	}
}

func TestFreezeWhereTheClockIsSet(t *testing.T) {
	spring := gatePolicy(t, "freeze", map[string]any{"dates": "2027-03-28 02:30 - 2027-03-28 05:00", "zone": "Europe/Berlin"})
	skippedEnd := gatePolicy(t, "freeze", map[string]any{"dates": "2027-03-28 00:00 - 2027-03-28 02:30", "zone": "Europe/Berlin"})
	skipped := gatePolicy(t, "freeze", map[string]any{"weekly": "Sun 02:10-02:50", "zone": "Europe/Berlin"})
	twice := gatePolicy(t, "freeze", map[string]any{"dates": "2026-10-25 02:30 - 2026-10-25 02:45", "zone": "Europe/Berlin"})
	for _, r := range []row{
		{"it begins at a time that is skipped: before the clock is set", spring, at("2027-03-28T00:59:59Z"), schema.Allow, nil},
		{"it begins when the clock is set", spring, at("2027-03-28T01:00:00Z"), schema.Hold, frozen},
		{"it ends at a time that is skipped: it ends when the clock is set", skippedEnd, at("2027-03-28T01:00:00Z"), schema.Allow, nil},
		{"and not before", skippedEnd, at("2027-03-28T00:59:59Z"), schema.Hold, frozen},
		{"one of a time that there is not that day: before the clock is set", skipped, at("2027-03-28T00:59:59Z"), schema.Allow, nil},
		{"and after", skipped, at("2027-03-28T01:00:00Z"), schema.Allow, nil},
		{"a week later it is there", skipped, at("2027-04-04T00:30:00Z"), schema.Hold, frozen},
		{"a quarter that comes twice: before the first", twice, at("2026-10-25T00:29:59Z"), schema.Allow, nil},
		{"in the first", twice, at("2026-10-25T00:30:00Z"), schema.Hold, frozen},
		{"between the two it stays", twice, at("2026-10-25T01:00:00Z"), schema.Hold, frozen},
		{"in the second", twice, at("2026-10-25T01:44:59Z"), schema.Hold, frozen},
		{"after the second", twice, at("2026-10-25T01:45:00Z"), schema.Allow, nil},
	} {
		r.run(t)
	}
}

func TestOverride(t *testing.T) {
	two := map[string]any{"observed": 2, "roles": []string{"release", "approver"}}
	spans := map[string]any{"weekly": "Sat-Sun", "zone": "UTC", "override": two}
	freeze, window := gatePolicy(t, "freeze", spans), gatePolicy(t, "window", map[string]any{"weekly": "Mon", "zone": "UTC", "override": two})
	signed := gatePolicy(t, "freeze", map[string]any{"weekly": "Sat-Sun", "zone": "UTC", "override": map[string]any{"signed": 1, "roles": []string{"approver"}}})
	sunday := func(edits ...func(*policies.Facts)) func(*policies.Facts) {
		return func(f *policies.Facts) {
			f.Now = noon.Add(-24 * time.Hour)
			for _, edit := range edits {
				edit(f)
			}
		}
	}
	late, other := by(8), by(8)
	late.At, other.To = noon.Add(-time.Minute), c(9)
	given := func(more ...schema.GivenApproval) func(*policies.Facts) {
		return func(f *policies.Facts) { f.Approvals = more }
	}
	not := func(code schema.Code, also ...schema.Code) []schema.Code {
		return append([]schema.Code{code, "approvals-missing"}, also...)
	}
	for _, r := range []row{
		{"two approved", freeze, sunday(given(by(2), by(8))), schema.Allow, nil},
		{"two approved outside of the window", window, sunday(given(by(2), by(8))), schema.Allow, nil},
		{"one did", freeze, sunday(given(by(8))), schema.Hold, not("freeze")},
		{"nobody did, outside of the window", window, sunday(), schema.Hold, not("window-closed")},
		{"one of them wrote it", freeze, sunday(given(by(1), by(8))), schema.Hold, not("freeze", "self-approval")},
		{"one of them approved something else", freeze, sunday(given(by(2), other)), schema.Hold, not("freeze", "approval-stale")},
		{"one of them approved after the merge", freeze, sunday(given(by(2), late)), schema.Hold, not("freeze", "approval-late")},
		{"one of them has no such role", freeze, sunday(given(by(2), by(7))), schema.Hold, not("freeze", "approver-ineligible")},
		{"one approved twice", freeze, sunday(given(by(2), by(2))), schema.Hold, not("freeze")},
		{"it is not closed", freeze, nil, schema.Allow, nil},
		{"two approved, and nobody knows the time", freeze, func(f *policies.Facts) { given(by(2), by(8))(f); f.Now = time.Time{} }, schema.Hold, []schema.Code{"clock"}},
		{"two approved, and two clocks differ", window, sunday(given(by(2), by(8)), func(f *policies.Facts) { f.ClockSkew = time.Hour }), schema.Hold, []schema.Code{"clock"}},
		{"one signed", signed, func(f *policies.Facts) {
			*f = signable()
			f.Now, f.Signed = noon.Add(-24*time.Hour), []schema.SignedApproval{signs("bob")}
		}, schema.Allow, nil},
		{"one signed an earlier step", signed, func(f *policies.Facts) {
			*f = signable()
			f.Now, f.Signed = noon.Add(-24*time.Hour), []schema.SignedApproval{signs("bob", func(a *schema.SignedApproval) { a.Statement.Seen.Size = 29 })}
		}, schema.Hold, []schema.Code{"freeze", "signed-approvals-missing", "evidence-replayed"}},
		{"a freeze is passed over, and the window is closed", gatePolicy(t, "all", []any{
			map[string]any{"freeze": spans}, map[string]any{"window": map[string]any{"weekly": "Mon", "zone": "UTC"}},
		}), sunday(given(by(2), by(8))), schema.Hold, closed},
		{"the window is passed over, and the freeze is on", gatePolicy(t, "all", []any{
			map[string]any{"freeze": map[string]any{"weekly": "Sat-Sun", "zone": "UTC"}}, map[string]any{"window": map[string]any{"weekly": "Mon", "zone": "UTC", "override": two}},
		}), sunday(given(by(2), by(8))), schema.Hold, frozen},
	} {
		r.run(t)
	}
}

// Time alone opens what an override would let in sooner.
func TestAnOverrideLeavesTheTimeAtWhichItOpens(t *testing.T) {
	spans := map[string]any{"weekly": "Sat-Sun", "zone": "UTC", "override": 2}
	f := promotion()
	f.Now = noon.Add(-24 * time.Hour)
	for name, p := range map[string]policies.Policy{
		"alone": gatePolicy(t, "freeze", spans), "in a choice": gatePolicy(t, "any", list("freeze", spans, "approvals", 3)),
		"with others in a choice": gatePolicy(t, "any", []any{map[string]any{"all": list("freeze", spans, "soak", "1h")}, map[string]any{"approvals": 3}}),
	} {
		if v := p.Evaluate(f); v.Earliest == nil || !v.Earliest.Equal(noon.Add(-12*time.Hour)) {
			t.Errorf("%s: earliest %v, want midnight", name, v.Earliest)
		}
	}
}

func TestWindow(t *testing.T) {
	hours := gatePolicy(t, "window", map[string]any{"weekly": []any{"Mon-Thu 09:00-16:00", "Fri 09:00-12:00"}, "zone": "Europe/Berlin"})
	night := gatePolicy(t, "window", map[string]any{"weekly": "Sun 22:00-04:00", "zone": "America/New_York"})
	small := gatePolicy(t, "window", map[string]any{"weekly": "Sun 00:00-04:00", "zone": "America/New_York"})
	hour := gatePolicy(t, "window", map[string]any{"weekly": "Sun 01:00-02:00", "zone": "America/New_York"})
	half := gatePolicy(t, "window", map[string]any{"weekly": "Sun 01:30-05:00", "zone": "America/New_York"})
	morning := gatePolicy(t, "window", map[string]any{"weekly": "Sun 02:30-05:00", "zone": "America/New_York"})
	twice := gatePolicy(t, "window", map[string]any{"weekly": "Sun 01:30-01:45", "zone": "America/New_York"})
	skipped := gatePolicy(t, "window", map[string]any{"weekly": "Sun 02:10-02:50", "zone": "America/New_York"})
	for _, r := range []row{
		{"before it opens", hours, at("2026-11-23T07:59:59Z"), schema.Hold, closed},
		{"the moment it opens", hours, at("2026-11-23T08:00:00Z"), schema.Allow, nil},
		{"the moment it closes", hours, at("2026-11-23T15:00:00Z"), schema.Hold, closed},
		{"on Friday morning", hours, at("2026-11-27T10:59:59Z"), schema.Allow, nil},
		{"on Friday afternoon", hours, at("2026-11-27T11:00:00Z"), schema.Hold, closed},
		{"through the night, into Monday", night, at("2026-11-30T08:59:59Z"), schema.Allow, nil},
		{"and no longer", night, at("2026-11-30T09:00:00Z"), schema.Hold, closed},
		{"an hour that comes twice is in a night both times: the first", small, at("2026-11-01T05:30:00Z"), schema.Allow, nil},
		{"and the second", small, at("2026-11-01T06:30:00Z"), schema.Allow, nil},
		{"in one of exactly that hour as well: the first", hour, at("2026-11-01T05:30:00Z"), schema.Allow, nil},
		{"and the second of it", hour, at("2026-11-01T06:30:00Z"), schema.Allow, nil},
		{"one that begins within it: the first", half, at("2026-11-01T05:45:00Z"), schema.Hold, closed},
		{"it begins the second time", half, at("2026-11-01T06:30:00Z"), schema.Allow, nil},
		{"one that begins in an hour that is skipped: before the clock is set", morning, at("2027-03-14T06:59:59Z"), schema.Hold, closed},
		{"it begins when the clock is set", morning, at("2027-03-14T07:00:00Z"), schema.Allow, nil},
		{"a quarter that comes twice is none: the first", twice, at("2026-11-01T05:35:00Z"), schema.Hold, closed},
		{"a quarter that comes twice is none: the second", twice, at("2026-11-01T06:35:00Z"), schema.Hold, closed},
		{"a quarter of every other week", twice, at("2026-11-08T06:35:00Z"), schema.Allow, nil},
		{"minutes that are skipped are none", skipped, at("2027-03-14T07:30:00Z"), schema.Hold, closed},
		{"a clock that the forge does not share", hours, func(f *policies.Facts) { f.ClockSkew = time.Hour }, schema.Hold, []schema.Code{"clock"}},
		{"nobody knows the time", hours, func(f *policies.Facts) { f.Now = time.Time{} }, schema.Hold, []schema.Code{"clock"}},
		{"a window without its zone", policies.Window{}, nil, schema.Hold, []schema.Code{"clock"}},
	} {
		r.run(t)
	}
}

func TestAFreezeBeatsAWindow(t *testing.T) {
	gates := schema.Gates{Promote: schema.Gate{
		{Name: "window", Value: map[string]any{"weekly": "Mon-Fri 09:00-17:00", "zone": "UTC"}},
		{Name: "freeze", Value: map[string]any{"dates": "2026-11-23 10:00 - 2026-11-23 14:00", "zone": "UTC"}},
	}}
	for kind, want := range map[schema.Kind]schema.Outcome{schema.Promote: schema.Hold, schema.Tune: schema.Hold, schema.Rollback: schema.Allow} {
		gate, err := policies.ForGate(gates, kind)
		if err != nil {
			t.Fatal(err)
		}
		f := promotion()
		f.Change.Kind = kind
		if v := gate.Evaluate(f); v.Outcome != want {
			t.Errorf("%s: got %s (missing %v), want %s", kind, v.Outcome, codes(v), want)
		}
	}
}

func TestFreezeAndWindowSayThatTheyDoNotEnd(t *testing.T) {
	for _, row := range []struct {
		sentence, policy string
		value            map[string]any
		want             string
	}{
		{"a window whose dates are over", "window", map[string]any{"dates": "2020-01-01 00:00 - 2020-02-01 00:00", "zone": "UTC"}, "gray takes changes in its window alone; the last of them is over, and it does not open again"},
		{"a freeze of every hour", "freeze", map[string]any{"weekly": "Mon-Sun", "zone": "UTC"}, "gray is frozen with no end in sight"},
	} {
		v := gatePolicy(t, row.policy, row.value).Evaluate(promotion())
		if got := v.Code.Message(v.Args); v.Outcome != schema.Hold || v.Earliest != nil || got != row.want {
			t.Errorf("%s: got %s %q, earliest %v; want %q", row.sentence, v.Outcome, got, v.Earliest, row.want)
		}
	}
}

func TestFreezeAndWindowSayWhenTheyEnd(t *testing.T) {
	for _, row := range []struct {
		sentence, policy string
		value            map[string]any
		now, want, local string
	}{
		{"a freeze", "freeze", map[string]any{"weekly": "Fri 18:00 - Mon 06:00", "zone": "Europe/Berlin"}, "2026-11-28T10:00:00Z", "2026-11-30T05:00:00Z", "Mon 2026-11-30 06:00 Europe/Berlin"},
		{"a freeze over the end of summer time", "freeze", map[string]any{"weekly": "Fri 18:00 - Mon 06:00", "zone": "Europe/Berlin"}, "2027-03-27T10:00:00Z", "2027-03-29T04:00:00Z", "Mon 2027-03-29 06:00 Europe/Berlin"},
		{"freezes one after the other are one", "freeze", map[string]any{"weekly": []any{"Sat-Sun", "Mon 00:00-08:00"}, "dates": "2026-11-30 07:00 - 2026-12-01 10:00", "zone": "UTC"}, "2026-11-28T10:00:00Z", "2026-12-01T10:00:00Z", "Tue 2026-12-01 10:00 UTC"},
		{"a freeze that has no end", "freeze", map[string]any{"weekly": "Mon-Sun", "zone": "UTC"}, "2026-11-28T10:00:00Z", "", ""},
		{"a window later this week", "window", map[string]any{"weekly": "Thu 09:00-16:00", "zone": "Asia/Tokyo"}, "2026-11-23T12:00:00Z", "2026-11-26T00:00:00Z", "Thu 2026-11-26 09:00 Asia/Tokyo"},
		{"a window next week", "window", map[string]any{"weekly": "Mon 09:00-10:00", "zone": "UTC"}, "2026-11-23T12:00:00Z", "2026-11-30T09:00:00Z", "Mon 2026-11-30 09:00 UTC"},
		{"a window that never opens again", "window", map[string]any{"dates": "2026-01-01 00:00 - 2026-02-01 00:00", "zone": "UTC"}, "2026-11-23T12:00:00Z", "", ""},
	} {
		f := promotion()
		at(row.now)(&f)
		v := gatePolicy(t, row.policy, row.value).Evaluate(f)
		got := ""
		if v.Earliest != nil {
			got = v.Earliest.Format(time.RFC3339)
		}
		if v.Outcome != schema.Hold || got != row.want || v.Args["until"] != row.want || v.Args["local"] != row.local {
			t.Errorf("%s: got %+v (earliest %s), want until %s, %s", row.sentence, v, got, row.want, row.local)
		}
		f.Now = f.Now.Add(17 * time.Minute)
		if later := gatePolicy(t, row.policy, row.value).Evaluate(f); !v.Equal(later) {
			t.Errorf("%s: the verdict changed while nothing happened, so it would be recorded again:\n%+v\n%+v", row.sentence, v, later)
		}
	}
}

// FuzzWindow holds a freeze and a window over the same span together: what the clock on the wall says decides, no moment is
// in both's favour, and the end that they say is one at which they let go.
func FuzzWindow(f *testing.F) {
	zones := []string{"Europe/Berlin", "America/New_York", "Asia/Beirut", "Pacific/Apia", "Australia/Lord_Howe", "America/Havana", "Africa/Casablanca", "UTC"}
	f.Add(uint8(0), uint16(6840), uint16(3600), int64(1806170400))
	f.Add(uint8(3), uint16(5000), uint16(90), int64(1325239200))
	f.Add(uint8(4), uint16(8700), uint16(30), int64(1806170400))
	f.Add(uint8(2), uint16(1), uint16(10079), int64(-1806170400))
	f.Fuzz(func(t *testing.T, zone uint8, from, long uint16, unix int64) {
		unix %= 8e9 // years 1716 to 2223: what the zones' rules say anything about
		spec := schema.CalendarSpec{Zone: zones[int(zone)%len(zones)], Weekly: []schema.WeekSpan{{From: int(from) % 10080, Long: int(long)%10079 + 1}}}
		loc, err := spec.Location()
		if err != nil {
			t.Fatal(err)
		}
		facts := policies.Facts{Now: time.Unix(unix, 0).UTC()}
		freeze, window := policies.Freeze{Spans: spec, Zone: loc}, policies.Window{Spans: spec, Zone: loc}
		held, open := freeze.Evaluate(facts), window.Evaluate(facts)
		if held.Outcome == schema.Allow && open.Outcome == schema.Allow {
			t.Errorf("%s is in the window and not in the freeze of the same span %+v", facts.Now, spec)
		}
		if shown := shows(spec, facts.Now.In(loc)); shown == (held.Outcome == schema.Allow) && !nearChange(facts.Now, loc) {
			t.Errorf("%s: the clock says %v, the freeze %s", facts.Now.In(loc), shown, held.Outcome)
		}
		for _, v := range []schema.Verdict{held, open} {
			if v.Earliest == nil {
				continue
			}
			facts.Now = *v.Earliest
			if v.Policy == "freeze" && freeze.Evaluate(facts).Outcome != schema.Allow || v.Policy == "window" && window.Evaluate(facts).Outcome != schema.Allow {
				t.Errorf("%s holds until %s, and then it still holds", v.Policy, facts.Now)
			}
			facts.Now = facts.Now.Add(-time.Second)
			if facts.Now.Unix() >= unix && (v.Policy == "freeze" && freeze.Evaluate(facts).Outcome == schema.Allow || v.Policy == "window" && window.Evaluate(facts).Outcome == schema.Allow) {
				t.Errorf("%s holds until a second after %s, and lets go sooner", v.Policy, facts.Now)
			}
		}
	})
}

// shows reads the clock on the wall and nothing else: the dumb twin.
func shows(c schema.CalendarSpec, local time.Time) bool {
	now := (int(local.Weekday())+6)%7*1440 + local.Hour()*60 + local.Minute()
	past := (now - c.Weekly[0].From + 10080) % 10080
	return past < c.Weekly[0].Long
}

// nearChange reports whether the clock is set within a week and a day, so that a span may be drawn wider than it shows.
func nearChange(t time.Time, zone *time.Location) bool {
	_, before := t.Add(-8 * 24 * time.Hour).In(zone).Zone()
	_, now := t.In(zone).Zone()
	_, after := t.Add(8 * 24 * time.Hour).In(zone).Zone()
	return before != now || now != after
}

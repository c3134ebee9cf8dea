package policies

import (
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// edge says which moment a time on the wall stands for where the clock was set: a time that it skips is the moment of the
// change, and one that it shows twice is the first or the last.
type edge func(schema.WallTime, *time.Location) time.Time

// bounds are the edges of a span. What forbids is drawn wide and what allows narrow, so that a clock that is set never lets
// more through.
type bounds struct{ from, until edge }

var (
	wide   = bounds{from: earliest, until: latest}
	narrow = bounds{from: latest, until: earliest}
)

const (
	minute  = 60
	week    = schema.WallTime(7 * 24 * 60)
	monday  = schema.WallTime(4 * 24 * 60) // 1970-01-05
	reach   = 26 * time.Hour               // more than any clock differs from UTC
	longest = 120                          // spans in a row that an end is looked for in
)

// within returns the end of the span that holds a moment, the latest if several do.
func (b bounds) within(c schema.CalendarSpec, zone *time.Location, t time.Time) (end time.Time, inside bool) {
	b.each(c, zone, t, func(from, until time.Time) {
		if !t.Before(from) && t.Before(until) && until.After(end) {
			end, inside = until, true
		}
	})
	return end, inside
}

// end is when the spans that hold a moment are over, those that follow without a gap included; false if that is not in sight.
func (b bounds) end(c schema.CalendarSpec, zone *time.Location, t time.Time) (time.Time, bool) {
	for range longest {
		next, inside := b.within(c, zone, t)
		if !inside {
			return t, true
		}
		t = next
	}
	return time.Time{}, false
}

// next is when the first span after a moment begins; false if none is in sight.
func (b bounds) next(c schema.CalendarSpec, zone *time.Location, t time.Time) (begin time.Time, ok bool) {
	b.each(c, zone, t, func(from, until time.Time) {
		if from.After(t) && from.Before(until) && (!ok || from.Before(begin)) {
			begin, ok = from, true
		}
	})
	return begin, ok
}

// each calls f with the spans of dates, and those of the weeks around a moment.
func (b bounds) each(c schema.CalendarSpec, zone *time.Location, t time.Time, f func(from, until time.Time)) {
	for _, span := range c.Dates {
		f(b.from(span.From, zone), b.until(span.Until, zone))
	}
	now := wall(t, zone)
	begin := now - (now-monday)%week
	if begin > now { // before 1970 a remainder is negative
		begin -= week
	}
	for _, span := range c.Weekly {
		for n := range schema.WallTime(4) {
			from := begin + (n-2)*week + schema.WallTime(span.From)
			f(b.from(from, zone), b.until(from+schema.WallTime(span.Long), zone))
		}
	}
}

func wall(t time.Time, zone *time.Location) schema.WallTime {
	_, offset := t.In(zone).Zone()
	seconds := t.Unix() + int64(offset)
	minutes := seconds / minute
	if seconds%minute < 0 {
		minutes--
	}
	return schema.WallTime(minutes)
}

// earliest is the first moment at which the clock on the wall shows a time or one after it.
func earliest(w schema.WallTime, zone *time.Location) time.Time {
	utc := time.Unix(int64(w)*minute, 0)
	for t := utc.Add(-reach); ; {
		begin, end, offset := period(t, zone)
		moment := utc.Add(-offset)
		switch {
		case !end.IsZero() && !moment.Before(end):
			t = end
			continue
		case moment.Before(begin): // skipped by the clock, which was set at begin
			return begin
		}
		return moment
	}
}

// latest is the moment after which the clock on the wall never again shows a time before that one.
func latest(w schema.WallTime, zone *time.Location) time.Time {
	utc := time.Unix(int64(w)*minute, 0)
	var last time.Time
	for t := utc.Add(-reach); !t.After(utc.Add(reach)); {
		begin, end, offset := period(t, zone)
		moment := utc.Add(-offset)
		if !end.IsZero() && moment.After(end) {
			moment = end
		}
		if last.IsZero() || moment.After(begin) {
			last = moment
		}
		if end.IsZero() {
			break
		}
		t = end
	}
	return last
}

// period is the time around a moment in which nobody sets the clock; a bound that there is not is zero.
func period(t time.Time, zone *time.Location) (begin, end time.Time, offset time.Duration) {
	local := t.In(zone)
	begin, end = local.ZoneBounds()
	_, seconds := local.Zone()
	return begin, end, time.Duration(seconds) * time.Second
}

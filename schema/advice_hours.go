package schema

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// over says of a window why none of its dates is to come.
func (c CalendarSpec) over(now time.Time) string {
	zone, err := c.Location()
	if err != nil || len(c.Dates) == 0 {
		return ""
	}
	if !slices.ContainsFunc(c.Dates, func(d DateSpan) bool { return d.happens(zone) }) {
		return "the clock of " + c.Zone + " is set past all of its spans, so it never opens"
	}
	if past := c.past(now); past != "" {
		return past + ", so it is closed for ever"
	}
	return ""
}

// past says that the last of the dates has passed.
func (c CalendarSpec) past(now time.Time) string {
	zone, err := c.Location()
	if err != nil || len(c.Dates) == 0 {
		return ""
	}
	last := slices.MaxFunc(c.Dates, func(a, b DateSpan) int { return cmp.Compare(a.Until, b.Until) }).Until
	wall := time.Unix(int64(last)*60, 0).UTC()
	if now.Before(time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, zone)) {
		return ""
	}
	return fmt.Sprintf("its last span ended %s %s", wall.Format("2006-01-02 15:04"), c.Zone)
}

// happens reports whether the clock of a place shows a minute of the span: one that is set forward leaves some out.
func (d DateSpan) happens(zone *time.Location) bool {
	if d.Until-d.From > minutesOfDay {
		return true
	}
	for m := d.From; m < d.Until; m++ {
		wall := time.Unix(int64(m)*60, 0).UTC()
		at := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, zone)
		if at.Hour() == wall.Hour() && at.Minute() == wall.Minute() {
			return true
		}
	}
	return false
}

// adviceOnHours finds windows and freezes of one gate that leave no hour of any week together, while each alone does.
func adviceOnHours(stage StageName, g Gate) Diagnostics {
	type week struct {
		shut  [minutesOfWeek]bool
		first PolicySpec
		parts int
	}
	weeks := map[string]*week{}
	var zones []string
	for _, p := range g {
		c, err := p.Calendar()
		if err != nil || p.Name == "window" && len(c.Dates) > 0 || c.wholeWeek() || c.Override != nil {
			continue
		}
		w := weeks[c.Zone]
		if w == nil {
			w = &week{first: p}
			weeks[c.Zone], zones = w, append(zones, c.Zone)
		}
		w.parts++
		in := c.minutes()
		for m := range w.shut {
			w.shut[m] = w.shut[m] || in[m] == (p.Name == "freeze")
		}
	}
	var out Diagnostics
	for _, zone := range zones {
		if w := weeks[zone]; w.parts > 1 && w.first.Position.Line > 0 && !slices.Contains(w.shut[:], false) {
			why := "with the other windows and freezes of the gate no hour of the week is left"
			out = append(out, gateAdvice(w.first.Position, len(w.first.Name), "gate-never-opens", args{"stage": string(stage), "policy": w.first.Name, "why": why}))
		}
	}
	return out
}

// minutes are those of the week that the weekly spans hold.
func (c CalendarSpec) minutes() [minutesOfWeek]bool {
	var in [minutesOfWeek]bool
	for _, w := range c.Weekly {
		for m := range w.Long {
			in[(w.From+m)%minutesOfWeek] = true
		}
	}
	return in
}

// wholeWeek reports whether the weekly spans leave no minute of the week.
func (c CalendarSpec) wholeWeek() bool {
	reached := 0
	for _, w := range c.Weekly { // sorted by their beginning; one that runs over the end of the week covers its beginning
		if end := w.From + w.Long - minutesOfWeek; end > reached {
			reached = end
		}
	}
	for _, w := range c.Weekly {
		if w.From > reached {
			return false
		}
		reached = max(reached, w.From+w.Long)
	}
	return reached >= minutesOfWeek
}

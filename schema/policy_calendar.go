package schema

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "time/tzdata" // a zone means the same where the machine has no time zone database
)

// CalendarSpec is the value of the freeze and window policies: spans of time as the clocks on the wall of one zone show them.
//
// Invariant: there is at least one span; spans are sorted, each occurs once.
type CalendarSpec struct {
	Weekly []WeekSpan `json:"weekly"`
	Dates  []DateSpan `json:"dates"`
	Zone   string     `json:"zone"` // name in the IANA time zone database
	// Override are the approvals that let a change in while it is closed; nil: none do. Left out of the JSON where it is not written, so
	// that gates from before keep their digest.
	Override *ApprovalsSpec `json:"override,omitempty"`
}

// WeekSpan comes again every week.
type WeekSpan struct {
	From int `json:"from"` // minutes since Monday 00:00
	Long int `json:"long"` // minutes on the clock, at most a week
}

// DateSpan comes once.
type DateSpan struct {
	From  WallTime `json:"from"`
	Until WallTime `json:"until"` // after From
}

// WallTime is what a clock on the wall shows, in minutes since 1970-01-01 00:00. It is a moment only together with a zone,
// and a clock that is set back shows some of them twice.
type WallTime int64

const (
	minutesOfDay  = 24 * 60
	minutesOfWeek = 7 * minutesOfDay
	maxSpans      = 100 // of each kind in one policy
)

var weekdays = []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

var (
	dayPattern  = `(Mon|Tue|Wed|Thu|Fri|Sat|Sun)`
	timePattern = `([01][0-9]:[0-5][0-9]|2[0-3]:[0-5][0-9]|24:00)`
	// throughWeek is "Fri 18:00 - Mon 06:00": one span.
	throughWeek = regexp.MustCompile(`^` + dayPattern + ` ` + timePattern + ` ?- ?` + dayPattern + ` ` + timePattern + `$`)
	// eachDay is "Mon-Thu 09:00-16:00", "Sat-Sun" or "Wed": a span on each of the days.
	eachDay  = regexp.MustCompile(`^` + dayPattern + `(?: ?- ?` + dayPattern + `)?(?: ` + timePattern + ` ?- ?` + timePattern + `)?$`)
	dateSpan = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2}) ` + timePattern + ` ?- ?([0-9]{4}-[0-9]{2}-[0-9]{2}) ` + timePattern + `$`)
	// zoneName keeps a zone from being a path; the database decides the rest.
	zoneName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9][A-Za-z0-9_+-]*){0,3}$`)
)

// Calendar reads the value of a freeze or window policy.
func (s PolicySpec) Calendar() (CalendarSpec, error) {
	var spec CalendarSpec
	if s.Name != "freeze" && s.Name != "window" {
		return spec, fmt.Errorf("policy %q is neither freeze nor window", s.Name)
	}
	err := s.decode(s.Name, func(src *source, v *value) { spec = src.calendar(v, s.Name) })
	return spec, err
}

// Location finds a zone in the database. It is asked where rules are loaded, never while something is judged.
func (c CalendarSpec) Location() (*time.Location, error) {
	if !zoneName.MatchString(c.Zone) || c.Zone == "Local" {
		return nil, fmt.Errorf("%q is no time zone; want a name like Europe/Berlin or UTC", c.Zone)
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return nil, fmt.Errorf("%q is not in the time zone database; want a name like Europe/Berlin or UTC", c.Zone)
	}
	return zone, nil
}

func (s *source) calendar(v *value, path string) CalendarSpec {
	if v.kind != mapValue {
		s.wrongType(v, path, `a map with weekly: or dates:, and zone:`)
		return CalendarSpec{}
	}
	id := freezeShape
	if strings.HasSuffix(path, "window") {
		id = windowShape
	}
	o, ok := s.object(v, id, path)
	spec := CalendarSpec{Zone: o.text("zone")}
	if _, err := spec.Location(); err != nil && ok && spec.Zone != "" {
		zone, at := o.get("zone")
		s.badValue(zone, at, "", err.Error())
	}
	o.spans("weekly", func(text string) string {
		spans, why := parseWeekly(text)
		spec.Weekly = append(spec.Weekly, spans...)
		return why
	})
	o.spans("dates", func(text string) string {
		span, why := parseDates(text)
		spec.Dates = append(spec.Dates, span)
		return why
	})
	if by, at := o.get("override"); by != nil {
		asked := s.confirmation(by, at)
		if asked.Observed+asked.Signed == 0 {
			s.badValue(by, at, "", "nobody would have to approve; leave it out, and nobody passes")
		}
		spec.Override = &asked
	}
	_, weekly := v.field("weekly")
	_, dates := v.field("dates")
	if !weekly && !dates {
		s.report(v.at, "missing-field", `say when: weekly: "Fri 18:00 - Mon 06:00", or dates: "2026-12-20 18:00 - 2027-01-04 06:00"`, args{"field": path, "name": "weekly"})
	}
	slices.SortFunc(spec.Weekly, func(a, b WeekSpan) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Long, b.Long)) })
	slices.SortFunc(spec.Dates, func(a, b DateSpan) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Until, b.Until)) })
	spec.Weekly, spec.Dates = slices.Compact(spec.Weekly), slices.Compact(spec.Dates)
	return spec
}

// spans reads one span, or a list of them; parse says why a text is none.
func (o object) spans(name string, parse func(text string) string) {
	v, path := o.get(name)
	m, written := o.v.field(name)
	switch {
	case !written:
		return
	case v == nil:
		o.src.badValue(m.value, path, "", "want at least one span")
		return
	case v.kind != listValue:
		o.span(v, path, parse)
		return
	case len(v.items) == 0 || len(v.items) > maxSpans:
		o.src.badValue(v, path, "", fmt.Sprintf("want 1 to %d spans", maxSpans))
		return
	}
	for i, item := range v.items {
		o.span(item, at(path, i), parse)
	}
}

func (o object) span(v *value, path string, parse func(text string) string) {
	text := o.src.text(v, path)
	if text == "" {
		return
	}
	if why := parse(text); why != "" {
		o.src.badValue(v, path, "", why)
	}
}

// parseWeekly reads a span of the week; why says what is wrong with it.
func parseWeekly(text string) (spans []WeekSpan, why string) {
	if m := throughWeek.FindStringSubmatch(text); m != nil {
		from, until := weekday(m[1])*minutesOfDay+clock(m[2]), weekday(m[3])*minutesOfDay+clock(m[4])
		if from%minutesOfWeek == until%minutesOfWeek {
			return nil, fmt.Sprintf("%q begins where it ends", text)
		}
		return []WeekSpan{weekSpan(from, until)}, ""
	}
	m := eachDay.FindStringSubmatch(text)
	if m == nil {
		return nil, fmt.Sprintf(`%q is no span of the week; want "Fri 18:00 - Mon 06:00", "Mon-Thu 09:00-16:00" or "Sat-Sun"`, text)
	}
	from, until := 0, minutesOfDay
	if m[3] != "" {
		from, until = clock(m[3]), clock(m[4])
	}
	switch {
	case from == until || from == minutesOfDay:
		return nil, fmt.Sprintf("%q has no time in it", text)
	case until < from: // through the night
		until += minutesOfDay
	}
	first, last := weekday(m[1]), weekday(cmp.Or(m[2], m[1]))
	if last < first {
		last += len(weekdays)
	}
	for day := first; day <= last; day++ {
		spans = append(spans, weekSpan(day*minutesOfDay+from, day*minutesOfDay+until))
	}
	return spans, ""
}

func weekSpan(from, until int) WeekSpan {
	long := until - from
	if long < 0 {
		long += minutesOfWeek
	}
	return WeekSpan{From: from % minutesOfWeek, Long: long}
}

// parseDates reads "2026-12-20 18:00 - 2027-01-04 06:00".
func parseDates(text string) (span DateSpan, why string) {
	m := dateSpan.FindStringSubmatch(text)
	if m == nil {
		return span, fmt.Sprintf(`%q is no span of dates; want "2026-12-20 18:00 - 2027-01-04 06:00"`, text)
	}
	var days [2]int64
	for i, date := range []string{m[1], m[3]} {
		day, err := time.Parse(time.DateOnly, date)
		if err != nil {
			return span, fmt.Sprintf("%q: there is no %s", text, date)
		}
		days[i] = day.Unix() / 60
	}
	span = DateSpan{From: WallTime(days[0] + int64(clock(m[2]))), Until: WallTime(days[1] + int64(clock(m[4])))}
	if span.Until <= span.From {
		return span, fmt.Sprintf("%q ends before it begins", text)
	}
	return span, ""
}

func weekday(name string) int { return slices.Index(weekdays, name) }

// clock is the minutes of a time that its pattern matched.
func clock(text string) int {
	hours, _ := strconv.Atoi(text[:2])
	minutes, _ := strconv.Atoi(text[3:])
	return hours*60 + minutes
}

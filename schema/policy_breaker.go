package schema

import "time"

// BreakerSpec is the value of the breaker policy: when a change needs a person's confirmation because of what it changes, or
// because going back did not work of late.
//
// Invariant: lists of fields are sorted; each field occurs once.
type BreakerSpec struct {
	Fields    []Field       `json:"fields"`    // critical: a change of one needs the confirmation
	Durations []Field       `json:"durations"` // equal when they last as long: 90m and 1h30m
	Sets      []Field       `json:"sets"`      // lists whose order says nothing
	Confirm   ApprovalsSpec `json:"confirm"`
	Success   int           `json:"success"` // percent of the rollbacks that have to have restored
	Window    time.Duration `json:"window"`  // how far back rollbacks count
	Restore   time.Duration `json:"restore"` // how soon after its admission a rollback has to be live
	Trip      string        `json:"trip"`    // "confirm": below Success the confirmation is asked; "hold": nothing enters until it recovers
	Risk      int           `json:"risk"`    // a score that asks for the confirmation as well; 0: the score is only shown
	Weight    int           `json:"weight"`  // percent of the score that changed fields make; the rest is rollbacks that did not restore
}

// The words of [BreakerSpec].
const (
	TripConfirm = "confirm"
	TripHold    = "hold"
)

// Breaker reads the value of a breaker policy.
func (s PolicySpec) Breaker() (BreakerSpec, error) {
	var spec BreakerSpec
	err := s.decode("breaker", func(src *source, v *value) { spec = src.breaker(v, "breaker") })
	return spec, err
}

func (s *source) breaker(v *value, path string) BreakerSpec {
	spec := BreakerSpec{
		Confirm: ApprovalsSpec{Observed: 1, Roles: []RoleName{RoleRelease}, After: AfterLive, Bind: BindContent},
		Window:  7 * 24 * time.Hour, Restore: time.Hour,
	}
	if v.kind != mapValue {
		s.wrongType(v, path, "a map; {} is every default")
		return spec
	}
	o, _ := s.object(v, breakerShape, path)
	for name, fields := range map[string]*[]Field{"fields": &spec.Fields, "durations": &spec.Durations, "sets": &spec.Sets} {
		if list, at := o.get(name); list != nil {
			*fields = s.fields(list, at)
		}
	}
	if confirm, at := o.get("confirm"); confirm != nil {
		spec.Confirm = s.confirmation(confirm, at)
		if spec.Confirm.Observed+spec.Confirm.Signed == 0 {
			s.badValue(confirm, at, "", "nobody would have to confirm")
		}
	}
	spec.Success = int(o.whole("success", 1, 100, 85))
	spec.Weight = int(o.whole("weight", 0, 100, 60))
	spec.Risk = int(o.whole("risk", 1, 100, 0))
	spec.Window, spec.Restore = s.span(o, "window", spec.Window), s.span(o, "restore", spec.Restore)
	spec.Trip = o.choice("trip", TripConfirm, TripHold)
	return spec
}

// span reads a duration that is more than nothing.
func (s *source) span(o object, name string, otherwise time.Duration) time.Duration {
	v, at := o.get(name)
	if v == nil {
		return otherwise
	}
	d := s.duration(v, at)
	if v.kind == stringValue && d == 0 {
		s.badValue(v, at, "", "want more than nothing")
	}
	return d
}

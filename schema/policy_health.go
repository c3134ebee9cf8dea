package schema

import "time"

// HealthSpec is the value of the health policy: how many instances have to run a revision in the stage before.
type HealthSpec struct {
	Instances int           `json:"instances"` // at least so many run it
	Share     int           `json:"share"`     // and so many percent of all that report
	For       time.Duration `json:"for"`       // and have done so for so long
	In        StageName     `json:"in"`        // empty: the stage it is promoted from
}

// maxInstances is past what one app has anywhere; more is a slip.
const maxInstances = 5000

// Health reads the value of a health policy.
func (s PolicySpec) Health() (HealthSpec, error) {
	var spec HealthSpec
	err := s.decode("health", func(src *source, v *value) { spec = src.health(v, "health") })
	return spec, err
}

func (s *source) health(v *value, path string) HealthSpec {
	if v.kind != mapValue {
		s.wrongType(v, path, "a map; {} asks that every instance that reports, and at least one, runs it")
		return HealthSpec{}
	}
	o, _ := s.object(v, healthShape, path)
	spec := HealthSpec{
		Instances: int(o.whole("instances", 1, maxInstances, 1)), Share: int(o.whole("share", 1, 100, 100)), In: StageName(o.text("in")),
	}
	if v, _ := o.get("for"); v != nil {
		spec.For = o.duration("for")
	}
	return spec
}

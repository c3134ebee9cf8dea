package schema

import "slices"

// DutiesSpec is the value of the duties policy: what whoever merges must not have been as well, and in which roles nobody acts both for one
// change.
//
// Invariant: sorted; each occurs once; there is at least one of either.
type DutiesSpec struct {
	Merger []string `json:"merger"`
	// Exclusive are sets of roles of which a person acts in one alone. Left out of the JSON where it is not written, so that gates from
	// before keep their digest.
	Exclusive [][]RoleName `json:"exclusive,omitempty"`
}

// The words of [DutiesSpec].
const (
	DutyApprover = "approver"
	DutyAuthor   = "author"
)

// Duties reads the value of a duties policy.
func (s PolicySpec) Duties() (DutiesSpec, error) {
	var spec DutiesSpec
	err := s.decode("duties", func(src *source, v *value) { spec = src.duties(v, "duties") })
	return spec, err
}

func (s *source) duties(v *value, path string) DutiesSpec {
	may := []string{DutyApprover, DutyAuthor}
	if v.kind != mapValue {
		s.wrongType(v, path, "a map; {} keeps the merger apart from authors and approvers")
		return DutiesSpec{}
	}
	o, _ := s.object(v, dutiesShape, path)
	spec := DutiesSpec{Exclusive: s.exclusive(o)}
	list, path := o.get("merger")
	if list == nil {
		spec.Merger = may
		return spec
	}
	items, _ := o.list("merger")
	spec.Merger = namesOf[string](s, items, path, may)
	if list.kind == listValue && len(items) == 0 && spec.Exclusive == nil {
		s.badValue(list, path, "", "want author, approver or both")
	}
	return spec
}

// exclusive reads sets of roles, each sorted; nil if they are not written.
func (s *source) exclusive(o object) [][]RoleName {
	v, path := o.get("exclusive")
	if v == nil {
		return nil
	}
	const want = "a list of lists of roles, like [[approver, release]]"
	if v.kind != listValue {
		s.wrongType(v, path, want)
		return nil
	}
	if len(v.items) == 0 {
		s.badValue(v, path, "", "want at least one set, like [[approver, release]]")
	}
	out := [][]RoleName{}
	for i, item := range v.items {
		if item.kind != listValue {
			s.wrongType(item, at(path, i), want)
			continue
		}
		out = append(out, s.exclusiveSet(item, at(path, i)))
	}
	slices.SortFunc(out, slices.Compare[[]RoleName])
	return slices.CompactFunc(out, slices.Equal[[]RoleName])
}

func (s *source) exclusiveSet(v *value, path string) []RoleName {
	may := []string{string(RoleAdmin), string(RoleApprover), string(RoleAuthor), string(RoleRelease), string(RoleRoot)}
	set := namesOf[RoleName](s, v.items, path, may)
	if len(v.items) < 2 {
		s.badValue(v, path, "", "want at least two roles that exclude each other")
	}
	return set
}

package schema

import (
	"fmt"
	"slices"
	"strings"
)

// DutiesSpec is the value of the duties policy: what whoever merges must not have been as well.
//
// Invariant: sorted; each occurs once; at least one.
type DutiesSpec struct {
	Merger []string `json:"merger"`
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
	list, path := o.get("merger")
	if list == nil {
		return DutiesSpec{Merger: may}
	}
	items, _ := o.list("merger")
	var spec DutiesSpec
	for i, item := range items {
		text := s.text(item, at(path, i))
		switch {
		case text == "":
		case !slices.Contains(may, text):
			s.badValue(item, at(path, i), didYouMean(text, may), fmt.Sprintf("%q is none of %s", text, strings.Join(may, ", ")))
		case slices.Contains(spec.Merger, text):
			s.badValue(item, at(path, i), "", text+" is named twice")
		default:
			spec.Merger = append(spec.Merger, text)
		}
	}
	if list.kind == listValue && len(items) == 0 {
		s.badValue(list, path, "", "want author, approver or both")
	}
	slices.Sort(spec.Merger)
	return spec
}

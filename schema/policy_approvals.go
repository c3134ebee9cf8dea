package schema

import (
	"fmt"
	"slices"
	"strings"
)

// ApprovalsSpec is the value of the approvals policy: how many people have to approve, who, of what, and when it counts. What was
// added later is left out of the JSON where it is not written, so that gates from before keep their digest.
type ApprovalsSpec struct {
	Observed int        `json:"observed"` // as the forge tells them
	Signed   int        `json:"signed"`   // by the approver's own signature
	Roles    []RoleName `json:"roles"`    // who may; approver is the stage's own role
	After    string     `json:"after"`    // "live": only approvals given after the content was live in the stage before (RULES R16); or "any"
	Bind     string     `json:"bind"`     // "content": stale when the cell's content changes; "head": also when the head does (RULES R4)
	// Paths are files, relative to the app, of which one has to change for the question to be asked; nil asks about every change.
	Paths Patterns `json:"paths,omitempty"`
	// Owners are the people whose approval counts, of those who have the role; nil is all of them. Sorted, each once.
	Owners []string `json:"owners,omitempty"`
}

// The words of [ApprovalsSpec].
const (
	AfterLive   = "live"
	AfterAny    = "any"
	BindContent = "content"
	BindHead    = "head"
)

// maxApprovals is past what any team asks for; more is a slip.
const maxApprovals = 100

// asksEvery reports whether it is asked about every change, whichever files it touches.
func (a ApprovalsSpec) asksEvery() bool { return everyFile(a.Paths) }

func everyFile(patterns Patterns) bool {
	return len(patterns) == 0 || slices.Contains(patterns, "*") || slices.Contains(patterns, AllFiles)
}

// sameLevel reports whether two ask the same people about the same files, so that one of them is a slip.
func (a ApprovalsSpec) sameLevel(b ApprovalsSpec) bool {
	return slices.Equal(a.Roles, b.Roles) && slices.Equal(a.Paths, b.Paths) && slices.Equal(a.Owners, b.Owners)
}

// Approvals reads the value of an approvals policy.
func (s PolicySpec) Approvals() (ApprovalsSpec, error) {
	var spec ApprovalsSpec
	err := s.decode("approvals", func(src *source, v *value) { spec = src.approvals(v, "approvals") })
	return spec, err
}

// approvals reads a number, or a map of the parts.
func (s *source) approvals(v *value, path string) ApprovalsSpec {
	spec := ApprovalsSpec{Roles: []RoleName{RoleApprover}, After: AfterLive, Bind: BindContent}
	if v.kind == numberValue {
		n, _ := s.whole(v, path, 0, maxApprovals)
		spec.Observed = int(n)
		return spec
	}
	if v.kind != mapValue {
		s.wrongType(v, path, "a number of people, or a map with observed:")
		return spec
	}
	o, _ := s.object(v, approvalsShape, path)
	spec.Observed = int(o.whole("observed", 0, maxApprovals, 0))
	spec.Signed = int(o.whole("signed", 0, maxApprovals, 0))
	spec.After = o.choice("after", AfterLive, AfterAny)
	spec.Bind = o.choice("bind", BindContent, BindHead)
	spec.Roles = s.approverRoles(o, spec.Roles)
	spec.Paths = o.patterns("paths")
	spec.Owners = s.owners(o, max(spec.Observed, spec.Signed))
	if _, written := v.field("observed"); !written && spec.Signed == 0 {
		s.report(v.at, "missing-field", "", args{"field": path, "name": "observed"})
	}
	return spec
}

// confirmation reads approvals that another policy asks for, which says itself about what.
func (s *source) confirmation(v *value, path string) ApprovalsSpec {
	spec := s.approvals(v, path)
	if v.kind != mapValue {
		return spec
	}
	if m, written := v.field("paths"); written {
		s.badValue(m.value, join(path, "paths"), "", "the policy around it says what is asked about")
		spec.Paths = nil
	}
	return spec
}

// owners reads the ids of people, sorted, each once; nil if they are not written.
func (s *source) owners(o object, need int) []string {
	v, path := o.get("owners")
	if v == nil {
		return nil
	}
	items, _ := o.list("owners")
	out := []string{}
	for i, item := range items {
		text := s.text(item, at(path, i))
		switch {
		case text == "":
		case CheckSegment(text) != nil:
			s.badValue(item, at(path, i), "", fmt.Sprintf("%q is not the id of a person in the trust directory", text))
		case slices.Contains(out, text):
			s.badValue(item, at(path, i), "", text+" is named twice")
		default:
			out = append(out, text)
		}
	}
	switch {
	case v.kind == listValue && len(items) == 0:
		s.badValue(v, path, "", "names nobody who may approve; leave it out for everybody with the role")
	case len(items) > 0 && len(items) < need:
		s.badValue(v, path, "", fmt.Sprintf("%d have to approve, and it names %d", need, len(items)))
	}
	slices.Sort(out)
	return out
}

// approverRoles reads the roles that may approve, sorted, each once.
func (s *source) approverRoles(o object, otherwise []RoleName) []RoleName {
	v, _ := o.get("roles")
	items, path := o.list("roles")
	if v != nil && v.kind == listValue && len(items) == 0 {
		o.src.badValue(v, path, "", "names nobody who may approve; leave it out for "+string(otherwise[0]))
	}
	if items == nil {
		return otherwise
	}
	return namesOf[RoleName](s, items, path, []string{string(RoleAdmin), string(RoleApprover), string(RoleRelease), string(RoleRoot)})
}

// namesOf reads those of a few names that may stand in a list, sorted, each once; nil where there are none.
func namesOf[T ~string](s *source, items []*value, path string, may []string) []T {
	var out []T
	for i, item := range items {
		text := s.text(item, at(path, i))
		switch {
		case text == "":
		case !slices.Contains(may, text):
			name, _, _ := strings.Cut(text, ":") // approver:production is a role of the trust directory; a gate has its stage
			s.badValue(item, at(path, i), didYouMean(name, may), fmt.Sprintf("%q is none of %s", text, strings.Join(may, ", ")))
		case slices.Contains(out, T(text)):
			s.badValue(item, at(path, i), "", text+" is named twice")
		default:
			out = append(out, T(text))
		}
	}
	slices.Sort(out)
	return out
}

package schema

import (
	"encoding/json"
	"fmt"
	"slices"
)

// ComposedSpec is the value of a policy that is made of others: of these, so many have to allow.
type ComposedSpec struct {
	Need int
	Of   []PolicySpec
}

// WhenSpec is the value of a policy that asks for others only of some changes. What is empty narrows nothing.
type WhenSpec struct {
	Apps  Patterns // whole names of apps
	Files Patterns // relative to the app; one file that is added, changed or deleted is enough
	Kinds []Kind
	Then  []PolicySpec
}

// deepestGate and largestGate bound how policies are made of others: a person has to understand the answer.
const (
	deepestGate = 4
	largestGate = 64
)

// Composed reads the value of an all, any or at_least policy.
func (s PolicySpec) Composed() (ComposedSpec, error) {
	var spec ComposedSpec
	if !slices.Contains([]string{"all", "any", "at_least"}, s.Name) {
		return spec, fmt.Errorf("policy %q is not made of others", s.Name)
	}
	err := s.decode(s.Name, func(src *source, v *value) { spec, _ = src.policyValue(s.Name, v, s.Name).(ComposedSpec) })
	return spec, err
}

// When reads the value of a when policy.
func (s PolicySpec) When() (WhenSpec, error) {
	var spec WhenSpec
	err := s.decode("when", func(src *source, v *value) { spec = src.when(v, "when") })
	return spec, err
}

// Parts are the policies that this one is made of, at its own position; nil for any other.
func (s PolicySpec) Parts() []PolicySpec {
	var parts []PolicySpec
	if spec, err := s.Composed(); err == nil {
		parts = spec.Of
	} else if spec, err := s.When(); err == nil {
		parts = spec.Then
	}
	for i := range parts {
		parts[i].Position = s.Position
	}
	return parts
}

// Leaves are the policies that the gate may ask, however they are put together: those that are made of none other.
func (g Gate) Leaves() []PolicySpec {
	var out []PolicySpec
	for _, p := range g {
		if parts := p.Parts(); parts != nil {
			out = append(out, Gate(parts).Leaves()...)
		} else {
			out = append(out, p)
		}
	}
	return out
}

// Asks reports whether the gate may hold anything: it has a policy that is not for no approval at all.
func (g Gate) Asks() bool {
	return slices.ContainsFunc(g.Leaves(), func(p PolicySpec) bool {
		ask, err := p.Approvals()
		return err != nil || ask.Observed+ask.Signed > 0
	})
}

// MarshalJSON writes the resolved form that a gate's digest is of.
func (c ComposedSpec) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"need": c.Need, "of": resolvedPolicies(c.Of)})
}

// MarshalJSON writes the resolved form that a gate's digest is of.
func (w WhenSpec) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"apps": w.Apps, "files": w.Files, "kinds": w.Kinds, "then": resolvedPolicies(w.Then)})
}

// policies reads a list of one-key maps, {name: value}. Where all have to allow, one that is there twice is a slip.
func (s *source) policies(v *value, path string, all bool) []PolicySpec {
	if v.kind != listValue {
		s.wrongType(v, path, "a list, like [approvals: 1]")
		return nil
	}
	out := []PolicySpec{}
	for i, item := range v.items {
		spec, ok := s.policy(item, at(path, i))
		switch {
		case !ok:
		case all && slices.ContainsFunc(out, spec.repeats):
			s.report(item.fields[0].at, "duplicate-policy", "", args{"policy": spec.Name})
		default:
			out = append(out, spec)
		}
	}
	return out
}

// repeats reports whether the policy is another one again, where a gate names both. One that asks other people, or about other files, is
// a level of its own.
func (s PolicySpec) repeats(other PolicySpec) bool {
	switch {
	case s.Name != other.Name, slices.Contains([]string{"all", "any", "at_least", "expression", "when"}, s.Name):
		return false
	case s.Name == "approvals":
		a, errA := s.Approvals()
		b, errB := other.Approvals()
		return errA != nil || errB != nil || a.sameLevel(b)
	}
	return true
}

// policy reads {name: value} and checks the value, so that policies only ever see good ones.
func (s *source) policy(v *value, path string) (PolicySpec, bool) {
	if v.kind == mapValue && len(v.fields) > 1 {
		s.report(v.fields[1].at, "bad-value", "begin a line with - "+v.fields[1].key+":", args{
			"field": place(path), "why": fmt.Sprintf("%s and %s stand in one item; each policy is an item of its own", v.fields[0].key, v.fields[1].key),
		})
		return PolicySpec{}, false
	}
	if v.kind != mapValue || len(v.fields) != 1 {
		s.wrongType(v, path, "one policy and its value, like approvals: 1")
		return PolicySpec{}, false
	}
	m := v.fields[0]
	switch {
	case slices.Contains(FixedPolicies, m.key):
		s.report(m.at, "fixed-policy", "", args{"policy": m.key})
		return PolicySpec{}, false
	case !slices.Contains(PolicyNames, m.key):
		s.report(m.at, "unknown-policy", didYouMean(m.key, PolicyNames), args{"policy": m.key})
		return PolicySpec{}, false
	}
	s.policyValue(m.key, m.value, join(path, m.key))
	return PolicySpec{Name: m.key, Value: m.value.plain(), Position: s.position(m.at)}, true
}

// composed reads the list of an all or any policy.
func (s *source) composed(name string, v *value, path string) ComposedSpec {
	spec := ComposedSpec{Need: 1, Of: s.parts(v, path, name == "all")}
	if name == "all" {
		spec.Need = len(spec.Of)
	}
	return spec
}

// atLeast reads how many of a list have to allow.
func (s *source) atLeast(v *value, path string) ComposedSpec {
	if v.kind != mapValue {
		s.wrongType(v, path, "a map with n: and of:")
		return ComposedSpec{}
	}
	o, _ := s.object(v, atLeastShape, path)
	spec := ComposedSpec{Need: int(o.whole("n", 1, largestGate, 1))}
	if list, at := o.get("of"); list != nil {
		spec.Of = s.parts(list, at, false)
	}
	if n, at := o.get("n"); n != nil && len(spec.Of) > 0 && spec.Need > len(spec.Of) {
		s.badValue(n, at, "", fmt.Sprintf("%d cannot allow where there are %d", spec.Need, len(spec.Of)))
	}
	return spec
}

// when reads which changes are meant, and what is asked of them.
func (s *source) when(v *value, path string) WhenSpec {
	if v.kind != mapValue {
		s.wrongType(v, path, "a map with apps:, files: or kinds:, and then:")
		return WhenSpec{}
	}
	o, _ := s.object(v, whenShape, path)
	spec := WhenSpec{Apps: o.patterns("apps"), Files: o.patterns("files"), Kinds: o.kinds("kinds")}
	if len(v.fields) > 0 && spec.Apps == nil && spec.Files == nil && spec.Kinds == nil {
		s.report(v.at, "missing-field", "", args{"field": path, "name": "apps, files or kinds"})
	}
	if list, at := o.get("then"); list != nil {
		spec.Then = s.parts(list, at, true)
	}
	return spec
}

// parts reads the policies that one is made of.
func (s *source) parts(v *value, path string, all bool) []PolicySpec {
	s.depth++
	defer func() { s.depth-- }()
	switch {
	case v.kind == listValue && len(v.items) == 0:
		s.badValue(v, path, "", "want at least one policy")
		return nil
	case v.kind == listValue && len(v.items) > largestGate:
		s.badValue(v, path, "", fmt.Sprintf("%d policies, more than %d", len(v.items), largestGate))
		return nil
	case s.depth > deepestGate:
		s.badValue(v, path, "", fmt.Sprintf("policies inside of policies, more than %d deep", deepestGate))
		return nil
	}
	return s.policies(v, path, all)
}

// patterns reads a list of patterns; nil if it is not written.
func (o object) patterns(name string) Patterns {
	v, path := o.get(name)
	if v == nil {
		return nil
	}
	texts := o.texts(name)
	if len(texts) == 0 {
		if v.kind == listValue && len(v.items) == 0 {
			o.src.badValue(v, path, "", "want at least one pattern")
		}
		return Patterns{}
	}
	patterns, err := ParsePatterns(texts)
	if err != nil {
		o.src.badValue(v, path, "", err.Error())
		return Patterns{}
	}
	slices.Sort(patterns)
	return slices.Compact(patterns)
}

// kinds reads a list of kinds of change; nil if it is not written.
func (o object) kinds(name string) []Kind {
	v, path := o.get(name)
	if v == nil {
		return nil
	}
	words := []string{string(Edit), string(Promote), string(Rollback), string(Tune), string(Retire)}
	out := []Kind{}
	for _, text := range o.texts(name) {
		if !slices.Contains(words, text) {
			o.src.badValue(v, path, didYouMean(text, words), fmt.Sprintf("%q is no kind of change", text))
			continue
		}
		out = append(out, Kind(text))
	}
	if v.kind == listValue && len(v.items) == 0 {
		o.src.badValue(v, path, "", "want at least one kind")
	}
	slices.Sort(out)
	return slices.Compact(out)
}

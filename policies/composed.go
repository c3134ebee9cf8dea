package policies

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Composed asks several policies, of which so many have to allow. The zero Composed denies.
type Composed struct {
	Name string // as the gate calls it: all, any or at_least
	Need int
	Of   []Policy
}

// Evaluate has a part for every policy, so that a person sees all the ways there are. One that asks nothing of the change is no way: it
// counts neither as met nor against, and what is left has to allow. It denies once so many deny that no evidence can help; it names the
// earliest time at which time alone would do. Of several that are asked for at_least counts nobody in two: they stand for different
// people, or one with many roles would be all of them.
func (c Composed) Evaluate(f Facts) schema.Verdict {
	parts := evaluate(c.Of, f)
	if c.Need < 1 || c.Need > len(parts) {
		return answer(c.Name, schema.Deny, "nothing-judged")
	}
	asked := asking(parts)
	need := min(c.Need, asked)
	allowed, denied := asked-len(parts), 0
	for _, p := range parts {
		switch p.Outcome {
		case schema.Allow:
			allowed++ // those that ask nothing are taken off already
		case schema.Deny:
			denied++
		}
	}
	v := schema.Verdict{Policy: c.Name, Outcome: schema.Allow, Parts: parts}
	switch {
	case allowed >= need:
		return c.once(v, need, asked)
	case c.Need == len(parts):
		return schema.All(c.Name, parts...)
	}
	v.Outcome, v.Code = schema.Hold, "choice"
	v.Args = map[string]string{"have": number(allowed), "need": number(need), "of": number(asked)}
	if asked < len(parts) {
		v.Args["idle"] = idleOf(parts)
	}
	if denied > asked-need {
		v.Outcome = schema.Deny
	}
	v.Earliest = soonest(parts, need-allowed)
	return v
}

// soonest is when time alone makes so many more of the parts allow; nil if it never does.
func soonest(parts []schema.Verdict, more int) *time.Time {
	var times []time.Time
	for _, p := range parts {
		if p.Outcome == schema.Hold && p.Earliest != nil && onlyTime(p) {
			times = append(times, *p.Earliest)
		}
	}
	if len(times) < more {
		return nil
	}
	slices.SortFunc(times, time.Time.Compare)
	return &times[more-1]
}

// onlyTime reports whether time is enough: nothing else is missing, or only what would let the change in sooner.
func onlyTime(v schema.Verdict) bool {
	switch {
	case v.Outcome == schema.Allow:
		return true
	case v.Code == "freeze", v.Code == "window-closed":
		return v.Earliest != nil
	case v.Code != "" && v.Earliest == nil:
		return false
	}
	return !slices.ContainsFunc(v.Parts, func(part schema.Verdict) bool { return !onlyTime(part) })
}

// When asks its policies only of the changes that it is for.
type When struct {
	schema.WhenSpec
	Then []Policy
}

// Evaluate allows a change that it is not for. Where nobody knows which files change, it is for every change.
func (w When) Evaluate(f Facts) schema.Verdict {
	if !w.applies(f) {
		return allow("when")
	}
	return schema.All("when", evaluate(w.Then, f)...)
}

func (w When) applies(f Facts) bool {
	if w.Apps != nil && !w.Apps.MatchApp(f.Cell.App) {
		return false
	}
	if w.Kinds != nil && !w.ofKind(f.Change) {
		return false
	}
	return w.Files == nil || w.touches(f)
}

// ofKind looks at both halves of a change: one that promotes may tune as well.
func (w When) ofKind(c schema.Change) bool {
	return slices.ContainsFunc(w.Kinds, func(kind schema.Kind) bool { return kind == c.Kind || kind == schema.Tune && c.Tune })
}

func (w When) touches(f Facts) bool {
	if !known(f.Change.From, f.Before) || !known(f.Change.To, f.After) {
		return true
	}
	return slices.ContainsFunc(changed(f.Before, f.After), w.Files.Match)
}

// changed are the paths whose file is not the same on both sides. Unlike for the extent of a change, a file that moved is
// a change at both its places.
func changed(before, after schema.Manifest) []string {
	was := map[string]schema.File{}
	for _, file := range before {
		was[file.Path] = file
	}
	var out []string
	for _, file := range after {
		if old, ok := was[file.Path]; !ok || old.Digest != file.Digest || old.Mode != file.Mode {
			out = append(out, file.Path)
		}
		delete(was, file.Path)
	}
	for path := range was {
		out = append(out, path)
	}
	return out
}

func evaluate(policies []Policy, f Facts) []schema.Verdict {
	parts := make([]schema.Verdict, len(policies))
	for i, p := range policies {
		parts[i] = p.Evaluate(f)
	}
	return parts
}

func composed(spec schema.PolicySpec) (Policy, error) {
	s, err := spec.Composed()
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", spec.Name, err)
	}
	of, err := newAll(spec.Name, s.Of)
	if err != nil {
		return nil, err
	}
	return Composed{Name: spec.Name, Need: s.Need, Of: of}, nil
}

func when(spec schema.PolicySpec) (Policy, error) {
	s, err := spec.When()
	if err != nil {
		return nil, fmt.Errorf("policy when: %w", err)
	}
	then, err := newAll(spec.Name, s.Then)
	if err != nil {
		return nil, err
	}
	return When{WhenSpec: s, Then: then}, nil
}

func newAll(name string, specs []schema.PolicySpec) ([]Policy, error) {
	out := make([]Policy, len(specs))
	for i, spec := range specs {
		p, err := New(spec)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", name, err)
		}
		out[i] = p
	}
	return out, nil
}

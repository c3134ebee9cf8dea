package schema

import (
	"fmt"
	"regexp"
)

func (r *projectReader) apps() (AppsRule, []AppsAbout) {
	v, path := r.o.get("apps")
	if v == nil {
		return AppsRule{Depth: 1}, nil
	}
	o, ok := r.src.object(v, appsShape, path)
	if !ok {
		return AppsRule{}, nil
	}
	about := r.about(o)
	depth, _ := o.get("depth")
	patterns, _ := o.get("patterns")
	if depth == nil && patterns == nil && len(about) > 0 {
		return AppsRule{Depth: 1}, about
	}
	if (depth == nil) == (patterns == nil) {
		r.src.badValue(v, path, "", "want either depth or patterns")
		return AppsRule{}, nil
	}
	if depth != nil {
		return AppsRule{Depth: int(o.whole("depth", 1, maxAppDepth, 1))}, about
	}
	rule := AppsRule{Patterns: r.patterns(o, "patterns")}
	r.noneInside(o, rule.Patterns)
	if len(rule.Patterns) == 0 {
		r.src.badValue(patterns, join(path, "patterns"), "", "want at least one pattern")
	}
	return rule, about
}

// noneInside refuses patterns whose apps lie inside those of another: their files would silently be the other's.
func (r *projectReader) noneInside(o object, all Patterns) {
	items, path := o.list("patterns")
	for i, item := range items {
		if item.kind != stringValue {
			continue
		}
		if outer := all.shadow(item.text); outer != "" {
			why := fmt.Sprintf("apps of %q lie inside those of %q, and no app lies inside another: their files would be the outer one's", item.text, outer)
			r.src.badValue(item, at(path, i), "", why)
		}
	}
}

// labelName is what labels are called, and labelText what they say: words that a command line and an address take as they are.
var (
	labelName = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_./]{0,61}[A-Za-z0-9])?$`)
	labelText = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
	ownerText = regexp.MustCompile(`^@?[A-Za-z0-9]([-A-Za-z0-9_./]{0,98}[A-Za-z0-9])?$`)
)

// about reads whose the apps are, and their labels.
func (r *projectReader) about(apps object) []AppsAbout {
	items, path := apps.list("about")
	if len(items) > maxPatterns {
		r.src.badValue(items[maxPatterns], path, "", "want at most "+count(maxPatterns)+" of them")
		return nil
	}
	var out []AppsAbout
	for i, item := range items {
		o, ok := r.src.object(item, appsAboutShape, at(path, i))
		if !ok {
			continue
		}
		one := AppsAbout{Match: o.text("match"), Owner: o.text("owner"), Labels: r.labels(o)}
		if _, err := ParsePatterns([]string{one.Match}); err != nil && one.Match != "" {
			v, p := o.get("match")
			r.src.badValue(v, p, "write a pattern of whole names, like payments/*", err.Error())
		}
		if one.Owner != "" && !ownerText.MatchString(one.Owner) {
			v, p := o.get("owner")
			r.src.badValue(v, p, "", fmt.Sprintf("%q is no name: want one word of A-Z a-z 0-9 . _ / -, which may begin with @", one.Owner))
		}
		if owner, _ := o.get("owner"); owner == nil && len(one.Labels) == 0 {
			r.src.badValue(item, at(path, i), "", "want an owner or labels: it says nothing about the apps")
		}
		out = append(out, one)
	}
	return out
}

func (r *projectReader) labels(o object) map[string]string {
	v, path := o.get("labels")
	if v == nil {
		return nil
	}
	if v.kind != mapValue {
		r.src.wrongType(v, path, "a map of labels")
		return nil
	}
	out := map[string]string{}
	for _, m := range v.fields {
		if !labelName.MatchString(m.key) {
			r.src.report(m.at, "bad-value", "", args{"field": path, "why": fmt.Sprintf("%q is no name of a label: want up to 63 of A-Z a-z 0-9 . _ / -", m.key)})
		}
		text := r.src.text(m.value, join(path, m.key))
		if text != "" && !labelText.MatchString(text) {
			r.src.badValue(m.value, join(path, m.key), "", fmt.Sprintf("%q: want up to 63 of A-Z a-z 0-9 . _ -", text))
		}
		out[m.key] = text
	}
	return out
}

package status

import (
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// notShown stands where a name that may not be seen was.
const notShown = "(not shown)"

// words are names that may not be seen.
type words map[string]bool

func (w words) add(name string) { w[strings.ToLower(name)] = true }

// endsName reports whether a letter cannot be in a name: no list of the signs that people write around one would be whole.
func endsName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '/'
}

// in reports whether a text has one of the names, as a word or as a part of a path.
func (w words) in(text string) bool {
	if len(w) == 0 || text == "" {
		return false
	}
	for _, token := range strings.FieldsFunc(strings.ToLower(text), endsName) {
		parts := strings.Split(token, "/")
		for i := range parts {
			parts[i] = strings.Trim(parts[i], "-") // which no name begins or ends with
		}
		for i := range parts {
			for j := i + 1; j <= len(parts) && j <= i+8; j++ {
				if w[strings.Join(parts[i:j], "/")] {
					return true
				}
			}
		}
	}
	return false
}

// text is one that others wrote, whole or not at all.
func (w words) text(text string) string {
	if w.in(text) {
		return notShown
	}
	return text
}

// said is what an entry says, each text whole or not at all.
func (w words) said(all []schema.Said) []schema.Said {
	out := slices.Clone(all)
	for i := range out {
		out[i].Text = w.text(out[i].Text)
	}
	return out
}

// owner is whose an app is; nobody's where that would tell of others.
func (w words) owner(name string) string {
	if w.in(name) {
		return ""
	}
	return name
}

// labels are those of an app, each whole or not at all.
func (w words) labels(labels map[string]string) map[string]string {
	out := maps.Clone(labels)
	maps.DeleteFunc(out, func(name, text string) bool { return w.in(name + " " + text) })
	return out
}

// about lists the arguments of verdicts that name others by what they are.
var about = []string{"apps", "cells", "branch"}

// without is a verdict whose arguments name nothing that may not be seen.
func (w words) without(v schema.Verdict) schema.Verdict {
	if v.Args = maps.Clone(v.Args); v.Args != nil {
		for name, value := range v.Args {
			if slices.Contains(about, name) || w.in(value) {
				v.Args[name] = notShown
			}
		}
	}
	v.Parts = slices.Clone(v.Parts)
	for i := range v.Parts {
		v.Parts[i] = w.without(v.Parts[i])
	}
	return v
}

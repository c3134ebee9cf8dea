package status

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// Selection is which apps somebody asks for; the zero value asks for all.
type Selection struct {
	Stage  schema.StageName   // only apps that have something there
	States []schema.CellState // only apps with a cell in one of them, in the stage if one is named
	Owner  string
	Labels string // all of them: name=text, joined by commas
}

// Of leaves what is asked for of a view. It is what the page's filters leave.
func (s Selection) Of(v schema.View) schema.View {
	q := query{stage: s.Stage, owner: s.Owner, label: s.Labels}
	v.Apps = slices.DeleteFunc(slices.Clone(v.Apps), func(app schema.AppView) bool {
		return !q.wants(&app, "") || len(s.States) > 0 && !slices.ContainsFunc(s.States, func(state schema.CellState) bool {
			q := q
			q.state = state
			return q.wants(&app, "")
		})
	})
	return v
}

// Wrong says what of it cannot be meant; empty if nothing is.
func (s Selection) Wrong() string {
	for _, state := range s.States {
		if !slices.Contains(filterStates(), state) {
			return fmt.Sprintf("there is no state %q", brief(string(state)))
		}
	}
	return badLabels(s.Labels)
}

// States are the words for how a cell is, as somebody may ask for them.
func States() []schema.CellState { return filterStates() }

func badLabels(text string) string {
	if text == "" {
		return ""
	}
	for part := range strings.SplitSeq(text, ",") {
		if name, value, ok := strings.Cut(part, "="); !ok || name == "" || value == "" {
			return fmt.Sprintf("%q is not name=text", brief(part))
		}
	}
	return ""
}

// hasLabels takes labels that nothing is wrong with.
func hasLabels(have map[string]string, text string) bool {
	if text == "" {
		return true
	}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		if got, ok := have[name]; !ok || got != value {
			return false
		}
	}
	return true
}

// labelsOf are the labels of an app as they are asked for, by name.
func labelsOf(app schema.AppView) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(app.Labels)) {
		out = append(out, name+"="+app.Labels[name])
	}
	return out
}

// mostChoices bounds what a form offers; an address may ask for any.
const mostChoices = 200

// aboutApps are the owners and labels that there are.
func aboutApps(v schema.View) (owners, labels []string) {
	o, l := map[string]bool{}, map[string]bool{}
	for i := range v.Apps {
		if v.Apps[i].Owner != "" {
			o[v.Apps[i].Owner] = true
		}
		for name, text := range v.Apps[i].Labels {
			l[name+"="+text] = true
		}
	}
	first := func(all map[string]bool) []string {
		names := slices.Sorted(maps.Keys(all))
		return names[:min(len(names), mostChoices)]
	}
	return first(o), first(l)
}

// withAny is withChoice for a field that need not be asked for.
func withAny(choices []string, chosen string) []string {
	if chosen != "" {
		return withChoice(choices, chosen)
	}
	var out []string
	for _, c := range choices {
		out = append(out, safe(c))
	}
	return out
}

// whose are the owner and the labels of an app, each leading to all that have it.
func whose(app schema.AppView) []link {
	var out []link
	if app.Owner != "" {
		out = append(out, link{Text: "owner " + safe(app.Owner), Href: appsOf("owner", app.Owner)})
	}
	for _, label := range labelsOf(app) {
		out = append(out, link{Text: safe(label), Href: appsOf("label", label)})
	}
	return out
}

// appsOf is the address of the apps that have something; of all where that is longer than any that can be asked for.
func appsOf(field, text string) string {
	if len(text) > 200 {
		return "/apps"
	}
	return address("/apps", url.Values{field: {text}})
}

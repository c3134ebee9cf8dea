package stories_test

import "strings"

// stages are the short names of the stages that a story begins with, in their order.
func (w *world) stages() []string {
	if len(w.own) == 0 {
		return []string{"dev", "test", "stg", "gray", "prod"}
	}
	var out []string
	for _, word := range w.own {
		name, _, _ := strings.Cut(word, "<")
		out = append(out, name)
	}
	return out
}

// shownStages are those of which a story tells what is live: with the one that it may insert.
func (w *world) shownStages() []string {
	if len(w.own) > 0 {
		return w.stages()
	}
	return []string{"dev", "test", "stg", "gray", "pre", "prod"}
}

// ownStages puts a story's own stages into the project file. Those that come after another ask for an approval.
func ownStages(project string, stages []string) string {
	before, rest, _ := strings.Cut(project, "stages:\n")
	_, after, _ := strings.Cut(rest, "stage_local:")
	out := before + "stages:\n"
	for _, word := range stages {
		name, from, follows := strings.Cut(word, "<")
		out += "  - name: " + name + "\n"
		if !follows {
			out += "    gates: {promote: []}\n"
			continue
		}
		out += "    after: [" + from + "]\n    gates: {promote: [{approvals: 1}], rollback: [{approvals: 1}], retire: [{approvals: 1}]}\n"
	}
	return out + "stage_local:" + after
}

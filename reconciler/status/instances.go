package status

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// runText counts who runs what a cell has: "12 of 12 instances run it". Of an app that leaves there is nothing to run, and what was
// counted before the cell got something else is not about that.
func runText(v schema.InstancesView, c schema.CellView, where string) string {
	all := v.Total + v.Unread
	switch {
	case c.Seq > 0 && c.Revision == schema.None:
		return fmt.Sprintf("%d%s still there", all, where)
	case v.Content != "" && c.Content != "" && v.Content != c.Content:
		return fmt.Sprintf("%d of %d%s ran what was there before", v.Running, all, where)
	}
	return fmt.Sprintf("%d of %d%s run it", v.Running, all, where)
}

// runningNow is how many run what the cell has. Those that were counted before it got that, or of an app that leaves, do not.
func runningNow(v schema.InstancesView, c schema.CellView) int {
	if c.Seq > 0 && c.Revision == schema.None || v.Content != "" && c.Content != "" && v.Content != c.Content {
		return 0
	}
	return v.Running
}

// instancesText says who runs what a cell has, and which do not. What instances say of themselves was never signed, so it is said as theirs.
func instancesText(v schema.InstancesView, c schema.CellView, now time.Time) string {
	parts := []string{runText(v, c, " instances in "+safe(string(v.Stage)))}
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	if add(v.Refused, "do not take it"); v.Refused == 1 {
		parts[len(parts)-1] = "1 does not take it"
	}
	add(v.Quiet, "said nothing for "+age(schema.ConsumerQuiet))
	add(v.Unread, "said what cannot be read")
	if v.More {
		parts = append(parts, "there are more than are read")
	}
	for _, target := range v.Silent {
		parts = append(parts, "target "+safe(target)+" does not answer")
	}
	return strings.Join(parts, ", ") + " (as they say, " + when(v.At, now) + ")"
}

// refusalText names an instance that does not take what it was given.
func refusalText(r schema.RefusalView) string {
	means := map[string]string{
		"rejected": "does not fit the program, whose log says why", "refused": "is not signed as it has to be", "backwards": "is older than what it had",
		"retired": "is the app's end",
	}
	return fmt.Sprintf("%s: entry #%d %s", safe(r.Instance), r.Entry, cmp.Or(means[r.Why], "is not taken"))
}

// instancesPart is who runs what, as the page has it.
type instancesPart struct {
	Text  string
	Tone  tone
	Lines []string
}

func instancesOf(v schema.InstancesView, c schema.CellView, now time.Time, stale bool) *instancesPart {
	out := &instancesPart{Text: instancesText(v, c, now), Tone: good}
	if stale || v.Content != c.Content && v.Content != "" && c.Content != "" || v.Running < v.Total+v.Unread || v.More || len(v.Silent) > 0 {
		out.Tone = wait
	}
	for _, r := range v.Refusing {
		out.Lines = append(out.Lines, refusalText(r))
	}
	for _, o := range v.Other {
		out.Lines = append(out.Lines, fmt.Sprintf("%s: runs entry #%d", safe(o.Instance), o.Seq))
	}
	if rest := v.Total - v.Running - v.Quiet - len(v.Refusing) - len(v.Other); rest > 0 {
		out.Lines = append(out.Lines, fmt.Sprintf("and %d more", rest))
	}
	return out
}

// instances writes who runs what; nothing where nobody knows.
func (p paper) instances(v *schema.InstancesView, c schema.CellView) {
	if v == nil {
		return
	}
	part := instancesOf(*v, c, p.opts.Now, false)
	p.line("%s", p.paint(part.Tone, part.Text))
	for _, line := range part.Lines {
		p.line("  %s", line)
	}
}

// notCounted says that a clone knows nothing of the instances of some stages, where a gate asks what they run: silence would read as
// if there were none. It is empty where a reconciler counts them, or nobody asks.
func notCounted(v schema.View, stages ...schema.StageName) string {
	if v.Pulse != nil {
		return ""
	}
	asked := slices.DeleteFunc(slices.Clone(v.Stages), func(s schema.StageName) bool { return !slices.Contains(stages, s) || !asksOfInstances(v, s) })
	if len(asked) == 0 {
		return ""
	}
	names := make([]string, len(asked))
	for i, s := range asked {
		names[i] = safe(string(s))
	}
	return "instances in " + strings.Join(names, ", ") + ": not known here, and a gate asks what they run: the status page of sluice run tells"
}

// asksOfInstances reports whether a gate asks what the instances of a stage run, or a revision widens there by what they say.
func asksOfInstances(v schema.View, stage schema.StageName) bool {
	for _, a := range v.Apps {
		for _, c := range a.Cells {
			if c.Cell.Stage == stage && c.Gray != nil {
				return true
			}
		}
	}
	return slices.ContainsFunc(v.Steps, func(s schema.StepView) bool {
		return slices.ContainsFunc(schema.Gate(s.Policies).Leaves(), func(p schema.PolicySpec) bool {
			spec, err := p.Health()
			return p.Name == "health" && err == nil && cmp.Or(spec.In, s.From) == stage
		})
	})
}

// grayText says who has what is admitted: "gray: 5 % of the instances and service checkout have it since 10:00; the others run r:...".
func grayText(g schema.GrayView, now time.Time) string {
	who := []string{schema.PercentText(g.Rule.Permyriad) + " of the instances"}
	for _, s := range g.Rule.Services {
		who = append(who, "service "+safe(s))
	}
	if len(g.Rule.Labels) > 0 {
		var labels []string
		for _, name := range slices.Sorted(maps.Keys(g.Rule.Labels)) {
			labels = append(labels, safe(name)+"="+safe(g.Rule.Labels[name]))
		}
		who = append(who, "those labelled "+strings.Join(labels, ", "))
	}
	return fmt.Sprintf("gray: for %s since %s; the others run %s", strings.Join(who, " and "), when(g.Since, now), name(g.Base))
}

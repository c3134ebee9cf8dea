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

// instancesText counts who runs what a cell has: "12 of 12 instances in gray run it". What instances say of themselves was never
// signed, so it is said as theirs.
func instancesText(v schema.InstancesView, now time.Time) string {
	parts := []string{fmt.Sprintf("%d of %d instances in %s run it", v.Running, v.Total+v.Unread, safe(string(v.Stage)))}
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

func instancesOf(v schema.InstancesView, now time.Time, stale bool) *instancesPart {
	out := &instancesPart{Text: instancesText(v, now), Tone: good}
	if stale || v.Running < v.Total+v.Unread || v.More || len(v.Silent) > 0 {
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
func (p paper) instances(v *schema.InstancesView) {
	if v == nil {
		return
	}
	t := good
	if v.Running < v.Total+v.Unread || v.More || len(v.Silent) > 0 {
		t = wait
	}
	p.line("%s", p.paint(t, instancesText(*v, p.opts.Now)))
	for _, line := range instancesOf(*v, p.opts.Now, false).Lines {
		p.line("  %s", line)
	}
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

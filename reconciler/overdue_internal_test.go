package reconciler

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestWhatIsOverdue: people are told of what was let in and is not live for long, and of nothing else.
func TestWhatIsOverdue(t *testing.T) {
	bound := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	let := func(change func(*schema.CellView)) schema.CellView {
		c := schema.CellView{
			Cell: schema.Cell{Stage: "production", App: "pay"}, State: schema.Admitted, Seq: 6, Revision: "sha256:1", Since: bound.Add(-time.Second),
			Targets: []schema.TargetView{{Name: "etcd"}},
		}
		change(&c)
		return c
	}
	for _, row := range []struct {
		name string
		cell schema.CellView
		want bool
	}{
		{"let in before the bound and nowhere yet", let(func(*schema.CellView) {}), true},
		{"refused by its target", let(func(c *schema.CellView) { c.State, c.Targets[0].Code = schema.Failing, "target-full" }), true},
		{"while another change of the app is held", let(func(c *schema.CellView) { c.State = schema.Held }), true},
		{"at one of two targets", let(func(c *schema.CellView) { c.Targets = append(c.Targets, schema.TargetView{Name: "two", Live: true}) }), true},
		{"an app that leaves and is still there", let(func(c *schema.CellView) { c.Revision, c.Targets[0].At = schema.None, bound }), true},
		{"let in since", let(func(c *schema.CellView) { c.Since = bound }), false},
		{"live", let(func(c *schema.CellView) { c.State, c.LiveAt = schema.Live, bound }), false},
		{"live once, and its target is away now", let(func(c *schema.CellView) {
			c.State, c.LiveAt, c.Targets[0].Code = schema.Unverified, bound, "target-unavailable"
		}), false},
		{"prepared: nothing is to be delivered", let(func(c *schema.CellView) { c.State, c.Revision = schema.Prepared, schema.None }), false},
		{"prepared, and a change is held", let(func(c *schema.CellView) { c.State, c.Revision = schema.Held, schema.None }), false},
		{"never let in", let(func(c *schema.CellView) { c.Seq, c.State = 0, schema.Held }), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := schema.View{Apps: []schema.AppView{{App: "pay", Cells: []schema.CellView{row.cell}}}}
			if got := len(overdue(v, bound)) == 1; got != row.want {
				t.Errorf("overdue: %v, want %v", got, row.want)
			}
		})
	}
}

func TestHowLongADeliveryMayTake(t *testing.T) {
	for interval, want := range map[time.Duration]time.Duration{time.Second: 5 * time.Minute, 30 * time.Second: 5 * time.Minute, time.Minute: 10 * time.Minute} {
		if got := overdueAfter(interval); got != want {
			t.Errorf("polled every %s: %s, want %s", interval, got, want)
		}
	}
}

// TestManyOverdueAreCounted: a target that is away for hours does not fill the page.
func TestManyOverdueAreCounted(t *testing.T) {
	r := &Reconciler{cfg: Config{Interval: time.Minute, Log: slog.New(slog.DiscardHandler)}, told: map[string]bool{}}
	v := schema.View{At: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	for n := range 40 {
		app := schema.App("app-" + string(rune('a'+n%26)))
		v.Apps = append(v.Apps, schema.AppView{App: app, Cells: []schema.CellView{{
			Cell: schema.Cell{Stage: "production", App: app}, Seq: int64(n + 2), Revision: "sha256:1", Since: v.At.Add(-time.Hour), Targets: []schema.TargetView{{Name: "etcd"}},
		}}})
	}
	r.tellOverdue(&v)
	if len(v.Problems) != maxOverdue+1 || !strings.HasPrefix(v.Problems[maxOverdue], "35 more") || !slices.Equal(v.ProblemCodes, []schema.Code{CodeOverdue}) {
		t.Errorf("problems %q, codes %v", v.Problems, v.ProblemCodes)
	}
}

package status_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// filed gives the cells of a view places in Git, by the digit of their revision.
func filed(t testing.TB, v schema.View) schema.View {
	for i, app := range v.Apps {
		for j, c := range app.Cells {
			c.Path = string(c.Cell.Stage) + "/" + string(c.Cell.App)
			if c.Seq > 0 {
				c.Commit = commit(t, "5")
				if strings.HasPrefix(c.Revision.String(), "r:6") {
					c.Commit = commit(t, "6")
				}
			}
			for k := range c.Targets {
				c.Targets[k].Entry, c.Targets[k].Commit = c.Seq, c.Commit
			}
			v.Apps[i].Cells[j] = c
		}
	}
	return v
}

// former is what the app was, later what it is and waiting what waits.
var (
	former  = map[string][]byte{"app.yaml": []byte("limits:\n  max: 5000\n  retries: 2\ndb:\n  password: hunter2\n  url: postgres://app:geheim@db/x\nname: old\nsealed: ENC[AES256_GCM,data:abc]\n")}
	later   = map[string][]byte{"app.yaml": []byte("limits:\n  max: 8000\n  retries: 2\ndb:\n  password: hunter3\n  url: postgres://app:geheim@db/y\nadded: <b>x</b>\nsealed: ENC[AES256_GCM,data:def]\n")}
	waiting = map[string][]byte{"app.yaml": []byte("limits: {max: 9000}\n")}
)

// readable is a page that reads files: later at the commit of fives, former at that of sixes.
func readable(t testing.TB, v *schema.View, values bool) http.Handler {
	t.Helper()
	h, err := status.New(status.Config{View: func() *schema.View { return v }, Now: func() time.Time { return now }, Commands: options().Commands, Content: filesOf(t), Values: values, Version: "v0.1.0-test"})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// filesOf reads the files above; those of the stage testing cannot be read.
func filesOf(t testing.TB) status.Content {
	return func(_ context.Context, at schema.Hash, path string) (map[string][]byte, error) {
		switch {
		case strings.HasPrefix(path, "testing/"):
			return nil, errors.New("the disk at /secret/place is full")
		case at == commit(t, "5"):
			return copied(later), nil
		case at == commit(t, "6"):
			return copied(former), nil
		case at == commit(t, "a"):
			return copied(waiting), nil
		}
		return nil, fmt.Errorf("no commit %s", at)
	}
}

func copied(files map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	for name, data := range files {
		out[name] = data
	}
	return out
}

// secrets of the files above, which nothing shows.
var secrets = []string{"hunter2", "hunter3", "geheim", "AES256"}

func TestTheComparisonOfAnApp(t *testing.T) {
	v := filed(t, pastOf(troubled(t)))
	v.Steps = append(v.Steps, schema.StepView{From: "staging", Event: "promote", To: "gray", Policies: []schema.PolicySpec{{Name: "critical", Value: map[string]any{"fields": []any{"app.yaml#db.url"}}}}})
	orders, _ := v.Cell(schema.Cell{Stage: "gray", App: "orders/api"})
	orders.Targets[0].Entry += 2 // it went to some first, and widened
	h := readable(t, &v, true)
	for _, row := range []struct {
		sentence, path string
		code           int
		want, not      []string
	}{
		{"of nothing", "/diff", 200, []string{"Name an app"}, nil},
		{"of nobody", "/diff?app=nobody", 404, []string{"There is no app"}, nil},
		{"of what waits, without being asked for it", "/diff?app=payments/ledger", 200, []string{"from gray r:66666666 to gray@held", `<option selected>gray@held</option>`, "9000"}, []string{"sluice diff"}},
		{"of two stages", "/diff?app=payments/ledger&from=gray&to=staging", 200, []string{"6 of 7 keys differ", "5000", "8000", "(hidden)", "app.yaml:2", "(encrypted)", "removed", "added", "&lt;b&gt;x&lt;/b&gt;", "swap the sides", "sluice diff gray staging payments/ledger", "with the one that is equal"}, []string{"limits.retries"}},
		{"with what is equal", "/diff?app=payments/ledger&from=gray&to=staging&all", 200, []string{"limits.retries", "only what differs"}, nil},
		{"critical keys come first", "/diff?app=payments/ledger&from=staging&to=gray", 200, []string{`db.url</code> <span class="mark bad">critical</span>`}, nil},
		{"with what is live", "/diff?app=orders/api&from=gray&to=gray@live", 200, []string{"No difference in 6 keys", "to gray@live r:", "as etcd was read back last"}, nil},
		{"with what was sealed, by its entry", "/diff?app=catalog&from=gray@%2331&to=gray", 200, []string{"No difference in 6 keys"}, nil},
		{"with one side alone", "/diff?app=catalog&from=gray", 200, []string{"Name both sides, from and to, or neither."}, nil},
		{"with a stage that is not there", "/diff?app=catalog&from=gray&to=moon", 200, []string{"There is no stage &#34;moon&#34;"}, nil},
		{"with what does not wait", "/diff?app=catalog&from=gray&to=gray@held", 200, []string{"Nothing waits in gray."}, nil},
		{"with two targets", "/diff?app=payments/ledger&from=production&to=production@live:files", 200, []string{"to production@live:files"}, nil},
		{"with a target that is none", "/diff?app=payments/ledger&from=production&to=production@live:moon", 200, []string{"There is no target &#34;moon&#34;"}, nil},
		{"with what was never admitted", "/diff?app=search&from=staging&to=gray", 200, []string{"to gray (nothing)"}, nil},
		{"with an entry that is not one", "/diff?app=catalog&from=gray@%23999&to=gray", 200, []string{"No admission of gray is known as"}, nil},
		{"that cannot be read", "/diff?app=catalog&from=testing&to=gray", 503, []string{"the reconciler&#39;s log says why"}, []string{"/secret/place"}},
		{"keys of a cell", "/values/gray/catalog", 200, []string{"6 keys of gray r:66666666, as admitted.", "limits.max", "5000", "(hidden)"}, []string{"added", "changed"}},
		{"keys of no cell", "/values/moon/catalog", 404, []string{"There is no such app"}, nil},
	} {
		r := ask(h, "GET", row.path)
		text := body(t, r)
		if r.StatusCode != row.code {
			t.Errorf("%s: %d, want %d", row.sentence, r.StatusCode, row.code)
		}
		for _, want := range row.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: lacks %q\n%s", row.sentence, want, text[strings.Index(text, "<main"):])
			}
		}
		for _, not := range append(row.not, secrets...) {
			if strings.Contains(text, not) {
				t.Errorf("%s: has %q", row.sentence, not)
			}
		}
	}
	page := body(t, ask(h, "GET", "/diff?app=payments/ledger&from=staging&to=gray"))
	if strings.Index(page, "db.url") > strings.Index(page, "db.password") {
		t.Error("a critical key does not come first")
	}
	if page := body(t, ask(h, "GET", "/cell/gray/payments/ledger")); !strings.Contains(page, "/values/gray/payments/ledger") || !strings.Contains(page, "to=gray%40held") {
		t.Errorf("the cell does not lead to its keys")
	}
}

// TestValuesAreNotShownUnlessAskedFor: nothing of a value is on a page or in an answer where the operator has not asked for it,
// and what looks like a secret is nowhere.
func TestValuesAreNotShownUnlessAskedFor(t *testing.T) {
	v := filed(t, pastOf(troubled(t)))
	for _, values := range []bool{false, true} {
		h := readable(t, &v, values)
		paths := append(everyPage(), "/diff?app=payments/ledger", "/diff?app=payments/ledger&from=gray&to=staging&all", "/values/gray/catalog", "/values/production/payments/ledger",
			"/api/v1/diff?app=payments/ledger&from=gray&to=staging&all", "/api/v1/values/gray/catalog", "/view.json")
		for _, path := range paths {
			text := body(t, ask(h, "GET", path))
			hidden := secrets
			if !values {
				hidden = append([]string{"5000", "8000", "9000", "postgres", "&lt;b&gt;x"}, secrets...)
			}
			for _, not := range hidden {
				if strings.Contains(text, not) {
					t.Errorf("GET %s with values %v has %q", path, values, not)
				}
			}
		}
		if text := body(t, ask(h, "GET", "/diff?app=payments/ledger&from=gray&to=staging")); strings.Contains(text, "show_values: true") == values {
			t.Errorf("with values %v: %s", values, text)
		}
	}
}

// TestTheComparisonStaysSmall: an app of many long values is a page like any other.
func TestTheComparisonStaysSmall(t *testing.T) {
	v := filed(t, sample(t))
	var b strings.Builder
	for i := range 1500 {
		fmt.Fprintf(&b, "key%d: %q\n", i, strings.Repeat("W", 600))
	}
	files := map[string][]byte{"app.yaml": []byte(b.String()), "huge.json": []byte(strings.Repeat(" ", 2<<20))}
	h, err := status.New(status.Config{View: func() *schema.View { return &v }, Now: func() time.Time { return now }, Values: true,
		Content: func(context.Context, schema.Hash, string) (map[string][]byte, error) { return copied(files), nil }})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/values/gray/catalog", "/diff?app=catalog&from=gray&to=staging&all"} {
		page := body(t, ask(h, "GET", path))
		if n, nodes := zipped(t, page), strings.Count(page, "<")/2; n > 20<<10 || nodes > 3000 {
			t.Errorf("%s: %d bytes zipped, about %d elements", path, n, nodes)
		}
		if !strings.Contains(page, " more</a>") {
			t.Errorf("%s has no rest to ask for", path)
		}
	}
}

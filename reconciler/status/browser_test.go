package status_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// thousand is a view of a thousand apps in every stage, some of them in trouble.
func thousand(t testing.TB, apps int) schema.View {
	v := pastOf(troubled(t))
	some := v.Apps
	v.Apps = nil
	for i := range apps {
		app := schema.AppView{App: schema.App(fmt.Sprintf("team-%02d/service-%04d", i%40, i))}
		from := some[0]
		if i%97 == 0 {
			from = some[1+i%3]
		}
		for _, c := range from.Cells {
			c.Cell.App = app.App
			app.Cells = append(app.Cells, c)
		}
		v.Apps = append(v.Apps, app)
	}
	return v
}

// look is one way in which people look at a page.
type look struct {
	name          string
	width, height int
	dark          bool
}

// colourful pages are looked at by axe-core on a phone and in the dark too: between them they have every part that there is.
const colourful = "overview app transitions audit entry diff projects instances"

var looks = []look{{"desktop", 1400, 900, false}, {"phone", 390, 844, false}, {"dark", 1400, 900, true}}

// TestBrowserReadsEveryPage opens every page in a real browser, as on a desk, on a phone and in the dark, and wants that nothing
// overlaps or is cut, that axe-core finds nothing and that the console stays empty. SLUICE_SCREENSHOTS=DIR keeps pictures.
func TestBrowserReadsEveryPage(t *testing.T) {
	if os.Getenv("SLUICE_E2E") == "" && os.Getenv("SLUICE_SCREENSHOTS") == "" {
		t.Skip("a browser is driven by make e2e and make screenshots alone")
	}
	var view atomic.Pointer[schema.View]
	trouble, guarded, many, stale, unsealed := pastOf(troubled(t)), guarded(t), thousand(t, 1000), pastOf(sample(t)), schema.View{Repository: "config", At: now, Looked: now, StaleAfter: time.Minute}
	trouble.Guards = guarded.Guards
	trouble.Apps[2].Owner, trouble.Apps[2].Labels = "@cfg/team-core", map[string]string{"tier": "1", "area": "payments"}
	stale.Looked = ago(18 * time.Minute)
	trouble = filed(t, trouble)
	trouble.Apps[0].Cells[3].Instances = &schema.InstancesView{Stage: "gray", At: ago(time.Minute), Total: 12, Running: 9, Refused: 1, Quiet: 1,
		Refusing: []schema.RefusalView{{Instance: "catalog-7f9c4d-x2x8v", Why: "rejected", Entry: 31}}, Other: []schema.OtherInstance{{Instance: "catalog-7f9c4d-aaaaa", Seq: 30}}}
	over := make(chan struct{})
	cfg := status.Config{View: view.Load, Now: func() time.Time { return now }, Version: "v0.1.0", Commands: options().Commands, Done: over, Values: true, Content: filesOf(t)}
	h, err := status.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	several, err := status.NewProjects(cfg, []status.Project{{Name: "config", View: view.Load}, {Name: "shop-config", View: func() *schema.View { return &many }}, {Name: "new", View: func() *schema.View { return nil }}}, status.Access{})
	if err != nil {
		t.Fatal(err)
	}
	server, list := httptest.NewServer(h), httptest.NewServer(several)
	t.Cleanup(func() { close(over); server.Close(); list.Close() })
	browser := real.Chromium(t, 1400, 900)
	shots := []struct {
		name, path string
		view       *schema.View
	}{
		{"overview", "/", &trouble}, {"matrix", "/apps", &trouble}, {"thousand", "/apps", &many}, {"thousand-overview", "/", &many}, {"app", "/app/payments/ledger", &trouble},
		{"cell", "/cell/gray/payments/ledger", &trouble}, {"instances", "/cell/gray/catalog", &trouble}, {"unjudged", "/cell/development/orders/api", &trouble}, {"part", "/apps?state=unjudged", &trouble}, {"sorted", "/apps?order=worst+first&differs=staging..gray", &trouble},
		{"diff", "/diff?app=payments/ledger&from=gray&to=staging&all", &trouble}, {"keys", "/values/gray/catalog", &trouble},
		{"projects", list.URL + "/", &trouble}, {"found", list.URL + "/?q=service-00", &trouble}, {"project", list.URL + "/p/config/", &trouble}, {"starting", list.URL + "/p/new/apps", &trouble}, {"promotions", "/promotions", &trouble}, {"transitions", "/transitions?window=90d", &trouble}, {"audit", "/audit", &trouble},
		{"entry", "/audit/40", &trouble}, {"policies", "/policies", &trouble}, {"health", "/health", &trouble}, {"wall", "/wall", &trouble}, {"code", "/errors/self-approval", &trouble},
		{"missing", "/nowhere", &trouble}, {"stale", "/", &stale}, {"stale-matrix", "/apps", &stale}, {"unsealed", "/", &unsealed},
	}
	for _, l := range looks {
		browser.Look(l.width, l.height, l.dark, true)
		for _, s := range shots {
			view.Store(s.view)
			address := s.path
			if strings.HasPrefix(address, "/") {
				address = server.URL + address
			}
			browser.Open(address)
			problems := browser.Overlaps()
			if l.name == "desktop" || strings.Contains(colourful, s.name) {
				problems = append(problems, browser.Violations()...)
			}
			for _, problem := range problems {
				if s.name == "wall" && strings.HasPrefix(problem, "meta-refresh") {
					continue // nobody reads a screen on a wall with a keyboard, and it has no script
				}
				t.Errorf("%s, %s: %s", s.name, l.name, problem)
			}
			for _, c := range browser.Complaints() {
				if !strings.Contains(c, "404 (Not Found)") {
					t.Errorf("%s, %s: the console says %s", s.name, l.name, c)
				}
			}
			if dir := os.Getenv("SLUICE_SCREENSHOTS"); dir != "" {
				browser.Screenshot(filepath.Join(dir, s.name+"-"+l.name+".png"))
			}
		}
	}
	readsWithoutScripts(t, browser, server.URL, &view, &trouble)
	seesAChange(t, browser, server.URL, &view)
}

// readsWithoutScripts: what a page says does not depend on its script.
func readsWithoutScripts(t *testing.T, browser *real.Browser, address string, view *atomic.Pointer[schema.View], v *schema.View) {
	t.Helper()
	view.Store(v)
	browser.Look(1400, 900, false, false)
	for path, want := range map[string]string{"/": "Needs attention", "/apps": "payments/ledger", "/transitions": "draft", "/audit": "#48 admit", "/promotions": "Waiting, oldest first", "/diff?app=payments/ledger&from=gray&to=staging": "limits.max", "/values/gray/catalog": "6 keys of gray"} {
		browser.Open(address + path)
		if text := browser.Text("body"); !strings.Contains(text, want) {
			t.Errorf("without scripts %s does not say %q:\n%s", path, want, text)
		}
	}
}

// seesAChange: what is published is on the page without loading it again, and the page knows where it is if it was away.
func seesAChange(t *testing.T, browser *real.Browser, address string, view *atomic.Pointer[schema.View]) {
	t.Helper()
	v := sample(t)
	view.Store(&v)
	browser.Look(1400, 900, false, true)
	browser.Open(address + "/apps")
	browser.Evaluate(`window.stays = true`, nil)
	until := func(expression string) {
		t.Helper()
		browser.Evaluate(fmt.Sprintf(`new Promise((yes, no) => { const began = Date.now(), look = () => (%s) ? yes(1) : Date.now() - began > 20000 ? no('it did not come') : setTimeout(look, 20); look() })`, expression), nil)
	}
	until(`document.getElementById('live').textContent === '· live'`)
	changed := sample(t)
	changed.Apps[0].Cells[3].State = schema.Drifted
	published := time.Now()
	view.Store(&changed)
	until(`document.querySelector('[data-cell="gray/catalog"]').textContent.includes('drifted')`)
	t.Attr("change-on-the-page-after", time.Since(published).Round(time.Millisecond).String())
	until(`document.getElementById('whole').textContent.includes('2 drifted')`)
	var stays bool
	if browser.Evaluate(`window.stays`, &stays); !stays {
		t.Error("the page was loaded again")
	}
	old := sample(t)
	old.Looked = ago(18 * time.Minute)
	view.Store(&old)
	until(`document.getElementById('live').textContent === '· connected, and nothing newer is known'`)
	for _, c := range browser.Complaints() {
		t.Errorf("the console says %s", c)
	}
}

package admin_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/schema"
)

// TestRulesFireWhenTheyShould runs the rules' own tests.
func TestRulesFireWhenTheyShould(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), real.Binary(t, "promtool"), "test", "rules", "alerts_test.yaml", "days_test.yaml")
	cmd.Dir = monitoring
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

// TestARealPrometheus lets one scrape a reconciler, asks it everything that the dashboard asks, and breaks something: the alert
// fires, and stops when it is mended.
func TestARealPrometheus(t *testing.T) {
	var view atomic.Pointer[schema.View]
	live := func(change func(*schema.View)) {
		v := sample()
		v.Looked, v.At = time.Now(), time.Now()
		v.Journal.Whole = true
		change(v)
		view.Store(v)
	}
	live(func(*schema.View) {})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { desk(view.Load()).ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	p := startPrometheus(t, server.Listener.Addr().String())

	p.await("the first scrape", func() bool { return len(p.query("sluice_apps").Result) == 1 })
	for _, expr := range expressions(t) {
		p.query(expr)
	}
	live(func(v *schema.View) { v.Incidents = []schema.Incident{{Ref: "refs/heads/main"}} })
	p.await("the alert", func() bool {
		return len(p.query(`ALERTS{alertname="SluiceHistoryRewritten",alertstate="firing",project="config"}`).Result) == 1
	})
	live(func(*schema.View) {})
	p.await("its end", func() bool { return len(p.query(`ALERTS{alertname="SluiceHistoryRewritten"}`).Result) == 0 })
}

// expressions are those of the dashboard, with its variables set as Grafana sets them.
func expressions(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(monitoring, "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, panel := range board.Panels {
		if len(panel.Targets) == 0 {
			t.Errorf("panel %s asks for nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			out = append(out, strings.NewReplacer("$project", ".*", "$stage", ".*", "$result", ".*", "$__range", "1h", "$__rate_interval", "5m", "$__interval", "5m").Replace(target.Expr))
		}
	}
	return out
}

// prometheus is a real one.
type prometheus struct {
	t       *testing.T
	address string
}

func startPrometheus(t *testing.T, target string) prometheus {
	t.Helper()
	binary, dir := real.Binary(t, "prometheus"), t.TempDir()
	rules, err := filepath.Abs(monitoring)
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}\nrule_files: [%[1]s/rules.yaml, %[1]s/alerts.yaml]\n"+
		"scrape_configs:\n  - {job_name: sluice, static_configs: [{targets: [%[2]q]}]}\n", rules, target)
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	p := prometheus{t: t, address: real.FreeAddress(t)}
	cmd := exec.Command(binary, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+p.address, "--log.level=error")
	real.Start(t, cmd)
	p.await("Prometheus", func() bool {
		answer, err := http.Get("http://" + p.address + "/-/ready")
		if err != nil {
			return false
		}
		return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
	})
	return p
}

func (p prometheus) await(what string, so func() bool) {
	p.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for tries := 0; !so(); tries++ {
		if tries == 600 {
			p.t.Fatalf("%s did not come", what)
		}
		<-tick.C
	}
}

type answer struct{ Result []json.RawMessage }

func (p prometheus) query(expr string) answer {
	p.t.Helper()
	resp, err := http.Get("http://" + p.address + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	var got struct {
		Status string
		Data   answer
	}
	if err := json.Unmarshal(body, &got); err != nil || got.Status != "success" {
		p.t.Fatalf("%s: %v %s", expr, err, body)
	}
	return got.Data
}

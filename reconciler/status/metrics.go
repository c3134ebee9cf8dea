package status

import (
	"net/http"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sluice-gitops/sluice/schema"
)

// metricsHandler serves what is known of the view, of the process and of the build. No label names an app: ten thousand of
// them would be too many series.
func metricsHandler(cfg Config) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newViewCollector(cfg),
	)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// viewCollector reads the view at each scrape, so that nothing has to be kept up to date beside it.
type viewCollector struct {
	cfg                                                                                                                        *Config
	build, cells, apps, entries, looked, compared, incidents, problems, problem, control, oldest, webhooks, guards, guardsRead *prometheus.Desc
}

func newViewCollector(cfg Config) *viewCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("sluice_"+name, help, labels, nil)
	}
	return &viewCollector{
		cfg:       &cfg,
		build:     desc("build_info", "Always 1; the labels name the build.", "version", "goversion"),
		cells:     desc("cells", "Apps in stages, by state, as of sluice_git_last_success_timestamp_seconds.", "stage", "state"),
		apps:      desc("apps", "Apps in the project."),
		entries:   desc("ledger_entries", "Entries in the ledger."),
		looked:    desc("git_last_success_timestamp_seconds", "When Git was last read; 0 before the first time."),
		compared:  desc("targets_last_compare_timestamp_seconds", "When all targets were last compared with what was admitted; 0 before the first time."),
		incidents: desc("incidents", "Refs that were rewound, rewritten or lost."),
		problems:  desc("problems", "Questions that the last pass could not answer."),
		problem:   desc("problem", "1 while the last pass met a problem of this code; sluice explain says what to do.", "code"),
		control:   desc("control_change_waiting", "1 while a change of the control files waits."),
		webhooks:  desc("webhook_requests_total", "Webhooks of the forge, by what became of them.", "outcome"),
		guards:    desc("guardrail_checks", "Guard rails at the forge, by what they are about and how they were found.", "name", "state"),

		guardsRead: desc("guardrail_last_read_timestamp_seconds", "When the guard rails at the forge were last read."),
		oldest:     desc("oldest_held_timestamp_seconds", "Since when the longest waiting change of a stage waits.", "stage"),
	}
}

// Describe names every metric.
func (c *viewCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.build, c.cells, c.apps, c.entries, c.looked, c.compared, c.incidents, c.problems, c.problem, c.control, c.oldest, c.webhooks, c.guards, c.guardsRead} {
		ch <- d
	}
}

// forgeCodes are told also while they are not met, so that an alert on one of them sees a zero and not a gap.
var forgeCodes = []schema.Code{"forge-unauthorized", "forge-forbidden", "forge-lost-access", "forge-unavailable", "forge-incomplete"}

// Collect reads the view.
func (c *viewCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	gauge(c.build, 1, c.cfg.Version, runtime.Version())
	v := c.cfg.View()
	if v == nil {
		v = &schema.View{}
	}
	gauge(c.apps, float64(len(v.Apps)))
	gauge(c.entries, float64(v.Ledger.Size))
	gauge(c.looked, seconds(v.Looked))
	gauge(c.compared, seconds(v.Compared))
	gauge(c.incidents, float64(len(v.Incidents)))
	gauge(c.problems, float64(len(v.Problems)))
	for _, code := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(v.ProblemCodes, forgeCodes)))) {
		met := 0.0
		if slices.Contains(v.ProblemCodes, code) {
			met = 1
		}
		gauge(c.problem, met, safe(string(code)))
	}
	waiting := 0.0
	if v.Control != nil {
		waiting = 1
	}
	gauge(c.control, waiting)
	c.collectCells(v, gauge)
	c.collectGuards(v, gauge)
	if c.cfg.Webhooks == nil {
		return
	}
	for outcome, n := range c.cfg.Webhooks() {
		ch <- prometheus.MustNewConstMetric(c.webhooks, prometheus.CounterValue, float64(n), safe(outcome))
	}
}

// collectGuards tells every state of every guard rail that was looked at. Rails are a fixed list; how many subjects one has is
// counted and not named.
func (c *viewCollector) collectGuards(v *schema.View, gauge func(*prometheus.Desc, float64, ...string)) {
	if v.Guards == nil {
		return
	}
	gauge(c.guardsRead, seconds(v.Guards.At))
	counts := map[string]map[schema.GuardState]int{}
	for _, r := range v.Guards.Rails {
		if counts[r.Name] == nil {
			counts[r.Name] = map[schema.GuardState]int{}
		}
		counts[r.Name][stateOf(r)]++
	}
	for name, states := range counts {
		for _, s := range schema.GuardStates {
			gauge(c.guards, float64(states[s]), safe(name), string(s))
		}
	}
}

// collectCells tells every state of every stage, also those without a cell, so that an alert sees a zero and not a gap.
func (c *viewCollector) collectCells(v *schema.View, gauge func(*prometheus.Desc, float64, ...string)) {
	counts, oldest := map[schema.StageName]map[schema.CellState]int{}, map[schema.StageName]time.Time{}
	for _, stage := range v.Stages {
		counts[stage] = map[schema.CellState]int{}
	}
	for _, app := range v.Apps {
		for _, cell := range app.Cells {
			byState, known := counts[cell.Cell.Stage]
			if !known {
				continue
			}
			byState[cell.State]++
			if h := cell.Held; h != nil && (oldest[cell.Cell.Stage].IsZero() || h.Since.Before(oldest[cell.Cell.Stage])) {
				oldest[cell.Cell.Stage] = h.Since
			}
		}
	}
	for _, stage := range v.Stages {
		for _, state := range states() {
			gauge(c.cells, float64(counts[stage][state]), safe(string(stage)), string(state))
		}
		if at, ok := oldest[stage]; ok {
			gauge(c.oldest, seconds(at), safe(string(stage)))
		}
	}
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

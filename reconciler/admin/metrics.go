package admin

import (
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sluice-gitops/sluice/schema"
)

// metricsHandler serves what is known of the projects, of the process and of the build. No label names an app: ten thousand of
// them would be too many series.
func metricsHandler(cfg Config) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newCollector(cfg),
	)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, EnableOpenMetrics: true})
}

// A metric is one family: its labels come after project, where it has that.
type metric struct {
	name, help string
	labels     []string
	process    bool // of the process: without the label project
}

// metrics is the whole list. Dashboards and rules are checked against it.
var metrics = []metric{
	{name: "build_info", help: "Always 1; the labels name the build.", labels: []string{"version", "goversion"}, process: true},
	{name: "reconciler", help: "1 if the process is a reconciler, 0 if it reads ledgers alone, as sluice web does.", process: true},
	{name: "webhook_requests_total", help: "Webhooks of the forge, by what became of them.", labels: []string{"outcome"}, process: true},
	{name: "config_last_reload_successful", help: "1 if the operator's file was taken over when it was last read.", process: true},
	{name: "config_last_reload_success_timestamp_seconds", help: "When it was last taken over; the start is the first time.", process: true},
	{name: "spans_total", help: "Spans for the collector of traces, by whether it took them.", labels: []string{"result"}, process: true},

	{name: "cells", help: "Apps in stages, by state; unknown while sluice_stale is 1.", labels: []string{"stage", "state"}},
	{name: "stale", help: "1 while nothing is known of now: Git was not read for two intervals, or who reads the ledger alone knows of no reconciler."},
	{name: "apps", help: "Apps in the project."},
	{name: "drafts", help: "Open merge requests into the first stage; absent while they are unknown."},
	{name: "oldest_held_timestamp_seconds", help: "Since when the longest waiting change of a stage waits.", labels: []string{"stage"}},
	{name: "unjudged_changes", help: "Changes of a stage that could not be judged, also where something else waits.", labels: []string{"stage"}},
	{name: "oldest_unjudged_timestamp_seconds", help: "Since when the first of them could not be judged; absent without one.", labels: []string{"stage"}},
	{name: "target_cells", help: "Apps in stages that a target holds, by whether they were read back; unknown where it does not answer, and while sluice_stale is 1. Not told by sluice web, which asks no target.", labels: []string{"target", "state"}},
	{name: "control_change_waiting", help: "1 while a change of the control files waits."},
	{name: "incidents", help: "Refs that were rewound, rewritten or lost."},
	{name: "emergencies", help: "Admissions by break-glass that nobody has reviewed."},
	{name: "emergency_review_due_timestamp_seconds", help: "When the first of them has to have been reviewed; absent without one."},
	{name: "suspended", help: "Stages and apps that people pinned."},
	{name: "stage_mode", help: "1 for each stage that does not enforce its gates, and how far it does.", labels: []string{"stage", "mode"}},
	{name: "tainted", help: "Apps in stages that hold a revision which people marked."},

	{name: "git_last_success_timestamp_seconds", help: "When Git was last read; 0 before the first time."},
	{name: "targets_last_compare_timestamp_seconds", help: "When all targets were last compared with what was admitted; 0 before the first time."},
	{name: "problems", help: "Questions that the last pass could not answer."},
	{name: "problem", help: "1 while the last pass met a problem of this code, or the last one that asked the forge one of the forge; sluice explain says what to do.", labels: []string{"code"}},
	{name: "guardrail_checks", help: "Guard rails at the forge, by what they are about and how they were found.", labels: []string{"name", "state"}},
	{name: "guardrail_last_read_timestamp_seconds", help: "When the guard rails at the forge were last read."},
	{name: "passes_total", help: "Passes since the process started, by whether something could not be found out or done.", labels: []string{"result"}},
	{name: "last_pass_timestamp_seconds", help: "When the last pass ended."},
	{name: "last_pass_duration_seconds", help: "How long it took."},
	{name: "pass_duration_seconds", help: "How long passes took since the process started. Exemplars name the trace, as log lines do."},
	{name: "pass_part_duration_seconds", help: "How long parts of passes took; those of several targets run side by side.", labels: []string{"part"}},
	{name: "poll_interval_seconds", help: "Time between two passes, or two looks of who reads the ledger alone."},
	{name: "leader", help: "1 while this process works, 0 while another one does."},

	{name: "ledger_entries", help: "Entries in the ledger."},
	{name: "records_total", help: "Ledger entries by kind, from the first one on.", labels: []string{"kind"}},
	{name: "transitions_total", help: "Changes that were let in from stage to stage, held, or denied, from the ledger's first entry on. A change counts once a result, however often it was judged.", labels: []string{"from", "to", "result"}},
	{name: "deliveries_total", help: "Writes to targets, from the ledger's first entry on.", labels: []string{"stage", "target", "result"}},
	{name: "drifts_total", help: "Times that a target was found to differ from what was admitted.", labels: []string{"stage"}},
	{name: "deployments_total", help: "Changes that went live in a stage.", labels: []string{"stage"}},
	{name: "deployments_failed_total", help: "Of those, the ones that were rolled back, replaced by break-glass, or marked.", labels: []string{"stage"}},
	{name: "let_in_total", help: "Changes that the mode of a stage alone let in: its gate would have held or refused them.", labels: []string{"stage"}},
	{name: "last_deployment_timestamp_seconds", help: "When the last change went live.", labels: []string{"stage"}},
	{name: "lead_time_seconds", help: "From when the merge request that brought a revision was opened until it was live.", labels: []string{"stage"}},
	{name: "restore_time_seconds", help: "From when content that failed went live until other content did that held.", labels: []string{"stage"}},
}

// collector reads the views at each scrape, so that nothing has to be kept up to date beside them.
type collector struct {
	cfg   Config
	descs map[string]*prometheus.Desc
}

func newCollector(cfg Config) *collector {
	c := &collector{cfg: cfg, descs: map[string]*prometheus.Desc{}}
	for _, m := range metrics {
		labels := m.labels
		if !m.process {
			labels = append([]string{"project"}, labels...)
		}
		c.descs[m.name] = prometheus.NewDesc("sluice_"+m.name, m.help, labels, nil)
	}
	return c
}

// Describe names every metric.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect reads the views.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(c.descs["build_info"], prometheus.GaugeValue, 1, clean(c.cfg.Version), runtime.Version())
	ch <- prometheus.MustNewConstMetric(c.descs["reconciler"], prometheus.GaugeValue, map[bool]float64{false: 1}[c.cfg.Reads])
	if c.cfg.Webhooks != nil {
		for outcome, n := range c.cfg.Webhooks() {
			ch <- prometheus.MustNewConstMetric(c.descs["webhook_requests_total"], prometheus.CounterValue, float64(n), clean(outcome))
		}
	}
	if c.cfg.Reload != nil {
		ok, at := c.cfg.Reload()
		ch <- prometheus.MustNewConstMetric(c.descs["config_last_reload_successful"], prometheus.GaugeValue, map[bool]float64{true: 1}[ok])
		ch <- prometheus.MustNewConstMetric(c.descs["config_last_reload_success_timestamp_seconds"], prometheus.GaugeValue, seconds(at))
	}
	if c.cfg.Spans != nil {
		sent, lost := c.cfg.Spans()
		ch <- prometheus.MustNewConstMetric(c.descs["spans_total"], prometheus.CounterValue, float64(sent), "sent")
		ch <- prometheus.MustNewConstMetric(c.descs["spans_total"], prometheus.CounterValue, float64(lost), "lost")
	}
	for _, p := range c.cfg.Projects {
		v := p.View()
		if v == nil {
			v = &schema.View{}
		}
		out := series{descs: c.descs, ch: ch, project: clean(p.Name)}
		out.view(v, p.View() == nil || v.Stale(c.cfg.Now()))
		out.self(v)
		out.timings(p)
		out.past(v)
	}
}

// series writes the metrics of one project.
type series struct {
	descs   map[string]*prometheus.Desc
	ch      chan<- prometheus.Metric
	project string
}

func (s series) gauge(name string, value float64, labels ...string) {
	s.write(name, prometheus.GaugeValue, value, labels)
}

func (s series) counter(name string, value int64, labels ...string) {
	s.write(name, prometheus.CounterValue, float64(value), labels)
}

func (s series) write(name string, kind prometheus.ValueType, value float64, labels []string) {
	s.ch <- prometheus.MustNewConstMetric(s.descs[name], kind, value, s.labels(labels)...)
}

func (s series) labels(labels []string) []string {
	out := []string{s.project}
	for _, l := range labels {
		out = append(out, clean(l))
	}
	return out
}

func (s series) histogram(name string, bounds []float64, d schema.Durations, labels ...string) {
	buckets, sum := map[float64]uint64{}, uint64(0)
	for i, bound := range bounds {
		if i < len(d.Buckets) {
			sum += d.Buckets[i]
		}
		buckets[bound] = sum
	}
	h := prometheus.MustNewConstHistogram(s.descs[name], d.Count, d.Sum, buckets, s.labels(labels)...)
	var exemplars []prometheus.Exemplar
	for _, e := range d.Exemplars {
		if e.Trace != "" {
			exemplars = append(exemplars, prometheus.Exemplar{Value: e.Seconds, Labels: prometheus.Labels{"trace_id": e.Trace}, Timestamp: e.At})
		}
	}
	if with, err := prometheus.NewMetricWithExemplars(h, exemplars...); err == nil {
		h = with // it is an error to have none
	}
	s.ch <- h
}

// clean makes text written by others fit for a label: Prometheus wants UTF-8, and escapes the rest itself.
func clean(text string) string {
	text = schema.Printable(strings.ToValidUTF8(text, "�"))
	if runes := []rune(text); len(runes) > 200 {
		return string(runes[:199]) + "…"
	}
	return text
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

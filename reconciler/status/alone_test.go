package status_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// TestWhatIsReadFromTheLedgerAloneIsNotGreen: the ledger does not tell whether a reconciler lives, so nothing is good for sure.
func TestWhatIsReadFromTheLedgerAloneIsNotGreen(t *testing.T) {
	v := pastOf(sample(t))
	v.Pulse, v.Compared, v.Alone, v.Looked, v.StaleAfter, v.Ledger.At = nil, time.Time{}, &schema.Alone{}, ago(8*time.Second), time.Minute, ago(3*time.Hour)
	for _, path := range everyPage() {
		text := body(t, ask(site(t, &v, now), "GET", path))
		if strings.Count(text, "Read from the ledger alone. Its last entry, #48, is of ") != 1 || !strings.Contains(text, `alone">`) {
			t.Errorf("%s does not say that nobody is known to look after it:\n%s", path, text)
		}
	}
	for path, want := range map[string]string{
		"/":               " as intended as of entry #48",
		"/health":         "not known whether one runs",
		"/api/v1/version": `"reconciler":"unknown"`,
	} {
		if text := body(t, ask(site(t, &v, now), "GET", path)); !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", path, want, text)
		}
	}
	h, err := status.New(status.Config{View: func() *schema.View { return &v }, Now: func() time.Time { return now }, Badges: true})
	if err != nil {
		t.Fatal(err)
	}
	if text := body(t, ask(h, "GET", "/badge/gray/catalog.json")); !strings.Contains(text, `"color":"#5b6470"`) || !strings.Contains(text, " as of #48\"") {
		t.Errorf("the badge: %s", text)
	}
	for _, path := range []string{"/api/v1/cells/gray/catalog", "/api/v1/apps/catalog", "/view.json"} {
		if text := body(t, ask(h, "GET", path)); !strings.Contains(text, `"name":"etcd"`) || strings.Contains(text, `"live":true`) || strings.Contains(text, `"live":false`) || strings.Contains(text, `"was":"live"`) {
			t.Errorf("%s says of a target that nobody asked whether it is live:\n%s", path, text)
		}
	}
	rows := []struct {
		sentence string
		change   func(*schema.View)
		stale    string // empty: it is not
	}{
		{"something waits, for two polls", func(v *schema.View) { v.Alone.Waits = ago(time.Minute) }, ""},
		{"something waits for longer", func(v *schema.View) { v.Alone.Waits = ago(time.Hour) }, "Stale: Git holds what no reconciler has judged, seen first 2026-11-23 "},
		{"something waits for longer, and other things were recorded", func(v *schema.View) { v.Alone.Waits, v.Ledger.At = ago(time.Hour), ago(30*time.Second) }, ""},
		{"a clone that fetched long ago", func(v *schema.View) { v.Alone.Clone, v.Looked = true, ago(time.Hour) }, "Stale: the repository is a clone, which last fetched 2026-11-23 "},
		{"a clone of unknown age", func(v *schema.View) { v.Alone.Clone, v.Looked = true, time.Time{} }, "Stale: the repository is a clone, and it does not tell when it last fetched"},
		{"Git does not answer", func(v *schema.View) { v.Looked = ago(time.Hour) }, "Stale: Git was last read 2026-11-23 "},
	}
	for _, row := range rows {
		v := v
		v.Alone = &schema.Alone{}
		row.change(&v)
		text := body(t, ask(site(t, &v, now), "GET", "/"))
		if row.stale != "" && (!strings.Contains(text, row.stale) || !strings.Contains(text, "cells unknown.") || strings.Contains(text, "alone. Its")) || row.stale == "" && strings.Contains(text, "Stale") {
			t.Errorf("%s:\n%s", row.sentence, text)
		}
		r := ask(site(t, &v, now), "GET", "/healthz")
		if text := body(t, r); (r.StatusCode == 503) != (row.stale != "") || !strings.Contains(text, strings.TrimPrefix(row.stale, "Stale: ")) {
			t.Errorf("%s: /healthz says %d %s", row.sentence, r.StatusCode, text)
		}
	}
}

// TestHealthTellsOfTheOperatorsFile: whether what it says was taken over when it was last read.
func TestHealthTellsOfTheOperatorsFile(t *testing.T) {
	v := sample(t)
	for taken, want := range map[bool]string{
		true:  `<span class="mark good">ok</span> <b>config</b> the operator&#39;s file is in force since 2026-11-23 06:30 UTC`,
		false: `<span class="mark wait">wait</span> <b>config</b> the operator&#39;s file was read again and not taken over, the log says why; what is in force is of 2026-11-23 06:30 UTC`,
	} {
		h, err := status.New(status.Config{View: func() *schema.View { return &v }, Now: func() time.Time { return now }, Reload: func() (bool, time.Time) { return taken, ago(time.Hour) }})
		if err != nil {
			t.Fatal(err)
		}
		if text := body(t, ask(h, "GET", "/health")); !strings.Contains(text, want) {
			t.Errorf("taken over: %v; the page lacks %q:\n%s", taken, want, text[strings.Index(text, "<main"):])
		}
	}
}

package status_test

import (
	"strings"
	"testing"
	"time"
)

func TestAStalePageClaimsNothingOfNow(t *testing.T) {
	v := troubled(t)
	v.Looked, v.Outside.DraftsKnown = ago(18*time.Minute), true
	h := site(t, &v, now)
	if page := body(t, ask(h, "GET", "/promotions")); strings.Contains(page, "refused now") || !strings.Contains(page, "waiting or refused then; what is now is unknown.") {
		t.Error("/promotions claims what is now")
	}
	if page := body(t, ask(h, "GET", "/")); strings.Contains(page, "2 merge requests") {
		t.Error("the overview counts merge requests of now")
	}
}

func TestThePageAsJSONHasWhatThePageHas(t *testing.T) {
	v := pastOf(sample(t))
	h := site(t, &v, now)
	if page := body(t, ask(h, "GET", "/health")); strings.Contains(page, "/api/v1/checkpoint") {
		t.Error("/health calls the checkpoint its JSON")
	}
	if said := body(t, ask(h, "GET", "/api/v1/transitions?window=90d")); !strings.Contains(said, `"p50_seconds":`) || !strings.Contains(said, `"p95_seconds":`) {
		t.Errorf("no lead times in %s", said)
	}
}

func TestLongKeysWrap(t *testing.T) {
	v := sample(t)
	if css := body(t, ask(site(t, &v, now), "GET", "/style.css")); !strings.Contains(css, ".list.keys tbody th { white-space: normal; overflow-wrap: anywhere;") {
		t.Error("a long key pushes the other columns out of sight")
	}
}

package status_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// listed are the names that an answer of the API has, and where the next begins.
func listed(t *testing.T, text string) (names []string, next string) {
	t.Helper()
	var got struct {
		Apps []struct{ App string }
		Next string
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, a := range got.Apps {
		names = append(names, a.App)
	}
	return names, got.Next
}

// TestAFilterByStateFindsWhatIsShown: what is old is in no state but the unknown one, and nothing else is.
func TestAFilterByStateFindsWhatIsShown(t *testing.T) {
	v := sample(t)
	clock := now
	h, err := status.New(status.Config{View: func() *schema.View { return &v }, Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	count := func(state string) int {
		names, _ := listed(t, body(t, ask(h, "GET", "/api/v1/apps?state="+state)))
		table := strings.Count(body(t, ask(h, "GET", "/apps.csv?state="+state)), "\n") > 1
		page := !strings.Contains(body(t, ask(h, "GET", "/apps?state="+state)), "No app matches.")
		if some := len(names) > 0; table != some || page != some {
			t.Errorf("%s at %s: %d apps in the API, in the table %v, on the page %v", state, clock, len(names), table, page)
		}
		return len(names)
	}
	if live, old := count("live"), count("unknown"); live == 0 || old != 0 {
		t.Errorf("of now: %d live, %d unknown", live, old)
	}
	clock = v.At.Add(24 * time.Hour)
	if live, old := count("live"), count("unknown"); live != 0 || old == 0 {
		t.Errorf("of a day ago: %d live, %d unknown", live, old)
	}
	if page := body(t, ask(h, "GET", "/apps")); !strings.Contains(page, `href="/apps?state=unknown"`) {
		t.Error("no link leads to what is unknown")
	}
}

// TestAnAppThatGoesEndsNoPage: who reads on after an app that has gone meanwhile goes on with the next, in every order.
func TestAnAppThatGoesEndsNoPage(t *testing.T) {
	for _, order := range []string{"", "worst first", "oldest first"} {
		v := sample(t)
		h := site(t, &v, now)
		path := "/api/v1/apps?order=" + url.QueryEscape(order)
		all, _ := listed(t, body(t, ask(h, "GET", path)))
		if len(all) < 4 {
			t.Fatalf("%d apps", len(all))
		}
		first, next := listed(t, body(t, ask(h, "GET", path+"&limit=2")))
		page := body(t, ask(h, "GET", "/apps?order="+url.QueryEscape(order)+"&after="+url.QueryEscape(next)))
		less := v
		less.Apps = slices.DeleteFunc(slices.Clone(v.Apps), func(a schema.AppView) bool { return string(a.App) == first[1] })
		v = less
		rest, _ := listed(t, body(t, ask(h, "GET", path+"&after="+url.QueryEscape(next))))
		if !slices.Equal(slices.Concat(first, rest), all) {
			t.Errorf("%q: %q and then %q, of %q", order, first, rest, all)
		}
		if strings.Contains(page, `href="/app/`+first[0]+`"`) || !strings.Contains(page, `href="/app/`+rest[0]+`"`) {
			t.Errorf("%q: the page after %s does not begin with %s", order, next, rest[0])
		}
	}
	v := sample(t)
	if r := ask(site(t, &v, now), "GET", "/api/v1/apps?order=worst+first&after="+url.QueryEscape("x@y@z")); r.StatusCode != 400 {
		t.Errorf("a place that is none: %d", r.StatusCode)
	}
}

package status_test

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// atomDocument is what RFC 4287 asks of a feed, and what a reader takes from it.
type atomDocument struct {
	XMLName xml.Name   `xml:"http://www.w3.org/2005/Atom feed"`
	ID      []string   `xml:"id"`
	Title   []string   `xml:"title"`
	Updated []string   `xml:"updated"`
	Author  []string   `xml:"author>name"`
	Links   []atomHref `xml:"link"`
	Entries []struct {
		ID      []string   `xml:"id"`
		Title   []string   `xml:"title"`
		Updated []string   `xml:"updated"`
		Links   []atomHref `xml:"link"`
	} `xml:"entry"`
}

type atomHref struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

// complete holds the parts that a feed and each entry have exactly once.
func complete(t *testing.T, what string, id, title, updated []string, links []atomHref) {
	t.Helper()
	if len(id) != 1 || len(title) != 1 || strings.TrimSpace(title[0]) == "" || len(updated) != 1 {
		t.Fatalf("%s: id %q, title %q, updated %q", what, id, title, updated)
	}
	if iri, err := url.Parse(id[0]); err != nil || !iri.IsAbs() {
		t.Errorf("%s: the id %q is no absolute IRI: %v", what, id[0], err)
	}
	if _, err := time.Parse(time.RFC3339, updated[0]); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	for _, l := range links {
		if address, err := url.Parse(l.Href); err != nil || !address.IsAbs() || address.Host == "" || l.Rel == "" {
			t.Errorf("%s: the link %+v is no whole address: %v", what, l, err)
		}
	}
	if !slices.ContainsFunc(links, func(l atomHref) bool { return l.Rel == "alternate" }) {
		t.Errorf("%s leads nowhere: %+v", what, links)
	}
}

func TestTheFeedIsAtom(t *testing.T) {
	var before []string
	for i, v := range []schema.View{pastOf(troubled(t)), pastOf(troubled(t)), poisoned(t, "<b>]]>&\x00\u202e")} {
		r := ask(site(t, &v, now.Add(time.Duration(i)*time.Hour)), "GET", "http://sluice.example:8080/feed.atom")
		var feed atomDocument
		if err := xml.Unmarshal([]byte(body(t, r)), &feed); err != nil || r.Header.Get("Content-Type") != "application/atom+xml; charset=utf-8" {
			t.Fatalf("%v, %s", err, r.Header.Get("Content-Type"))
		}
		complete(t, "the feed", feed.ID, feed.Title, feed.Updated, feed.Links)
		if len(feed.Author) != 1 || !slices.Contains(feed.Links, atomHref{"self", "http://sluice.example:8080/feed.atom"}) {
			t.Errorf("%q, %+v", feed.Author, feed.Links)
		}
		ids := slices.Clone(feed.ID)
		for _, e := range feed.Entries {
			complete(t, e.ID[0], e.ID, e.Title, e.Updated, e.Links)
			ids = append(ids, e.ID...)
			seq := e.ID[0][strings.LastIndex(e.ID[0], ":")+1:]
			if want := "http://sluice.example:8080/promotions/" + seq; e.Links[0].Href != want {
				t.Errorf("%s leads to %s, want %s", e.ID[0], e.Links[0].Href, want)
			}
		}
		if once := slices.Compact(slices.Sorted(slices.Values(ids))); len(ids) < 2 || len(once) != len(ids) {
			t.Errorf("%d ids, %d of them once", len(ids), len(once))
		}
		if i == 1 && !slices.Equal(ids, before) {
			t.Errorf("an hour later the ids are others: %q, then %q", before, ids)
		}
		before = ids
	}
}

// TestAFeedLeadsBackTheWayItWasAskedFor: by the name and the scheme that who reads it has, also behind a proxy.
func TestAFeedLeadsBackTheWayItWasAskedFor(t *testing.T) {
	v := pastOf(sample(t))
	several := shared(t, proxied, map[string]*schema.View{"a": &v, "b": &v}, "a", "b")
	alone := shared(t, status.Access{}, map[string]*schema.View{"a": &v}, "a")
	for _, row := range []struct {
		sentence, host, from, path string
		h                          http.Handler
		header                     []string
		want                       string
	}{
		{"to here", "sluice.example:8080", "198.51.100.9:1", "/feed.atom", alone, nil, "http://sluice.example:8080/feed.atom"},
		{"to an address", "[2001:db8::1]:8080", "198.51.100.9:1", "/feed.atom", alone, nil, "http://[2001:db8::1]:8080/feed.atom"},
		{"one project of several, through the proxy", "inner:8080", "192.0.2.9:1", "/p/a/feed.atom", several,
			[]string{"X-User", "ann", "X-Groups", "all", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "sluice.example"}, "https://sluice.example/p/a/feed.atom"},
		{"on the word of somebody who is no proxy", "sluice.example", "198.51.100.9:1", "/feed.atom", alone, []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example"}, "http://sluice.example/feed.atom"},
		{"by what is no name", `evil.example/x?"<`, "198.51.100.9:1", "/feed.atom", alone, nil, "/feed.atom"},
	} {
		r := httptest.NewRequest("GET", row.path, nil)
		r.Host, r.RemoteAddr = row.host, row.from
		for i := 0; i+1 < len(row.header); i += 2 {
			r.Header.Set(row.header[i], row.header[i+1])
		}
		w := httptest.NewRecorder()
		row.h.ServeHTTP(w, r)
		if got := w.Body.String(); !strings.Contains(got, `<link rel="self" type="application/atom+xml" href="`+row.want+`">`) || strings.Contains(got, "evil.example") {
			t.Errorf("%s: %d, want %s in %.600s", row.sentence, w.Code, row.want, got)
		}
	}
}

package gitlabtest_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// page reads a page; form, if any, is posted.
func (f *forge) page(path string, form url.Values, header ...string) (int, string) {
	f.t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequest(method, f.URL()+path, strings.NewReader(form.Encode()))
	f.must(err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	f.must(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	f.must(err)
	return resp.StatusCode, string(body)
}

func TestPages(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: <script>\n", "a.yaml": "a: 2\n"})
	f.open("ann", "feature")
	f.must2(f.AddNote(config, 1, "bob", "<!-- sluice:marker -->**loud** <img src=x>"))
	const mr = "/acme/config/-/merge_requests/1"
	for _, row := range []struct {
		path  string
		parts []string
	}{
		{"/", []string{"acme/config", "GitLab stand-in"}},
		{"/acme/config", []string{"feature", "protected", "Maintainers", "bob"}},
		{"/acme/config/-/merge_requests", []string{"Change feature", "Open"}},
		{mr, []string{"Change feature", "<code>feature</code>", "Nobody has approved", "Ready to merge",
			`<tr class="added"><td class="n"></td><td class="n">1</td><td class="s">&#43;</td><td class="t">b: &lt;script&gt;</td>`,
			`<tr class="removed"><td class="n">1</td><td class="n"></td><td class="s">−</td><td class="t">a: 1</td>`,
			"<strong>loud</strong> &lt;img src=x&gt;"}},
		{"/acme/config/-/commit/feature", []string{"edit feature", "not signed", "Ann &lt;ann@example.com&gt;"}},
		{"/-/style.css", []string{"prefers-color-scheme: dark"}},
	} {
		status, body := f.page(row.path, nil)
		if status != 200 {
			t.Errorf("%s: got %d", row.path, status)
		}
		for _, part := range row.parts {
			if !strings.Contains(body, part) {
				t.Errorf("%s: %q is not on the page:\n%s", row.path, part, body)
			}
		}
		if strings.Contains(body, "sluice:marker") || strings.Contains(body, "<script") {
			t.Errorf("%s: shows what it must not", row.path)
		}
	}
	for _, path := range []string{"/acme/none", mr + "7", "/acme/config/-/nothing", "/acme/config/-/commit/none"} {
		if status, _ := f.page(path, nil); status != 404 {
			t.Errorf("%s: got %d, want 404", path, status)
		}
	}
}

func TestButtons(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	const mr = "/acme/config/-/merge_requests/1"
	for _, row := range []struct {
		name, verb, as string
		want           int
		part           string
	}{
		{"nobody", "approve", "", 403, "choose whom to act as"},
		{"a reporter approves", "approve", "rob", 401, "rob may not approve"},
		{"bob approves", "approve", "bob", 200, "<strong>bob</strong> approved"},
		{"bob takes it back", "unapprove", "bob", 200, "Nobody has approved"},
		{"a developer merges", "merge", "bob", 401, "bob may not merge"},
		{"no such button", "explode", "mia", 404, ""},
		{"a maintainer merges", "merge", "mia", 200, "Merged"},
		{"twice", "merge", "mia", 405, "cannot be merged"},
		{"bob reverts", "revert", "bob", 200, "!2"},
	} {
		status, body := f.page(mr+"/"+row.verb, url.Values{"as": {row.as}})
		if status != row.want || !strings.Contains(body, row.part) {
			t.Errorf("%s: got %d, want %d and %q in\n%s", row.name, status, row.want, row.part, body)
		}
	}
	if got := f.get(1); got.MergedBy != "mia" {
		t.Errorf("got %s by %q, want merged by mia", got.State, got.MergedBy)
	}
}

// A page elsewhere must not press the buttons of somebody who runs the demo.
func TestFormsFromElsewhereAreRefused(t *testing.T) {
	f := start(t, gitlabtest.Options{}, nil)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	status, _ := f.page("/acme/config/-/merge_requests/1/approve", url.Values{"as": {"bob"}}, "Origin", "http://elsewhere.example")
	if status != 403 || len(f.get(1).Approvals) != 0 {
		t.Errorf("got %d, want 403 and no approval", status)
	}
}

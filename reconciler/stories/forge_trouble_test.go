package stories_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/schema"
)

// TestTroublesOfTheForgeAreToldApart: whatever GitLab answers instead of the truth, nothing is decided and nothing recorded,
// and the view says by a code of its own what somebody has to do. A 404 is never "there is no merge request".
func TestTroublesOfTheForgeAreToldApart(t *testing.T) {
	w := newWorld(t, schema.DirectoryLayout, story{method: "ff", targets: []string{"files"}})
	for _, line := range []string{"seal dev/a=r1", "mr ann dev a=r2", "merge 1"} {
		w.do(strings.Fields(line))
	}
	json := func(status int, body string) gitlabtest.Fault { return gitlabtest.Fault{Status: status, Body: body} }
	for _, row := range []struct {
		name  string
		fault gitlabtest.Fault
		code  schema.Code
		exit  string
	}{
		{"a token that ended", json(401, `{"error":"invalid_token","error_description":"Token is expired."}`), "forge-unauthorized", "exit 4"},
		{"a token that may too little", json(403, `{"error":"insufficient_scope"}`), "forge-forbidden", "exit 4"},
		{"a project out of sight", json(404, `{"message":"404 Project Not Found"}`), "forge-lost-access", "exit 2"},
		{"too many requests", gitlabtest.Fault{Status: http.StatusTooManyRequests}, "forge-unavailable", "exit 5"},
		{"an error of the server", gitlabtest.Fault{Status: 500}, "forge-unavailable", "exit 5"},
		{"a cut connection", gitlabtest.Fault{Cut: true}, "forge-unavailable", "exit 5"},
		{"a login page with 200", gitlabtest.Fault{Status: 200}, "forge-incomplete", "exit 5"},
		{"half an answer", json(200, `[{"id":1,`), "forge-incomplete", "exit 5"},
		{"an empty list that says nothing of the rest", json(200, `null`), "forge-incomplete", "exit 5"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w.forge.Fail(row.fault)
			defer w.forge.Heal()
			told := w.do([]string{"pass"})
			if !slices.Equal(told, []string{row.exit}) {
				t.Errorf("got %q, want %s and nothing recorded", told, row.exit)
			}
			v := w.r.View()
			if !slices.Equal(v.ProblemCodes, []schema.Code{row.code}) {
				t.Errorf("got codes %v, want %s", v.ProblemCodes, row.code)
			}
			if len(v.Problems) == 0 || !strings.HasSuffix(v.Problems[0], "["+string(row.code)+"]") {
				t.Errorf("got problems %q, want the code in brackets", v.Problems)
			}
		})
	}
	if told := w.do([]string{"pass"}); !strings.Contains(strings.Join(told, "\n"), "admit dev/a edit") {
		t.Errorf("afterwards: got %q, want the change to be admitted", told)
	}
	if v := w.r.View(); len(v.Problems)+len(v.ProblemCodes) != 0 {
		t.Errorf("afterwards: got problems %v %v", v.Problems, v.ProblemCodes)
	}

	// Nothing is to be decided now, and that the forge is away is known all the same.
	before := *w.r.View().Pulse
	w.forge.Fail(json(500, ""))
	if told := w.do([]string{"pass"}); !slices.Equal(told, []string{"exit 0"}) {
		t.Errorf("got %q, want a pass that decides nothing", told)
	}
	v := w.r.View()
	failed := v.Pulse.Failed
	if failed == before.Failed || v.Pulse.Passes-before.Passes != failed-before.Failed { // the world may pass twice
		t.Errorf("got %d passes with %d errors after %d with %d, want each new one to have some", v.Pulse.Passes, failed, before.Passes, before.Failed)
	}
	if v.Outside.DraftsKnown || !slices.Equal(v.Outside.ForgeCodes, []schema.Code{"forge-unavailable"}) || !slices.Equal(v.ProblemCodes, v.Outside.ForgeCodes) {
		t.Errorf("got %+v and problems %v, want forge-unavailable and drafts that are unknown", v.Outside, v.ProblemCodes)
	}
	w.forge.Heal()
	w.do([]string{"pass"})
	if v := w.r.View(); !v.Outside.DraftsKnown || len(v.Outside.ForgeCodes) > 0 || v.Pulse.Failed != failed {
		t.Errorf("healed: got %+v, %d passes with errors", v.Outside, v.Pulse.Failed)
	}
}

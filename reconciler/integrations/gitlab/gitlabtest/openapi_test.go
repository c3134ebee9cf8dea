package gitlabtest_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// openAPI is GitLab's description of its own API. It lies outside this repository, beside gitlab-contract.
func openAPI(t *testing.T) map[string]any {
	t.Helper()
	path := filepath.Join(filepath.Dir(contract(t)), "openapi", "gitlab-v4.swagger.yaml")
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("GITLAB OPENAPI NOT CHECKED: %s is not there; set SLUICE_CONTRACTS to the folder that holds openapi", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	var api map[string]any
	if err := yaml.Unmarshal(raw, &api); err != nil {
		t.Fatal(err)
	}
	return api
}

// undescribed are routes that GitLab has and its description leaves out.
var undescribed = []string{
	"/user", "/users", "/users/{}", "/version", "/projects/{}/approvals", "/projects/{}/push_rule",
	"/projects/{}/merge_requests/{}/notes", "/projects/{}/merge_requests/{}/notes/{}",
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// newer are keys of answers that the description leaves out or that came after it; the examples have them.
var newer = []string{"collapsed", "too_large", "attachment", "token_present", "signing_token_present"}

// TestAPIIsAsGitLabDescribesIt: the stand-in has no route that GitLab has not, and its answers no key. (Of types the
// description knows little: it says string where nobody told.)
func TestAPIIsAsGitLabDescribesIt(t *testing.T) {
	api := openAPI(t)
	described := map[string]map[string]any{}
	for path, operations := range api["paths"].(map[string]any) {
		described[parameter.ReplaceAllString(strings.TrimPrefix(path, "/api/v4"), "{}")] = operations.(map[string]any)
	}
	for _, route := range gitlabtest.Routes() {
		method, path, _ := strings.Cut(route, " ")
		path = parameter.ReplaceAllString(path, "{}")
		if _, ok := described[path][strings.ToLower(method)]; !ok && !slices.Contains(undescribed, path) {
			t.Errorf("GitLab's description has no %s", route)
		}
	}
	definitions := api["definitions"].(map[string]any)
	f := prepared(t, gitlabtest.Options{})
	f.decoded("ann", "POST", project+"/merge_requests/3/notes", url.Values{"body": {"x"}}, 201)
	for path, definition := range map[string]string{
		"/merge_requests/1":                                 "MergeRequest",
		"/merge_requests":                                   "MergeRequestBasic",
		"/merge_requests/1/versions":                        "MergeRequestDiff",
		"/merge_requests/1/diffs":                           "Diff",
		"/merge_requests/1/pipelines":                       "Ci_PipelineBasic",
		"/merge_requests/1/notes":                           "Note",
		"/merge_requests/1/approvals":                       "MergeRequestApprovals",
		"/repository/commits/main":                          "CommitDetail",
		"/repository/commits":                               "Commit",
		"/repository/commits/" + f.get(1).SHA + "/statuses": "CommitStatus",
		"/repository/branches":                              "Branch",
		"/protected_branches":                               "ProtectedBranch",
		"/hooks":                                            "ProjectHook",
		"/members/all":                                      "Member",
		"/pipelines":                                        "Ci_PipelineBasic",
	} {
		properties := definitions["API_Entities_"+definition].(map[string]any)["properties"].(map[string]any)
		resp, body := f.raw("mia", "GET", project+path, nil)
		var value any
		if err := json.Unmarshal([]byte(body), &value); err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %d %s", path, resp.StatusCode, body)
		}
		for key := range unwrap(value).(map[string]any) {
			if _, known := properties[key]; !known && !slices.Contains(newer, key) {
				t.Errorf("%s: GitLab's %s has no %s", path, definition, key)
			}
		}
	}
}

package gitlabtest_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// contract is the folder with GitLab's schemas and example answers. It lies
// outside this repository: SLUICE_CONTRACTS names the folder that holds
// gitlab-contract, else it is "shared" beside the checkout.
func contract(t *testing.T) string {
	t.Helper()
	root := os.Getenv("SLUICE_CONTRACTS")
	if root == "" {
		root = filepath.Join(moduleRoot(t), "..", "shared")
	}
	dir := filepath.Join(root, "gitlab-contract")
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		t.Skipf("GITLAB CONTRACT NOT CHECKED: %s is not there; set SLUICE_CONTRACTS to the folder that holds gitlab-contract", dir)
	}
	return dir
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// prepared has a merge request in each state, notes, statuses, rules and a hook.
func prepared(t *testing.T, opts gitlabtest.Options) *forge {
	f := start(t, opts, nil)
	for _, name := range []string{"one", "two", "three"} {
		f.commit("ann", name, map[string]string{name: name})
		f.open("ann", name)
	}
	head := f.get(1).SHA
	f.must(f.Approve(config, 1, "bob"))
	f.must2(f.AddNote(config, 1, "bob", "fine"))
	f.must(f.SetStatus(config, "ann", gitlabtest.StatusReport{SHA: head, Ref: "one", State: "success"}))
	f.must2(f.Merge(config, 2, "mia", gitlabtest.MergeOptions{Squash: true, SquashMessage: "two"}))
	f.must(f.CloseMergeRequest(config, 3, "ann"))
	resp, body := f.raw("mia", "POST", "/projects/acme%2Fconfig/hooks", url.Values{"url": {"http://127.0.0.1:9/hook"}, "token": {"s"}})
	if resp.StatusCode != 201 {
		t.Fatalf("add hook: %d %s", resp.StatusCode, body)
	}
	return f
}

func TestAnswersFollowTheSchemas(t *testing.T) {
	dir := filepath.Join(contract(t), "schemas", "gitlab-public-api-v4")
	f := prepared(t, gitlabtest.Options{})
	const p = "/projects/acme%2Fconfig"
	for _, row := range []struct {
		path, schema string
		each         bool // the answer is a list of such objects
	}{
		{p + "/merge_requests/1", "merge_request.json", false},
		{p + "/merge_requests/2", "merge_request.json", false},
		{p + "/merge_requests/3", "merge_request.json", false},
		{p + "/merge_requests", "merge_request.json", true},
		{p + "/repository/commits/main/merge_requests", "merge_request.json", true},
		{p + "/merge_requests/1/commits", "commit/basic.json", true},
		{p + "/repository/commits", "commit/basic.json", true},
		{p + "/repository/commits/main", "commit/detail.json", false},
		{p + "/repository/commits/one", "commit/detail.json", false},
		{p + "/repository/branches/main", "branch.json", false},
		{p + "/repository/branches", "branch.json", true},
		{p + "/merge_requests/1/notes", "notes.json", false},
		{p + "/merge_requests/1/pipelines", "pipeline/basic.json", true},
		{p + "/hooks", "project_hook.json", true},
		{"/user", "user/basic.json", false},
		{"/users/11", "user/basic.json", false},
	} {
		t.Run(row.path, func(t *testing.T) {
			schema, err := jsonschema.NewCompiler().Compile(filepath.Join(dir, row.schema))
			if err != nil {
				t.Fatal(err)
			}
			resp, body := f.raw("mia", "GET", row.path, nil)
			if resp.StatusCode != 200 {
				t.Fatalf("got %d %s", resp.StatusCode, body)
			}
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
			f.must(err)
			values := []any{value}
			if row.each {
				values = value.([]any)
				if len(values) == 0 {
					t.Fatal("an empty list shows nothing")
				}
			}
			for _, v := range values {
				if err := schema.Validate(v); err != nil {
					t.Errorf("%v\n%s", err, body)
				}
			}
		})
	}
}

// Every answer has the keys of GitLab's example of it, with values of the same
// kind. Keys that examples have and this server leaves out are named per row.
func TestAnswersHaveTheKeysOfTheExamples(t *testing.T) {
	examples := filepath.Join(contract(t), "examples", "api")
	const p, one = "/projects/acme%2Fconfig", "/projects/acme%2Fconfig/merge_requests/1"
	tiers := map[gitlabtest.Tier]*forge{}
	for _, tier := range []gitlabtest.Tier{gitlabtest.CE, gitlabtest.EEFree, gitlabtest.Premium} {
		tiers[tier] = prepared(t, gitlabtest.Options{Tier: tier})
	}
	f := tiers[gitlabtest.Premium]
	f.must(f.UpdateProject(config, func(p *gitlabtest.Project) {
		p.ApprovalsRequired, p.PushRule = 2, &gitlabtest.PushRule{ID: 1}
	}))
	for _, row := range []struct {
		tier          gitlabtest.Tier
		path, example string
		without       string
	}{
		{gitlabtest.CE, one + "/approvals", "approvals.ce.json", ""},
		{gitlabtest.CE, "/projects/acme%2Fconfig/merge_requests/2/approvals", "approvals.ce.none.json", ""},
		{gitlabtest.EEFree, one + "/approvals", "approvals.ee_free.none.json", ""},
		{gitlabtest.Premium, one + "/approvals", "approvals.premium.json", ""},
		{gitlabtest.Premium, one + "/approval_state", "approval_state.premium.json", ""},
		{gitlabtest.Premium, p + "/approvals", "project_approvals.premium.json", ""},
		{gitlabtest.Premium, p + "/push_rule", "push_rule.premium.json", ""},
		{gitlabtest.CE, p + "/protected_branches", "protected_branch.ce.json", ""},
		{gitlabtest.Premium, p + "/protected_branches", "protected_branch.premium.json", ""},
		{gitlabtest.CE, one, "merge_request.detail.mergeable.json", "approvals_before_merge"},
		{gitlabtest.CE, p + "/merge_requests", "merge_requests.list.json", "approvals_before_merge"},
		{gitlabtest.CE, one + "/versions", "merge_request.versions.json", ""},
		{gitlabtest.CE, p + "/repository/commits/main", "commit.detail.json", "url"},
		{gitlabtest.CE, p + "/repository/branches/main", "branch.json", ""},
		{gitlabtest.CE, one + "/notes", "note.json", "email created_at"},
		{gitlabtest.CE, p + "/repository/commits/one/statuses", "commit_status.json", ""},
		{gitlabtest.CE, p + "/hooks", "project_hook.json", ""},
		{gitlabtest.CE, p + "/members/all/12", "members.json", ""},
		{gitlabtest.CE, "/personal_access_tokens/self", "personal_access_token.self.json", "token"},
		{gitlabtest.CE, "/metadata", "metadata.json", ""},
	} {
		t.Run(row.example, func(t *testing.T) {
			f := tiers[row.tier]
			resp, body := f.raw("mia", "GET", row.path, nil)
			if resp.StatusCode != 200 {
				t.Fatalf("got %d %s", resp.StatusCode, body)
			}
			raw, err := os.ReadFile(filepath.Join(examples, row.example))
			f.must(err)
			var got, want any
			f.must(json.Unmarshal([]byte(body), &got))
			f.must(json.Unmarshal(raw, &want))
			compareShape(t, row.example, unwrap(got), unwrap(want), strings.Fields(row.without))
		})
	}
}

// unwrap is the first item of a list, so that lists and single objects compare.
func unwrap(v any) any {
	if list, ok := v.([]any); ok && len(list) > 0 {
		return list[0]
	}
	return v
}

// compareShape asks that got has the keys of want and, where both are set,
// values of the same JSON kind.
func compareShape(t *testing.T, at string, got, want any, without []string) {
	t.Helper()
	if got == nil || want == nil {
		return
	}
	if kind(got) != kind(want) {
		t.Errorf("%s: got %s, want %s", at, kind(got), kind(want))
		return
	}
	if g, w := unwrap(got), unwrap(want); kind(got) == "a list" && kind(g) != "a list" && kind(w) != "a list" {
		compareShape(t, at, g, w, without)
		return
	}
	w, isObject := want.(map[string]any)
	if !isObject {
		return
	}
	for key, value := range w {
		if slices.Contains(without, key) {
			continue
		}
		have, there := got.(map[string]any)[key]
		if !there {
			t.Errorf("%s: %s is missing", at, key)
			continue
		}
		if !leaf(key) {
			compareShape(t, at+"."+key, have, value, without)
		}
	}
}

// leaf names objects that differ with every installation.
func leaf(key string) bool { return key == "kas" || key == "detailed_status" }

func kind(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case float64:
		return "a number"
	case bool:
		return "a boolean"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "null"
}

// TestWebhooksHaveTheKeysOfTheExamples holds what webhooks carry to GitLab's examples of them, apart from what is left out.
func TestWebhooksHaveTheKeysOfTheExamples(t *testing.T) {
	examples := filepath.Join(contract(t), "examples", "webhooks")
	f := start(t, gitlabtest.Options{}, func(p *gitlabtest.Project) { p.ResetApprovalsOnPush = true })
	receive(f)
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 1\n"})
	f.open("ann", "feature")
	f.must(f.Approve(config, 1, "bob"))
	f.commit("ann", "feature", map[string]string{"b.yaml": "b: 2\n"})
	for _, row := range []struct {
		delivery int
		example  string
		without  string
	}{
		{0, "push.json", "user_avatar description avatar_url git_ssh_url ssh_url http_url ci_config_path added modified removed visibility_level"},
		{1, "merge_request.json", "avatar_url git_ssh_url ssh_url http_url changes"},
		{4, "merge_request.unapproved.system.json", ""},
	} {
		t.Run(row.example, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(examples, row.example))
			f.must(err)
			var got, want any
			f.must(json.Unmarshal(f.sent(row.delivery + 1)[row.delivery].Body, &got))
			f.must(json.Unmarshal(raw, &want))
			compareShape(t, row.example, got, want, strings.Fields(row.without))
		})
	}
}

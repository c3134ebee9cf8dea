package gitlab_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/schema"
)

// contract reads an example of a real GitLab's answer. The examples are kept beside the module, or where
// SLUICE_CONTRACTS says.
func contract(t *testing.T, name string) []byte {
	t.Helper()
	root := os.Getenv("SLUICE_CONTRACTS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	data, err := os.ReadFile(filepath.Join(root, "gitlab-contract", "examples", "api", name))
	if os.IsNotExist(err) {
		t.Skipf("GitLab's contract examples are not there (%v): clone them beside the module or set SLUICE_CONTRACTS", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestContractMergeRequests decodes every shape of a merge request that is kept, as the detail of one.
func TestContractMergeRequests(t *testing.T) {
	for _, name := range []string{"merge_request.detail.ci_must_pass.json", "merge_request.detail.mergeable.json",
		"merge_request.detail.need_rebase.json", "merge_request.detail.no_head_pipeline.json", "merge_request.merge.response.json"} {
		t.Run(name, func(t *testing.T) {
			body := contract(t, name)
			var raw struct {
				IID     int64  `json:"iid"`
				Project int64  `json:"target_project_id"`
				SHA     string `json:"sha"`
				State   string `json:"state"`
				Target  string `json:"target_branch"`
			}
			if err := json.Unmarshal(body, &raw); err != nil {
				t.Fatal(err)
			}
			s, c := contractStub(t, raw.Project)
			path := fmt.Sprintf("/projects/%d/merge_requests/%d", raw.Project, raw.IID)
			s.on(path, text(200, string(body)))
			s.on(path+"/versions", one(string(contract(t, "merge_request.versions.json"))))
			s.on(path+"/approvals", text(200, string(contract(t, "approvals.ce.none.json"))))
			got, err := c.MergeRequest(context.Background(), raw.IID)
			if err != nil {
				t.Fatal(err)
			}
			if got.Head.String() != raw.SHA || got.State != raw.State || got.TargetRef != "refs/heads/"+raw.Target || got.Author.ID == 0 || got.CreatedAt.IsZero() {
				t.Errorf("got %+v, want what the example says", got)
			}
			checkContractVersions(t, got.Versions)
		})
	}
}

func checkContractVersions(t *testing.T, got []schema.Version) {
	t.Helper()
	if len(got) != 2 || got[0].ID != 110 || got[0].Head.Short() != "33e2ee85" || got[1].ID != 108 {
		t.Errorf("versions: got %+v, want 110 before 108", got)
	}
}

// contractStub knows a project and, for the rest, that everybody was deleted.
func contractStub(t *testing.T, project int64) (*stub, *gitlab.Client) {
	s := newStub(t)
	s.on(fmt.Sprintf("/projects/%d", project), text(200, fmt.Sprintf(`{"id":%d}`, project)))
	c, _ := s.client(func(cfg *gitlab.Config) { cfg.Project = fmt.Sprint(project) })
	return s, c
}

func TestContractApprovals(t *testing.T) {
	for name, want := range map[string][]int64{"approvals.ce.json": {2}, "approvals.ce.none.json": {},
		"approvals.ee_free.none.json": {}, "approvals.premium.json": {2}} {
		s := newStub(t)
		s.serve(newMR(7, nil), string(contract(t, name)))
		c, _ := s.client(nil)
		got, err := c.MergeRequest(context.Background(), 7)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		ids := []int64{}
		for _, a := range got.Approvals {
			ids = append(ids, a.By.ID)
			if a.At.IsZero() {
				t.Errorf("%s: approval of %d has no time", name, a.By.ID)
			}
		}
		if !slices.Equal(ids, want) {
			t.Errorf("%s: got approvals of %v, want %v", name, ids, want)
		}
	}
}

func TestContractLists(t *testing.T) {
	for _, name := range []string{"merge_requests.list.json", "commit.merge_requests.json"} {
		body := contract(t, name)
		var rows []struct {
			State string `json:"state"`
		}
		if err := json.Unmarshal(body, &rows); err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, row := range rows {
			if row.State == "opened" {
				want++
			}
		}
		s := newStub(t)
		s.on("/projects/42/merge_requests", one(string(body)))
		c, _ := s.client(nil)
		if got, err := c.Opened(context.Background()); err != nil || len(got) != want {
			t.Errorf("%s: got %d open, %v; want %d of %d", name, len(got), err, want, len(rows))
		}
	}
}

// TestContractLanding goes from the commit to its merge request through the examples of both.
func TestContractLanding(t *testing.T) {
	list := contract(t, "commit.merge_requests.json")
	var rows []json.RawMessage
	if err := json.Unmarshal(list, &rows); err != nil {
		t.Fatal(err)
	}
	const commit = "a5d1608991cec904a63c95eeed59d14caef43336"
	s, c := contractStub(t, 1)
	s.on("/projects/1/repository/commits/"+commit+"/merge_requests", one(string(list)))
	s.on("/projects/1/merge_requests/2", text(200, string(rows[1])))
	s.on("/projects/1/merge_requests/2/versions", one(`[]`))
	s.on("/projects/1/merge_requests/2/approvals", text(200, string(contract(t, "approvals.ce.json"))))
	got, err := c.Landings(context.Background(), hash(t, commit), "refs/heads/master")
	if err != nil || len(got) != 1 || got[0].IID != 2 || got[0].MergeSHA.String() != commit {
		t.Errorf("got %+v, %v; want !2", got, err)
	}
}

func TestContractMembersAndProject(t *testing.T) {
	var members []json.RawMessage
	if err := json.Unmarshal(contract(t, "members.json"), &members); err != nil {
		t.Fatal(err)
	}
	s := newStub(t)
	s.serve(newMR(7, stubMR{"author": stubMR{"id": 1, "username": "raymond_smith"}}), `{"approved_by":[]}`)
	s.on("/users/1", text(200, string(members[0])))
	s.on("/projects/42/members/all/1", text(200, string(members[0])))
	c, _ := s.client(nil)
	got, err := c.MergeRequest(context.Background(), 7)
	if err != nil || got.Author.AccessLevel != 30 {
		t.Errorf("got author %+v, %v; want level 30", got.Author, err)
	}
	s.on("/projects/jdoe%2Fatlantis-example", text(200, string(contract(t, "project.json"))))
	cfg, _ := configure(t, s.URL, "jdoe/atlantis-example", canary)
	opened, err := gitlab.Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	opened.Close()
}

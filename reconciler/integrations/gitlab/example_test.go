package gitlab_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/schema"
)

func Example() {
	dir, err := os.MkdirTemp("", "sluice-gitlab-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	srv, commit := demo(dir)
	defer srv.Close()

	ctx := context.Background()
	c, err := gitlab.Open(ctx, gitlab.Config{URL: srv.URL(), Project: "acme/config", TokenFile: filepath.Join(dir, "token")})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	landings, err := c.Landings(ctx, commit, "refs/heads/main")
	if err != nil {
		log.Fatal(err)
	}
	for _, mr := range landings {
		fmt.Printf("!%d by %s, approved by %s, merged by %s\n", mr.IID, mr.Author.Username, mr.Approvals[0].By.Username, mr.MergedBy.Username)
	}
	// Output: !1 by ann, approved by bob, merged by mia
}

// demo starts a stand-in for GitLab, where a change by ann was approved and merged as the commit.
func demo(dir string) (*gitlabtest.Server, schema.Hash) {
	check := func(_ any, err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	srv, err := gitlabtest.New(dir, gitlabtest.Options{})
	check(srv, err)
	check(srv.Start("127.0.0.1:0"))
	members := map[string]gitlabtest.AccessLevel{"ann": gitlabtest.Developer, "bob": gitlabtest.Developer, "mia": gitlabtest.Maintainer}
	for name := range members {
		check(srv.AddUser(gitlabtest.User{Username: name}))
	}
	check(nil, os.WriteFile(filepath.Join(dir, "token"), []byte(srv.Token("mia")), 0o600))
	check(srv.AddProject(gitlabtest.Project{Path: "acme/config", Members: members}))
	check(srv.CommitFiles("acme/config", gitlabtest.NewCommit{User: "mia", Branch: "main", Message: "start", Files: map[string]string{"a": "1\n"}}))
	check(srv.CommitFiles("acme/config", gitlabtest.NewCommit{User: "ann", Branch: "change", Message: "change", Files: map[string]string{"a": "2\n"}}))
	check(srv.OpenMergeRequest("acme/config", gitlabtest.NewMergeRequest{Author: "ann", SourceBranch: "change"}))
	check(nil, srv.Approve("acme/config", 1, "bob"))
	mr, err := srv.Merge("acme/config", 1, "mia", gitlabtest.MergeOptions{})
	check(mr, err)
	commit, err := schema.ParseHash(mr.LandedSHA)
	check(commit, err)
	return srv, commit
}

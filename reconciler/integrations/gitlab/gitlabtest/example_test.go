package gitlabtest_test

import (
	"fmt"
	"os"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// A merge request from its first commit to its merge.
func Example() {
	dir, err := os.MkdirTemp("", "gitlabtest-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	srv, err := gitlabtest.New(dir, gitlabtest.Options{})
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"ann", "mia"} {
		srv.AddUser(gitlabtest.User{Username: name})
	}
	srv.AddProject(gitlabtest.Project{Path: "acme/config", MergeMethod: "ff",
		Members: map[string]gitlabtest.AccessLevel{"ann": gitlabtest.Developer, "mia": gitlabtest.Maintainer}})
	srv.CommitFiles("acme/config", gitlabtest.NewCommit{User: "mia", Branch: "main", Message: "start",
		Files: map[string]string{"app.yaml": "replicas: 1\n"}})
	srv.CommitFiles("acme/config", gitlabtest.NewCommit{User: "ann", Branch: "more", Message: "more",
		Files: map[string]string{"app.yaml": "replicas: 2\n"}})
	mr, err := srv.OpenMergeRequest("acme/config", gitlabtest.NewMergeRequest{Author: "ann", SourceBranch: "more"})
	if err != nil {
		panic(err)
	}
	_, err = srv.Merge("acme/config", mr.IID, "ann", gitlabtest.MergeOptions{})
	fmt.Println(err)
	mr, err = srv.Merge("acme/config", mr.IID, "mia", gitlabtest.MergeOptions{SHA: mr.SHA})
	fmt.Println(mr.State, err, srv.Tip("acme/config", "main") == mr.SHA)
	// Output:
	// merge acme/config!1: gitlab: 401: 401 Unauthorized
	// merged <nil> true
}

// Package gitlabtest is a GitLab small enough to start inside a test or a
// demo: real Git repositories over smart HTTP, the part of the REST API that
// sluice asks, merge requests that really merge, and plain pages for people.
//
// It needs the git binary (2.38 or later) and nothing else. It is a stand-in
// for loopback: tokens lie in memory, and whoever reaches its pages may act as
// any of its users. README.md says where it is faithful and where it is not.
//
//	srv, err := gitlabtest.New(dir, gitlabtest.Options{})
//	url, err := srv.Start("127.0.0.1:0")
//	defer srv.Close()
//	srv.AddUser(gitlabtest.User{Username: "ann"})
//	srv.AddProject(gitlabtest.Project{
//		Path:    "acme/config",
//		Members: map[string]gitlabtest.AccessLevel{"ann": gitlabtest.Maintainer},
//	})
//	exec.Command("git", "clone", srv.CloneURL("acme/config", "ann"))
package gitlabtest

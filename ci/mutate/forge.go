package main

// forgeMutations take away what keeps the GitLab stand-in true, on which the stories rest.
var forgeMutations = []mutation{
	{
		name: "forge: a push in gzip is not judged", pkg: "reconciler/integrations/gitlab/gitlabtest", file: "reconciler/integrations/gitlab/gitlabtest/gitsmart.go",
		old: `coding == "gzip" || coding == "x-gzip"`, new: `coding == "x-gzip"`, tests: "TestPackedPushMeetsTheRules",
	},
	{
		name: "forge: history is what the first parents are", pkg: "reconciler/integrations/gitlab/gitlabtest", file: "reconciler/integrations/gitlab/gitlabtest/ancestry.go",
		old: "if len(parents) > 1 {", new: "if false {", tests: "TestAncestryIsGits",
	},
	{
		name: "forge: packed refs are not told", pkg: "reconciler/integrations/gitlab/gitlabtest", file: "reconciler/integrations/gitlab/gitlabtest/gitrefs.go",
		old: `[]string{"packed-refs", "shallow",`, new: `[]string{"shallow",`, tests: "TestRefsAreToldAsGitTellsThem",
	},
}

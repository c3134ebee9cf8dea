package stories_test

import (
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// protect puts a rule on a stage's branch that lets nobody push and Maintainers merge: "protect prod [push] [force]" lets
// Maintainers push, or rewrite, as well.
func (w *world) protect(words []string) []string {
	rule := gitlabtest.ProtectedBranch{
		Name: w.branch(words[0]), Push: []gitlabtest.Access{{Level: gitlabtest.NoAccess}}, Merge: []gitlabtest.Access{{Level: gitlabtest.Maintainer}},
	}
	for _, word := range words[1:] {
		switch word {
		case "push":
			rule.Push[0].Level = gitlabtest.Maintainer
		case "force":
			rule.AllowForcePush = true
		}
	}
	w.must(w.forge.Protect("acme/config", rule))
	return nil
}

// protection says what the forge tells of its rules: "protection hidden", "protection unanswered" or "protection told".
func (w *world) protection(words []string) []string {
	w.forge.Heal()
	switch words[0] {
	case "hidden":
		w.forge.Fail(gitlabtest.Fault{Path: "protected_branches", Status: 403, Body: `{"message":"403 Forbidden"}`})
	case "unanswered":
		w.forge.Fail(gitlabtest.Fault{Path: "protected_branches", Status: 502})
	}
	return nil
}

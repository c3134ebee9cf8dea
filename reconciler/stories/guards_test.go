package stories_test

import (
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/schema"
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

// TestGuardsAreLookedAtWhileRunning plays a reconciler over an hour: what it shows of the forge's guard rails is never older than
// its interval, never good when it could not be read, and changes nothing that it does.
func TestGuardsAreLookedAtWhileRunning(t *testing.T) {
	w := newWorld(t, schema.DirectoryLayout, story{method: "merge", targets: []string{"files"}})
	w.stop()
	w.guardsEvery = 10 * time.Minute
	w.start()
	w.do([]string{"seal", "dev/a=r1"})
	shown := func() schema.Guards {
		t.Helper()
		v := w.r.View()
		if v == nil || v.Guards == nil {
			t.Fatal("no guard rails are shown")
		}
		return *v.Guards
	}
	is := func(sentence, name, subject string, want schema.GuardState) {
		t.Helper()
		if r, _ := shown().Rail(name, subject); r.State != want {
			t.Errorf("%s: %s of %q is %q, want %q (%s)", sentence, name, subject, r.State, want, r.Seen)
		}
	}
	const main, ledgerRef = "refs/heads/main", "refs/heads/sluice/ledger"
	is("no rule protects the branch", "no-push", main, schema.GuardFail)
	is("nothing protects the ledger", "protected", ledgerRef, schema.GuardFail)

	w.do([]string{"protect", "dev"})
	w.clock.Add(5 * time.Minute)
	w.do([]string{"pass"})
	is("within the interval", "no-push", main, schema.GuardFail)
	w.clock.Add(6 * time.Minute)
	w.do([]string{"pass"})
	is("after it", "no-push", main, schema.GuardOK)

	w.forge.Down(true)
	w.clock.Add(11 * time.Minute)
	w.do([]string{"pass"})
	is("the forge is away", "project", "", schema.GuardUnknown)
	if n := len(shown().Rails); n != 1 {
		t.Errorf("the forge is away, and %d guard rails are shown, want that alone", n)
	}
	w.forge.Down(false)
	w.must(w.forge.UpdateUser("reconciler", func(u *gitlabtest.User) { u.Scopes = []string{"write_repository"} }))
	w.clock.Add(11 * time.Minute)
	if told := w.do([]string{"pass"}); told[len(told)-1] != "exit 0" {
		t.Errorf("the token may ask nothing, and the pass tells %q, want what it tells without a look", told)
	}
	is("the token may ask nothing", "project", "", schema.GuardFail)
}

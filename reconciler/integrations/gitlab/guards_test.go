package gitlab_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	stageRef     = "refs/heads/env/prod"
	ledgerRef    = "refs/heads/sluice/ledger"
	promotionRef = "refs/heads/sluice/promote/prod/a/0"
)

var guarded = []schema.GuardedRef{
	{Ref: stageRef, Use: schema.UseStage}, {Ref: ledgerRef, Use: schema.UseLedger}, {Ref: promotionRef, Use: schema.UsePromotion},
}

// closed lets nobody push and Maintainers merge.
func closed(name string) gitlabtest.ProtectedBranch {
	return gitlabtest.ProtectedBranch{Name: name, Push: []gitlabtest.Access{{Level: gitlabtest.NoAccess}}, Merge: []gitlabtest.Access{{Level: gitlabtest.Maintainer}}}
}

// guardWorld is one stand-in, put back to a well-guarded project before each row.
type guardWorld struct {
	*forge
	client *gitlab.Client
	skew   time.Duration
}

func newGuardWorld(t *testing.T, tier gitlabtest.Tier) *guardWorld {
	w := &guardWorld{forge: startForge(t, gitlabtest.Options{Tier: tier}, nil)}
	cfg, _ := configure(t, w.URL(), config, canary)
	cfg.Pushes, cfg.Writes = true, false
	cfg.Now = func() time.Time { return w.clock.seen().Add(w.skew) }
	cfg.Tries = 1
	w.client = connect(t, cfg)
	return w
}

func (w *guardWorld) reset() {
	w.t.Helper()
	w.Heal()
	w.skew = 0
	w.must(w.UpdateUser("project_101_bot", func(u *gitlabtest.User) {
		u.Scopes, u.TokenExpires = []string{"read_api", "write_repository"}, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	}))
	w.must(w.UpdateProject(config, func(p *gitlabtest.Project) {
		p.Archived, p.MergeMethod, p.SquashOption, p.PipelineMustSucceed = false, "ff", "never", true
		p.ResetApprovalsOnPush, p.AuthorApproval, p.DisableCommittersApproval, p.OverridingApprovers = true, false, true, false
		p.PushRule = &gitlabtest.PushRule{RejectUnsignedCommits: true}
		p.Members["project_101_bot"] = gitlabtest.Maintainer
	}))
	p, err := w.Project(config)
	w.must(err)
	for _, rule := range p.Protected {
		w.must(w.Unprotect(config, rule.Name))
	}
	w.must(w.Protect(config, closed("env/*")))
	w.must(w.Protect(config, gitlabtest.ProtectedBranch{Name: "sluice/ledger", Push: []gitlabtest.Access{{Level: gitlabtest.Maintainer}}}))
}

func (w *guardWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *guardWorld) change(change func(*gitlabtest.Project)) {
	w.must(w.UpdateProject(config, change))
}
func (w *guardWorld) protect(rule gitlabtest.ProtectedBranch) { w.must(w.Protect(config, rule)) }

func (w *guardWorld) token(change func(*gitlabtest.User)) {
	w.must(w.UpdateUser("project_101_bot", change))
}

// guardRow changes one thing in a well-guarded project and says what one rail then is.
type guardRow struct {
	sentence      string
	arrange       func(*guardWorld)
	rail, subject string
	state         schema.GuardState
	code          schema.Code
	seen          string // in what was seen
}

var guardRows = []guardRow{
	{"a wildcard covers the branch", nil, "protected", stageRef, "ok", "", `rule "env/*"`},
	{"nobody pushes", nil, "no-push", stageRef, "ok", "", "nobody may push"},
	{"no rule covers it", func(w *guardWorld) { w.must(w.Unprotect(config, "env/*")) }, "protected", stageRef, "fail", "branch-unprotected", ""},
	{"without a rule it can be rewritten", func(w *guardWorld) { w.must(w.Unprotect(config, "env/*")) }, "no-force-push", stageRef, "fail", "branch-unprotected", ""},
	{"a wildcard that ends too soon", func(w *guardWorld) { w.must(w.Unprotect(config, "env/*")); w.protect(closed("env*x")) }, "protected", stageRef, "fail", "branch-unprotected", ""},
	{"a dot is a dot", func(w *guardWorld) { w.must(w.Unprotect(config, "env/*")); w.protect(closed("env.pro*")) }, "protected", stageRef, "fail", "branch-unprotected", ""},
	{"a second rule lets Maintainers push", func(w *guardWorld) {
		w.protect(gitlabtest.ProtectedBranch{Name: "env/prod", Push: []gitlabtest.Access{{Level: gitlabtest.Maintainer}}})
	}, "no-push", stageRef, "warn", "branch-push-open", "Maintainers may push"},
	{"a strict rule beside a permissive one closes nothing", func(w *guardWorld) {
		w.protect(gitlabtest.ProtectedBranch{Name: "env/*", Push: []gitlabtest.Access{{Level: gitlabtest.Developer}}})
		w.protect(closed("env/prod"))
	}, "no-push", stageRef, "warn", "branch-push-open", "Developers may push"},
	{"a second rule allows force-push", func(w *guardWorld) {
		r := closed("*")
		r.AllowForcePush = true
		w.protect(r)
	}, "no-force-push", stageRef, "fail", "branch-force-push", `rule "*"`},
	{"a deploy key pushes", func(w *guardWorld) {
		r := closed("env/*")
		r.Push = append(r.Push, gitlabtest.Access{DeployKey: 9})
		w.protect(r)
	}, "no-push", stageRef, "warn", "branch-push-open", "deploy key 9"},
	{"nobody may merge", func(w *guardWorld) {
		r := closed("env/*")
		r.Merge = r.Push
		w.protect(r)
	}, "merge", stageRef, "warn", "branch-merge-closed", "nobody"},
	{"the rules may not be read", func(w *guardWorld) {
		w.Fail(gitlabtest.Fault{Path: "protected_branches", Status: 403, Body: `{"message":"403 Forbidden"}`})
	}, "protected", stageRef, "unknown", "guardrail-unread", "403"},
	{"the rules may not be read, pushes", func(w *guardWorld) { w.Fail(gitlabtest.Fault{Path: "protected_branches", Status: 403, Body: `{}`}) }, "no-push", stageRef, "unknown", "guardrail-unread", "403"},
	{"a rule that does not say who pushes", func(w *guardWorld) {
		w.Fail(gitlabtest.Fault{Path: "protected_branches", Status: 200, Body: `[{"id":1,"name":"env/*","merge_access_levels":[],"allow_force_push":false}]`})
	}, "no-push", stageRef, "unknown", "guardrail-unread", ""},
	{"a rule that does not say whether it can be rewritten", func(w *guardWorld) {
		w.Fail(gitlabtest.Fault{Path: "protected_branches", Status: 200, Body: `[{"id":1,"name":"env/*","merge_access_levels":[],"push_access_levels":[]}]`})
	}, "no-force-push", stageRef, "unknown", "guardrail-unread", ""},
	{"a group may push", func(w *guardWorld) {
		w.Fail(gitlabtest.Fault{Path: "protected_branches", Status: 200, Body: `[{"id":1,"name":"env/*","merge_access_levels":[],"push_access_levels":[{"access_level":null,"group_id":3}],"allow_force_push":false}]`})
	}, "no-push", stageRef, "warn", "branch-push-open", "group 3"},
	{"an entry of a kind that nobody knows lets through", func(w *guardWorld) {
		w.Fail(gitlabtest.Fault{Path: "protected_branches", Status: 200, Body: `[{"id":1,"name":"env/*","merge_access_levels":[],"push_access_levels":[{"access_level":null,"access_level_description":"A custom role"}],"allow_force_push":false}]`})
	}, "no-push", stageRef, "warn", "branch-push-open", "A custom role"},

	{"the reconciler pushes the ledger", nil, "ledger-push", ledgerRef, "ok", "", "project_101_bot may push"},
	{"the ledger takes no push", func(w *guardWorld) { w.protect(closed("sluice/ledger")) }, "ledger-push", ledgerRef, "fail", "branch-push-closed", "nobody may push"},
	{"the reconciler's role is too small for the ledger", func(w *guardWorld) {
		w.change(func(p *gitlabtest.Project) { p.Members["project_101_bot"] = gitlabtest.Developer })
	}, "ledger-push", ledgerRef, "fail", "branch-push-closed", "Maintainers may push"},
	{"every Developer pushes the ledger", func(w *guardWorld) {
		w.protect(gitlabtest.ProtectedBranch{Name: "sluice/ledger", Push: []gitlabtest.Access{{Level: gitlabtest.Developer}}})
	}, "ledger-push", ledgerRef, "warn", "ledger-push-open", "Developers"},
	{"nothing protects the ledger", func(w *guardWorld) { w.must(w.Unprotect(config, "sluice/ledger")) }, "protected", ledgerRef, "fail", "ledger-push-open", ""},
	{"whose the token is cannot be asked", func(w *guardWorld) { w.Fail(gitlabtest.Fault{Path: "user", Status: 403, Body: `{}`}) }, "ledger-push", ledgerRef, "unknown", "guardrail-unread", "403"},
	{"promotions need no rule", nil, "promotion-push", promotionRef, "ok", "", ""},
	{"a wildcard keeps promotions out", func(w *guardWorld) { w.protect(closed("sluice/*")) }, "promotion-push", promotionRef, "fail", "branch-push-closed", "nobody may push"},

	{"all is well with the project", nil, "project", "", "ok", "", "acme/config"},
	{"the project is archived", func(w *guardWorld) { w.change(func(p *gitlabtest.Project) { p.Archived = true }) }, "project", "", "fail", "project-archived", ""},
	{"fast-forward without squashing", nil, "merge-method", "", "ok", "", "fast-forward"},
	{"merge commits", func(w *guardWorld) { w.change(func(p *gitlabtest.Project) { p.MergeMethod = "merge" }) }, "merge-method", "", "ok", "", "below a commit of the forge's"},
	{"always squashed", func(w *guardWorld) { w.change(func(p *gitlabtest.Project) { p.SquashOption = "always" }) }, "merge-method", "", "warn", "merge-method", "signed by nobody"},
	{"a failed pipeline stops nobody", func(w *guardWorld) { w.change(func(p *gitlabtest.Project) { p.PipelineMustSucceed = false }) }, "pipeline", "", "warn", "pipeline-optional", ""},
	{"a good pipeline is asked for", nil, "pipeline", "", "ok", "", ""},

	{"the token's scopes are those needed", nil, "token-scope", "", "ok", "", "read_api, write_repository"},
	{"the token may too much", func(w *guardWorld) { w.token(func(u *gitlabtest.User) { u.Scopes = []string{"api", "sudo"} }) }, "token-scope", "", "warn", "token-overscoped", "enough: read_api, write_repository"},
	{"the token may not push", func(w *guardWorld) { w.token(func(u *gitlabtest.User) { u.Scopes = []string{"read_api"} }) }, "token-scope", "", "fail", "token-underscoped", "enough: read_api, write_repository"},
	{"the token lives on", nil, "token-expiry", "", "ok", "", "2026-06-01"},
	{"the token ends in two weeks", func(w *guardWorld) {
		w.token(func(u *gitlabtest.User) { u.TokenExpires = time.Date(2026, 3, 16, 0, 0, 0, 0, time.UTC) })
	}, "token-expiry", "", "warn", "token-expiring", "in 13 days"},
	{"the token ends in a little more", func(w *guardWorld) {
		w.token(func(u *gitlabtest.User) { u.TokenExpires = time.Date(2026, 3, 17, 0, 0, 0, 0, time.UTC) })
	}, "token-expiry", "", "ok", "", ""},
	{"the token ended today", func(w *guardWorld) {
		w.token(func(u *gitlabtest.User) { u.TokenExpires = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) })
	}, "token-expiry", "", "fail", "token-expiring", "ended"},
	{"the token has no end", func(w *guardWorld) { w.token(func(u *gitlabtest.User) { u.TokenExpires = time.Time{} }) }, "token-expiry", "", "ok", "", ""},
	{"the token says nothing of itself", func(w *guardWorld) {
		w.Fail(gitlabtest.Fault{Path: "personal_access_tokens", Status: 404, Body: `{"message":"404 Not Found"}`})
	}, "token-expiry", "", "unknown", "guardrail-unread", "404"},

	{"the clocks agree", nil, "clock", "", "ok", "", ""},
	{"the clock is two minutes off", func(w *guardWorld) { w.skew = -2 * time.Minute }, "clock", "", "warn", "clock", ""},
	{"the clock is an hour off", func(w *guardWorld) { w.skew = time.Hour }, "clock", "", "fail", "clock", "-1h"},

	{"no webhook", nil, "hook", "", "ok", "", "every interval"},
	{"a webhook is switched off for good", hookAnswer(`"alert_status":"disabled","disabled_until":null`), "hook", "hook 8", "fail", "hook-failing", "hooks.example.com: disabled"},
	{"a webhook is switched off for a while", hookAnswer(`"alert_status":"temporarily_disabled","disabled_until":"2026-03-02T11:00:00Z"`), "hook", "hook 8", "warn", "hook-failing", "2026-03-02T11:00:00Z"},
	{"a webhook without a secret", hookAnswer(`"alert_status":"executable","token_present":false,"signing_token_present":false`), "hook", "hook 8", "warn", "hook-weak", "no secret"},
	{"a good webhook", hookAnswer(`"alert_status":"executable","token_present":true,"signing_token_present":false`), "hook", "hook 8", "ok", "", ""},
	{"a webhook of an old forge", hookAnswer(`"enable_ssl_verification":true`), "hook", "hook 8", "unknown", "guardrail-unread", ""},
	{"the webhooks may not be read", func(w *guardWorld) { w.Fail(gitlabtest.Fault{Path: "/hooks", Status: 403, Body: `{}`}) }, "hook", "", "unknown", "guardrail-unread", "403"},

	{"a version that has all", nil, "version", "", "ok", "", "18.5.0"},
	{"an old version", func(w *guardWorld) {
		w.Fail(gitlabtest.Fault{Path: "version", Status: 200, Body: `{"version":"15.6.9-ee"}`})
	}, "version", "", "warn", "forge-old", "15.6.9"},
}

// premiumRows are about settings that only this edition has.
var premiumRows = []guardRow{
	{"a rule of the group covers the branch", func(w *guardWorld) {
		r := closed("env/*")
		r.Inherited = true
		w.protect(r)
	}, "protected", stageRef, "ok", "", "of the group"},
	{"only the reconciler pushes the ledger", func(w *guardWorld) {
		w.protect(gitlabtest.ProtectedBranch{Name: "sluice/ledger", Push: []gitlabtest.Access{{User: "project_101_bot"}}})
	}, "ledger-push", ledgerRef, "ok", "", ""},
	{"ann pushes the ledger too", func(w *guardWorld) {
		w.protect(gitlabtest.ProtectedBranch{Name: "sluice/ledger", Push: []gitlabtest.Access{{User: "project_101_bot"}, {User: "ann"}}})
	}, "ledger-push", ledgerRef, "warn", "ledger-push-open", ""},
	{"a push removes approvals", nil, "approvals-reset", "", "ok", "", ""},
	{"approvals stay", func(w *guardWorld) { w.change(func(p *gitlabtest.Project) { p.ResetApprovalsOnPush = false }) }, "approvals-reset", "", "warn", "approvals-kept", ""},
	{"authors may approve", func(w *guardWorld) { w.change(func(p *gitlabtest.Project) { p.AuthorApproval = true }) }, "no-author-approval", "", "warn", "author-approval", ""},
	{"committers may approve", func(w *guardWorld) { w.change(func(p *gitlabtest.Project) { p.DisableCommittersApproval = false }) }, "no-committer-approval", "", "warn", "committer-approval", ""},
	{"each merge request has its own rules", func(w *guardWorld) { w.change(func(p *gitlabtest.Project) { p.OverridingApprovers = true }) }, "rules-fixed", "", "warn", "approval-rules-open", ""},
	{"the settings may not be read", func(w *guardWorld) { w.Fail(gitlabtest.Fault{Path: "/approvals", Status: 403, Body: `{}`}) }, "rules-fixed", "", "unknown", "guardrail-unread", "403"},
	{"unsigned commits are refused", nil, "push-rule", "", "ok", "", ""},
	{"no push rule", func(w *guardWorld) { w.change(func(p *gitlabtest.Project) { p.PushRule = nil }) }, "push-rule", "", "warn", "unsigned-accepted", ""},
}

// freeRows are what the editions without a licence say of those.
var freeRows = []guardRow{
	{"the edition enforces no approvals", nil, "approvals", "", "ok", "", "enforces no approvals"},
	{"it tells nothing of resets", nil, "approvals-reset", "", "", "", ""},
	{"it has no push rule", nil, "push-rule", "", "", "", ""},
}

func hookAnswer(fields string) func(*guardWorld) {
	return func(w *guardWorld) {
		w.Fail(gitlabtest.Fault{Path: "/hooks", Status: 200,
			Body: `[{"id":8,"url":"https://hooks.example.com/T0/S3cr3t","push_events":true,"merge_requests_events":true,` + fields + `}]`})
	}
}

func TestGuards(t *testing.T) {
	for name, tier := range map[string]gitlabtest.Tier{"CE": gitlabtest.CE, "Free": gitlabtest.EEFree, "Premium": gitlabtest.Premium} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newGuardWorld(t, tier)
			rows := append(slices.Clone(guardRows), freeRows...)
			if tier == gitlabtest.Premium {
				rows = append(slices.Clone(guardRows), premiumRows...)
			}
			for _, row := range rows {
				t.Run(row.sentence, func(t *testing.T) { w.play(t, row) })
			}
		})
	}
}

func (w *guardWorld) play(t *testing.T, row guardRow) {
	w.t = t
	w.reset()
	if row.arrange != nil {
		row.arrange(w)
	}
	got, err := w.client.Health(t.Context(), guarded)
	if err != nil {
		t.Fatal(err)
	}
	r, found := got.Rail(row.rail, row.subject)
	if found != (row.state != "") || r.State != row.state || r.Code != row.code || !strings.Contains(r.Seen, row.seen) {
		t.Errorf("%s %s: got %+v, want %s %s with %q", row.rail, row.subject, r, row.state, row.code, row.seen)
	}
	for _, r := range got.Rails {
		if strings.Contains(r.Seen+r.Subject, "S3cr3t") || strings.Contains(r.Seen, canary) {
			t.Errorf("a rail tells a secret: %+v", r)
		}
		if _, known := schema.Explain(r.Code); r.Code != "" && !known {
			t.Errorf("code %s is in no registry", r.Code)
		}
		if (r.State == schema.GuardOK) != (r.Code == "") || r.Seen == "" {
			t.Errorf("a rail that is ok has no code, any other has one, and each says what was seen: %+v", r)
		}
	}
}

// TestGuardsForADecision reads less, and is an error where Health would only say that something is unknown.
func TestGuardsForADecision(t *testing.T) {
	w := newGuardWorld(t, gitlabtest.Premium)
	refs := guarded[:1]
	for _, row := range []struct {
		sentence string
		arrange  func(*guardWorld)
		want     error
	}{
		{"all is told", func(*guardWorld) {}, nil},
		{"the rules may not be read: unknown", func(w *guardWorld) { w.Fail(gitlabtest.Fault{Path: "protected_branches", Status: 403, Body: `{}`}) }, nil},
		{"the rules are not answered", func(w *guardWorld) { w.Fail(gitlabtest.Fault{Path: "protected_branches", Status: 502}) }, gitlab.ErrUnavailable},
		{"the rules are cut short", func(w *guardWorld) {
			w.Fail(gitlabtest.Fault{Path: "protected_branches", Status: 200, Body: `[{"id":1`})
		}, gitlab.ErrIncomplete},
		{"a rule without a name", func(w *guardWorld) {
			w.Fail(gitlabtest.Fault{Path: "protected_branches", Status: 200, Body: `[{"id":1}]`})
		}, gitlab.ErrIncomplete},
		{"the project is another one", func(w *guardWorld) {
			w.Fail(gitlabtest.Fault{Path: "projects/", Status: 200, Body: `{"id":7,"path_with_namespace":"x/y"}`})
		}, gitlab.ErrIncomplete},
		{"the token was revoked", func(w *guardWorld) { w.token(func(u *gitlabtest.User) { u.Token = "glpat-another" }) }, gitlab.ErrUnauthorized},
		{"access was lost", func(w *guardWorld) {
			w.token(func(u *gitlabtest.User) { u.Token = canary })
			w.change(func(p *gitlabtest.Project) { delete(p.Members, "project_101_bot") })
		}, gitlab.ErrNotFound},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			w.t = t
			w.reset()
			row.arrange(w)
			got, err := w.client.Guards(t.Context(), refs)
			if !errors.Is(err, row.want) || err == nil != (row.want == nil) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			if err == nil {
				rereadGuards(t, got)
			}
		})
	}
}

// rereadGuards holds that the answers that were kept say what was told, and that other answers say something else.
func rereadGuards(t *testing.T, got schema.Guards) {
	t.Helper()
	again, err := gitlab.RereadGuards(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("read again (-told +kept):\n%s", diff)
	}
	for _, raw := range got.Raw {
		if strings.Contains(string(raw.Body), "runners_token") || !strings.Contains(raw.Request, "protected_branches") && !strings.Contains(raw.Request, "/approvals") {
			t.Errorf("%s is kept", raw.Request)
		}
	}
	lied := got
	lied.Rails = slices.Clone(got.Rails)
	for i := range lied.Rails {
		lied.Rails[i].State, lied.Rails[i].Seen = schema.GuardOK, "invented"
	}
	again, err = gitlab.RereadGuards(lied)
	if r, _ := again.Rail("no-push", stageRef); err == nil && r.Seen == "invented" {
		t.Error("an invented rail is taken for one that the answers tell")
	}
	empty := lied
	empty.Raw = nil
	if _, err := gitlab.RereadGuards(empty); err == nil {
		t.Error("rails are ok without any answer that says so")
	}
}

// TestARenamedProjectIsTold: the number goes on being asked, and the operator's file should say it.
func TestARenamedProjectIsTold(t *testing.T) {
	w := newGuardWorld(t, gitlabtest.CE)
	w.reset()
	if _, err := w.client.Health(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	w.must(w.RenameProject(config, "acme/settings"))
	got, err := w.client.Health(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := got.Rail("project", ""); r.State != schema.GuardWarn || r.Code != "project-renamed" || r.Seen != "acme/settings" {
		t.Errorf("got %+v", r)
	}
}

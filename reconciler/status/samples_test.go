package status_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// now is the moment at which every sample is shown.
var now = time.Date(2026, 11, 23, 7, 30, 20, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

func revision(digit string) schema.Revision {
	return schema.Revision("sha256:" + strings.Repeat(digit, 64))
}
func content(digit string) schema.Content {
	return schema.Content("sha256:" + strings.Repeat(digit, 64))
}

func commit(t testing.TB, digit string) schema.Hash {
	t.Helper()
	h, err := schema.ParseHash(strings.Repeat(digit, 40))
	if err != nil {
		t.Fatalf("sample commit: %v", err)
	}
	return h
}

// people is the trust directory of the samples: alice writes, bob, carol and dave approve.
func people() schema.Trust {
	person := func(id string, account int64, roles ...schema.RoleName) schema.Principal {
		p := schema.Principal{ID: id, Forge: []schema.ForgeAccount{{Host: "gitlab.example.com", UserID: account}}}
		for _, r := range roles {
			p.Roles = append(p.Roles, schema.Role{Name: r, Stage: "gray"})
		}
		return p
	}
	return schema.Trust{Principals: []schema.Principal{
		person("alice", 1, schema.RoleAuthor, schema.RoleApprover), person("bob", 2, schema.RoleApprover),
		person("carol", 3, schema.RoleApprover), person("dave", 4, schema.RoleApprover),
	}}
}

// facts are those of a promotion into gray by alice that nothing is wrong with, save that nobody approved it.
func facts(t testing.TB) policies.Facts {
	from := schema.Side{Revision: revision("6"), Content: content("6")}
	to := schema.Side{Revision: revision("5"), Content: content("5")}
	return policies.Facts{
		Now: now, Cell: schema.Cell{Stage: "gray", App: "payments/ledger"}, Ref: "refs/heads/main",
		Change: schema.Change{Kind: schema.Promote, From: from, To: to, Source: &schema.Source{
			Stage: "staging", Seq: 40, LiveAt: ago(26 * time.Hour), Soaked: 26 * time.Hour, SoakingSince: ago(26 * time.Hour),
		}},
		Landing: schema.Landing{Ref: "refs/heads/main", Tip: commit(t, "a"), Method: schema.MergeCommit, Head: commit(t, "b"), Bound: schema.Binding{OK: true}},
		Commits: []schema.CommitVerdict{{
			Commit: commit(t, "b"), Code: "ok", Principal: "alice", Author: schema.Identity{Name: "Alice"},
		}},
		MergeRequest: &schema.MergeRequest{
			Host: "gitlab.example.com", IID: 4120, State: "merged", TargetRef: "refs/heads/main", Author: schema.Account{ID: 1}, Head: commit(t, "b"),
			MergedAt: ago(2 * time.Hour),
		},
		Trust: people(),
	}
}

// approval is one by an account for what the facts hold, an hour before the merge.
func approval(f policies.Facts, account int64) schema.GivenApproval {
	return schema.GivenApproval{
		By: schema.Account{ID: account, State: "active", AccessLevel: 30}, At: ago(3 * time.Hour), Version: 1, Head: f.MergeRequest.Head,
		From: f.Change.From.Content, To: f.Change.To.Content,
	}
}

// judged is the verdict of the gate that the sample stage has: two approvals and a day of soak in the stage before.
func judged(f policies.Facts) schema.Verdict {
	parts := []schema.Verdict{
		policies.MergeRequest{}.Evaluate(f), policies.Signed{}.Evaluate(f), policies.Provenance{}.Evaluate(f), policies.ContentRules{}.Evaluate(f),
		policies.Approvals{Observed: 2, AfterLive: true}.Evaluate(f), policies.Soak{For: 24 * time.Hour}.Evaluate(f),
	}
	return schema.All("gate", parts...)
}

// shapes are verdicts as the policies give them, each with what makes it so.
func shapes(t testing.TB) map[string]schema.Verdict {
	out := map[string]schema.Verdict{}
	shape := func(name string, change func(*policies.Facts)) {
		f := facts(t)
		f.Approvals = []schema.GivenApproval{approval(f, 2), approval(f, 3)}
		change(&f)
		out[name] = judged(f)
	}
	shape("everything-met", func(*policies.Facts) {})
	shape("self-approval", func(f *policies.Facts) { f.Approvals[1].By.ID = 1 })
	shape("approval-stale", func(f *policies.Facts) { f.Approvals[0].To = content("9") })
	shape("approval-too-early", func(f *policies.Facts) { f.Approvals[0].At = ago(30 * time.Hour) })
	shape("approver-unmapped", func(f *policies.Facts) { f.Approvals[0].By.ID = 77 })
	shape("soak", func(f *policies.Facts) { f.Change.Source.Soaked = 130 * time.Minute })
	shape("soak-paused", func(f *policies.Facts) {
		f.Change.Source.Soaked, f.Change.Source.SoakingSince = time.Hour, time.Time{}
	})
	weekend := schema.CalendarSpec{Weekly: []schema.WeekSpan{{From: 4*1440 + 18*60, Long: 84 * 60}}, Zone: "Europe/Berlin"}
	evening := schema.CalendarSpec{Weekly: []schema.WeekSpan{{From: 18 * 60, Long: 60}}, Zone: weekend.Zone}
	berlin, err := weekend.Location()
	if err != nil {
		t.Fatal(err)
	}
	out["freeze"] = schema.All("gate", out["everything-met"], policies.Freeze{Spans: weekend, Zone: berlin}.Evaluate(facts(t)))
	out["window-closed"] = schema.All("gate", out["everything-met"], policies.Window{Spans: evening, Zone: berlin}.Evaluate(facts(t)))
	text := schema.Manifest{{Path: "app.json", Mode: schema.Regular, Digest: schema.DigestOf([]byte("x"))}}
	huge := facts(t)
	huge.Before, huge.After, huge.Files = text, schema.Manifest{text[0]}, map[string][]byte{"app.json": []byte(strings.Repeat("x", 48211))}
	huge.After[0].Digest = schema.DigestOf(huge.Files["app.json"])
	huge.Before = schema.Manifest{text[0], {Path: "b.yaml"}, {Path: "c.yaml"}, {Path: "d.yaml"}}
	out["large-change-and-blast-radius"] = schema.All("gate", out["everything-met"],
		policies.Limits{LimitsSpec: schema.LimitsSpec{Files: 100, Bytes: 1 << 20, File: 1 << 20, Line: 2000, Deletions: 50, Large: 2}}.Evaluate(huge))
	leak := facts(t)
	leak.Files = map[string][]byte{"db.yaml": []byte("user: ledger\nretries: 3\npassword: hunter2\n")}
	leak.After = schema.Manifest{{Path: "db.yaml"}}
	out["secret"] = schema.All("gate", out["everything-met"], policies.Secrets{}.Evaluate(leak))
	alone := facts(t)
	alone.MergeRequest.MergedBy = schema.Account{ID: 1}
	out["duty-conflict"] = schema.All("gate", out["everything-met"], policies.Duties{DutiesSpec: schema.DutiesSpec{Merger: []string{"author"}}}.Evaluate(alone))
	shape("unsigned", func(f *policies.Facts) {
		f.Commits = append(f.Commits, schema.CommitVerdict{Commit: commit(t, "c"), Code: "unsigned"})
	})
	shape("forge-key-only", func(f *policies.Facts) {
		f.Commits = append(f.Commits, schema.CommitVerdict{Commit: commit(t, "c"), Code: "forge-key-only", Key: "SHA256:h4Vc0Qk"})
	})
	shape("unknown-key-and-bad-signature", func(f *policies.Facts) {
		f.Commits = []schema.CommitVerdict{
			{Commit: commit(t, "c"), Code: "unknown-key", Key: "SHA256:h4Vc0Qk"},
			{Commit: commit(t, "d"), Code: "bad-signature", Key: "SHA256:h4Vc0Qk"},
		}
	})
	shape("evil-merge", func(f *policies.Facts) {
		f.Landing.Bound = schema.Binding{Code: "evil-merge", Paths: []string{"limits.yaml", "routes/eu.yaml"}}
	})
	shape("rebase-needed", func(f *policies.Facts) {
		f.Landing.Bound = schema.Binding{Code: "rebase-needed", Paths: []string{"limits.yaml"}}
	})
	shape("direct-push", func(f *policies.Facts) { f.MergeRequest, f.Approvals = nil, nil })
	shape("override-not-live", func(f *policies.Facts) {
		f.Change.Kind, f.Change.Source, f.Change.Code = schema.Override, nil, "not-live"
	})
	shape("override", func(f *policies.Facts) {
		f.Change.Kind, f.Change.Source, f.Change.Code = schema.Override, nil, "override"
	})
	shape("policy-mixed", func(f *policies.Facts) { f.Mixed = true })
	shape("target-down-in-the-stage-before", func(f *policies.Facts) { f.Change.Source.Down = true })
	shape("bad-content", func(f *policies.Facts) {
		f.Problems = []schema.Problem{{Code: "path-collision", Path: "a/B.yaml", Detail: "a/b.yaml"}, {Code: "unsupported-entry", Path: "link"}}
	})
	out["root-refused"] = schema.Verdict{Policy: "control", Outcome: schema.Hold, Code: "control-held"}
	out["config"] = schema.Verdict{Policy: "control", Outcome: schema.Deny, Code: "config", Args: map[string]string{"file": "sluice.yaml"}}
	out["zero"] = schema.Verdict{}
	out["empty-gate"] = schema.All("gate")
	return out
}

var stages = []schema.StageName{"development", "testing", "staging", "gray", "production"}

// liveCell is a cell that is as intended.
func liveCell(app schema.App, stage schema.StageName, digit string, old time.Duration) schema.CellView {
	return schema.CellView{
		Cell: schema.Cell{Stage: stage, App: app}, State: schema.Live, Revision: revision(digit), Content: content(digit), Goal: revision("4"), Seq: 31, MergeRequest: 4101,
		Ref: "refs/heads/main", Path: "stages/" + string(stage) + "/" + string(app), Commit: schema.Hash{0x99, 0x99, 0x99, 0x99},
		Since: ago(old), LiveAt: ago(old - time.Second), Targets: []schema.TargetView{{Name: "etcd", Live: true, At: ago(old - time.Second)}},
	}
}

func heldView(t testing.TB, v schema.Verdict) *schema.HeldView {
	f := facts(t)
	return &schema.HeldView{Seq: 44, Since: ago(2 * time.Hour), Commit: commit(t, "a"), Change: f.Change, MergeRequest: 4120, Verdict: v}
}

// sample is a project with a cell in every state.
func sample(t testing.TB) schema.View {
	verdicts := shapes(t)
	v := schema.View{
		Project: "k3p9", Repository: "config", At: ago(8 * time.Second), Looked: ago(8 * time.Second), Compared: ago(3 * time.Minute),
		StaleAfter: time.Minute, Ledger: schema.LedgerView{Size: 48, Tip: commit(t, "e"), At: ago(2 * time.Hour)}, Stages: stages,
	}
	add := func(app schema.App, change func(cells map[schema.StageName]*schema.CellView)) {
		cells := map[schema.StageName]*schema.CellView{}
		for i, stage := range stages {
			c := liveCell(app, stage, []string{"5", "5", "5", "6", "6"}[i], time.Duration(i+1)*26*time.Hour)
			cells[stage] = &c
		}
		change(cells)
		a := schema.AppView{App: app}
		for _, stage := range stages {
			a.Cells = append(a.Cells, *cells[stage])
		}
		v.Apps = append(v.Apps, a)
	}
	type cells = map[schema.StageName]*schema.CellView
	add("catalog", func(cells) {})
	add("orders/api", func(c cells) {
		c["development"].State, c["development"].Unjudged = schema.Unjudged, &schema.UnjudgedView{Commit: commit(t, "d"), Since: ago(25 * time.Minute), Code: "forge-unavailable", Why: "GitLab answered 503"}
		c["testing"].State, c["testing"].Targets[0].Code = schema.Drifted, "drift"
		c["testing"].Targets[0].Drift = &schema.DriftView{Seq: 61, At: v.At.Add(-40 * time.Minute), Count: 4, Keys: []string{"app.yaml changed", "b.yaml deleted", "c foreign"}, By: "mallory"}
		c["staging"].State, c["staging"].LiveAt, c["staging"].Targets[0].Live = schema.Admitted, time.Time{}, false
		c["gray"].State, c["gray"].Targets[0].Code = schema.Unverified, "target-unavailable"
		c["production"].State, c["production"].Held = schema.Denied, heldView(t, verdicts["evil-merge"])
	})
	add("payments/ledger", func(c cells) {
		c["gray"].State, c["gray"].Held = schema.Held, heldView(t, verdicts["self-approval"])
		c["production"].State, c["production"].LiveAt = schema.Failing, time.Time{}
		c["production"].Targets = append(c["production"].Targets, schema.TargetView{Name: "files", Code: "target-forbidden"})
		c["production"].Targets[0].Live = true
	})
	add("search", func(c cells) {
		*c["development"] = schema.CellView{Cell: c["development"].Cell, State: schema.Held, Held: heldView(t, verdicts["unsigned"]), Ref: "refs/heads/main", Path: "stages/development/search"}
		for _, stage := range stages[1:] {
			*c[stage] = schema.CellView{Cell: c[stage].Cell, State: schema.Absent}
		}
		c["staging"].State, c["staging"].Seq, c["staging"].Revision, c["staging"].Since = schema.Prepared, 12, schema.None, ago(time.Hour)
		c["staging"].Content = content("7")
		c["production"].State, c["production"].Seq, c["production"].Revision, c["production"].Since = schema.Retired, 13, schema.None, ago(400*time.Hour)
		c["production"].Content = schema.NoContent
	})
	return v
}

// troubled is the sample with all that can stand above the matrix.
func troubled(t testing.TB) schema.View {
	v := sample(t)
	v.Drafts = []schema.DraftView{
		{IID: 4133, Title: "raise the limit of the fx desk", URL: "https://gitlab.example.com/cfg/-/merge_requests/4133", Author: "alice", Opened: ago(50 * time.Minute)},
		{IID: 4134, Title: "catalog: new region", Author: "bob", Opened: ago(70 * time.Hour)},
	}
	v.Control = &schema.HeldView{Seq: 47, Since: ago(30 * time.Minute), Commit: commit(t, "f"), Change: schema.Change{Kind: schema.Edit}, Verdict: shapes(t)["root-refused"]}
	incident := schema.Incident{Ref: "refs/heads/main", Code: "non-fast-forward", Seen: commit(t, "1"), Found: commit(t, "2"), Since: ago(20 * time.Minute), Seq: 48}
	v.Incidents = []schema.Incident{incident}
	v.Problems = []string{"open merge requests are unknown: GitLab answered 503"}
	last := &v.Apps[0].Cells[4]
	last.State, last.Incident = schema.Refused, &incident
	return v
}

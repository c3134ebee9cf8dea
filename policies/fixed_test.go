package policies_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

type row struct {
	sentence string
	policy   policies.Policy
	facts    func(*policies.Facts)
	want     schema.Outcome
	codes    []schema.Code
}

func (r row) run(t *testing.T) {
	t.Helper()
	t.Run(r.sentence, func(t *testing.T) {
		t.Helper()
		f := promotion()
		if r.facts != nil {
			r.facts(&f)
		}
		v := r.policy.Evaluate(f)
		if v.Outcome != r.want {
			t.Errorf("%+v: got %s, want %s", v, v.Outcome, r.want)
		}
		if d := cmp.Diff(r.codes, codes(v)); d != "" {
			t.Errorf("codes (-want +got):\n%s", d)
		}
	})
}

func TestMergeRequest(t *testing.T) {
	p := policies.MergeRequest{}
	bound := func(code schema.Code) func(*policies.Facts) {
		return func(f *policies.Facts) { f.Landing.Bound = schema.Binding{Code: code, Paths: []string{"app.yaml"}} }
	}
	for _, r := range []row{
		{"a merged merge request whose files are the signed ones", p, nil, schema.Allow, nil},
		{"a direct push", p, func(f *policies.Facts) { f.MergeRequest = nil }, schema.Deny, []schema.Code{"no-evidence"}},
		{"a merge request that is not merged", p, func(f *policies.Facts) { f.MergeRequest.State = "opened" }, schema.Deny, []schema.Code{"no-evidence"}},
		{"one into another ref", p, func(f *policies.Facts) { f.MergeRequest.TargetRef = "refs/heads/dev" }, schema.Deny, []schema.Code{"wrong-target"}},
		{"a draft", p, func(f *policies.Facts) { f.MergeRequest.Draft = true }, schema.Hold, []schema.Code{"draft"}},
		{"control files changed with it", p, func(f *policies.Facts) { f.Mixed = true }, schema.Deny, []schema.Code{"policy-mixed"}},
		{"somebody else changed the cell meanwhile", p, bound("rebase-needed"), schema.Hold, []schema.Code{"rebase-needed"}},
		{"the merge commit adds a line", p, bound("evil-merge"), schema.Deny, []schema.Code{"evil-merge"}},
		{"the squash is not the head", p, bound("squash-mismatch"), schema.Deny, []schema.Code{"squash-mismatch"}},
		{"an octopus", p, bound("history-shape"), schema.Deny, []schema.Code{"history-shape"}},
		{"the signed head is gone", p, bound("evidence-missing"), schema.Hold, []schema.Code{"evidence-missing"}},
		{"a binding that was never made", p, bound(""), schema.Hold, []schema.Code{"evidence-missing"}},
	} {
		r.run(t)
	}
}

func TestSigned(t *testing.T) {
	p := policies.Signed{}
	commit := func(edit func(*schema.CommitVerdict)) func(*policies.Facts) {
		return func(f *policies.Facts) { edit(&f.Commits[0]) }
	}
	code := func(code schema.Code) func(*policies.Facts) {
		return commit(func(c *schema.CommitVerdict) { c.Code = code })
	}
	for _, r := range []row{
		{"an author", p, nil, schema.Allow, nil},
		{"a release manager", p, commit(func(c *schema.CommitVerdict) { c.Principal = "rel" }), schema.Allow, nil},
		{"no commit to judge at all", p, func(f *policies.Facts) { f.Commits = nil }, schema.Hold, []schema.Code{"unsigned"}},
		{"one unsigned of two", p, func(f *policies.Facts) {
			f.Commits = append(f.Commits, schema.CommitVerdict{Commit: id(7), Code: "unsigned"})
		}, schema.Hold, []schema.Code{"unsigned"}},
		{"an expired key", p, code("key-expired"), schema.Hold, []schema.Code{"key-expired"}},
		{"a revoked key", p, code("key-revoked"), schema.Deny, []schema.Code{"key-revoked"}},
		{"a compromised key", p, code("key-compromised"), schema.Deny, []schema.Code{"key-compromised"}},
		{"a signature that does not verify", p, code("bad-signature"), schema.Deny, []schema.Code{"bad-signature"}},
		{"a commit of odd shape", p, code("malformed-object"), schema.Deny, []schema.Code{"malformed-object"}},
		{"a code that nobody knows", p, code("whatever"), schema.Deny, []schema.Code{"whatever"}},
		{"no code at all", p, code(""), schema.Deny, nil},
		{"somebody without the author role", p, commit(func(c *schema.CommitVerdict) { c.Principal = "vis" }), schema.Hold, []schema.Code{"principal-not-authorised"}},
		{"an approver is no author", p, commit(func(c *schema.CommitVerdict) { c.Principal = "bob" }), schema.Hold, []schema.Code{"principal-not-authorised"}},
		{"a principal that the trust does not have", p, commit(func(c *schema.CommitVerdict) { c.Principal = "ghost" }), schema.Hold, []schema.Code{"unknown-key"}},
		{"a bot copies what was admitted", p, commit(func(c *schema.CommitVerdict) { c.Principal = "bot" }), schema.Allow, nil},
		{"a bot writes something new", p, func(f *policies.Facts) { f.Commits[0].Principal = "bot"; f.Change.Kind = schema.Edit }, schema.Hold, []schema.Code{"principal-not-authorised"}},
		{"a bot puts files of several revisions together", p, func(f *policies.Facts) {
			f.Commits[0].Principal = "bot"
			f.Change.Files = []schema.FileSource{{Path: "app.yaml", Stage: "staging", Seq: 3}}
		}, schema.Hold, []schema.Code{"principal-not-authorised"}},
		{"a bot changes a stage-local file", p, func(f *policies.Facts) { f.Commits[0].Principal = "bot"; f.Change.Tune = true }, schema.Hold, []schema.Code{"principal-not-authorised"}},
	} {
		r.run(t)
	}
}

func TestProvenance(t *testing.T) {
	p := policies.Provenance{}
	leaves := func(f *policies.Facts) {
		f.Change.Source, f.Change.Code = nil, schema.NothingBefore
		f.Change.To = schema.Side{Revision: schema.None, Content: schema.NoContent}
	}
	kind := func(k schema.Kind, code schema.Code) func(*policies.Facts) {
		return func(f *policies.Facts) { f.Change.Kind, f.Change.Code = k, code }
	}
	for _, r := range []row{
		{"a promotion from where it is live", p, nil, schema.Allow, nil},
		{"an edit", p, kind(schema.Edit, ""), schema.Allow, nil},
		{"a tune", p, kind(schema.Tune, ""), schema.Allow, nil},
		{"a rollback", p, kind(schema.Rollback, ""), schema.Allow, nil},
		{"new content in a later stage", p, kind(schema.Override, "override"), schema.Deny, []schema.Code{"override"}},
		{"taken back in the stage before", p, kind(schema.Override, "withdrawn"), schema.Deny, []schema.Code{"withdrawn"}},
		{"live where no way leads from any more", p, func(f *policies.Facts) {
			f.Change.Kind, f.Change.Code, f.Unlinked = schema.Override, "no-edge", 91
		}, schema.Deny, []schema.Code{"no-edge"}},
		{"two files that were never live before", p, func(f *policies.Facts) {
			f.Change.Kind, f.Change.Code = schema.Override, "override"
			f.Unproven = []schema.Problem{{Path: "a.yaml", Code: "override"}, {Path: "b.yaml", Code: "withdrawn"}}
		}, schema.Deny, []schema.Code{"override-file", "override-file"}},
		{"a kind that was never found out", p, kind(schema.Unclassified, ""), schema.Deny, []schema.Code{"override"}},
		{"stage-local files of no app", p, kind(schema.Tune, schema.LocalAlone), schema.Hold, []schema.Code{"local-alone"}},
		{"stage-local files of no app in the first stage", p, kind(schema.Override, schema.LocalAlone), schema.Deny, []schema.Code{"local-alone"}},
		{"an app leaves that no stage before has, without a record", p, leaves, schema.Hold, []schema.Code{"nothing-before"}},
		{"an app leaves that no stage before has, with its record", p, func(f *policies.Facts) { leaves(f); f.Retirement = true }, schema.Allow, nil},
		{"an app comes that no stage before has, with a record", p, func(f *policies.Facts) {
			to := f.Change.To
			leaves(f)
			f.Change.To, f.Retirement = to, true
		}, schema.Deny, []schema.Code{"override"}},
		{"an app that leaves alone has nothing to soak", policies.Soak{For: time.Hour}, leaves, schema.Allow, nil},
		{"a promotion from nowhere", p, func(f *policies.Facts) { f.Change.Source = nil }, schema.Deny, []schema.Code{"override"}},
		{"a source that only its stage's mode let in", p, func(f *policies.Facts) { f.Change.Source.LetIn = schema.Warn }, schema.Deny, []schema.Code{"unenforced"}},
		{"a source where nothing is written", p, func(f *policies.Facts) { f.Change.Source.Observed = true }, schema.Hold, []schema.Code{"observed-only"}},
		{"a source that cannot be verified", p, func(f *policies.Facts) { f.Change.Source.Down = true }, schema.Hold, []schema.Code{"target-down"}},
	} {
		r.run(t)
	}
}

func TestProvenanceNamesTheFilesThatWereNot(t *testing.T) {
	f := promotion()
	f.Change.Kind, f.Change.Code = schema.Override, "override"
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		f.Unproven = append(f.Unproven, schema.Problem{Path: name + ".yaml", Code: "withdrawn"})
	}
	parts := policies.Provenance{}.Evaluate(f).Parts
	if len(parts) != 5 || parts[0].Args["path"] != "a.yaml" || parts[0].Args["why"] != "withdrawn" || parts[4].Args["more"] != "2" {
		t.Errorf("got %+v, want five files by name and that two more are", parts)
	}
}

func TestNoEdgeNamesTheEntryThatTookItOut(t *testing.T) {
	f := promotion()
	f.Change.Kind, f.Change.Code, f.Unlinked = schema.Override, "no-edge", 91
	v := policies.Provenance{}.Evaluate(f)
	if got, want := v.Code.Message(v.Args), "is live in a stage that does not lead to gray: since #91 staging does not"; !strings.HasSuffix(got, want) {
		t.Errorf("got %q, want it to end with %q", got, want)
	}
}

func TestTrustValid(t *testing.T) {
	p := policies.TrustValid{}
	expired := func(kind schema.Kind) func(*policies.Facts) {
		return func(f *policies.Facts) { f.Change.Kind, f.Trust.Root.ExpiresAt = kind, noon }
	}
	for _, r := range []row{
		{"a root that holds", p, func(f *policies.Facts) { f.Trust.Root.ExpiresAt = noon.Add(time.Second) }, schema.Allow, nil},
		{"a promotion at the moment it ran out", p, expired(schema.Promote), schema.Hold, []schema.Code{"root-expired"}},
		{"an edit", p, expired(schema.Edit), schema.Hold, []schema.Code{"root-expired"}},
		{"a tune", p, expired(schema.Tune), schema.Hold, []schema.Code{"root-expired"}},
		{"an app that leaves", p, expired(schema.Retire), schema.Hold, []schema.Code{"root-expired"}},
		{"a rollback", p, expired(schema.Rollback), schema.Allow, nil},
	} {
		r.run(t)
	}
	f := promotion()
	expired(schema.Rollback)(&f)
	if v := p.Evaluate(f); v.Args["expired"] == "" {
		t.Errorf("%+v: want it to say that the root had run out", v)
	}
}

func TestSoak(t *testing.T) {
	p := policies.Soak{For: 24 * time.Hour}
	soaked := func(d time.Duration, running bool) func(*policies.Facts) {
		return func(f *policies.Facts) {
			f.Change.Source.Soaked, f.Change.Source.SoakingSince = d, time.Time{}
			if running {
				f.Change.Source.SoakingSince = noon.Add(-d)
			}
		}
	}
	for _, r := range []row{
		{"exactly long enough", p, nil, schema.Allow, nil},
		{"a second short", p, soaked(24*time.Hour-time.Second, true), schema.Hold, []schema.Code{"soak"}},
		{"paused", p, soaked(time.Hour, false), schema.Hold, []schema.Code{"soak-paused"}},
		{"long enough before it was paused", p, soaked(25*time.Hour, false), schema.Allow, nil},
		{"long enough in all, with a disturbance an hour ago, where that restarts the time", policies.Soak{For: 24 * time.Hour, Reset: true}, func(f *policies.Facts) {
			f.Change.Source.Soaked, f.Change.Source.SoakingSince = 25*time.Hour, noon.Add(-time.Hour)
		}, schema.Hold, []schema.Code{"soak"}},
		{"undisturbed long enough where a disturbance restarts the time", policies.Soak{For: 24 * time.Hour, Reset: true}, nil, schema.Allow, nil},
		{"paused where a disturbance restarts the time", policies.Soak{For: time.Hour, Reset: true}, soaked(25*time.Hour, false), schema.Hold, []schema.Code{"soak-paused"}},
		{"an edit has nothing to soak", p, func(f *policies.Facts) { f.Change.Kind, f.Change.Source = schema.Edit, nil }, schema.Allow, nil},
		{"a promotion without a source", p, func(f *policies.Facts) { f.Change.Source = nil }, schema.Hold, []schema.Code{"not-live"}},
		{"soak of another stage", policies.Soak{For: time.Hour, In: "testing"}, nil, schema.Hold, []schema.Code{"came-past"}},
		{"a clock that the forge does not share", p, func(f *policies.Facts) { f.ClockSkew = 72 * time.Hour }, schema.Hold, []schema.Code{"clock"}},
	} {
		r.run(t)
	}
}

func TestSoakSaysWhenItEnds(t *testing.T) {
	f := promotion()
	f.Change.Source.Soaked, f.Change.Source.SoakingSince = 2*time.Hour, noon.Add(-2*time.Hour)
	early := policies.Soak{For: 24 * time.Hour}.Evaluate(f)
	f.Now, f.Change.Source.Soaked = noon.Add(90*time.Minute), 3*time.Hour+30*time.Minute
	later := policies.Soak{For: 24 * time.Hour}.Evaluate(f)
	want := noon.Add(22 * time.Hour)
	if early.Earliest == nil || !early.Earliest.Equal(want) {
		t.Errorf("earliest: got %v, want %v", early.Earliest, want)
	}
	if !early.Equal(later) {
		t.Errorf("the verdict changed while nothing happened, so it would be recorded again:\n%+v\n%+v", early, later)
	}
}

func TestContentRules(t *testing.T) {
	p := policies.ContentRules{}
	for _, r := range []row{
		{"plain files", p, nil, schema.Allow, nil},
		{"a symbolic link", p, func(f *policies.Facts) { f.Problems = []schema.Problem{{Path: "x", Code: "unsupported-entry"}} }, schema.Deny, []schema.Code{"unsupported-entry"}},
		{"too large for the target", p, func(f *policies.Facts) {
			f.Misfits = []schema.Verdict{{Policy: "content", Outcome: schema.Deny, Code: "too-large"}}
		}, schema.Deny, []schema.Code{"too-large"}},
	} {
		r.run(t)
	}
}

func TestRetirementRecord(t *testing.T) {
	for _, r := range []row{
		{"no record in force", policies.RetirementRecord{}, nil, schema.Hold, []schema.Code{"retirement-record"}},
		{"a record in force", policies.RetirementRecord{}, func(f *policies.Facts) { f.Retirement = true }, schema.Allow, nil},
	} {
		r.run(t)
	}
}

func TestSchema(t *testing.T) {
	p := policies.Schema{Rules: []schema.SchemaRule{{Files: "**", Schema: ".sluice/schemas/app.json"}}}
	rules := `{"type":"object","additionalProperties":false,"properties":{"limit":{"type":"integer","maximum":100},"id":{"const":9007199254740993}}}`
	with := func(source string, files ...string) func(*policies.Facts) {
		return func(f *policies.Facts) {
			f.Schemas, f.Files = map[string][]byte{".sluice/schemas/app.json": []byte(source)}, map[string][]byte{}
			for i := 0; i < len(files); i += 2 {
				f.Files[files[i]] = []byte(files[i+1])
			}
		}
	}
	for _, r := range []row{
		{"a file that satisfies it", p, with(rules, "app.yaml", "limit: 5\n"), schema.Allow, nil},
		{"a number over its limit", p, with(rules, "app.yaml", "limit: 500\n"), schema.Deny, []schema.Code{"schema"}},
		{"a key that it does not know, and a wrong type", p, with(rules, "app.yaml", "limit: five\nlimt: 5\n"), schema.Deny, []schema.Code{"schema", "schema"}},
		{"a file that does not parse", p, with(rules, "app.yaml", "limit: 5\nlimit: 6\n"), schema.Deny, []schema.Code{"schema"}},
		{"a large number is not rounded", p, with(rules, "app.json", `{"id":9007199254740992}`), schema.Deny, []schema.Code{"schema"}},
		{"a file that is no data", p, with(rules, "logo.png", "\x89PNG"), schema.Allow, nil},
		{"an ending in capitals, which nobody reads", p, with(rules, "app.YAML", "limit: 5\n"), schema.Deny, []schema.Code{"schema"}},
		{"a file of another format that a pattern is for", policies.Schema{Rules: []schema.SchemaRule{{Files: "conf/*", Schema: ".sluice/schemas/app.json"}}},
			with(rules, "conf/app.toml", "limit = 5\n"), schema.Deny, []schema.Code{"schema"}},
		{"a schema that is not in force", p, func(f *policies.Facts) { f.Files = map[string][]byte{"app.yaml": []byte("limit: 5\n")} }, schema.Hold, []schema.Code{"schema-unusable"}},
		{"a schema that does not compile", p, with(`{"type":"nothing"}`, "app.yaml", "limit: 5\n"), schema.Hold, []schema.Code{"schema-unusable"}},
		{"a schema that refers to the network", p, with(`{"$ref":"https://example.com/x.json"}`, "app.yaml", "limit: 5\n"), schema.Hold, []schema.Code{"schema-unusable"}},
	} {
		r.run(t)
	}
}

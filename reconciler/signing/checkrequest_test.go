package signing_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// entry57 is the last entry of the ledger.
var entry57 = schema.DigestOf([]byte("entry 57"))

// requested is one person's copy of a statement, signed with the key of that name.
func (c *council) requested(kind string, statement []byte, person, key string) signing.RequestCopy {
	c.t.Helper()
	sig, err := c.keys[key].Sign(signing.NamespaceOf(kind), statement)
	if err != nil {
		c.t.Fatal(err)
	}
	r, err := schema.ParseRequest(append(append(slices.Clone(statement), '\n'), sig...))
	if err != nil {
		c.t.Fatal(err)
	}
	return signing.RequestCopy{Principal: person, Request: r}
}

func breakGlass() schema.RequestStatement {
	return schema.RequestStatement{
		Kind: schema.KindBreakGlass, Project: "3f2a9c1e", Made: noon, Seen: schema.Seen{Size: 57, Entry: entry57},
		Cell: schema.Cell{Stage: "production", App: "payments"}, Ref: "refs/heads/main",
		From: schema.Content(schema.DigestOf([]byte("old"))), To: schema.Content(schema.DigestOf([]byte("new"))), New: idOf(rawCommit(noon, "fix")),
		Until: noon.Add(4 * time.Hour), Review: noon.AddDate(0, 0, 3), Reason: "INC-1",
	}
}

func TestRequests(t *testing.T) {
	c := newCouncil(t)
	trust := c.trust
	trust.Principals = slices.Clone(trust.Principals)
	trust.Principals[2].Roles = []schema.Role{{Name: schema.RoleRoot}, {Name: schema.RoleRelease, Apps: schema.Patterns{"search"}}}
	ring, problems := signing.NewKeyring(trust)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	type edit = func(*schema.RequestStatement)
	copies := func(change edit, people ...string) []signing.RequestCopy {
		s := breakGlass()
		if change != nil {
			change(&s)
		}
		text, err := s.Statement()
		if err != nil {
			t.Fatal(err)
		}
		var out []signing.RequestCopy
		for _, p := range people {
			out = append(out, c.requested(s.Kind, text, p, p))
		}
		return out
	}
	tainted := func(acknowledged bool) edit {
		return func(s *schema.RequestStatement) {
			*s = schema.RequestStatement{Kind: schema.KindTaint, Project: s.Project, Made: s.Made, Seen: s.Seen, Cell: s.Cell, Reason: s.Reason,
				Revision: schema.Revision(s.To), Acknowledged: acknowledged}
		}
	}
	genesis, err := schema.EncodeStatement(schema.KindGenesis, schema.RequestField{Name: "project", Value: trust.Root.Project})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, _ := schema.EncodeStatement(schema.KindGenesis, schema.RequestField{Name: "project", Value: "4a2a9c1e"})
	unknown, _ := schema.EncodeStatement("freeze", schema.RequestField{Name: "project", Value: trust.Root.Project})
	good := copies(nil, "alice", "bob")
	otherCopy := copies(func(s *schema.RequestStatement) { s.Reason = "INC-2" }, "bob")
	commitSigned := slices.Clone(good[:1])
	commitSigned[0].Request.Signature, _ = c.keys["alice"].Sign(signing.GitNamespace, commitSigned[0].Request.Statement)
	for _, row := range []struct {
		sentence string
		copies   []signing.RequestCopy
		at       time.Time
		entry    schema.Digest
		code     schema.Code
	}{
		{"two release managers", good, noon, entry57, "ok"},
		{"one of two", good[:1], noon, entry57, "request-unsigned"},
		{"one twice", append(good[:1:1], good[0]), noon, entry57, "request-unsigned"},
		{"a release manager and an author", copies(nil, "alice", "dave"), noon, entry57, "request-unsigned"},
		{"one and the robot", copies(nil, "alice", "sluice-bot"), noon, entry57, "request-unsigned"},
		{"one and a release manager of another app", copies(nil, "alice", "carol"), noon, entry57, "request-unsigned"},
		{"one in two names", append(good[:1:1], c.requested("break-glass", good[0].Request.Statement, "bob", "alice")), noon, entry57, "request-unsigned"},
		{"one signature over another request", append(good[:1:1], signing.RequestCopy{Principal: "bob", Request: schema.Request{
			Kind: good[0].Request.Kind, Fields: good[0].Request.Fields, Statement: good[0].Request.Statement, Signature: otherCopy[0].Request.Signature,
		}}), noon, entry57, "request-unsigned"},
		{"copies of two requests", append(good[:1:1], otherCopy...), noon, entry57, "request-refused"},
		{"a signature that was made for a commit", append(commitSigned, good[0]), noon, entry57, "request-unsigned"},
		{"nobody", nil, noon, entry57, "request-refused"},
		{"after it ended", good, noon.Add(4 * time.Hour), entry57, "request-refused"},
		{"before it was made", good, noon.Add(-time.Hour), entry57, "request-refused"},
		{"made against another ledger", good, noon, schema.DigestOf([]byte("fork")), "evidence-context"},
		{"made against a longer ledger, or where none was asked", good, noon, "", "evidence-context"},
		{"for another project", copies(func(s *schema.RequestStatement) { s.Project = "4a2a9c1e" }, "alice", "bob"), noon, entry57, "evidence-context"},
		{"a taint, by one", copies(tainted(false), "bob"), noon, entry57, "ok"},
		{"a taint, by an author", copies(tainted(false), "dave"), noon, entry57, "request-unsigned"},
		{"a taint that lay about for a week", copies(tainted(false), "bob"), noon.AddDate(0, 0, 8), entry57, "request-refused"},
		{"an acknowledgement, by one root", copies(tainted(true), "carol"), noon, entry57, "request-unsigned"},
		{"an acknowledgement, by two roots", copies(tainted(true), "carol", "bob"), noon, entry57, "ok"},
		{"a genesis, by two admins", []signing.RequestCopy{c.requested("genesis", genesis, "alice", "alice"), c.requested("genesis", genesis, "bob", "bob")}, noon, "", "ok"},
		{"a genesis, by one of two", []signing.RequestCopy{c.requested("genesis", genesis, "alice", "alice")}, noon, "", "request-unsigned"},
		{"a genesis of another project", []signing.RequestCopy{c.requested("genesis", elsewhere, "alice", "alice"), c.requested("genesis", elsewhere, "bob", "bob")}, noon, "", "evidence-context"},
		{"a request that nobody knows", []signing.RequestCopy{c.requested("freeze", unknown, "alice", "alice")}, noon, entry57, "request-refused"},
	} {
		got := signing.CheckRequest(ring, trust, row.copies, signing.Acceptance{At: row.at}, row.entry)
		if got.OK != (row.code == "ok") || got.Code != row.code {
			t.Errorf("%s: got %+v, want %s", row.sentence, got, row.code)
		}
	}
	if got := signing.CheckRequest(ring, trust, good, signing.Acceptance{At: noon}, entry57); !slices.Equal(got.By, []string{"alice", "bob"}) || got.Need != 2 || got.Statement.Reason != "INC-1" {
		t.Errorf("got %+v", got)
	}
}

func TestKeysThatMayNotSignRequests(t *testing.T) {
	c := newCouncil(t)
	text, err := breakGlass().Statement()
	if err != nil {
		t.Fatal(err)
	}
	copies := []signing.RequestCopy{c.requested("break-glass", text, "alice", "alice"), c.requested("break-glass", text, "bob", "bob")}
	for _, row := range []struct {
		sentence string
		edit     func(*schema.Key)
		want     string
	}{
		{"a key for commits", func(k *schema.Key) { k.Usages = []schema.KeyUsage{schema.UsageCommit} }, "alice: key-usage"},
		{"a key for root.yaml", func(k *schema.Key) { k.Usages = []schema.KeyUsage{schema.UsageRoot} }, "alice: key-usage"},
		{"a revoked key", func(k *schema.Key) { k.Revoked = revoked("retired") }, "alice: key-revoked"},
		{"a key that had ended", func(k *schema.Key) { k.ValidUntil = noon.Add(-time.Hour) }, "alice: key-expired"},
	} {
		trust := c.trust
		trust.Keys = slices.Clone(trust.Keys)
		row.edit(keyAt(&trust, "keys/alice/alice.pub"))
		ring, _ := signing.NewKeyring(trust)
		got := signing.CheckRequest(ring, trust, copies, signing.Acceptance{At: noon}, entry57)
		if got.OK || !slices.Equal(got.Refused, []string{row.want}) {
			t.Errorf("%s: got %+v, want %s", row.sentence, got, row.want)
		}
	}
	expired := c.trust
	expired.Root.ExpiresAt = noon.Add(-time.Minute)
	ring, _ := signing.NewKeyring(expired)
	if got := signing.CheckRequest(ring, expired, copies, signing.Acceptance{At: noon}, entry57); got.Code != "root-expired" {
		t.Errorf("under a root that ran out: got %+v", got)
	}
	glass := breakGlass()
	suspend, err := schema.RequestStatement{
		Kind: schema.KindSuspend, Project: glass.Project, Made: noon, Seen: glass.Seen, Cell: glass.Cell, Until: noon.Add(time.Hour), Reason: "INC-1",
	}.Statement()
	if err != nil {
		t.Fatal(err)
	}
	stop := []signing.RequestCopy{c.requested("suspend", suspend, "alice", "alice"), c.requested("suspend", suspend, "bob", "alice")}
	got := signing.CheckRequest(ring, expired, stop, signing.Acceptance{At: noon}, entry57)
	if !got.OK || !slices.Equal(got.Refused, []string{"bob: it is alice's signature"}) {
		t.Errorf("a suspension under a root that ran out: got %+v", got)
	}
}

func TestApprovalSignatures(t *testing.T) {
	c := newCouncil(t)
	ring, _ := signing.NewKeyring(c.trust)
	statement := schema.ApprovalStatement{
		Project: "3f2a9c1e", Made: noon, Seen: schema.Seen{Size: 57, Entry: entry57}, Trust: 1,
		Cells: []schema.ApprovedCell{{
			Cell: schema.Cell{Stage: "production", App: "payments"}, Ref: "refs/heads/main",
			From: schema.NoContent, To: schema.Content(schema.DigestOf([]byte("new"))), Gate: schema.DigestOf([]byte("gate")),
		}},
	}
	text, err := statement.Statement()
	if err != nil {
		t.Fatal(err)
	}
	good := c.requested(schema.KindApprove, text, "alice", "alice")
	asRequest := good
	asRequest.Request.Signature, _ = c.keys["alice"].Sign(signing.RequestNamespace, text)
	commit := good
	commit.Request.Signature, _ = c.keys["alice"].Sign(signing.GitNamespace, text)
	c.key("mallory")
	pgp := newPGP(t)
	trust := c.trust
	trust.Keys = append(slices.Clone(trust.Keys), pgp.key("bob"))
	withPGP, _ := signing.NewKeyring(trust)
	card := good
	card.Principal = "bob"
	card.Request.Signature, _ = pgp.Sign("", text)
	for _, row := range []struct {
		sentence string
		ring     *signing.Keyring
		copy     signing.RequestCopy
		at       time.Time
		code     schema.Code
		who      string
	}{
		{"alice signed", ring, good, noon, "ok", "alice"},
		{"bob signed with OpenPGP", withPGP, card, noon, "ok", "bob"},
		{"alice signed in bob's name", ring, signing.RequestCopy{Principal: "bob", Request: good.Request}, noon, "evidence-context", "alice"},
		{"a stranger signed", ring, c.requested(schema.KindApprove, text, "alice", "mallory"), noon, "unknown-key", ""},
		{"her signature was made for another request", ring, asRequest, noon, "wrong-namespace", ""},
		{"her signature was made for a commit", ring, commit, noon, "wrong-namespace", ""},
		{"a month ago", ring, good, noon.AddDate(0, 0, 31), "signature-too-old", "alice"},
		{"in an hour", ring, good, noon.Add(-time.Hour), "signature-in-future", "alice"},
	} {
		got, err := signing.CheckApproval(row.ring, row.copy, signing.Acceptance{At: row.at})
		if err != nil || got.Code != row.code || got.Principal != row.who || got.Statement.Trust != 1 {
			t.Errorf("%s: got %+v, %v, want %s by %q", row.sentence, got, err, row.code, row.who)
		}
	}
	statement.Made = noon.AddDate(0, -2, 0)
	text, _ = statement.Statement()
	old := c.requested(schema.KindApprove, text, "bob", "bob")
	old.Request.Signature, _ = pgp.Sign("", text)
	if got, err := signing.CheckApproval(withPGP, old, signing.Acceptance{At: noon}); err != nil || got.Code != "signature-too-old" {
		t.Errorf("a fresh OpenPGP signature over an old statement: got %+v, %v", got, err)
	}
	text, _ = breakGlass().Statement()
	if got, err := signing.CheckApproval(ring, c.requested("break-glass", text, "alice", "alice"), signing.Acceptance{At: noon}); err == nil {
		t.Errorf("a request of another kind: got %+v", got)
	}
}

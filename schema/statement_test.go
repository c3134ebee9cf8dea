package schema_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

var (
	made = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	seen = schema.Seen{Size: 57, Entry: schema.DigestOf([]byte("entry 57"))}
)

func digestOf(text string) string { return string(schema.DigestOf([]byte(text))) }

func hashOf(digit string) schema.Hash {
	h, err := schema.ParseHash(strings.Repeat(digit, 40))
	if err != nil {
		panic(err)
	}
	return h
}

func approval() schema.ApprovalStatement {
	step := func(stage schema.StageName, app schema.App) schema.ApprovedCell {
		return schema.ApprovedCell{
			Cell: schema.Cell{Stage: stage, App: app}, Ref: "refs/heads/main",
			From: schema.Content(digestOf("old")), To: schema.Content(digestOf("new")), Gate: schema.DigestOf([]byte("gate")),
		}
	}
	return schema.ApprovalStatement{
		Project: "3f2a9c1e", Made: made, Seen: seen, Trust: 3,
		MergeRequest: &schema.MergeRequestName{Host: "gitlab.example.com", ProjectID: 42, IID: 7}, Head: hashOf("a"),
		Cells: []schema.ApprovedCell{step("gray", "payments/ledger"), step("production", "payments/ledger")},
	}
}

func controlApproval() schema.ApprovalStatement {
	a := approval()
	a.MergeRequest, a.Head = nil, schema.Hash{}
	a.Cells = a.Cells[:1]
	a.Cells[0].Cell = schema.Control
	return a
}

// statements has one request of each kind.
func statements() map[string]schema.RequestStatement {
	base := schema.RequestStatement{Project: "3f2a9c1e", Made: made, Seen: seen, Reason: "INC-1234: the pool ran dry"}
	with := func(kind string, edit func(*schema.RequestStatement)) schema.RequestStatement {
		s := base
		s.Kind = kind
		edit(&s)
		return s
	}
	cell := schema.Cell{Stage: "production", App: "payments"}
	return map[string]schema.RequestStatement{
		"suspend":       with("suspend", func(s *schema.RequestStatement) { s.Cell, s.Until = cell, made.Add(48*time.Hour) }),
		"suspend-stage": with("suspend", func(s *schema.RequestStatement) { s.Cell.Stage, s.Until = "gray", made.Add(time.Hour) }),
		"resume":        with("resume", func(s *schema.RequestStatement) { s.Cell = cell }),
		"taint":         with("taint", func(s *schema.RequestStatement) { s.Cell, s.Revision = cell, schema.Revision(digestOf("r")) }),
		"acknowledge": with("taint", func(s *schema.RequestStatement) {
			s.Cell, s.Revision, s.Acknowledged = cell, schema.Revision(digestOf("r")), true
		}),
		"expunge": with("expunge", func(s *schema.RequestStatement) {
			s.Blobs = []schema.Digest{schema.DigestOf([]byte("b")), schema.DigestOf([]byte("a"))}
		}),
		"adopt":      with("adopt", func(s *schema.RequestStatement) { s.Cell, s.Overwrite = schema.Cell{Stage: "production"}, true }),
		"accept-ref": with("accept-ref", func(s *schema.RequestStatement) { s.Ref, s.Old, s.New = "refs/heads/main", hashOf("a"), hashOf("b") }),
		"break-glass": with("break-glass", func(s *schema.RequestStatement) {
			s.Cell, s.Ref, s.New = cell, "refs/heads/main", hashOf("c")
			s.From, s.To = schema.Content(digestOf("old")), schema.NoContent
			s.Until, s.Review = made.Add(4*time.Hour), made.Add(72*time.Hour)
		}),
	}
}

// signedBy makes the message of a tag from a statement.
func message(statement []byte) []byte {
	return append(append(statement, '\n'), "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"...)
}

func TestStatementsAreWrittenAsTheVectorsSay(t *testing.T) {
	texts := map[string][]byte{}
	for name, s := range statements() {
		text, err := s.Statement()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		texts[name] = text
	}
	for name, a := range map[string]schema.ApprovalStatement{"approve": approval(), "approve-control": controlApproval()} {
		text, err := a.Statement()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		texts[name] = text
	}
	texts["key"] = keyProof().Statement()
	for name, got := range texts {
		file := filepath.Join("testdata", "statements", name+".txt")
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want := read(t, file); string(got) != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestRequestRoundTrip(t *testing.T) {
	for name, want := range statements() {
		text, err := want.Statement()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r, err := schema.ParseRequest(message(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := schema.ParseStatement(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(want.Blobs) > 0 {
			want.Blobs = got.Blobs // they are written in order
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	for name, want := range map[string]schema.ApprovalStatement{"merge request": approval(), "control": controlApproval()} {
		text, _ := want.Statement()
		r, err := schema.ParseRequest(message(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := schema.ParseApproval(r); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
}

func TestAnApprovalAnswersForEachCell(t *testing.T) {
	a := approval()
	a.Cells[1].Gate = schema.DigestOf([]byte("other gate"))
	got, ok := a.For(schema.Cell{Stage: "production", App: "payments/ledger"})
	if !ok || got.Gate != a.Cells[1].Gate {
		t.Errorf("got %+v, %t, want the second cell", got, ok)
	}
	if got, ok := a.For(schema.Cell{Stage: "production", App: "payments"}); ok {
		t.Errorf("got %+v for an app that the approval does not name", got)
	}
}

// TestStatementsRefuse changes one line of a good request.
func TestStatementsRefuse(t *testing.T) {
	d, other := digestOf("old"), digestOf("new")
	for _, row := range []struct{ sentence, statement, from, to string }{
		{"another project's kind of id", "suspend", "project: 3f2a9c1e", "project: X"},
		{"a time that is no UTC", "suspend", "made: 2026-11-23T10:00:00Z", "made: 2026-11-23T10:00:00+01:00"},
		{"a time with parts of a second", "suspend", "made: 2026-11-23T10:00:00Z", "made: 2026-11-23T10:00:00.5Z"},
		{"a ledger without entries", "suspend", "seen: 57", "seen: 0"},
		{"a number in another form", "suspend", "seen: 57", "seen: 057"},
		{"an end before the beginning", "suspend", "until: 2026-11-25", "until: 2026-11-22"},
		{"a suspension for half a year", "suspend", "until: 2026-11-25", "until: 2027-05-25"},
		{"no end", "suspend", "until: 2026-11-25T10:00:00Z\n", ""},
		{"no reason", "suspend", "reason: INC-1234: the pool ran dry\n", ""},
		{"a reason that turns the text around", "suspend", "INC-1234", "INC-\u202e4321"},
		{"a reason that is a novel", "suspend", "INC-1234", strings.Repeat("word ", 101) + "end"},
		{"a field that nobody knows", "suspend", "reason:", "force: yes\nreason:"},
		{"a field twice", "suspend", "stage: production\n", "stage: production\nstage: gray\n"},
		{"fields out of order", "suspend", "stage: production\napp: payments\n", "app: payments\nstage: production\n"},
		{"a stage that is none", "suspend", "stage: production", "stage: Production"},
		{"an app that is none", "suspend", "app: payments", "app: ../payments"},
		{"a taint of absence", "taint", "revision: " + digestOf("r"), "revision: none"},
		{"a mark that nobody knows", "taint", "mark: tainted", "mark: fine"},
		{"evidence out of order", "expunge", "blob: " + digestOf("b") + "\nblob: " + digestOf("a"), "blob: " + digestOf("a") + "\nblob: " + digestOf("b")},
		{"evidence twice", "expunge", "blob: " + digestOf("b") + "\n", "blob: " + digestOf("b") + "\nblob: " + digestOf("b") + "\n"},
		{"a branch that stays", "accept-ref", strings.Repeat("b", 40), strings.Repeat("a", 40)},
		{"a tip that is none", "accept-ref", strings.Repeat("b", 40), strings.Repeat("0", 40)},
		{"a tip in capitals", "accept-ref", strings.Repeat("b", 40), strings.Repeat("B", 40)},
		{"a tag as the branch", "accept-ref", "refs/heads/main", "refs/tags/main"},
		{"a branch name that climbs", "accept-ref", "refs/heads/main", "refs/heads/../main"},
		{"a branch without a name", "accept-ref", "refs/heads/main", "refs/heads/"},
		{"a branch that is a revision", "accept-ref", "refs/heads/main", "refs/heads/main~1"},
		{"a branch whose name turns the text around", "accept-ref", "refs/heads/main", "refs/heads/\u202emain"},
		{"glass broken for two days", "break-glass", "until: 2026-11-23T14", "until: 2026-11-25T14"},
		{"a review next year", "break-glass", "review: 2026-11-26", "review: 2027-11-26"},
		{"no review", "break-glass", "review: 2026-11-26T10:00:00Z\n", ""},
		{"glass broken for nothing", "break-glass", "from: " + d, "from: none"},
		{"a trust version before the first", "approve", "trust: 3", "trust: 0"},
		{"a merge request without its project", "approve", "gitlab.example.com 42 7", "gitlab.example.com 7"},
		{"a merge request by URL", "approve", "gitlab.example.com 42 7", "https://gitlab.example.com 42 7"},
		{"a merge request of project 0", "approve", "gitlab.example.com 42 7", "gitlab.example.com 0 7"},
		{"merge request 0", "approve", "gitlab.example.com 42 7", "gitlab.example.com 42 0"},
		{"a project by name", "approve", "gitlab.example.com 42 7", "gitlab.example.com shop 7"},
		{"a merge request by name", "approve", "gitlab.example.com 42 7", "gitlab.example.com 42 !7"},
		{"an approval of no cell", "approve-control", "cell: - control refs/heads/main " + d + " " + other + " " + digestOf("gate") + "\n", ""},
		{"an approval that changes nothing", "approve-control", other, d},
		{"a cell without its gate", "approve-control", " " + digestOf("gate"), ""},
		{"two spaces", "approve-control", "- control", "-  control"},
		{"a control cell of another name", "approve-control", "- control", "- controls"},
		{"cells out of order", "approve", "cell: gray", "cell: staging"},
		{"a cell twice", "approve", "cell: gray", "cell: production"},
		{"a revision for a content", "approve-control", d, "r:" + d},
	} {
		text := read(t, filepath.Join("testdata", "statements", row.statement+".txt"))
		if !strings.Contains(text, row.from) {
			t.Fatalf("%s: %s.txt has no %q", row.sentence, row.statement, row.from)
		}
		if err := parse(message([]byte(strings.Replace(text, row.from, row.to, 1)))); err == nil {
			t.Errorf("%s: accepted", row.sentence)
		}
		if err := parse(message([]byte(text))); err != nil {
			t.Errorf("%s: without the change: %v", row.sentence, err)
		}
	}
}

func parse(message []byte) error {
	r, err := schema.ParseRequest(message)
	if err != nil {
		return err
	}
	if r.Kind == schema.KindApprove {
		_, err = schema.ParseApproval(r)
		return err
	}
	_, err = schema.ParseStatement(r)
	return err
}

// TestAKindIsReadAsItself: fields of one kind under the name of another are neither.
func TestAKindIsReadAsItself(t *testing.T) {
	text, err := approval().Statement()
	if err != nil {
		t.Fatal(err)
	}
	r, err := schema.ParseRequest(message([]byte(strings.Replace(string(text), "v1 approve", "v1 suspend", 1))))
	if err != nil {
		t.Fatal(err)
	}
	if a, err := schema.ParseApproval(r); err == nil {
		t.Errorf("a suspend request was read as an approval: %+v", a)
	}
	for _, kind := range []string{"freeze", schema.KindGenesis, schema.KindApprove} {
		r.Kind = kind
		if s, err := schema.ParseStatement(r); err == nil {
			t.Errorf("%s: got %+v", kind, s)
		}
		if fields := schema.RequestFields("freeze"); fields != nil {
			t.Errorf("an unknown kind has fields %v", fields)
		}
	}
}

func TestAnApprovalMayNameSeveralAppsOfAStage(t *testing.T) {
	a := approval()
	a.Cells[1].Cell = schema.Cell{Stage: "gray", App: "search"}
	text, err := a.Statement()
	if err != nil {
		t.Fatal(err)
	}
	if err := parse(message(text)); err != nil {
		t.Error(err)
	}
}

func TestTheLongestTimesAreSaidInDays(t *testing.T) {
	s := statements()["suspend"]
	s.Until = made.AddDate(1, 0, 0)
	if _, err := s.Statement(); err == nil || !strings.Contains(err.Error(), "at most 90d") {
		t.Errorf("got %v, want the limit in days", err)
	}
}

func TestNothingIsWrittenThatWouldBeRefused(t *testing.T) {
	for name, edit := range map[string]func(*schema.RequestStatement){
		"an unknown kind":     func(s *schema.RequestStatement) { s.Kind = "freeze" },
		"genesis":             func(s *schema.RequestStatement) { s.Kind = schema.KindGenesis },
		"approve":             func(s *schema.RequestStatement) { s.Kind = schema.KindApprove },
		"no project":          func(s *schema.RequestStatement) { s.Project = "" },
		"no end":              func(s *schema.RequestStatement) { s.Until = time.Time{} },
		"two lines of reason": func(s *schema.RequestStatement) { s.Reason = "a\nb" },
	} {
		s := statements()["suspend"]
		edit(&s)
		if text, err := s.Statement(); err == nil {
			t.Errorf("%s: got %q", name, text)
		}
	}
	for name, edit := range map[string]func(*schema.ApprovalStatement){
		"no cell":           func(a *schema.ApprovalStatement) { a.Cells = nil },
		"a cell twice":      func(a *schema.ApprovalStatement) { a.Cells = append(a.Cells, a.Cells[0]) },
		"no ledger":         func(a *schema.ApprovalStatement) { a.Seen = schema.Seen{} },
		"a ref with spaces": func(a *schema.ApprovalStatement) { a.Cells[0].Ref = "refs/heads/a b" },
	} {
		a := approval()
		edit(&a)
		if text, err := a.Statement(); err == nil {
			t.Errorf("%s: got %q", name, text)
		}
	}
}

func TestRulesOfRequests(t *testing.T) {
	root := schema.Root{Threshold: 3, Admin: 2}
	for _, row := range []struct {
		statement string
		need      int
		roles     string
	}{
		{"suspend", 1, "[release admin]"},
		{"resume", 1, "[release admin]"},
		{"taint", 1, "[release admin root]"},
		{"acknowledge", 3, "[root]"},
		{"expunge", 3, "[root]"},
		{"accept-ref", 2, "[admin]"},
		{"adopt", 2, "[admin]"},
		{"break-glass", 2, "[release]"},
	} {
		rule, ok := statements()[row.statement].Rule()
		if got := rule.Need(root); !ok || got != row.need || fmt.Sprint(rule.Roles) != row.roles {
			t.Errorf("%s: got %d of %v, want %d of %s", row.statement, got, rule.Roles, row.need, row.roles)
		}
	}
	sole := schema.Root{Threshold: 1, Admin: 1}
	if rule, _ := schema.RuleOf(schema.KindExpunge); rule.Need(sole) != 2 {
		t.Errorf("expunge under a single root: got %d, want 2", rule.Need(sole))
	}
	many := schema.Root{Threshold: 3, Admin: 5}
	if rule, _ := schema.RuleOf(schema.KindExpunge); rule.Need(many) != 3 {
		t.Errorf("expunge where admins are more: got %d, want the roots' threshold", rule.Need(many))
	}
	if rule, _ := schema.RuleOf(schema.KindBreakGlass); rule.Need(many) != 2 {
		t.Errorf("break-glass: got %d, want 2 whatever the root says", rule.Need(many))
	}
	if rule, _ := schema.RuleOf(schema.KindGenesis); rule.Need(sole) != 1 || rule.Need(root) != 2 {
		t.Errorf("genesis: got %d and %d, want the admins' threshold", rule.Need(sole), rule.Need(root))
	}
	if _, ok := schema.RuleOf(schema.KindApprove); ok {
		t.Error("approve has a rule of its own; the gates say how many")
	}
}

func TestWhoMaySignARequest(t *testing.T) {
	rule, _ := schema.RuleOf(schema.KindSuspend)
	person := func(roles ...schema.Role) schema.Principal { return schema.Principal{ID: "ann", Roles: roles} }
	payments := schema.Cell{Stage: "production", App: "payments"}
	for _, row := range []struct {
		sentence string
		who      schema.Principal
		cell     schema.Cell
		want     bool
	}{
		{"a release manager", person(schema.Role{Name: schema.RoleRelease}), payments, true},
		{"an admin", person(schema.Role{Name: schema.RoleAdmin}), payments, true},
		{"an author", person(schema.Role{Name: schema.RoleAuthor}), payments, false},
		{"a release manager of this app", person(schema.Role{Name: schema.RoleRelease, Apps: schema.Patterns{"pay*"}}), payments, true},
		{"a release manager of another app", person(schema.Role{Name: schema.RoleRelease, Apps: schema.Patterns{"search"}}), payments, false},
		{"a release manager of some apps, for the stage", person(schema.Role{Name: schema.RoleRelease, Apps: schema.Patterns{"*"}}), schema.Cell{Stage: "production"}, false},
		{"an author, for the stage", person(schema.Role{Name: schema.RoleAuthor}), schema.Cell{Stage: "production"}, false},
		{"a release manager, for the stage", person(schema.Role{Name: schema.RoleRelease}), schema.Cell{Stage: "production"}, true},
		{"a robot that calls itself admin", person(schema.Role{Name: schema.RoleAdmin}, schema.Role{Name: schema.RoleBot}), payments, false},
	} {
		if got := rule.MaySign(row.who, row.cell); got != row.want {
			t.Errorf("%s: got %t, want %t", row.sentence, got, row.want)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	seedFrom(f, "testdata/statements/*.txt")
	for _, s := range statements() {
		text, _ := s.Statement()
		f.Add(message(text))
	}
	text, _ := approval().Statement()
	f.Add(message(text))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := schema.ParseRequest(data)
		if err != nil {
			return
		}
		if again, err := schema.EncodeStatement(r.Kind, r.Fields...); err != nil || string(again)+"\n"+string(r.Signature) != string(data) {
			t.Errorf("written again it is %q, %v", again, err)
		}
		s, err := schema.ParseStatement(r)
		if err != nil {
			return
		}
		if again, err := s.Statement(); err != nil || string(again) != string(r.Statement) {
			t.Errorf("got %q, %v, want %q", again, err, r.Statement)
		}
	})
}

func FuzzParseApproval(f *testing.F) {
	for _, a := range []schema.ApprovalStatement{approval(), controlApproval()} {
		text, _ := a.Statement()
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := schema.ParseRequest(message(data))
		if err != nil {
			return
		}
		a, err := schema.ParseApproval(r)
		if err != nil {
			return
		}
		if again, err := a.Statement(); err != nil || string(again) != string(r.Statement) {
			t.Errorf("got %q, %v, want %q", again, err, r.Statement)
		}
	})
}

package policies_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

func expression(t testing.TB, that string) policies.Policy {
	t.Helper()
	return gatePolicy(t, "expression", that)
}

func TestExpression(t *testing.T) {
	before := tree{"app.yaml": "replicas: 2\nregion: eu\nhosts: [a, b]\n", "old.yaml": "a: 1\n"}
	after := tree{"app.yaml": "replicas: 3\nregion: eu\nratio: 0.5\n", "new.yaml": "on: true\n", "notes.txt": "x"}
	change := compares(t, before, after, 2, 8)
	and := func(more func(*policies.Facts)) func(*policies.Facts) {
		return func(f *policies.Facts) { change(f); more(f) }
	}
	no, failed, missing := []schema.Code{"expression"}, []schema.Code{"expression-failed"}, []schema.Code{"evidence-missing"}
	denies := gatePolicy(t, "expression", map[string]any{"that": "kind == 'edit'", "says": "only edits", "otherwise": "deny"})
	for _, r := range []row{
		{"what is true of the change", expression(t, `kind == "promote" && source == "staging" && !tunes`), change, schema.Allow, nil},
		{"what is not", expression(t, `kind == "edit"`), change, schema.Hold, no},
		{"what is not, and another change is wanted", denies, change, schema.Deny, no},
		{"a value of a file", expression(t, `files["app.yaml"].replicas <= 20`), change, schema.Allow, nil},
		{"a whole number and a fraction", expression(t, `files["app.yaml"].ratio < 1 && files["app.yaml"].replicas > 2.5`), change, schema.Allow, nil},
		{"a value against what it was", expression(t, `files["app.yaml"].replicas <= 2 * was["app.yaml"].replicas`), change, schema.Allow, nil},
		{"the names of the files", expression(t, `added == ["new.yaml", "notes.txt"] && deleted == ["old.yaml"] && "app.yaml" in changed`), change, schema.Allow, nil},
		{"who approved and who worked on it", expression(t, `"bob" in approvers && "rel" in approvers && !("ann" in approvers) && authors == ["ann"] && signers == ["ann"]`), change, schema.Allow, nil},
		{"time", expression(t, `soaked >= duration("24h") && now.getDayOfWeek() == 1`), change, schema.Allow, nil},
		{"every file", expression(t, `files.all(path, path.endsWith(".yaml"))`), change, schema.Allow, nil},
		{"where it is", expression(t, `app == "payments" && stage == "gray"`), change, schema.Allow, nil},
		{"the title of the merge request", expression(t, `title.matches("^JIRA-[0-9]+ ")`), and(func(f *policies.Facts) { f.MergeRequest.Title = "JIRA-12 raise limits" }), schema.Allow, nil},

		{"a value that is not there", expression(t, `files["app.yaml"].limit <= 20`), change, schema.Hold, failed},
		{"whether it is there", expression(t, `!has(files["app.yaml"].limit) || files["app.yaml"].limit <= 20`), change, schema.Allow, nil},
		{"text compared with a number", expression(t, `files["app.yaml"].region > 3`), change, schema.Hold, failed},
		{"not of a value that is not there", expression(t, `!(files["app.yaml"].limit > 20)`), change, schema.Hold, failed},
		{"division by nothing", expression(t, `1 / size(deleted.filter(p, p == "x")) > 0`), change, schema.Hold, failed},
		{"more than it may cost", expression(t, `changed.all(a, changed.all(b, changed.all(c, changed.all(d, changed.all(e, changed.all(g, changed.all(h, changed.all(i, changed.all(j, true)))))))))`), compares(t, nil, many(6, "")), schema.Hold, failed},

		{"nobody says what the files were", expression(t, `was["app.yaml"].replicas > 0`), and(func(f *policies.Facts) { f.Was = nil }), schema.Hold, missing},
		{"the files are not those that were admitted", expression(t, `was["app.yaml"].replicas > 0`), and(func(f *policies.Facts) { f.Was["app.yaml"] = []byte("replicas: 9\n") }), schema.Hold, missing},
		{"a file does not parse", expression(t, `files["app.yaml"].replicas > 0`), compares(t, before, tree{"app.yaml": "replicas: 3\n", "b.yaml": "a: [\n"}), schema.Hold, missing},
		{"a number that nothing can hold", expression(t, `files["app.yaml"].replicas > 0`), compares(t, before, tree{"app.yaml": "replicas: 3\nmax: 1e999\n"}), schema.Hold, missing},
		{"whole numbers that only their last digits tell apart", expression(t, `files["app.yaml"].n == was["app.yaml"].n`), compares(t, tree{"app.yaml": "n: 12345678901234567890\n"}, tree{"app.yaml": "n: 12345678901234567891\n"}), schema.Hold, missing},
		{"what changes is not known", expression(t, `changed.all(p, p != "secret.pem")`), and(func(f *policies.Facts) { f.Before = nil }), schema.Hold, missing},
		{"no merge request", expression(t, `approvers == []`), and(func(f *policies.Facts) { f.MergeRequest = nil }), schema.Hold, missing},
		{"no source", expression(t, `soaked == duration("0s")`), and(func(f *policies.Facts) { f.Change.Source = nil }), schema.Hold, missing},
		{"a clock that is wrong", expression(t, `now > timestamp("2020-01-01T00:00:00Z")`), and(func(f *policies.Facts) { f.ClockSkew = time.Hour }), schema.Hold, missing},
		{"not of a missing fact", expression(t, `!("x" in approvers)`), and(func(f *policies.Facts) { f.MergeRequest = nil }), schema.Hold, missing},
		{"true whatever the missing fact is", expression(t, `kind == "promote" || "x" in approvers`), and(func(f *policies.Facts) { f.MergeRequest = nil }), schema.Allow, nil},
		{"no facts", expression(t, `kind != "promote"`), func(f *policies.Facts) { *f = policies.Facts{} }, schema.Hold, missing},
		{"the zero policy lets nothing through", policies.Expression{}, change, schema.Deny, []schema.Code{"nothing-judged"}},
	} {
		r.run(t)
	}
}

func TestNoExpressionReadsAFactThatIsMissing(t *testing.T) {
	for _, w := range policies.Vocabulary {
		kind, rest, _ := strings.Cut(w.Type(), "(")
		about := map[string]string{
			"string": w.Name + ` != "no"`, "bool": w.Name + " || !" + w.Name, "list": "size(" + w.Name + ") >= 0", "map": "size(" + w.Name + ") >= 0",
			"google.protobuf.Timestamp": w.Name + ` > timestamp("2000-01-01T00:00:00Z")`, "google.protobuf.Duration": w.Name + ` >= duration("0s")`,
		}[kind]
		if about == "" {
			t.Errorf("%s: no expression about %s(%s", w.Name, kind, rest)
			continue
		}
		if v := expression(t, about).Evaluate(policies.Facts{}); v.Outcome != schema.Hold || v.Code != "evidence-missing" {
			t.Errorf("%s: without facts %s says %+v", w.Name, about, v)
		}
	}
	if !slices.IsSortedFunc(policies.Vocabulary, func(a, b policies.Word) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the vocabulary is not sorted")
	}
}

func TestExpressionsAreCheckedWhereTheyStand(t *testing.T) {
	head := "version: 1\nstages:\n- name: a\n  gates:\n    promote:\n"
	for _, r := range []struct{ sentence, gate, at, why string }{
		{"a name that there is not", `    - expression: kind == "edit" && autor == "ann"`, "sluice.yaml:6:37", "undeclared reference to 'autor'"},
		{"quoted", `    - expression: 'kinds == "edit"'`, "sluice.yaml:6:20", "undeclared reference to 'kinds'"},
		{"inside of another policy", `    - any: [{approvals: 1}, {expression: {that: now > 5}}]`, "sluice.yaml:6:53", "no matching overload"},
		{"grammar", `    - expression: kind ==`, "sluice.yaml:6:26", "Syntax error"},
		{"no yes or no", `    - expression: size(files)`, "sluice.yaml:6:19", "of type int"},
		{"a value of a file alone", `    - expression: files["a.yaml"].on`, "sluice.yaml:6:19", "of type dyn"},
		{"a pattern that is none", `    - expression: title.matches("(")`, "sluice.yaml:6:33", `"(" is no regular expression: missing closing ): `},
		{"a duration that is none", `    - expression: soaked > duration("1d")`, "sluice.yaml:6:37", `"1d" is no duration: want hours`},
		{"a time that is none", `    - expression: now > timestamp("2026-11-23")`, "sluice.yaml:6:35", `"2026-11-23" is no time: want it as RFC 3339 has it`},
		{"a kind that there is not", `    - expression: kind != "promotion"`, "sluice.yaml:6:27", `kind is never "promotion"`},
		{"the other way round", `    - expression: '"promot" == kind'`, "sluice.yaml:6:20", `kind is never "promot"`},
		{"one of a list", `    - expression: kind in ["edit", "tuned"]`, "sluice.yaml:6:36", `kind is never "tuned"`},
		{"a stage that there is not", `    - expression: app != "x" || stage == "b"`, "sluice.yaml:6:42", `stage is never "b"; it is one of a`},
		{"a source that there is not", `    - expression: source != "b"`, "sluice.yaml:6:29", `source is never "b"`},
		{"a zone that there is not", `    - expression: now.getHours("Europe/Berln") < 12`, "sluice.yaml:6:32", `"Europe/Berln" is not in the time zone database`},
		{"a macro that there is not", `    - expression: files.every(f, true)`, "sluice.yaml:6:30", "undeclared reference"},
		{"a block that is folded", "    - expression:\n        that: >-\n          kind == 'edit' &&\n          autor == 1", "sluice.yaml:9:11", "undeclared reference"},
		{"several plain lines", "    - expression: kind == 'edit' &&\n        autor == 1", "sluice.yaml:7:9", "undeclared reference"},
		{"a word in a folded block that is never so", "    - expression: >-\n        app == 'x' &&\n        kind == 'edti'", "sluice.yaml:8:17", "kind is never"},
		{"a text with escapes", `    - expression: "kind == \"edit\" && autor == 1"`, "sluice.yaml:6:40", "undeclared reference"},
		{"a text with more escapes", `    - expression: "app == \"a\\\\b\" && autor == 1"`, "sluice.yaml:6:41", "undeclared reference"},
		{"a quote that is doubled", `    - expression: 'app == ''x'' && autor == 1'`, "sluice.yaml:6:36", "undeclared reference"},
		{"a letter by its number, where the value is", `    - expression: "app == \"\u0061\" && autor == 1"`, "sluice.yaml:6:19", "undeclared reference"},
	} {
		_, found := policies.LoadProject("sluice.yaml", []byte(head+r.gate+"\n"))
		if len(found) == 0 || found[0].Code != "bad-expression" || found[0].Position.String() != r.at || !strings.Contains(found[0].Message, r.why) {
			t.Errorf("%s: got %v, want %s: %s", r.sentence, found.Err(), r.at, r.why)
			continue
		}
		if lines := strings.Split(head+r.gate, "\n"); found[0].Source != lines[found[0].Position.Line-1] {
			t.Errorf("%s: shows the line %q", r.sentence, found[0].Source)
		}
	}
	if _, found := policies.LoadProject("sluice.yaml", []byte(head+"    - expression: kind == 'edit'\n    - expression: app != 'x'\n")); len(found) > 0 {
		t.Error(found.Err())
	}
	for _, fine := range []string{
		`kind in ["edit", "promote", "rollback", "tune", "retire"]`, `source == ""`, `stage == "a"`, `stage != app`, `authors.all(kind, kind != "ann")`,
		`now.getHours("Europe/Berlin") < 12 && now.getHours("+02:00") < 12`, `title == "b"`,
	} {
		if _, found := policies.LoadProject("sluice.yaml", []byte(head+"    - expression: '"+fine+"'\n")); len(found) > 0 {
			t.Error(found.Err())
		}
	}
	_, found := policies.LoadProject("sluice.yaml", []byte(head+"    - expression: kind != 'promot'\n"))
	if len(found) != 1 || found[0].Hint != `did you mean "promote"?` {
		t.Errorf("got %+v", found)
	}
}

// FuzzExpression: whatever is written is refused with a place or gives the same answer twice, and never allows without facts
// unless no fact can matter.
func FuzzExpression(f *testing.F) {
	for _, seed := range []string{
		`kind == "edit"`, `files["app.yaml"].replicas <= 20`, `changed.all(p, p.matches("^[a-z]+$"))`, `now.getHours() < 12 || soaked > duration("1h")`,
		`{"a": [1, 2.5]}.a[0] == 1`, `[[1]].map(x, x.map(y, y))[0][0] == 1u`, `has(was.x) ? true : false`, `"é" in authors`,
	} {
		f.Add(seed)
	}
	fact := promotion()
	compares(f, tree{"app.yaml": "replicas: 1\n"}, tree{"app.yaml": "replicas: 2\n"}, 2)(&fact)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := policies.New(schema.PolicySpec{Name: "expression", Value: text})
		if err != nil {
			return
		}
		if first, second := p.Evaluate(fact), p.Evaluate(fact); !first.Equal(second) {
			t.Errorf("%q: %+v, then %+v", text, first, second)
		}
		bare := p.Evaluate(policies.Facts{})
		if bare.Outcome == schema.Allow && p.Evaluate(fact).Outcome != schema.Allow {
			t.Errorf("%q allows without facts and not with them", text)
		}
	})
}

func BenchmarkExpression(b *testing.B) {
	f := promotion()
	compares(b, tree{"app.yaml": "replicas: 1\n"}, tree{"app.yaml": "replicas: 2\n"}, 2)(&f)
	p := expression(b, `kind == "promote" && files["app.yaml"].replicas <= 20 && "bob" in approvers`)
	for b.Loop() {
		if p.Evaluate(f).Outcome != schema.Allow {
			b.Fatal("not allowed")
		}
	}
}

// TestThePageHasTheVocabulary prints the table that the page has to hold.
func TestThePageHasTheVocabulary(t *testing.T) {
	var table strings.Builder
	table.WriteString("| fact | type | is |\n|---|---|---|\n")
	for _, w := range policies.Vocabulary {
		fmt.Fprintf(&table, "| `%s` | `%s` | %s |\n", w.Name, w.Type(), w.Says)
	}
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), table.String()) {
		t.Errorf("README.md lacks:\n%s", table.String())
	}
}

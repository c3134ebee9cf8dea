package policies_test

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// has gives the app files, and the project lists.
func has(files map[string]string, lists map[string]string) func(*policies.Facts) {
	return func(f *policies.Facts) {
		f.Files, f.Schemas = map[string][]byte{}, map[string][]byte{}
		for path, data := range files {
			f.Files[path] = []byte(data)
		}
		for name, data := range lists {
			f.Schemas[schema.ListDir+"/"+name+".yaml"] = []byte(data)
		}
	}
}

func TestTags(t *testing.T) {
	rule := func(key, tag string) policies.Policy {
		return gatePolicy(t, "tags", map[string]any{"app.yaml": map[string]any{key: tag}})
	}
	pattern := func(files, key, tag string) policies.Policy {
		return gatePolicy(t, "tags", map[string]any{files: map[string]any{key: tag}})
	}
	app := func(text string) func(*policies.Facts) { return has(map[string]string{"app.yaml": text}, nil) }
	tag, unusable := []schema.Code{"tag"}, []schema.Code{"list-unusable"}
	teams := rule("team", "required,whitelist=teams")
	for _, r := range []row{
		{"a number within its limits", rule("replicas", "required,min=1,max=20"), app("replicas: 3\n"), schema.Allow, nil},
		{"a number past its limit", rule("replicas", "required,min=1,max=20"), app("replicas: 21\n"), schema.Deny, tag},
		{"a decimal past its limit", rule("share", "lte=0.5"), app("share: 0.51\n"), schema.Deny, tag},
		{"a number larger than any integer", rule("replicas", "max=20"), app("replicas: 99999999999999999999\n"), schema.Deny, tag},
		{"required, and there", rule("a.b", "required"), app("a: {b: x}\n"), schema.Allow, nil},
		{"required, and false", rule("debug", "required"), app("debug: false\n"), schema.Allow, nil},
		{"required, and zero", rule("n", "required"), app("n: 0\n"), schema.Allow, nil},
		{"required, and missing", rule("a.b", "required"), app("a: {c: x}\n"), schema.Deny, tag},
		{"required, and what it is in is missing", rule("a.b", "required"), app("c: 1\n"), schema.Deny, tag},
		{"required, and null", rule("a", "required"), app("a:\n"), schema.Deny, tag},
		{"required, in an empty file", rule("a", "required"), app(""), schema.Deny, tag},
		{"not required, and missing", rule("a", "semver"), app("b: 1\n"), schema.Allow, nil},
		{"a version", rule("image.tag", "semver"), app("image: {tag: 1.2.3-rc.1}\n"), schema.Allow, nil},
		{"no version", rule("image.tag", "semver"), app("image: {tag: latest}\n"), schema.Deny, tag},
		{"one of some", rule("region", "oneof=eu us"), app("region: eu\n"), schema.Allow, nil},
		{"none of them", rule("region", "oneof=eu us"), app("region: asia\n"), schema.Deny, tag},
		{"an empty text that may be", rule("region", "omitempty,oneof=eu us"), app("region: ''\n"), schema.Allow, nil},
		{"an empty text that may not be", rule("region", "oneof=eu us"), app("region: ''\n"), schema.Deny, tag},
		{"every item of a list", rule("hosts.*", "fqdn"), app("hosts: [a.example.com, b.example.com]\n"), schema.Allow, nil},
		{"two items that are not", rule("hosts.*", "fqdn"), app("hosts: [a.example.com, 'b c', '']\n"), schema.Deny, []schema.Code{"tag", "tag"}},
		{"an item by its place", rule("hosts.1", "required,fqdn"), app("hosts: [a.example.com]\n"), schema.Deny, tag},
		{"a value below every name", rule("*.port", "required,port"), app("a: {port: 80}\nb: {port: 90000}\n"), schema.Deny, tag},
		{"no item to judge", rule("hosts.*", "required,fqdn"), app("hosts: []\n"), schema.Allow, nil},
		{"a type that the rule is not for", rule("a", "semver"), app("a: [1]\n"), schema.Deny, tag},
		{"a map where a number is meant", rule("replicas", "max=20"), app("replicas: {a: 1}\n"), schema.Allow, nil},
		{"true where a number is meant", rule("replicas", "max=20"), app("replicas: true\n"), schema.Deny, tag},
		{"a listed name", teams, has(map[string]string{"app.yaml": "team: core\n"}, map[string]string{"teams": "[core, web]\n"}), schema.Allow, nil},
		{"a name that is not listed", teams, has(map[string]string{"app.yaml": "team: ops\n"}, map[string]string{"teams": "[core, web]\n"}), schema.Deny, tag},
		{"a list that is not there", teams, app("team: core\n"), schema.Hold, unusable},
		{"a list that is none", teams, has(map[string]string{"app.yaml": "team: core\n"}, map[string]string{"teams": "core: true\n"}), schema.Hold, unusable},
		{"a file that does not parse", rule("a", "required"), app("a: [\n"), schema.Deny, []schema.Code{"schema"}},
		{"another file", rule("a", "semver"), has(map[string]string{"other.yaml": "b: 1\n"}, nil), schema.Allow, nil},
		{"required, in a file that is not there", rule("a.b", "required"), has(map[string]string{"app.yml": "a: {b: 1}\n"}, nil), schema.Deny, tag},
		{"required, and no file at all", rule("a", "required"), has(nil, nil), schema.Deny, tag},
		{"required, in the file further down", rule("a", "required"), has(map[string]string{"conf/app.yaml": "a: 1\n"}, nil), schema.Allow, nil},
		{"required of each item, in a file that is not there", rule("*", "required"), has(nil, nil), schema.Allow, nil},
		{"required, in a file of a pattern that none has", pattern("*.yaml", "a", "required"), has(nil, nil), schema.Allow, nil},
		{"required, and the app leaves", rule("a", "required"), func(f *policies.Facts) {
			has(nil, nil)(f)
			f.Change.To = schema.Side{Revision: schema.None, Content: schema.NoContent}
		}, schema.Allow, nil},
		{"an ending in capitals, which nobody reads", pattern("app.*", "a", "max=1"), has(map[string]string{"app.YAML": "a: 2\n"}, nil), schema.Deny, []schema.Code{"schema"}},
		{"a file of another format that the pattern is for", pattern("app*", "a", "max=1"), has(map[string]string{"app.properties": "a=2\n"}, nil), schema.Deny, []schema.Code{"schema"}},
		{"a file of another format beside every other", pattern("*", "a", "max=1"), has(map[string]string{"README.md": "# a\n"}, nil), schema.Allow, nil},
		{"capitals beside every other", pattern("*", "a", "max=1"), has(map[string]string{"app.YAML": "a: 2\n"}, nil), schema.Deny, []schema.Code{"schema"}},
		{"a text has its length measured", rule("n", "min=1,max=3"), app("n: '999'\n"), schema.Allow, nil},
		{"a text where a number is asked", rule("n", "number,min=1,max=3"), app("n: '2'\n"), schema.Deny, tag},
		{"a list where a number is asked", rule("n", "number,min=1,max=3"), app("n: [9, 9]\n"), schema.Deny, tag},
		{"true where a whole number is asked", rule("n", "integer"), app("n: true\n"), schema.Deny, tag},
		{"a fraction where a number is asked", rule("n", "number"), app("n: 2.5\n"), schema.Allow, nil},
		{"a fraction where a whole number is asked", rule("n", "integer"), app("n: 2.5\n"), schema.Deny, tag},
		{"a whole number with a zero behind the point", rule("n", "integer,max=3"), app("n: 3.0\n"), schema.Allow, nil},
		{"a hair past the limit", rule("n", "number,max=3"), app("n: 3.0000000000000000001\n"), schema.Deny, tag},
		{"a hair below the limit", rule("n", "number,min=3"), app("n: 2.9999999999999999999\n"), schema.Deny, tag},
		{"a large number a hair past", rule("n", "max=9007199254740992"), app("n: 9007199254740993.0\n"), schema.Deny, tag},
		{"below nothing", rule("n", "gt=-1.5,lt=0"), app("n: -1.25\n"), schema.Allow, nil},
		{"further below nothing", rule("n", "gt=-1.5"), app("n: -1.75\n"), schema.Deny, tag},
		{"equal, written otherwise", rule("n", "eq=0.5"), app("n: 5e-1\n"), schema.Allow, nil},
		{"a number of some, as it is written", rule("n", "oneof=1.1 2"), app("n: 1.10\n"), schema.Deny, tag},
		{"a name with a dot", rule(`spring\.max`, "required,max=3"), app("spring.max: 2\n"), schema.Allow, nil},
		{"a name with a dot, past its limit", rule(`a.spring\.max`, "max=3"), app("a: {spring.max: 4}\n"), schema.Deny, tag},
		{"a name that is a star", rule(`\*`, "max=3"), app("'*': 4\nb: 9\n"), schema.Deny, tag},
		{"the zero policy lets nothing through", policies.Tags{}, app("a: 1\n"), schema.Deny, []schema.Code{"nothing-judged"}},
	} {
		r.run(t)
	}
}

func TestTagsSayWhyANumberDoesNotPass(t *testing.T) {
	for text, want := range map[string]string{"-1e400": "is not min=1", "1e99999999999": "is too large or too small a number to be judged", "'2'": "is no number"} {
		p := gatePolicy(t, "tags", map[string]any{"app.yaml": map[string]any{"n": "number,min=1"}})
		f := promotion()
		has(map[string]string{"app.yaml": "n: " + text + "\n"}, nil)(&f)
		if got := p.Evaluate(f).Missing(); len(got) != 1 || got[0].Args["detail"] != want {
			t.Errorf("%s: got %+v, want %q", text, got, want)
		}
	}
}

func TestTagsNeverRepeatTheValue(t *testing.T) {
	p := gatePolicy(t, "tags", map[string]any{"app.yaml": map[string]any{"password": "required,min=40,semver,oneof=a b,whitelist=teams"}})
	f := promotion()
	has(map[string]string{"app.yaml": "password: hunter2\n"}, map[string]string{"teams": "[core]\n"})(&f)
	v := p.Evaluate(f)
	if v.Outcome != schema.Deny {
		t.Fatalf("outcome %s", v.Outcome)
	}
	for _, m := range v.Missing() {
		for name, arg := range m.Args {
			if strings.Contains(arg, "hunter2") {
				t.Errorf("%s is %q", name, arg)
			}
		}
		if m.Args["at"] != "/password" {
			t.Errorf("place %q", m.Args["at"])
		}
	}
}

func TestWhitelist(t *testing.T) {
	p := gatePolicy(t, "whitelist", "gray")
	list := func(text string) func(*policies.Facts) { return has(nil, map[string]string{"gray": text}) }
	for _, r := range []row{
		{"the list names the app", p, list("- search\n- payments\n"), schema.Allow, nil},
		{"a pattern does", p, list("- 'pay*'\n"), schema.Allow, nil},
		{"the list names others", p, list("- search\n- payments/ledger\n- payment\n"), schema.Deny, []schema.Code{"not-listed"}},
		{"the list is empty", p, list("[]\n"), schema.Deny, []schema.Code{"not-listed"}},
		{"there is no list", p, has(nil, nil), schema.Hold, []schema.Code{"list-unusable"}},
		{"the list is not one", p, list("payments\n"), schema.Hold, []schema.Code{"list-unusable"}},
		{"a name in it is none", p, list("- payments\n- [a]\n"), schema.Hold, []schema.Code{"list-unusable"}},
		{"no facts", p, func(f *policies.Facts) { *f = policies.Facts{} }, schema.Hold, []schema.Code{"list-unusable"}},
		{"the zero policy lets nothing through", policies.Whitelist{}, list("- payments\n"), schema.Hold, []schema.Code{"list-unusable"}},
	} {
		r.run(t)
	}
}

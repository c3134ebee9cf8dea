package policies_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

// tree is an app's files by path.
type tree map[string]string

func (m tree) manifest(t testing.TB) schema.Manifest {
	var files []schema.File
	for path, data := range m {
		files = append(files, schema.File{Path: path, Mode: schema.Regular, Digest: schema.DigestOf([]byte(data))})
	}
	out, err := schema.NewManifest(files)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// turns makes the change one from files to others.
func turns(t testing.TB, before, after tree) func(*policies.Facts) {
	return func(f *policies.Facts) {
		f.Before, f.After, f.Files = before.manifest(t), after.manifest(t), map[string][]byte{}
		f.Change.From.Content, f.Change.To.Content = f.Before.Content(), f.After.Content()
		for path, data := range after {
			f.Files[path] = []byte(data)
		}
	}
}

// counts says how many apps the merge request changes.
func counts(apps int, change func(*policies.Facts)) func(*policies.Facts) {
	return func(f *policies.Facts) { change(f); f.Apps = apps }
}

func many(n int, data string) tree {
	out := tree{}
	for i := range n {
		out[fmt.Sprintf("%d.yaml", i)] = fmt.Sprintf("%s%d\n", data, i)
	}
	return out
}

func TestLimits(t *testing.T) {
	limits := func(value map[string]any) policies.Policy { return gatePolicy(t, "limits", value) }
	byDefault := limits(map[string]any{})
	large, blast := []schema.Code{"large-change"}, []schema.Code{"blast-radius"}
	for _, r := range []row{
		{"a small change", byDefault, turns(t, tree{"a": "1\n", "b": "1\n"}, tree{"a": "2\n", "b": "1\n"}), schema.Allow, nil},
		{"the first files of an app", byDefault, turns(t, nil, many(100, "v: ")), schema.Allow, nil},
		{"more files than that", byDefault, turns(t, nil, many(101, "v: ")), schema.Hold, large},
		{"many files, of which one changes", byDefault, turns(t, many(500, "v: "), func() tree { m := many(500, "v: "); m["7.yaml"] = "v: x\n"; return m }()), schema.Allow, nil},
		{"exactly so many bytes", limits(map[string]any{"file": 5}), turns(t, nil, tree{"a": "1234\n"}), schema.Allow, nil},
		{"a byte more", limits(map[string]any{"file": 5}), turns(t, nil, tree{"a": "12345\n"}), schema.Hold, large},
		{"a large file that was there", limits(map[string]any{"file": 5}), turns(t, tree{"a": "12345\n", "b": "1\n"}, tree{"a": "12345\n", "b": "2\n"}), schema.Allow, nil},
		{"small files that are much together", limits(map[string]any{"bytes": 9}), turns(t, nil, tree{"a": "1234\n", "b": "1234\n"}), schema.Hold, large},
		{"a minified file", byDefault, turns(t, nil, tree{"a.json": "[" + strings.Repeat("1,", 1000) + "1]\n"}), schema.Hold, large},
		{"a line of exactly the limit", byDefault, turns(t, nil, tree{"a": strings.Repeat("x", 2000) + "\r\n"}), schema.Allow, nil},
		{"a file with a zero byte", byDefault, turns(t, nil, tree{"logo": "\x89PNG\x00"}), schema.Hold, large},
		{"a file that is not UTF-8", byDefault, turns(t, nil, tree{"logo": "\xff\xfe"}), schema.Hold, large},
		{"binary files where they may be", limits(map[string]any{"binary": true}), turns(t, nil, tree{"logo": "\x89PNG\x00"}), schema.Allow, nil},
		{"half of the files go", byDefault, turns(t, many(4, ""), many(2, "")), schema.Allow, nil},
		{"more than half go", byDefault, turns(t, many(4, ""), many(1, "")), schema.Hold, blast},
		{"all go", byDefault, turns(t, many(4, ""), nil), schema.Hold, blast},
		{"all go where the gate says so", limits(map[string]any{"deletions": 100}), turns(t, many(4, ""), nil), schema.Allow, nil},
		{"one goes where none may", limits(map[string]any{"deletions": 0}), turns(t, many(400, ""), many(399, "")), schema.Hold, blast},
		{"a file that moves is not deleted", byDefault, turns(t, tree{"a": "1\n"}, tree{"conf/a": "1\n"}), schema.Allow, nil},
		{"four of the same bytes become one", byDefault, turns(t, tree{"a": "1", "b": "1", "c": "1", "d": "1"}, tree{"z": "1"}), schema.Hold, blast},
		{"four empty ones become one", byDefault, turns(t, tree{"a": "", "b": "", "c": "", "d": ""}, tree{"z": ""}), schema.Hold, blast},
		{"four of the same bytes move", byDefault, turns(t, tree{"a": "1", "b": "1", "c": "1", "d": "1"}, tree{"w": "1", "x": "1", "y": "1", "z": "1"}), schema.Allow, nil},
		{"another that gets the bytes of one that goes", byDefault, turns(t, tree{"a": "1\n", "b": "2\n"}, tree{"b": "1\n"}), schema.Allow, nil},
		{"as many apps as may change together", limits(map[string]any{"apps": 2}), counts(2, turns(t, nil, tree{"a": "1\n"})), schema.Allow, nil},
		{"one app more", limits(map[string]any{"apps": 2}), counts(3, turns(t, nil, tree{"a": "1\n"})), schema.Hold, large},
		{"any number of apps by default", byDefault, counts(3000, turns(t, nil, tree{"a": "1\n"})), schema.Allow, nil},
		{"nobody counted the apps", limits(map[string]any{"apps": 2}), turns(t, nil, tree{"a": "1\n"}), schema.Hold, []schema.Code{"evidence-missing"}},
		{"nobody says what the files were", byDefault, func(f *policies.Facts) { turns(t, tree{"a": "1\n"}, tree{"a": "2\n"})(f); f.Before = nil }, schema.Hold, []schema.Code{"evidence-missing"}},
		{"nobody says what they are", byDefault, func(f *policies.Facts) { turns(t, tree{"a": "1\n"}, tree{"a": "2\n"})(f); f.After = nil }, schema.Hold, []schema.Code{"evidence-missing"}},
		{"a file that nobody gave", byDefault, func(f *policies.Facts) { turns(t, tree{"a": "1\n"}, tree{"a": "2\n"})(f); f.Files = nil }, schema.Hold, []schema.Code{"evidence-missing"}},
		{"no facts", byDefault, func(f *policies.Facts) { *f = policies.Facts{} }, schema.Hold, []schema.Code{"evidence-missing"}},
		{"the zero policy lets nothing through", policies.Limits{}, turns(t, nil, tree{"a": "1\n"}), schema.Hold, []schema.Code{"large-change", "large-change", "large-change", "large-change"}},
	} {
		r.run(t)
	}
}

func TestApprovalsLetALargeChangeThrough(t *testing.T) {
	p := gatePolicy(t, "limits", map[string]any{"file": 5, "large": 2})
	approved := func(before, after tree, by1 ...int64) func(*policies.Facts) {
		return func(f *policies.Facts) {
			turns(t, before, after)(f)
			for _, who := range by1 {
				given := by(who)
				given.From, given.To = f.Change.From.Content, f.Change.To.Content
				f.Approvals = append(f.Approvals, given)
			}
		}
	}
	big := tree{"a": "a long text\n"}
	for _, r := range []row{
		{"two approved", p, approved(nil, big, 2, 3), schema.Allow, nil},
		{"one approved", p, approved(nil, big, 2), schema.Hold, []schema.Code{"large-change", "approvals-missing"}},
		{"who wrote it does not count", p, approved(nil, big, 1, 2), schema.Hold, []schema.Code{"large-change", "approvals-missing", "self-approval"}},
		{"a small change needs none", p, approved(nil, tree{"a": "1\n"}), schema.Allow, nil},
		{"so do too many apps", gatePolicy(t, "limits", map[string]any{"apps": 2, "large": 2}), counts(9, approved(nil, tree{"a": "1\n"}, 2, 3)), schema.Allow, nil},
		{"too many apps that one approved", gatePolicy(t, "limits", map[string]any{"apps": 2, "large": 2}), counts(9, approved(nil, tree{"a": "1\n"}, 2)), schema.Hold, []schema.Code{"large-change", "approvals-missing"}},
		{"no approval lets a mass deletion through", p, approved(many(4, ""), many(1, ""), 2, 3), schema.Hold, []schema.Code{"blast-radius"}},
		{"nor one in a large change", p, approved(many(4, ""), big, 2, 3), schema.Hold, []schema.Code{"blast-radius"}},
	} {
		r.run(t)
	}
}

func TestLimitsNameAFewFilesOfMany(t *testing.T) {
	f := promotion()
	turns(t, nil, many(1000, "\x00"))(&f)
	if n := len(gatePolicy(t, "limits", map[string]any{}).Evaluate(f).Missing()); n != 10 {
		t.Errorf("%d findings, want 10", n)
	}
}

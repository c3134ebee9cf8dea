package diff_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-gitops/sluice/reconciler/diff"
)

func ExampleKeys() {
	edits, equal := diff.Keys(
		map[string][]byte{"app.yaml": []byte("limits: {max: 5000, min: 1}\n")},
		map[string][]byte{"app.yaml": []byte("limits: {max: 8000, min: 1, retries: 3}\n")},
	)
	for _, e := range edits {
		fmt.Println(e.Op, e.Key, e.From, e.To)
	}
	fmt.Println(equal, "equal")
	// Output:
	// replace limits.max 5000 8000
	// add limits.retries  3
	// 1 equal
}

func TestKeys(t *testing.T) {
	type edit struct{ Op, Key string }
	for _, row := range []struct {
		sentence string
		from, to map[string][]byte
		want     []edit
		equal    int
	}{
		{"the same bytes differ in nothing", files("a.yaml", "x: 1\n"), files("a.yaml", "x: 1\n"), nil, 1},
		{"formatting is no difference", files("a.yaml", "x:   1 # note\n"), files("a.yaml", "{x: 1}\n"), nil, 1},
		{"a number is not its text", files("a.yaml", "x: 1\n"), files("a.yaml", "x: \"1\"\n"), []edit{{"replace", "x"}}, 0},
		{"a large number keeps its last digit", files("a.json", `{"id":9007199254740993}`), files("a.json", `{"id":9007199254740992}`), []edit{{"replace", "id"}}, 0},
		{"a removed key is named", files("a.yaml", "x: 1\ny: 2\n"), files("a.yaml", "x: 1\n"), []edit{{"remove", "y"}}, 1},
		{"a file that appears brings its keys", nil, files("a.yaml", "x: 1\n"), []edit{{"add", "x"}}, 0},
		{"a key with a dot is quoted", nil, files("a.yaml", "a.b: 1\n"), []edit{{"add", `"a.b"`}}, 0},
		{"a file without keys is compared as a whole", files("logo.txt", "one"), files("logo.txt", "two"), []edit{{"replace", "logo.txt"}}, 0},
		{"with several files keys name theirs", files("a.yaml", "x: 1\n", "b.yaml", "x: 1\n"), files("a.yaml", "x: 2\n", "b.yaml", "x: 1\n"), []edit{{"replace", "a.yaml: x"}}, 1},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			edits, equal := diff.Keys(row.from, row.to)
			var got []edit
			for _, e := range edits {
				got = append(got, edit{e.Op, e.Key})
			}
			if d := cmp.Diff(row.want, got); d != "" || equal != row.equal {
				t.Errorf("Keys(%q, %q): edits (-want +got):\n%s\nequal: got %d, want %d", row.from, row.to, d, equal, row.equal)
			}
		})
	}
}

func files(pairs ...string) map[string][]byte {
	out := map[string][]byte{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = []byte(pairs[i+1])
	}
	return out
}

package schema

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sameAsYAML holds plainYAML to readYAML wherever it answers, and says whether it did.
func sameAsYAML(t *testing.T, data []byte) bool {
	t.Helper()
	quick, ok := plainYAML(data)
	if !ok {
		return false
	}
	src := newSource("app.yaml", data)
	slow := readYAML(src, data, appRules)
	if slow == nil {
		t.Fatalf("%q is read, which YAML does not: %v", data, src.findings())
	}
	if got, want := string(quick.appendJSON(nil)), string(slow.appendJSON(nil)); got != want {
		t.Fatalf("%q is %s, in YAML %s", data, got, want)
	}
	return true
}

// TestPlainYAML has what is read and what is left alone: a text that is on the wrong side is a fault, of speed or of truth.
func TestPlainYAML(t *testing.T) {
	for _, text := range []string{
		"a: 1\n", "a: 1", "a:\nb: 2\n", "a: null\nb: ~\nc: \nd: True\n", "a: -1.5e3\nb: +x\nc: .x\n", "a: 1 # why\n# b: 2\n\n  # c\nc: x#y\n",
		"a:\n  b:\n    c: d\n  e: f\ng: h\n", "a:\n- 1\n- b\nc: 2\n", "a:\n  - 1\n  -\n  - b # c\n", "- a: 1\n  b: 2\n- a: 3\n", "-   a: 1\n    b: 2\n",
		"a:\n  - b:\n    - 1\n    - c: 2\n      d: 3\n    e: 4\n", "a:\n  -\n    b: 1\n", "a: \"x: y # z\"\nb: 'it is \\n' # no\nc: \"\"\n",
		"a: http://x/y?z=[1]&b={2}\n", "a: ünï, \"x\" 'y' | > & * ! %\n", "a: /x\nb: x:y\n", "a:   \n  b: 1   \n", "a: yes\nb: off\nc: 12:30\n",
		"a.b/c-d_e: 1\n", "a: []\nb: [ ] # c\nc: [x,y , 1.5,true,null]\n- [a]\n"[:42], "- [a, b]\n", "a: \"é\"\n", "a: 1\n\n\n", "a: # nothing\nb: # below\n  c: 1\n", "a: -1\n", "- - a: 1\n"[2:],
	} {
		if !sameAsYAML(t, []byte(text)) {
			t.Errorf("%q is left to the other reader", text)
		}
	}
	for _, text := range []string{
		"", "# nothing\n", "a\n", "a: 1\na: 2\n", "a: 1\nA: 2\n", "a: b: c\n", "a: b:\n", "a: 0x10\nb: 1\n", "a: 1_000\n", "a: |\n  b\n", "a: >\n  b\n", "a: [a: b]\n", "a: [a b]\n", "a: [a,]\n", "a: [\"a\"]\n", "a: [a\n", "a: [a]b\n", "a: [0x1]\n", "a: [[a]]\n", "a: [é]\n", "a: {}\n",
		"a: &x 1\n", "a: *x\n", "a: !!str 1\n", "<<: 1\n", "true: 1\n", "1: 2\n", "\"a\": 1\n", "? a\n: b\n", "a: b\n  c\n", "a: 1\n  b: 2\n", "a:\n    b: 1\n  c: 2\n", " a: 1\n",
		"a: 1\n---\nb: 2\n", "---\na: 1\n", "...\n", "a: \"x\\n\"\n", "a: 'it''s'\n", "a: \"x\n  y\"\n", "a: \"x\" y\n", "a: \"x\"#y\n", "a:\tb\n", "a: b\r\n", "a: @x\n", "a: `x\n", "a: %x\n",
		"a: - b\n", "- - a\n", "- a\nb: 1\n", "a: 1\n- b\n", "a:\n- 1\n  - 2\n", "a: -\n", "a: ,\n", "a: ?x\n", "a: ]\n", "\uFEFFa: 1\n", "a: \u2028\n", "a: \x00\n", "a: \xff\n",
		strings.Repeat("k", maxPlainKey+1) + ": 1\n", nested(maxPlainDepth + 1), "a: 1\n b: 2\n", "- a\n - b\n", "-a: 1\n", "a:b\n", "a : 1\n", many("K") + "k3: 1\n",
		strings.Repeat("- a\n", maxPlainLines+1),
	} {
		if v, ok := plainYAML([]byte(text)); ok {
			t.Errorf("%q is read, as %s", text, v.appendJSON(nil))
		}
	}
	for _, text := range []string{nested(maxPlainDepth), many("k"), strings.Repeat("- a: b\n", maxPlainLines)} {
		if !sameAsYAML(t, []byte(text)) {
			t.Errorf("%q is left to the other reader", text)
		}
	}
}

func nested(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return strings.TrimSuffix(b.String(), "\n") + " 1\n"
}

// many has more keys than are looked at one by one.
func many(prefix string) string {
	var b strings.Builder
	for i := range 3 * fewKeys {
		b.WriteString(prefix + count(i) + ": " + count(i) + "\n")
	}
	return b.String()
}

// TestPlainYAMLOfThisProject reads every YAML file of the project by both.
func TestPlainYAMLOfThisProject(t *testing.T) {
	read := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || fileFormat(path) != "yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && sameAsYAML(t, data) {
			read++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if read < 8 {
		t.Errorf("%d files were read by both, of all of the project", read)
	}
}

// yamlParts are what YAML is made of: put together they are files that bytes by chance are not.
var yamlParts = []string{"a", "b", ": ", ":", "- ", "\n", "\n  ", "\n    ", " ", "#", `"`, "'", "[", "]", ",", "1", "~", "-", "é", "{", "}", "|", "&", "*", "!", "\\", "<<", "---", "...", ".5", "?"}

func putTogether(parts []byte) []byte {
	var b strings.Builder
	for _, i := range parts {
		b.WriteString(yamlParts[int(i)%len(yamlParts)])
	}
	return []byte(b.String())
}

// TestPlainYAMLOfParts reads all texts of a few parts by both.
func TestPlainYAMLOfParts(t *testing.T) {
	read := 0
	var try func(parts []byte)
	try = func(parts []byte) {
		if sameAsYAML(t, putTogether(parts)) {
			read++
		}
		if len(parts) == 4 {
			return
		}
		for i := range yamlParts {
			try(append(parts, byte(i)))
		}
	}
	try(nil)
	for _, begin := range []string{"a: b", "a:\n  b:", "- a: b", "a:\n- b"} {
		var all func(text string, more int)
		all = func(text string, more int) {
			if sameAsYAML(t, []byte(text)) {
				read++
			}
			for _, part := range yamlParts {
				if more > 0 {
					all(text+part, more-1)
				}
			}
		}
		all(begin, 3)
	}
	if read < 1000 {
		t.Errorf("%d texts were read by both", read)
	}
}

func FuzzPlainYAML(f *testing.F) {
	for _, text := range []string{"a: 1\nb:\n  - c: d # e\n    f: \"g\"\n  - 'h'\ni:\n", "- a\n-\n  b: -1.0\n", "a:\n  b: true\n\n# c\nd: http://e/f#g\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		sameAsYAML(t, data)
		sameAsYAML(t, putTogether(data))
	})
}

func BenchmarkReadYAML(b *testing.B) {
	data := []byte("# app in production\nversion: 1\nserver:\n  port: 1024\n  host: app.internal\n" + many("setting-"))
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			if _, ok := plainYAML(data); !ok {
				b.Fatal("not read")
			}
		}
	})
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			if readYAML(newSource("a.yaml", data), data, appRules) == nil {
				b.Fatal("not read")
			}
		}
	})
}

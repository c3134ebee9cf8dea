package properties_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/agent/properties"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/schema"
)

func TestParse(t *testing.T) {
	for _, row := range []struct {
		sentence, text string
		want           map[string]string
		err            string
	}{
		{"a key and a value", "a=1\n", map[string]string{"a": "1"}, ""},
		{"three separators", "a = 1\nb: 2\nc 3", map[string]string{"a": "1", "b": "2", "c": "3"}, ""},
		{"only the first separator counts", "url=http://x:1/?a=b", map[string]string{"url": "http://x:1/?a=b"}, ""},
		{"comments and empty lines", "# a\n  ! b\n\n\nc=#d", map[string]string{"c": "#d"}, ""},
		{"a key alone", "a", map[string]string{"a": ""}, ""},
		{"a line goes on", "a=one, \\\n   two", map[string]string{"a": "one, two"}, ""},
		{"an escaped backslash does not", "a=b\\\\\nc=d", map[string]string{"a": `b\`, "c": "d"}, ""},
		{"a comment does not go on", "# a \\\nb=c", map[string]string{"b": "c"}, ""},
		{"a backslash at the end of all", "a=b\\", map[string]string{"a": "b"}, ""},
		{"escapes", `a\ b\=c=\t\u00e9\uD83D\uDE00\x`, map[string]string{"a b=c": "\té😀x"}, ""},
		{"blanks at the end belong to the value", "a=b \r\nc=d", map[string]string{"a": "b ", "c": "d"}, ""},
		{"twice", "a=1\n\na=2", nil, `line 3: the key "a" is there twice`},
		{"no digits", `a=1` + "\n" + `b=\u12`, nil, `line 2: want four hexadecimal digits`},
		{"half a character", `b=\ud83d`, nil, `line 1: half a character`},
		{"no text", "a=\xff", nil, "not UTF-8"},
	} {
		got, err := properties.Parse([]byte(row.text))
		if row.err != "" {
			if err == nil || !strings.Contains(err.Error(), row.err) {
				t.Errorf("%s: got %v, %v, want the error %q", row.sentence, got, err, row.err)
			}
			continue
		}
		if err != nil || !maps.Equal(got, row.want) {
			t.Errorf("%s: got %q, %v, want %q", row.sentence, got, err, row.want)
		}
	}
}

// FuzzParse holds that what is written is read as the same.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"a=b\n", "a\\ b : c\\\n d", `\u00e9=\uD83D\uDE00`, "#x\n!y\nz", "a==\\ b", "=", "a=\\"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := properties.Parse(data)
		if err != nil {
			return
		}
		text := properties.Format(keys)
		again, err := properties.Parse(text)
		if err != nil || !maps.Equal(keys, again) {
			t.Errorf("%q: read %q, wrote %q, read %q, %v", data, keys, text, again, err)
		}
	})
}

func TestOf(t *testing.T) {
	d, err := provider.DocumentOf(map[string]any{
		"app.yaml": map[string]any{
			"server": map[string]any{"port": 8080, "host": "<a>&b"}, "hosts": []any{"a", map[string]any{"b": true}},
			"none": nil, "empty": map[string]any{}, "list": []any{},
		},
		"empty.yaml": nil, "none.yaml": map[string]any{}, "list.json": []any{},
		"clash.json":     map[string]any{"a": map[string]any{"b": 1}, "a.b": 2},
		"db.properties":  "url = jdbc:x\n",
		"bad.properties": "a=1\na=2\n", "notes.txt": "a=1\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		file string
		want map[string]string
		ok   bool
		err  string
	}{
		{"app.yaml", map[string]string{
			"server.port": "8080", "server.host": "<a>&b", "hosts[0]": "a", "hosts[1].b": "true", "none": "null", "empty": "{}", "list": "[]",
		}, true, ""},
		{"empty.yaml", nil, true, ""},
		{"none.yaml", nil, true, ""},
		{"list.json", nil, true, ""},
		{"clash.json", nil, true, `clash.json: two values would have the key "a.b"`},
		{"db.properties", map[string]string{"url": "jdbc:x"}, true, ""},
		{"bad.properties", nil, true, `bad.properties: line 2: the key "a" is there twice`},
		{"notes.txt", nil, false, ""},
		{"nothing.yaml", nil, false, ""},
	} {
		got, ok, err := properties.Of(d, row.file)
		if ok != row.ok || !maps.Equal(got, row.want) || row.err == "" && err != nil || row.err != "" && (err == nil || err.Error() != row.err) {
			t.Errorf("%s: got %q, %v, %v", row.file, got, ok, err)
		}
	}
}

// TestTheLeavesAreThoseOfTheCodeBase holds flattening to schema.Flatten, which is what people compare and the mirror has.
func TestTheLeavesAreThoseOfTheCodeBase(t *testing.T) {
	const text = `{"server":{"port":8080,"rate":1.10,"hosts":["a","b",[]],"tls":null},"a/b~c":"1","on":true,"none":{}}`
	d, err := provider.ParseDocument([]byte(`{"files":{"app.json":{"base64":"","mode":"100644"}},"values":{"app.json":` + text + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	keys, _, err := properties.Of(d, "app.json")
	if err != nil {
		t.Fatal(err)
	}
	leaves, found := schema.Flatten("app.json", []byte(text))
	if found.Err() != nil {
		t.Fatal(found)
	}
	var got, want []string
	for key, value := range keys {
		key = strings.NewReplacer("[", ".", "]", "").Replace(key)
		got = append(got, key+"="+value)
	}
	for pointer, leaf := range leaves {
		key := strings.NewReplacer("~0", "~", "~1", "/").Replace(strings.ReplaceAll(pointer[1:], "/", "."))
		want = append(want, key+"="+strings.Trim(leaf.Value, `"`))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

package provider_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

type nested struct {
	Name string `sluice:"name"`
	Size int8   `sluice:"size" default:"3"`
}

type embeddedPart struct {
	Region string `sluice:"region,optional"`
}

type full struct {
	embeddedPart

	Bool     bool              `sluice:"bool"`
	Int      int               `sluice:"int"`
	Uint     uint16            `sluice:"uint"`
	Float    float64           `sluice:"float"`
	Text     string            `sluice:"text"`
	Timeout  time.Duration     `sluice:"timeout"`
	Keep     time.Duration     `sluice:"keep"`
	Number   json.Number       `sluice:"number"`
	Token    provider.Secret   `sluice:"token"`
	Addr     netip.Addr        `sluice:"addr"`
	When     time.Time         `sluice:"when"`
	List     []string          `sluice:"list"`
	Map      map[string]int    `sluice:"map"`
	Nested   nested            `sluice:"nested"`
	Many     []nested          `sluice:"many"`
	ByName   map[string]nested `sluice:"byName"`
	Pointer  *int              `sluice:"pointer"`
	Nothing  *nested           `sluice:"nothing"`
	Any      any               `sluice:"any"`
	Default  []int             `sluice:"default" default:"[1,2]"`
	Wait     time.Duration     `default:"90s"`
	FromJSON string            `json:"fromJSON"`
	Untagged string
	Own      func() `sluice:"-"`
}

const fullJSON = `{"bool":true,"int":-3,"uint":65535,"float":1.50,"text":"x","timeout":"1m30s","keep":"30d","number":1.10,"token":"hunter2",
	"addr":"10.0.0.1","when":"2026-03-01T12:00:00Z","list":["a","b"],"map":{"a":1},"nested":{"name":"n"},"many":[{"name":"m","size":4}],
	"byName":{"k":{"name":"o"}},"pointer":7,"any":{"a":[1]},"fromJSON":"j","UNTAGGED":"u","region":"eu"}`

func document(t testing.TB, files map[string]string) *provider.Document {
	t.Helper()
	all := map[string]any{}
	for path, text := range files {
		all[path] = json.RawMessage(text)
	}
	d, err := provider.DocumentOf(all)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDecodeFillsEveryType(t *testing.T) {
	got, err := provider.Decode[full](document(t, map[string]string{"app.yaml": fullJSON}), provider.Strict())
	if err != nil {
		t.Fatal(err)
	}
	seven := 7
	want := &full{
		embeddedPart: embeddedPart{"eu"}, Bool: true, Int: -3, Uint: 65535, Float: 1.5, Text: "x", Timeout: 90 * time.Second, Keep: 720 * time.Hour,
		Number: "1.10", Token: provider.NewSecret("hunter2"), Addr: netip.MustParseAddr("10.0.0.1"), When: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		List: []string{"a", "b"}, Map: map[string]int{"a": 1}, Nested: nested{"n", 3}, Many: []nested{{"m", 4}}, ByName: map[string]nested{"k": {"o", 3}},
		Pointer: &seven, Any: map[string]any{"a": []any{json.Number("1")}}, Default: []int{1, 2}, Wait: 90 * time.Second, FromJSON: "j", Untagged: "u",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

type checked struct {
	Low  int `sluice:"low"`
	High int `sluice:"high"`
}

func (c *checked) Validate() error {
	if c.Low > c.High {
		return errors.New("low is above high")
	}
	return nil
}

func TestDecodeRefuses(t *testing.T) {
	decode := func(text string, into func(*provider.Document) error) error {
		return into(document(t, map[string]string{"app.yaml": text}))
	}
	for _, row := range []struct {
		sentence, text string
		into           func(*provider.Document) error
		want           string
	}{
		{"a missing key", `{}`, of[config], "app.yaml: port: missing"},
		{"a missing key below", `{"a":{}}`, of[struct{ A nested }], "app.yaml: A.name: missing"},
		{"a missing struct whose keys have no defaults", `{}`, of[struct{ A nested }], "A.name: missing"},
		{"text for a number", `{"port":"hunter2"}`, of[config], "app.yaml: port: want a whole number, have text"},
		{"a number for text", `{"A":1.10}`, of[struct{ A string }], "A: want text (quote it in the file), have a number"},
		{"a fraction for an int", `{"port":1.5}`, of[config], "port: want a whole number"},
		{"an exponent for an int", `{"port":1e3}`, of[config], "port: want a whole number"},
		{"too large", `{"A":300}`, of[struct{ A uint8 }], "does not fit into uint8"},
		{"below zero", `{"A":-1}`, of[struct{ A uint8 }], "want a whole number that fits into uint8"},
		{"a float that overflows", `{"A":1e999}`, of[struct{ A float64 }], "does not fit into float64"},
		{"null for a number", `{"port":null}`, of[config], "have nothing (null)"},
		{"a bare number for a duration", `{"A":30}`, of[struct{ A time.Duration }], "want a duration"},
		{"a duration without unit", `{"A":"30"}`, of[struct{ A time.Duration }], "want a duration"},
		{"a duration longer than any", `{"A":"999999d"}`, of[struct{ A time.Duration }], "too long"},
		{"a list for a map", `{"A":[]}`, of[struct{ A map[string]int }], "want a map, have a list"},
		{"a map for a list", `{"A":{}}`, of[struct{ A []int }], "want a list, have a map"},
		{"a bad item", `{"A":[1,"x"]}`, of[struct{ A []int }], "A.1: want a whole number, have text"},
		{"a bad value in a map", `{"A":{"k.x":"y"}}`, of[struct{ A map[string]int }], `A."k.x": want a whole number`},
		{"no address", `{"A":"hunter2"}`, of[struct{ A netip.Addr }], "not a netip.Addr"},
		{"a secret that is a number", `{"A":1}`, of[struct{ A provider.Secret }], "want text, have a number"},
		{"bytes", `{"A":"x"}`, of[struct{ A []byte }], "want a list"},
		{"a type that nothing fills", `{"A":"x"}`, of[struct{ A chan int }], "cannot be filled"},
		{"keys that are no text", `{"A":{}}`, of[struct{ A map[int]int }], "keys are text"},
		{"a default that does not fit", `{}`, of[struct {
			A int `default:"x"`
		}], "default: want a whole number"},
		{"an option nobody knows", `{}`, of[struct {
			A int `sluice:"a,omitempty"`
		}], `option "omitempty"`},
		{"a required pointer", `{}`, of[struct {
			A *int `sluice:"a,required"`
		}], "a: missing"},
		{"null for a required pointer", `{"a":null}`, of[struct {
			A *int `sluice:"a,required"`
		}], "app.yaml: a: want a value, have nothing (null)"},
		{"null for a required list", `{"a":null}`, of[struct {
			A []int `sluice:"a,required"`
		}], "a: want a value, have nothing (null)"},
		{"null for a required map", `{"a":null}`, of[struct {
			A map[string]int `sluice:"a,required"`
		}], "a: want a value, have nothing (null)"},
		{"null for anything that is required", `{"a":null}`, of[struct {
			A any `sluice:"a,required"`
		}], "a: want a value, have nothing (null)"},
		{"the opinion of a number", `{"A":5000}`, of[struct{ A port }], "app.yaml: A: above 1000"},
		{"the opinion of a list", `{"A":[]}`, of[struct{ A hosts }], "A: none"},
		{"of a list that is null", `{"A":null}`, of[struct{ A hosts }], "A: none"},
		{"of a map", `{"A":{"x":1}}`, of[struct{ A shares }], "A: do not make 100"},
		{"of a map that is all there is", `{"x":1}`, of[shares], "app.yaml: do not make 100"},
		{"of an item of a list", `{"A":[1,5000]}`, of[struct{ A []port }], "A.1: above 1000"},
		{"of what a pointer points to", `{"A":5000}`, of[struct{ A *port }], "A: above 1000"},
		{"of a text of its own form", `{"A":"x"}`, of[struct{ A level }], "A: no such level"},
		{"of a default", `{}`, of[struct {
			A port `default:"5000"`
		}], "default: above 1000"},
		{"not a map at all", `[1]`, of[config], "app.yaml: want a map, have a list"},
		{"its own opinion", `{"low":2,"high":1}`, of[checked], "low is above high"},
		{"its own opinion, below", `{"A":[{"low":2,"high":1}]}`, of[struct{ A []checked }], "A.0: low is above high"},
		{"an unknown key", `{"port":1,"hunter2":3}`, strictly[config], "app.yaml: hunter2: unknown key"},
		{"a misspelt key", `{"port":1,"prot":3}`, strictly[config], "did you mean port?"},
		{"an unknown key below", `{"A":[{"name":"x","nam":1}]}`, strictly[struct{ A []nested }], "A.0.nam: unknown key"},
	} {
		err := decode(row.text, row.into)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.sentence, err, row.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") && row.sentence != "an unknown key" {
			t.Errorf("%s: the value is repeated: %v", row.sentence, err)
		}
	}
	err := decode(`{"A":"x","B":"y"}`, of[struct{ A, B int }])
	if err == nil || strings.Count(err.Error(), "want a whole number") != 2 {
		t.Errorf("not all that is wrong: %v", err)
	}
}

func of[T any](d *provider.Document) error { _, err := provider.Decode[T](d); return err }

func strictly[T any](d *provider.Document) error {
	_, err := provider.Decode[T](d, provider.Strict())
	return err
}

func TestFilesAreLaidOverOneAnother(t *testing.T) {
	type server struct {
		Host  string   `sluice:"host"`
		Port  int      `sluice:"port"`
		Paths []string `sluice:"paths"`
	}
	type config struct {
		Server server `sluice:"server"`
	}
	d := document(t, map[string]string{
		"app.yaml":   `{"server":{"host":"a","port":1,"paths":["x","y"]}}`,
		"local.yaml": `{"server":{"host":"b","paths":["z"]}}`,
		"empty.yaml": `null`,
	})
	got, err := provider.Decode[config](d, provider.Files("app.yaml", "local.yaml", "empty.yaml", "none.yaml?"), provider.Strict())
	if err != nil || !reflect.DeepEqual(got.Server, server{"b", 1, []string{"z"}}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, option := range map[string]provider.BindOption{"a file that is missing": provider.Files("app.yaml", "none.yaml"), "no file said": provider.Files()} {
		if _, err := provider.Decode[config](d, option); err == nil || !strings.Contains(err.Error(), "local.yaml") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if again, _ := d.JSON("app.yaml"); !strings.Contains(string(again), `"host":"a"`) {
		t.Error("laying over has changed the document")
	}
}

// TestAnEmptyFileSetsNothing: neither alone nor below another.
func TestAnEmptyFileSetsNothing(t *testing.T) {
	type config struct {
		Port int `sluice:"port" default:"3"`
	}
	type needs struct {
		Name string `sluice:"name,required"`
	}
	d := document(t, map[string]string{"app.yaml": `null`, "local.yaml": `{"port":5}`})
	for name, want := range map[string]int{"app.yaml": 3, "app.yaml local.yaml": 5, "local.yaml app.yaml": 5, "none.yaml?": 3} {
		if got, err := provider.Decode[config](d, provider.Files(strings.Fields(name)...)); err != nil || got.Port != want {
			t.Errorf("%s: got %+v, %v, want %d", name, got, err, want)
		}
	}
	if got, err := provider.Decode[map[string]int](d, provider.Files("app.yaml")); err != nil || len(*got) != 0 {
		t.Errorf("a map: got %v, %v", got, err)
	}
	if _, err := provider.Decode[needs](d, provider.Files("app.yaml")); err == nil || !strings.Contains(err.Error(), "app.yaml: name: missing") {
		t.Errorf("what is required: got %v", err)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	type holder struct {
		Public provider.Secret
		hidden provider.Secret
		Nested map[string]provider.Secret
	}
	s := provider.NewSecret("hunter2")
	h := holder{s, s, map[string]provider.Secret{"a": s}}
	var text strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		fmt.Fprintf(&text, verb+verb+verb+"\n", s, &s, h)
	}
	asJSON, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	asXML, err := xml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", "s", s, "h", h)
	text.Write(append(asJSON, asXML...))
	if strings.Contains(text.String(), "hunter2") || strings.Contains(text.String(), "68756e746572") {
		t.Errorf("printed:\n%s", text.String())
	}
	if s.Reveal() != "hunter2" || !s.Equal(provider.NewSecret("hunter2")) || s.Equal(provider.Secret{}) {
		t.Error("it does not hold its text")
	}
}

func TestBetween(t *testing.T) {
	for _, row := range []struct{ sentence, from, to, want string }{
		{"the same", `{"a":1}`, `{"a":1}`, ""},
		{"a number of another literal", `{"a":1.1}`, `{"a":1.10}`, "replace app.yaml: a"},
		{"text that looks like it", `{"a":1}`, `{"a":"1"}`, "replace app.yaml: a"},
		{"a key more and a key less", `{"a":1}`, `{"b":1}`, "remove app.yaml: a, add app.yaml: b"},
		{"deep", `{"a":{"b":{"c":1,"d":2}}}`, `{"a":{"b":{"c":1,"d":3}}}`, "replace app.yaml: a.b.d"},
		{"a list that grows", `{"a":[1]}`, `{"a":[1,2]}`, "add app.yaml: a.1"},
		{"a list that shrinks", `{"a":[1,2]}`, `{"a":[2]}`, "replace app.yaml: a.0, remove app.yaml: a.1"},
		{"a map that becomes text", `{"a":{"b":1}}`, `{"a":"x"}`, "replace app.yaml: a"},
		{"a whole map more", `{}`, `{"a":{"b":1,"c":2}}`, "add app.yaml: a.b, add app.yaml: a.c"},
		{"an empty map more", `{}`, `{"a":{}}`, "add app.yaml: a"},
		{"null is something", `{"a":null}`, `{}`, "remove app.yaml: a"},
		{"a key with a dot", `{"a.b":1}`, `{"a.b":2}`, `replace app.yaml: "a.b"`},
	} {
		from, to := document(t, map[string]string{"app.yaml": row.from}), document(t, map[string]string{"app.yaml": row.to})
		if got := provider.Between(from, to).String(); got != row.want {
			t.Errorf("%s: got %q, want %q", row.sentence, got, row.want)
		}
	}
	with := func(files map[string]any) *provider.Document {
		d, err := provider.DocumentOf(files)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	changes := provider.Between(with(map[string]any{"run.sh": "a", "old": "x"}), with(map[string]any{"run.sh": "b", "new": "x"}))
	if got := changes.String(); got != "add new, remove old, replace run.sh" {
		t.Errorf("files without values: got %q", got)
	}
	changes = provider.Between(document(t, map[string]string{"a.yaml": `{"x":{"y":1}}`}), document(t, map[string]string{"a.yaml": `{"x":{"y":2}}`}))
	if !changes.Has("a.yaml") || !changes.Has("a.yaml", "x") || !changes.Has("a.yaml", "x", "y") || changes.Has("a.yaml", "z") || changes.Has("b.yaml") {
		t.Errorf("Has is wrong about %s", changes)
	}
	if old, new := changes[0].Old.JSON(), changes[0].New.JSON(); string(old) != "1" || string(new) != "2" {
		t.Errorf("from %s to %s", old, new)
	}
}

package ledger_test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// TestFormatNamesEveryField holds the tables of FORMAT.md to the structs: the same fields, in the order they are written in.
func TestFormatNamesEveryField(t *testing.T) {
	tables := formatTables(t)
	types := map[string]reflect.Type{}
	for _, v := range []any{ledger.Entry{}, ledger.SealedCell{}, ledger.State{}, ledger.Refs{}, ledger.Head{}} {
		structs(types, reflect.TypeOf(v))
	}
	for name, typ := range types {
		if got, want := tables[name], fields(typ); !slices.Equal(got, want) {
			t.Errorf("%s: FORMAT.md has %v, the code %v", name, got, want)
		}
	}
	for _, name := range []string{"Entry", "DriftKey", "ControlState", "Identity"} {
		if types[name] == nil {
			t.Errorf("%s was not looked at: the check would check nothing", name)
		}
	}
}

// structs collects the structs that a type is made of and that are written as JSON objects.
func structs(into map[string]reflect.Type, t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Array:
		structs(into, t.Elem())
	case reflect.Struct:
		if !strings.HasPrefix(t.PkgPath(), "github.com/sluice-gitops/") || into[t.Name()] != nil {
			return
		}
		into[t.Name()] = t
		for i := range t.NumField() {
			if t.Field(i).Tag.Get("json") != "-" {
				structs(into, t.Field(i).Type)
			}
		}
	}
}

// fields returns the JSON names of a struct, "?" before those that are left out when empty.
func fields(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, flags, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		// A time is never empty to "omitempty"; it is always there.
		if strings.Contains(flags, "omitzero") || strings.Contains(flags, "omitempty") && f.Type.Kind() != reflect.Struct {
			name = "?" + name
		}
		out = append(out, name)
	}
	return out
}

// formatTables reads the first column of every table of FORMAT.md, by the heading above it.
func formatTables(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string][]string{}
	heading := ""
	for line := range strings.SplitSeq(string(text), "\n") {
		if strings.HasPrefix(line, "#") {
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !strings.HasPrefix(cells[1], " `") {
			continue
		}
		name := strings.Trim(strings.TrimSpace(cells[1]), "`")
		if strings.HasPrefix(cells[2], " optional") {
			name = "?" + name
		}
		tables[heading] = append(tables[heading], name)
	}
	return tables
}

// TestFormatNamesEveryKind holds the table of kinds to what an entry of each kind must and may have.
func TestFormatNamesEveryKind(t *testing.T) {
	var want []string
	for _, k := range ledger.Kinds() {
		want = append(want, string(k))
	}
	if !slices.Equal(schema.RecordKinds, want) {
		t.Errorf("schema.RecordKinds has %v, the code %v", schema.RecordKinds, want)
	}
	got := formatTables(t)["Kinds"]
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("FORMAT.md has %v, the code %v", got, want)
	}
	for _, k := range ledger.Kinds() {
		row := "| `" + string(k) + "` | " + ledger.PartsOf(k) + " | "
		if !strings.Contains(formatText(t), row) {
			t.Errorf("FORMAT.md lacks %q", row)
		}
	}
}

func TestFormatNamesEveryCode(t *testing.T) {
	table := formatTables(t)["What is found"]
	for _, code := range []schema.Code{
		ledger.LogChain, ledger.LogOrder, ledger.LogFork, ledger.LogRollback, ledger.LogSignature, ledger.LogOrigin, ledger.LogEmpty,
		ledger.StateMismatch, ledger.EvidenceMissing, ledger.HistoryMissing, ledger.UnknownFormat, ledger.AnchorMissing, ledger.AnchorMismatch,
	} {
		if !slices.Contains(table, string(code)) {
			t.Errorf("FORMAT.md lacks %s", code)
		}
	}
}

func formatText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

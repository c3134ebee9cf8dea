package status

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// filled puts something into every field of what can be set, a few levels deep; every text is the same word.
func filled(v reflect.Value, depth int) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(1_000_000_000, 0).UTC()))
		return
	case depth == 0:
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("a")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem(), depth-1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		filled(v.Index(0), depth-1)
	case reflect.Array:
		filled(v.Index(0), depth-1)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		filled(key, depth-1)
		filled(value, depth-1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				filled(v.Field(i), depth-1)
			}
		}
	}
}

// empty are the fields of a struct that hold nothing.
func empty(v reflect.Value) []string {
	var out []string
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			out = append(out, v.Type().Field(i).Name)
		}
	}
	return out
}

// TestEveryFieldIsThoughtOf: of what somebody may see nothing is lost but what is listed here, and a new field fails this until it
// is taken over or listed.
func TestEveryFieldIsThoughtOf(t *testing.T) {
	var v schema.View
	filled(reflect.ValueOf(&v).Elem(), 14)
	v.Journal.Records[0].To, v.Journal.Read, v.Narrowed = "a", 9, false
	v.Problems = []string{"deliver a in a: full"}
	v.Steps[0].From, v.Steps[0].To = "a", "a"
	narrow := sight{{Apps: schema.Patterns{"a"}, Stages: []schema.StageName{"a"}}}
	got := narrow.narrow(v)
	// what is of no one cell
	if lost := empty(reflect.ValueOf(got)); !slices.Equal(lost, []string{"Drafts", "Outside", "Control", "Unjudged", "Unread", "Guards", "Silent", "ProblemCodes", "Pulse"}) {
		t.Errorf("of a view is not shown: %v", lost)
	}
	if len(got.Apps) != 1 || len(got.Apps[0].Cells) != 1 {
		t.Fatalf("apps: %v", got.Apps)
	}
	c := got.Apps[0].Cells[0]
	for name, part := range map[string]any{"an app": got.Apps[0], "a cell": c, "what waits": *c.Held, "its change": c.Held.Change, "its instances": *c.Instances, "what its mode let in": *c.LetIn} {
		if lost := empty(reflect.ValueOf(part)); len(lost) > 0 {
			t.Errorf("of %s is not shown: %v", name, lost)
		}
	}
}

func TestAPartBeginsWithItsFirstRecord(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	record := func(seq int64, app schema.App) schema.Record {
		return schema.Record{Seq: seq, App: app, Stage: "gray", At: at.Add(time.Duration(seq) * time.Hour)}
	}
	v := schema.View{Journal: &schema.Journal{Read: 3, Since: at.Add(time.Hour), Records: []schema.Record{record(1, "zebra"), record(2, "pay"), record(3, "pay")}}}
	j, _ := sight{{Apps: schema.Patterns{"pay"}}}.journal(v, words{})
	if want := at.Add(2 * time.Hour); !j.Since.Equal(want) {
		t.Errorf("it begins at %s, want %s", j.Since, want)
	}
}

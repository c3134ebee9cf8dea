package main

import (
	"reflect"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestEverySettingIsTakenOverOrRefused changes each field of the operator's file alone: none may be passed over in silence.
func TestEverySettingIsTakenOverOrRefused(t *testing.T) {
	was := schema.Operator{Projects: []schema.OperatorProject{{Repository: "a"}, {Repository: "b"}}}
	ask := func(name string, is schema.Operator, want []int) {
		keys, projects := fixed(was, is), reopened(was, is)
		if len(keys) == 0 && !reflect.DeepEqual(projects, want) {
			t.Errorf("%s: refused %v, opened anew %v, want one of the two (%v)", name, keys, projects, want)
		}
	}
	if keys, projects := fixed(was, was), reopened(was, was); len(keys)+len(projects) != 0 {
		t.Errorf("nothing changed: refused %v, opened anew %v", keys, projects)
	}
	for i := range reflect.TypeFor[schema.Operator]().NumField() {
		is := was
		if field := reflect.TypeFor[schema.Operator]().Field(i); field.Name != "Projects" {
			setOther(t, reflect.ValueOf(&is).Elem().Field(i))
			ask(field.Name, is, []int{0, 1})
		}
	}
	for i := range reflect.TypeFor[schema.OperatorProject]().NumField() {
		is := was
		is.Projects = []schema.OperatorProject{was.Projects[0], was.Projects[1]}
		setOther(t, reflect.ValueOf(&is.Projects[1]).Elem().Field(i))
		ask("projects[1]."+reflect.TypeFor[schema.OperatorProject]().Field(i).Name, is, []int{1})
	}
	one := was
	one.Projects = was.Projects[:1]
	if keys := fixed(was, one); len(keys) == 0 {
		t.Error("a project that is gone is passed over")
	}
	moved := was
	moved.StateDir, moved.Poll.Interval = "/elsewhere", time.Hour
	if keys := fixed(was, moved); !reflect.DeepEqual(keys, []string{"state_dir"}) {
		t.Errorf("refused %v, want state_dir", keys)
	}
}

// setOther gives a field another value than its zero.
func setOther(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString("other")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(7)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("other"), reflect.Zero(v.Type().Elem()))
	case reflect.Struct:
		setOther(t, v.Field(0))
	default:
		t.Fatalf("a field of kind %s: say here how it changes", v.Kind())
	}
}

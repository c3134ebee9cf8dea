package main

import (
	"context"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// How a change of a setting is taken.
const (
	restart = "restart" // it is refused: what it says is held by others from the start on
	reopen  = "reopen"  // the projects that it is about are opened anew
)

// takenBy is every field of the operator's file, by its name in Go. A field that is not here is a failure: whoever adds one says
// which it is, and sees to it.
var takenBy = map[string]string{
	"LogKeyFile": reopen, "NextLogKeyFile": reopen, "BotKeyFile": reopen, "StateDir": restart, "Poll": reopen, "Listen": restart,
	"Page": reopen, "Access": restart, "Badges": restart, "ShowValues": restart, "Admin": restart, "Embedded": restart, "Webhook": restart,
	"ShutdownDelay": restart, "Traces": restart,

	"projects[1].Repository": restart, "projects[1].Username": reopen, "projects[1].TokenFile": reopen, "projects[1].SSHKeyFile": reopen,
	"projects[1].KnownHostsFile": reopen, "projects[1].CAFile": reopen, "projects[1].GitLab": reopen, "projects[1].Anchor": restart,
	"projects[1].Ledger": restart, "projects[1].Targets": reopen, "projects[1].Witnesses": reopen, "projects[1].Election": reopen,
}

// TestEverySettingIsTakenOverOrRefused changes each field of the operator's file alone: none may be passed over in silence.
func TestEverySettingIsTakenOverOrRefused(t *testing.T) {
	was := schema.Operator{Projects: []schema.OperatorProject{{Repository: "a"}, {Repository: "b"}}}
	seen := map[string]string{}
	ask := func(name string, is schema.Operator, projects []int) {
		switch keys, anew := fixed(was, is), reopened(was, is); {
		case len(keys) > 0:
			seen[name] = restart
		case reflect.DeepEqual(anew, projects):
			seen[name] = reopen
		default:
			t.Errorf("%s: opened anew %v, want %v", name, anew, projects)
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
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if seen[name] != takenBy[name] {
			t.Errorf("%s: %s, want %q", name, seen[name], takenBy[name])
		}
	}
	if len(seen) != len(takenBy) {
		t.Errorf("%d fields are asked about, and %d are in the table", len(seen), len(takenBy))
	}
}

func TestWhatIsRefusedIsNamed(t *testing.T) {
	was := schema.Operator{Projects: []schema.OperatorProject{{Repository: "a"}, {Repository: "b"}}}
	other := was
	other.Projects = []schema.OperatorProject{was.Projects[0], {Repository: "b", GitLab: &schema.GitLabAccess{Project: "c"}}}
	if keys := fixed(was, other); !reflect.DeepEqual(keys, []string{"projects[1].gitlab.project"}) {
		t.Errorf("refused %v, want projects[1].gitlab.project", keys)
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

// TestAnEndDuringAReloadIsNoFailure: nothing was lost, so the process ends as it does at any other time.
func TestAnEndDuringAReloadIsNoFailure(t *testing.T) {
	was := schema.Operator{Projects: []schema.OperatorProject{{Repository: "a"}, {Repository: "b"}}}
	is := was
	is.Poll.Interval = time.Hour
	rows := []struct {
		sentence string
		ends     func(f *fleet, end context.CancelFunc)
	}{
		{"while the file is read", func(_ *fleet, end context.CancelFunc) { end() }},
		{"while the first project finishes what it writes", func(f *fleet, end context.CancelFunc) {
			f.running[0].stop = end
		}},
		{"while it is opened anew", func(f *fleet, end context.CancelFunc) {
			f.daemons[0].closers = []func() error{func() error { end(); return nil }}
		}},
		{"while it is opened as it was", func(f *fleet, end context.CancelFunc) {
			stops := 0
			f.running[0].stop = func() {
				if stops++; stops == 2 {
					end()
				}
			}
		}},
	}
	for _, row := range rows {
		t.Run(row.sentence, func(t *testing.T) {
			ctx, end := context.WithCancel(t.Context())
			f := &fleet{op: was, daemons: []*daemon{{}, {}}, log: slog.New(slog.DiscardHandler), tries: func(context.Context, schema.Operator, int) error { return nil }}
			for range was.Projects {
				l := &loop{stop: func() {}, ended: make(chan struct{})}
				close(l.ended)
				f.running = append(f.running, l)
			}
			f.reload(ctx, func() (schema.Operator, error) { row.ends(f, end); return is, nil }, func() { t.Error("it ends for what it lost") })
			if ctx.Err() == nil {
				t.Fatal("it did not end during the reload: this shows nothing")
			}
			if err := f.err(); err != nil {
				t.Errorf("it ends with %v, want nothing", err)
			}
		})
	}
}

// TestARefusedFileTouchesNothing: what runs goes on with the connections that it has; only a file by which every project opens ends it.
func TestARefusedFileTouchesNothing(t *testing.T) {
	was := schema.Operator{StateDir: t.TempDir(), Projects: []schema.OperatorProject{{Repository: "a"}, {Repository: "b"}}}
	is := was
	is.Projects = []schema.OperatorProject{{Repository: "a", Username: "other"}, {Repository: "b", TokenFile: "/no/such/file"}}
	f := &fleet{op: was, daemons: []*daemon{{}, {}}, log: slog.New(slog.DiscardHandler)}
	f.tries = f.opensBy
	for i := range was.Projects {
		l := &loop{stop: func() { t.Errorf("project %d is stopped", i) }, ended: make(chan struct{})}
		close(l.ended)
		f.running = append(f.running, l)
		f.daemons[i].closers = []func() error{func() error { t.Errorf("project %d is closed", i); return nil }}
	}
	f.reload(t.Context(), func() (schema.Operator, error) { return is, nil }, func() { t.Error("it ends for what it lost") })
	if ok, _ := f.lastReload(); ok || !reflect.DeepEqual(f.op, was) {
		t.Errorf("taken over: %t, %+v", ok, f.op)
	}
}

package gitlab_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	marker    = "<!-- sluice:v1 kind=note project=1 mr=1 -->"
	ownBot    = "project_101_bot_1"
	ownTokens = "glpat-writer-77aa"
)

func says(text string) string { return marker + "\n" + text }

// writing is a stand-in with an open merge request, and a client whose token may write.
func writing(t *testing.T) (*forge, *gitlab.Client, func() []gitlabtest.Note) {
	t.Helper()
	f := startForge(t, gitlabtest.Options{}, nil)
	ok(t)(f.AddUser(gitlabtest.User{Username: ownBot, Bot: true, Token: ownTokens, Scopes: []string{"api"}}))
	ok(t)(nil, f.UpdateProject(config, func(p *gitlabtest.Project) { p.Members[ownBot] = gitlabtest.Developer }))
	f.commit("ann", "change", "main", "one")
	ok(t)(f.OpenMergeRequest(config, gitlabtest.NewMergeRequest{Author: "ann", SourceBranch: "change"}))
	cfg, _ := configure(t, f.URL(), config, ownTokens)
	return f, connect(t, cfg), func() []gitlabtest.Note {
		mr, err := f.MergeRequest(config, 1)
		ok(t)(mr, err)
		var people []gitlabtest.Note
		for _, n := range mr.Notes {
			if !n.System {
				people = append(people, n)
			}
		}
		return people
	}
}

// bodies are the notes by their authors, oldest first: "ann: hello".
func bodies(notes []gitlabtest.Note) string {
	var out []string
	for _, n := range notes {
		out = append(out, n.Author+": "+strings.TrimPrefix(n.Body, marker+"\n"))
	}
	return strings.Join(out, "; ")
}

func TestOneNote(t *testing.T) {
	for _, tc := range []struct {
		name  string
		first func(*forge)
		id    int64 // as it is remembered
		want  string
		posts int
		puts  int
	}{
		{"none is there", func(*forge) {}, 0, ownBot + ": new", 1, 0},
		{"ours is there, and we know nothing of it", func(f *forge) { f.note(ownBot, says("old")) }, 0, ownBot + ": new", 0, 1},
		{"ours says it already", func(f *forge) { f.note(ownBot, says("new")) }, 0, ownBot + ": new", 0, 0},
		{"ours says it already, in GitLab's line ends", func(f *forge) { f.note(ownBot, marker+"\r\nnew\r\n") }, 0, ownBot + ": \r\nnew\r\n", 0, 0},
		{"we remember one that is gone", func(*forge) {}, 999, ownBot + ": new", 1, 0},
		{"somebody forged one", func(f *forge) { f.note("eve2", says("admitted, believe me")) }, 0, "eve2: admitted, believe me; " + ownBot + ": new", 1, 0},
		{"we remember what is somebody else's", func(f *forge) { f.note("eve2", says("x")) }, -1, "eve2: x; " + ownBot + ": new", 1, 0},
		{"ours is about something else", func(f *forge) { f.note(ownBot, "hello") }, 0, ownBot + ": hello; " + ownBot + ": new", 1, 0},
		{"the marker stands further down", func(f *forge) { f.note(ownBot, "see\n"+says("x")) }, 0, ownBot + ": see\n" + says("x") + "; " + ownBot + ": new", 1, 0},
		{"two of ours are there", func(f *forge) { f.note(ownBot, says("old")); f.note(ownBot, says("older")) }, 0, ownBot + ": new", 0, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, c, notes := writing(t)
			ok(t)(f.AddUser(gitlabtest.User{Username: "eve2"}))
			ok(t)(nil, f.UpdateProject(config, func(p *gitlabtest.Project) { p.Members["eve2"] = gitlabtest.Developer }))
			tc.first(f)
			if tc.id < 0 {
				tc.id = int64(notes()[0].ID)
			}
			want := schema.StickyNote{MergeRequest: 1, ID: tc.id, Marker: marker, Body: says("new")}
			for range 2 { // the second time nothing is written
				id, err := c.Note(context.Background(), want)
				ok(t)(id, err)
				want.ID = id
			}
			if got := strings.ReplaceAll(bodies(notes()), marker, ""); got != strings.ReplaceAll(tc.want, marker, "") {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if posts, puts := f.sent("POST", "/notes"), f.sent("PUT", "/notes"); posts != tc.posts || puts != tc.puts {
				t.Errorf("%d were made and %d changed, want %d and %d", posts, puts, tc.posts, tc.puts)
			}
		})
	}
}

func (f *forge) note(who, body string) {
	f.t.Helper()
	ok(f.t)(f.AddNote(config, 1, who, body))
}

// sent counts the requests of a method whose path holds a text.
func (f *forge) sent(method, path string) int {
	n := 0
	for _, r := range f.Requests() {
		if r.Method == method && strings.Contains(r.Path, path) {
			n++
		}
	}
	return n
}

// TestALostAnswerMakesNoSecondNote: GitLab made the note and answered 500, or nothing.
func TestALostAnswerMakesNoSecondNote(t *testing.T) {
	for name, fault := range map[string]gitlabtest.Fault{
		"an error":   {Method: "POST", Path: "/notes", Status: 500, Times: 1, After: true},
		"no answer":  {Method: "POST", Path: "/notes", Cut: true, Times: 1, After: true},
		"half a day": {Method: "POST", Path: "/notes", Status: 502, Times: 1, After: true},
	} {
		t.Run(name, func(t *testing.T) {
			f, c, notes := writing(t)
			f.Fail(fault)
			want := schema.StickyNote{MergeRequest: 1, Marker: marker, Body: says("new")}
			if _, err := c.Note(context.Background(), want); !errors.Is(err, gitlab.ErrUnavailable) {
				t.Errorf("got %v, want ErrUnavailable", err)
			}
			ok(t)(c.Note(context.Background(), want))
			if got := bodies(notes()); got != ownBot+": new" {
				t.Errorf("got %q, want one note", got)
			}
		})
	}
}

func TestANoteThatCannotBeChangedIsReplaced(t *testing.T) {
	for _, status := range []int{403, 404} {
		f, c, notes := writing(t)
		f.note(ownBot, says("old"))
		f.Fail(gitlabtest.Fault{Method: "PUT", Path: "/notes", Status: status, Body: `{"message":"no"}`})
		want := schema.StickyNote{MergeRequest: 1, ID: int64(notes()[0].ID), Marker: marker, Body: says("new")}
		for range 2 {
			id, err := c.Note(context.Background(), want)
			ok(t)(id, err)
			want.ID = id
		}
		if got := bodies(notes()); got != ownBot+": old; "+ownBot+": new" || f.sent("POST", "/notes") != 1 {
			t.Errorf("status %d: got %q after %d were made, want a new one beside the old one", status, got, f.sent("POST", "/notes"))
		}
	}
}

func TestATokenThatMayNotWriteSaysSo(t *testing.T) {
	f, _, notes := writing(t)
	var e *gitlab.Error
	_, err := f.client().Note(context.Background(), schema.StickyNote{MergeRequest: 1, Marker: marker, Body: says("new")})
	if !errors.As(err, &e) || e.Kind != gitlab.ErrForbidden || !strings.Contains(e.Hint, "scope api") || len(notes()) != 0 {
		t.Errorf("got %v and %d notes, want ErrForbidden that names the scope", err, len(notes()))
	}
}

func TestANoteWithoutItsMarkerIsNotWritten(t *testing.T) {
	f, c, _ := writing(t)
	for _, n := range []schema.StickyNote{{MergeRequest: 1, Body: "\nx"}, {MergeRequest: 1, Marker: marker, Body: "x"}} {
		if _, err := c.Note(context.Background(), n); err == nil || f.sent("POST", "/notes") != 0 {
			t.Errorf("%+v: got %v, want an error and nothing written", n, err)
		}
	}
}

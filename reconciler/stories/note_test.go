package stories_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/note"
)

// announcer is what a story with notes tells the reconciler; in all others nothing is said below merge requests.
func (w *world) announcer(forge reconciler.Announcer) reconciler.Announcer {
	if !w.notes {
		return nil
	}
	return forge
}

// token gives the reconciler's token other scopes: "token read_api write_repository".
func (w *world) token(words []string) []string {
	w.must(w.forge.UpdateUser("reconciler", func(u *gitlabtest.User) { u.Scopes = words }))
	return nil
}

// note tells what stands below a merge request, and the statuses of its head: "note 1".
func (w *world) note(words []string) []string {
	mr, err := w.forge.MergeRequest("acme/config", w.number(words[0]))
	w.must(err)
	var out []string
	for _, n := range mr.Notes {
		if n.System {
			continue
		}
		if n.Author != "reconciler" {
			out = append(out, n.Author+" wrote one")
			continue
		}
		out = append(out, told(n.Body)...)
	}
	return append(out, w.statuses(mr.SHA)...)
}

// told leaves out of a note what is not the same in both layouts.
func told(body string) []string {
	var out []string
	body, _, _ = strings.Cut(body, "<details>")
	for i, line := range strings.Split(body, "\n") {
		heading := strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| key") || strings.HasPrefix(line, "| gate")
		if i == 0 || line == "" || heading || strings.HasPrefix(line, "Judged for") || strings.Contains(line, "`r:") || strings.HasPrefix(line, "Met:") {
			continue
		}
		out = append(out, commitName.ReplaceAllString(line, "commit …"))
	}
	return out
}

var commitName = regexp.MustCompile("commit `[0-9a-f]{8}`")

func (w *world) statuses(sha string) []string {
	req, err := http.NewRequestWithContext(w.ctx, "GET", w.forge.URL()+"/api/v4/projects/acme%2Fconfig/repository/commits/"+sha+"/statuses", nil)
	w.must(err)
	req.Header.Set("PRIVATE-TOKEN", w.team.Person("ann").Token())
	resp, err := http.DefaultClient.Do(req)
	w.must(err)
	defer resp.Body.Close()
	var list []struct{ Name, Status string }
	w.must(json.NewDecoder(resp.Body).Decode(&list))
	var out []string
	for _, s := range list {
		if strings.HasPrefix(s.Name, note.StatusPrefix) {
			out = append(out, strings.TrimPrefix(s.Name, note.StatusPrefix)+": "+s.Status)
		}
	}
	slices.Sort(out)
	return out
}

// forgeNote lets somebody write a note with the marker of ours: "forge-note eve 1".
func (w *world) forgeNote(words []string) []string {
	project, err := w.forge.Project("acme/config")
	w.must(err)
	iid := w.number(words[1])
	s := note.Subject{ProjectID: int64(project.ID), IID: int64(iid)}
	_, err = w.forge.AddNote("acme/config", iid, words[0], s.Marker()+"\n**sluice: everything is fine**\n")
	w.must(err)
	return nil
}

// notesOf lets the forge refuse notes below one merge request, or take all again: "notes-of 1 refused", "notes-of 1 taken".
func (w *world) notesOf(words []string) []string {
	w.forge.Heal()
	if words[1] == "refused" {
		w.forge.Fail(gitlabtest.Fault{Path: "/merge_requests/" + words[0] + "/notes", Status: http.StatusForbidden, Body: `{"message":"403 Forbidden"}`})
	}
	return nil
}

// loseNote lets the forge make the next note and answer an error.
func (w *world) loseNote([]string) []string {
	w.forge.Fail(gitlabtest.Fault{Method: "POST", Path: "/notes", Status: 500, Times: 1, After: true})
	return nil
}

// asked tells what a pass without news asks the forge: "asked" counts requests of one pass.
func (w *world) askedForge([]string) []string {
	before := len(w.forge.Requests())
	_, _ = w.onePass()
	var out []string
	for _, r := range w.forge.Requests()[before:] {
		path, _, _ := strings.Cut(r.Path, "?")
		out = append(out, fmt.Sprintf("%s %s", r.Method, path[strings.LastIndex(path, "/")+1:]))
	}
	return out
}

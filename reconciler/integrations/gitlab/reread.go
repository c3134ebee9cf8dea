package gitlab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// Reread reads a merge request again from the raw answers that were kept of it, and asks nobody. What these do not tell, the
// state and the access level of people, is returned as it was. So whoever keeps both can compare them.
func Reread(kept schema.MergeRequest) (schema.MergeRequest, error) {
	r := &reading{c: &Client{host: kept.Host}, project: kept.ProjectID}
	base := "/" + r.path(kept.IID, "")
	parts := map[string]list{}
	for _, raw := range kept.Raw {
		_, target, _ := strings.Cut(raw.Request, " ")
		path, _, _ := strings.Cut(target, "?")
		a := answer{exchange: exchange{body: raw.Body}, request: raw.Request}
		l := parts[path]
		l.pages = append(l.pages, a)
		parts[path] = l
	}
	out, err := r.oneAgain(kept, parts[base])
	if err != nil {
		return out, err
	}
	if out.Versions, err = r.versionsAgain(kept, parts[base+"/versions"]); err != nil {
		return out, err
	}
	if out.Approvals, err = r.approvalsAgain(kept, parts[base+"/approvals"], parts[base+"/notes"]); err != nil {
		return out, err
	}
	out.Statuses, err = r.statusesAgain(out, parts["/"+r.statusesPath(out.Head)])
	return out, err
}

// oneAgain reads the merge request itself.
func (r *reading) oneAgain(kept schema.MergeRequest, l list) (schema.MergeRequest, error) {
	if len(l.pages) != 1 {
		return kept, fmt.Errorf("%d answers about %s itself were kept, want 1", len(l.pages), bang(kept.IID))
	}
	var m mergeRequest
	if err := r.c.decode(doing(kept.IID), l.pages[0], &m); err != nil {
		return kept, err
	}
	out := m.basic(kept.Host)
	out.AsOf, out.Raw = kept.AsOf, kept.Raw
	out.Author, out.MergedBy = known(out.Author, kept), known(out.MergedBy, kept)
	return out, nil
}

// known returns what was found out of a person, where it was.
func known(who schema.Account, kept schema.MergeRequest) schema.Account {
	people := []schema.Account{kept.Author, kept.MergedBy}
	for _, a := range kept.Approvals {
		people = append(people, a.By)
	}
	if i := slices.IndexFunc(people, func(a schema.Account) bool { return a.ID == who.ID }); i >= 0 {
		return people[i]
	}
	return who
}

func (r *reading) versionsAgain(kept schema.MergeRequest, l list) ([]schema.Version, error) {
	ask := request{doing: "read the versions of " + bang(kept.IID)}
	l, err := r.rowsAgain(ask, l)
	if err != nil {
		return nil, err
	}
	return r.versionsIn(ask, l)
}

// rowsAgain fills in the rows of pages that were kept.
func (r *reading) rowsAgain(ask request, l list) (list, error) {
	if len(l.pages) == 0 {
		return l, fmt.Errorf("%s: no answer was kept", ask.doing)
	}
	for _, page := range l.pages {
		var rows []json.RawMessage
		if err := r.c.decode(ask.doing, page, &rows); err != nil {
			return l, err
		}
		l.rows = append(l.rows, rows...)
	}
	return l, nil
}

func (r *reading) approvalsAgain(kept schema.MergeRequest, l, notes list) ([]schema.Approval, error) {
	ask := request{doing: "read the approvals of " + bang(kept.IID)}
	if len(l.pages) != 1 {
		return nil, fmt.Errorf("%d answers about the approvals of %s were kept, want 1", len(l.pages), bang(kept.IID))
	}
	out, err := r.approvedBy(ask, l.pages[0])
	if err != nil {
		return nil, err
	}
	var dates []note
	if len(notes.pages) > 0 {
		if notes, err = r.rowsAgain(ask, notes); err != nil {
			return nil, err
		}
		if dates, err = r.systemNotes(ask, notes); err != nil {
			return nil, err
		}
	}
	for i := range out {
		if out[i].At.IsZero() {
			out[i].At = lastApproved(dates, out[i].By.ID)
		}
		out[i].By = known(out[i].By, kept)
	}
	return out, nil
}

package gitlab

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// What GitLab writes into the notes of a merge request when somebody presses the button. A push that takes approvals
// away writes none, and people cannot write notes that are marked as the system's.
const (
	noteApproved   = "approved this merge request"
	noteUnapproved = "unapproved this merge request"
)

// approvals reads who approved, when, and what they are now. The rest of the answer (approved, approvals_left and the
// like) is not read: without a licence it says yes with nobody having approved.
func (r *reading) approvals(ctx context.Context, out *schema.MergeRequest) error {
	ask := request{doing: "read the approvals of " + bang(out.IID), path: r.path(out.IID, "/approvals")}
	a, err := r.c.ask(ctx, ask)
	if err != nil {
		return err
	}
	out.Raw = append(out.Raw, a.raw())
	if out.Approvals, err = r.approvedBy(ask, a); err != nil {
		return err
	}
	if slices.ContainsFunc(out.Approvals, func(a schema.Approval) bool { return a.At.IsZero() }) {
		if err := r.datesFromNotes(ctx, out); err != nil {
			return err
		}
	}
	for i := range out.Approvals {
		if err := r.person(ctx, &out.Approvals[i].By); err != nil {
			return err
		}
	}
	return nil
}

// approvedBy decodes the approvals, each person once. A missing list is not an empty one.
func (r *reading) approvedBy(ask request, a answer) ([]schema.Approval, error) {
	var body struct {
		ApprovedBy *[]struct {
			User account   `json:"user"`
			At   time.Time `json:"approved_at"` // since 18.4
		} `json:"approved_by"`
	}
	if err := r.c.decode(ask.doing, a, &body); err != nil {
		return nil, err
	}
	if body.ApprovedBy == nil {
		return nil, r.c.incomplete(ask.doing, a, ErrIncomplete, "it has no approved_by")
	}
	approvals := []schema.Approval{}
	seen := map[int64]bool{}
	for _, given := range *body.ApprovedBy {
		if given.User.ID <= 0 {
			return nil, r.c.incomplete(ask.doing, a, ErrIncomplete, "an approver has no id")
		}
		if seen[given.User.ID] {
			return nil, r.c.incomplete(ask.doing, a, ErrIncomplete, "approver %d comes twice", given.User.ID)
		}
		seen[given.User.ID] = true
		approvals = append(approvals, schema.Approval{By: given.User.basic(), At: given.At})
	}
	return approvals, nil
}

// datesFromNotes dates the approvals that GitLab, before 18.4, shows without a time: by the newest note of that person's
// approving that no unapproving follows. An approval without such a note keeps the zero time, which counts for nothing.
func (r *reading) datesFromNotes(ctx context.Context, out *schema.MergeRequest) error {
	ask := request{doing: "read the notes of " + bang(out.IID), path: r.path(out.IID, "/notes"),
		query: query{OrderBy: "created_at", Sort: "asc", Activity: "only_activity"}}
	l, err := r.c.list(ctx, ask, true)
	if err != nil {
		return err
	}
	notes, err := r.systemNotes(ask, l)
	if err != nil {
		return err
	}
	for i := range out.Approvals {
		if a := &out.Approvals[i]; a.At.IsZero() {
			a.At = lastApproved(notes, a.By.ID)
		}
	}
	for _, page := range l.pages {
		out.Raw = append(out.Raw, page.raw())
	}
	return nil
}

type note struct {
	ID        int64     `json:"id"`
	Body      string    `json:"body"`
	System    bool      `json:"system"`
	Author    account   `json:"author"`
	CreatedAt time.Time `json:"created_at"`
}

// systemNotes are the notes of GitLab itself, oldest first.
func (r *reading) systemNotes(ask request, l list) ([]note, error) {
	var notes []note
	for i, row := range l.rows {
		var n note
		if err := json.Unmarshal(row, &n); err != nil {
			e := r.c.incomplete(ask.doing, l.pages[0], ErrIncomplete, "row %d is not a note", i+1)
			e.Err = err
			return nil, e
		}
		if n.System {
			notes = append(notes, n)
		}
	}
	slices.SortFunc(notes, func(a, b note) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	return notes, nil
}

func lastApproved(notes []note, person int64) time.Time {
	var at time.Time
	for _, n := range notes {
		switch {
		case n.Author.ID != person:
		case n.Body == noteApproved:
			at = n.CreatedAt
		case n.Body == noteUnapproved:
			at = time.Time{}
		}
	}
	return at
}

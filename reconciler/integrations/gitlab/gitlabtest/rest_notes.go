package gitlabtest

import (
	"net/http"
	"slices"
	"strconv"
)

func (s *Server) noteRoutes(add func(string, handler)) {
	const notes = "/projects/{id}/merge_requests/{iid}/notes"
	add("GET "+notes, (*call).listNotes)
	add("POST "+notes, (*call).createNote)
	add("GET "+notes+"/{note}", (*call).getNote)
	add("PUT "+notes+"/{note}", (*call).updateNote)
	add("DELETE "+notes+"/{note}", (*call).deleteNote)
}

// listNotes is newest first unless asked otherwise.
func (c *call) listNotes() (reply, error) {
	list := slices.Clone(c.mr.Notes)
	slices.SortStableFunc(list, func(a, b Note) int {
		order := a.CreatedAt.Compare(b.CreatedAt)
		if c.string("order_by") == "updated_at" {
			order = a.UpdatedAt.Compare(b.UpdatedAt)
		}
		if order == 0 {
			order = a.ID - b.ID
		}
		if c.string("sort") == "asc" {
			return order
		}
		return -order
	})
	out := []object{}
	for _, n := range list {
		if n.Internal && c.p.level(c.user) < Reporter || !matchesFilter(c.string("activity_filter"), n) {
			continue
		}
		out = append(out, c.s.noteObject(c.mr, n))
	}
	return ok(paginate(c, out))
}

func matchesFilter(filter string, n Note) bool {
	return filter != "only_comments" || !n.System
}

func (c *call) createNote() (reply, error) {
	if c.text("body") == nil {
		return reply{http.StatusBadRequest, object{"error": "body is missing"}}, nil
	}
	n, summary, err := c.s.note(c.p, c.mr, c.user, NewNote{Body: c.string("body"), Internal: c.is("internal") || c.is("confidential"),
		Head: c.string("merge_request_diff_head_sha")})
	if err != nil {
		return reply{}, err
	}
	if n.ID == 0 { // nothing but quick actions
		return reply{http.StatusAccepted, object{"commands_changes": object{}, "summary": orEmpty(summary)}}, nil
	}
	return created(c.s.noteObject(c.mr, n))
}

func (c *call) note() (*Note, error) {
	id, _ := strconv.Atoi(c.r.PathValue("note")) // 0 is no note
	for i := range c.mr.Notes {
		if c.mr.Notes[i].ID == id {
			return &c.mr.Notes[i], nil
		}
	}
	return nil, notFound("")
}

func (c *call) getNote() (reply, error) {
	n, err := c.note()
	if err != nil {
		return reply{}, err
	}
	return ok(c.s.noteObject(c.mr, *n))
}

// ownNote finds a note the caller may change: the author's own, or any for
// Maintainers; system notes nobody's.
func (c *call) ownNote() (*Note, error) {
	n, err := c.note()
	if err != nil {
		return nil, err
	}
	if n.System || n.Author != c.user.Username && c.p.level(c.user) < Maintainer {
		return nil, forbidden()
	}
	return n, nil
}

func (c *call) updateNote() (reply, error) {
	if _, err := c.ownNote(); err != nil {
		return reply{}, err
	}
	if err := checkNote(c.string("body")); err != nil {
		return reply{}, err
	}
	rest, summary := c.s.obey(c.p, c.mr, c.user, c.string("body"), "")
	n, err := c.note() // only now: what it set off may have written notes
	if err != nil {
		return reply{}, err
	}
	if rest == "" {
		return reply{http.StatusOK, object{"commands_changes": object{}, "summary": orEmpty(summary)}}, nil
	}
	n.Body, n.UpdatedAt = rest, c.s.now()
	return ok(c.s.noteObject(c.mr, *n))
}

func (c *call) deleteNote() (reply, error) {
	n, err := c.ownNote()
	if err != nil {
		return reply{}, err
	}
	id := n.ID
	c.mr.Notes = slices.DeleteFunc(c.mr.Notes, func(n Note) bool { return n.ID == id })
	return noContent()
}

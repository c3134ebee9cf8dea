package gitlabtest

import (
	"fmt"
	"html"
	"net/http"
	"strings"
	"time"
)

// Note is a comment, or a line GitLab wrote itself (System).
type Note struct {
	ID        int
	Author    string // username
	Body      string
	System    bool
	Internal  bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

const maxNote = 1_000_000 // characters

// AddNote comments on a merge request.
func (s *Server) AddNote(project string, iid int, username, body string) (Note, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, mr, err := s.find(project, iid)
	if err != nil {
		return Note{}, err
	}
	user := s.user(username)
	if user == nil {
		return Note{}, notFound("User")
	}
	n, _, err := s.note(p, mr, user, NewNote{Body: body})
	return n, err
}

// NewNote is a comment as the API takes it.
type NewNote struct {
	Body     string
	Internal bool
	Head     string // merge_request_diff_head_sha, which /merge needs
}

// note writes a comment and does what its quick actions say, with GitLab's
// lines about them. A comment of quick actions alone leaves no note.
func (s *Server) note(p *project, mr *mergeRequest, user *User, in NewNote) (Note, []string, error) {
	if p.level(user) < Guest {
		return Note{}, nil, forbidden()
	}
	if err := checkNote(in.Body); err != nil {
		return Note{}, nil, err
	}
	body, summary := s.obey(p, mr, user, in.Body, in.Head)
	s.touch(mr)
	if body == "" {
		return Note{}, summary, nil
	}
	return s.appendNote(mr, Note{Author: user.Username, Body: body, Internal: in.Internal}), summary, nil
}

func checkNote(body string) error {
	switch {
	case strings.TrimSpace(body) == "":
		return &Error{http.StatusBadRequest, "400 Bad request - Note {:note=>[\"can't be blank\"]}"}
	case len([]rune(body)) > maxNote:
		return &Error{http.StatusBadRequest, fmt.Sprintf("400 Bad request - Note {:note=>[\"is too long (maximum is %d characters)\"]}", maxNote)}
	}
	return nil
}

func (s *Server) appendNote(mr *mergeRequest, n Note) Note {
	n.ID, n.CreatedAt, n.UpdatedAt = s.next("note"), s.now(), s.now()
	mr.Notes = append(mr.Notes, n)
	return n
}

// systemNote writes the line GitLab adds when somebody does something.
func (s *Server) systemNote(mr *mergeRequest, username, body string) {
	s.appendNote(mr, Note{Author: username, Body: body, System: true})
}

func escape(text string) string { return html.EscapeString(text) }

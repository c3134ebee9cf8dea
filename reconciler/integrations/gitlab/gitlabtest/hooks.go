package gitlabtest

import "time"

// hook is a project's webhook.
type hook struct {
	id        int
	url       string
	token     string
	createdAt time.Time
	events    map[string]bool
}

// deliver tells the project's webhooks about a merge request.
func (s *Server) deliver(p *project, user *User, mr *mergeRequest, action string, extra object) {}

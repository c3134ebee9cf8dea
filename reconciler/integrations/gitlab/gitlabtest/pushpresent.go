package gitlabtest

import (
	"errors"
	"fmt"
	"net/http"
)

// ErrRuled is a ref that a rule protects: only a push over HTTP meets the hook that judges it.
var ErrRuled = errors.New("a rule protects the branch: push it with git")

// PushPresent is a push whose objects lie in [Server.RepoDir] already. Who may push, what follows and who is told is as over
// HTTP; only the transport and git's processes are left out, which are most of what a push costs. An empty old is a new ref.
func (s *Server) PushPresent(project, username, ref, old, tip string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.user(username)
	p, status, reason := s.gitAccess(user, project, true)
	if status != http.StatusOK {
		return fmt.Errorf("push to %s: %d %s", project, status, reason)
	}
	if old == "" {
		old = nullSHA
	}
	change := refChange{old, tip, ref}
	if p.ruled(change) {
		return ErrRuled
	}
	if err := p.repo.update(ref, tip, old); err != nil {
		return fmt.Errorf("push to %s: %w", project, err)
	}
	s.afterPush(p, user, []refChange{change}, nil, func(string) {})
	return nil
}

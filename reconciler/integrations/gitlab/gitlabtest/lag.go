package gitlabtest

// LagAfterPush hides the branch of each later push over Git from the API for so
// many questions about it, as GitLab does for a moment: the branch or commit is
// 404, a merge request from it "does not exist". 0 ends it.
func (s *Server) LagAfterPush(questions int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = questions
	if questions > 0 {
		return
	}
	for _, p := range s.projects {
		p.unseen = nil
	}
}

// hide begins the lag of a pushed tip.
func (s *Server) hide(p *project, sha string) {
	if s.lag == 0 || sha == nullSHA {
		return
	}
	if p.unseen == nil {
		p.unseen = map[string]int{}
	}
	p.unseen[sha] = s.lag
}

// lags says whether a commit is not seen yet, and counts the question.
func (p *project) lags(sha string) bool {
	if p.unseen[sha] == 0 {
		return false
	}
	p.unseen[sha]--
	return true
}

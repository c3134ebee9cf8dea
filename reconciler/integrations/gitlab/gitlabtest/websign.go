package gitlabtest

import "fmt"

// forgeEmail is the committer of what the forge signs.
const forgeEmail = "noreply@gitlab.invalid"

// commitTree writes a commit that the forge makes, signed with its own key if it has one.
func (s *Server) commitTree(p *project, tree string, parents []string, message string, author, committer signature) (string, error) {
	if s.opts.SignCommit == nil {
		return p.repo.commitTree(tree, parents, message, author, committer)
	}
	gitlab := signature{name: "GitLab", email: forgeEmail, at: committer.at}
	unsigned, err := p.repo.commitTree(tree, parents, message, author, gitlab)
	if err != nil {
		return "", err
	}
	_, raw, loose := p.repo.object(unsigned)
	if !loose {
		return "", fmt.Errorf("sign commit %s: it was not written", unsigned)
	}
	signed, err := s.opts.SignCommit(raw)
	if err != nil {
		return "", fmt.Errorf("sign commit %s: %w", unsigned, err)
	}
	return p.repo.writeCommit(signed)
}

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
	raw, err := p.repo.git.run(p.repo.dir, "", nil, "cat-file", "commit", unsigned)
	if err != nil {
		return "", err
	}
	signed, err := s.opts.SignCommit([]byte(raw + "\n")) // run cuts one newline off
	if err != nil {
		return "", fmt.Errorf("sign commit %s: %w", unsigned, err)
	}
	return p.repo.git.run(p.repo.dir, string(signed), nil, "hash-object", "-t", "commit", "-w", "--stdin")
}

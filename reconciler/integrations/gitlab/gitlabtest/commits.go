package gitlabtest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// commit is one commit as git log tells it.
type commit struct {
	sha, tree         string
	title, message    string
	parents           []string
	author, committer signature
}

// commitFormat has the fields of a commit between unit separators; a commit
// ends with a NUL by -z.
const commitFormat = "--format=%H%x1f%T%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%cn%x1f%ce%x1f%cI%x1f%s%x1f%B"

// commits reads commits by their full SHAs, in the order given.
func (r repository) commits(shas []string) ([]commit, error) {
	var unread []string
	for _, sha := range shas {
		if !r.known(sha) {
			unread = append(unread, sha)
		}
	}
	if err := r.readCommits(unread); err != nil {
		return nil, err
	}
	list := make([]commit, len(shas))
	for i, sha := range shas {
		c, known := r.read[sha]
		if !known {
			return nil, fmt.Errorf("read commit %s: git does not tell it", sha)
		}
		c.parents = slices.Clone(c.parents)
		list[i] = c
	}
	return list, nil
}

func (r repository) readCommits(shas []string) error {
	if len(shas) == 0 {
		return nil
	}
	out, err := r.git.run(r.dir, strings.Join(shas, "\n"), nil, "log", "--no-walk=unsorted", "--stdin", "-z", commitFormat)
	if err != nil {
		return err
	}
	for _, text := range strings.Split(strings.TrimSuffix(out, "\x00"), "\x00") {
		c, err := parseCommit(text)
		if err != nil {
			return err
		}
		r.read[c.sha] = c
	}
	return nil
}

func parseCommit(text string) (commit, error) {
	f := strings.SplitN(text, "\x1f", 11)
	if len(f) != 11 {
		return commit{}, fmt.Errorf("read commit: %d fields", len(f))
	}
	authored, err := time.Parse(time.RFC3339, f[5])
	if err != nil {
		return commit{}, fmt.Errorf("read commit %s: %w", f[0], err)
	}
	committed, err := time.Parse(time.RFC3339, f[8])
	if err != nil {
		return commit{}, fmt.Errorf("read commit %s: %w", f[0], err)
	}
	return commit{
		sha: f[0], tree: f[1], parents: strings.Fields(f[2]), title: f[9], message: f[10],
		author: signature{f[3], f[4], authored}, committer: signature{f[6], f[7], committed},
	}, nil
}

// NewCommit is an edit through the web page: a commit the forge makes, signed
// by nobody.
type NewCommit struct {
	User    string // username; author and committer
	Branch  string
	Start   string // branch or commit to start a new branch from; default: the default branch
	Message string
	// Files are contents by path.
	Files map[string]string
	// Remove are paths to delete.
	Remove []string
}

// CommitFiles writes a commit as the web editor does and returns its SHA. It
// asks no branch rule, so it also fills an empty repository.
func (s *Server) CommitFiles(project string, in NewCommit) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, user, err := s.actor(project, in.User)
	if err != nil {
		return "", fmt.Errorf("commit to %s: %w", project, err)
	}
	sha, err := s.commitFiles(p, user, in)
	if err != nil {
		return "", fmt.Errorf("commit to %s: %w", project, err)
	}
	return sha, s.sync(p, user)
}

func (s *Server) commitFiles(p *project, user *User, in NewCommit) (string, error) {
	old := p.repo.tip(in.Branch)
	from := old
	if from == "" {
		if in.Start == "" {
			in.Start = p.DefaultBranch
		}
		from = p.repo.commit(in.Start)
	}
	tree, err := p.repo.edit(s.dir, from, in)
	if err != nil {
		return "", err
	}
	var parents []string
	if from != "" {
		parents = []string{from}
	}
	sha, err := s.commitTree(p, tree, parents, in.Message, s.sign(user), s.sign(user))
	if err != nil {
		return "", err
	}
	if old == "" {
		old = nullSHA
	}
	if err := p.repo.update("refs/heads/"+in.Branch, sha, old); err != nil {
		return "", err
	}
	s.deliverPush(p, user, in.Branch, old, sha)
	return sha, nil
}

// sign is the identity of a user on commits the forge makes for them.
func (s *Server) sign(u *User) signature { return signature{u.Name, u.Email, s.now()} }

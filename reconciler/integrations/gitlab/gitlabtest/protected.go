package gitlabtest

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// ProtectedBranch is a rule for the branches a name or wildcard matches.
type ProtectedBranch struct {
	ID   int
	Name string // a branch or a pattern such as "stage/*"
	// Push and Merge say who may; NoAccess alone is "No one".
	Push           []Access
	Merge          []Access
	AllowForcePush bool
	// Inherited is a rule of the group above; Premium alone tells.
	Inherited bool
}

// Access lets a role, or on Premium one user, through a rule.
type Access struct {
	ID    int
	Level AccessLevel
	User  string // username; then Level is not looked at
	// DeployKey, if not 0, lets a deploy key push; it is no role and no user.
	DeployKey int
}

// Protect adds a rule, or replaces the one of the same name.
func (s *Server) Protect(project string, rule ProtectedBranch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.project(project)
	if p == nil {
		return fmt.Errorf("protect %s in %s: no such project", rule.Name, project)
	}
	p.unprotect(rule.Name)
	p.Protected = append(p.Protected, s.newProtected(rule))
	return nil
}

// Unprotect removes the rule of exactly that name.
func (s *Server) Unprotect(project, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.project(project)
	if p == nil {
		return fmt.Errorf("unprotect %s in %s: no such project", name, project)
	}
	if !p.unprotect(name) {
		return fmt.Errorf("unprotect %s in %s: no such rule", name, project)
	}
	return nil
}

func (p *project) unprotect(name string) bool {
	before := len(p.Protected)
	p.Protected = slices.DeleteFunc(p.Protected, func(b ProtectedBranch) bool { return b.Name == name })
	return len(p.Protected) < before
}

// newProtected numbers a rule; nobody named means Maintainers. Callers hold mu.
func (s *Server) newProtected(rule ProtectedBranch) ProtectedBranch {
	rule = rule.clone()
	rule.ID = s.next("protected")
	for _, list := range []*[]Access{&rule.Push, &rule.Merge} {
		if len(*list) == 0 {
			*list = []Access{{Level: Maintainer}}
		}
		for i := range *list {
			(*list)[i].ID = s.next("access")
		}
	}
	return rule
}

func (b ProtectedBranch) clone() ProtectedBranch {
	b.Push, b.Merge = slices.Clone(b.Push), slices.Clone(b.Merge)
	return b
}

func (b ProtectedBranch) matches(branch string) bool {
	if !strings.Contains(b.Name, "*") {
		return b.Name == branch
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(b.Name), `\*`, `.*`)
	return regexp.MustCompile("^" + pattern + "$").MatchString(branch)
}

// rules are the protections of a branch. With several the most permissive wins.
func (p *project) rules(branch string) []ProtectedBranch {
	var out []ProtectedBranch
	for _, rule := range p.Protected {
		if rule.matches(branch) {
			out = append(out, rule)
		}
	}
	return out
}

func (p *project) allowed(u *User, list []Access) bool {
	return slices.ContainsFunc(list, func(a Access) bool {
		if a.DeployKey != 0 {
			return false
		}
		if a.User != "" {
			return a.User == u.Username && p.level(u) >= Developer
		}
		return a.Level > NoAccess && p.level(u) >= a.Level
	})
}

// canPush says whether a user may push to a branch.
func (p *project) canPush(u *User, branch string) bool {
	if p.Archived || p.level(u) < Developer {
		return false
	}
	rules := p.rules(branch)
	return len(rules) == 0 || slices.ContainsFunc(rules, func(b ProtectedBranch) bool { return p.allowed(u, b.Push) })
}

// canMerge says whether a user may merge into a branch: by a merge rule, or
// because they may push there.
func (p *project) canMerge(u *User, branch string) bool {
	if p.canPush(u, branch) {
		return true
	}
	if p.Archived || p.level(u) < Developer {
		return false
	}
	return slices.ContainsFunc(p.rules(branch), func(b ProtectedBranch) bool { return p.allowed(u, b.Merge) })
}

// canForce says whether history of a branch may be rewritten by a push.
func (p *project) canForce(branch string) bool {
	rules := p.rules(branch)
	return len(rules) == 0 || slices.ContainsFunc(rules, func(b ProtectedBranch) bool { return b.AllowForcePush })
}

// protect is the API's way to add a rule. Callers hold mu.
func (s *Server) protect(p *project, rule ProtectedBranch) (ProtectedBranch, error) {
	if rule.Name == "" {
		return ProtectedBranch{}, refuse(http.StatusBadRequest, "name is missing")
	}
	for _, have := range p.Protected {
		if have.Name == rule.Name {
			return ProtectedBranch{}, refuse(http.StatusConflict, "Protected branch '%s' already exists", rule.Name)
		}
	}
	rule = s.newProtected(rule)
	p.Protected = append(p.Protected, rule)
	return rule, nil
}

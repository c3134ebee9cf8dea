package gitlabtest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// AccessLevel is a member's role in a project, with GitLab's numbers.
type AccessLevel int

// GitLab's roles.
const (
	NoAccess   AccessLevel = 0
	Guest      AccessLevel = 10
	Reporter   AccessLevel = 20
	Developer  AccessLevel = 30
	Maintainer AccessLevel = 40
	Owner      AccessLevel = 50
	Admin      AccessLevel = 60
)

// String is the word GitLab shows beside a protected branch.
func (l AccessLevel) String() string {
	switch l {
	case NoAccess:
		return "No one"
	case Guest:
		return "Guest"
	case Reporter:
		return "Reporter"
	case Developer:
		return "Developers + Maintainers"
	case Maintainer:
		return "Maintainers"
	case Owner:
		return "Owner"
	case Admin:
		return "Instance admins"
	}
	return fmt.Sprintf("access level %d", int(l))
}

// User is an account with one access token.
type User struct {
	ID       int
	Username string
	Name     string // default: Username
	Email    string // default: Username@example.com
	State    string // default "active"; also "blocked", "deactivated"
	Bot      bool
	Admin    bool
	// Token is the password of Git requests and the PRIVATE-TOKEN of API
	// requests. Default: a random one, see Server.Token.
	Token string
	// Scopes of the token: api, read_api, read_repository, write_repository.
	// Default: api, which covers all.
	Scopes []string
	// TokenExpires is the last day on which the token works; zero is never.
	TokenExpires time.Time
}

// AddUser adds an account and returns it with its defaults filled in.
func (s *Server) AddUser(u User) (User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.Username == "" {
		return User{}, fmt.Errorf("add user: username is empty")
	}
	if s.user(u.Username) != nil {
		return User{}, fmt.Errorf("add user %s: already there", u.Username)
	}
	if u.ID == 0 {
		u.ID = s.next("user")
	}
	if slices.ContainsFunc(s.users, func(o *User) bool { return o.ID == u.ID }) {
		return User{}, fmt.Errorf("add user %s: id %d is taken", u.Username, u.ID)
	}
	fillUser(&u)
	s.users = append(s.users, &u)
	return u, nil
}

func fillUser(u *User) {
	if u.Name == "" {
		u.Name = u.Username
	}
	if u.Email == "" {
		u.Email = u.Username + "@example.com"
	}
	if u.State == "" {
		u.State = "active"
	}
	if u.Token == "" {
		u.Token = newToken()
	}
	if len(u.Scopes) == 0 {
		u.Scopes = []string{"api"}
	}
}

// newToken looks like a personal access token, so that leak scanners and
// redaction treat it as one.
func newToken() string {
	b := make([]byte, 10)
	rand.Read(b) // never fails
	return "glpat-" + hex.EncodeToString(b)
}

// UpdateUser changes an account: block it, rename it, replace its token.
func (s *Server) UpdateUser(username string, change func(*User)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.user(username)
	if u == nil {
		return fmt.Errorf("update user %s: no such user", username)
	}
	change(u)
	return nil
}

// RemoveUser deletes an account: its merge requests and notes become the ghost
// user's and change, its approvals go, its memberships end.
func (s *Server) RemoveUser(username string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := s.user(username)
	if gone == nil {
		return fmt.Errorf("remove user %s: no such user", username)
	}
	s.users = slices.DeleteFunc(s.users, func(u *User) bool { return u == gone })
	for _, p := range s.projects {
		delete(p.Members, username)
		for _, mr := range p.mrs {
			before := len(mr.Approvals)
			mr.Approvals = slices.DeleteFunc(mr.Approvals, func(a Approval) bool { return a.User == username })
			if mr.Author == username || len(mr.Approvals) < before {
				s.touch(mr)
			}
		}
	}
	return nil
}

// Token is the access token of a user, "" when there is no such user.
func (s *Server) Token(username string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.user(username); u != nil {
		return u.Token
	}
	return ""
}

// user finds an account by username. Callers hold mu.
func (s *Server) user(username string) *User {
	for _, u := range s.users {
		if u.Username == username {
			return u
		}
	}
	return nil
}

// userByID finds an account by number. Callers hold mu.
func (s *Server) userByID(id int) *User {
	for _, u := range s.users {
		if u.ID == id {
			return u
		}
	}
	return nil
}

// userByToken finds the account a token belongs to, nil when the token is
// unknown or expired. Callers hold mu.
func (s *Server) userByToken(token string) *User {
	if token == "" {
		return nil
	}
	for _, u := range s.users {
		if u.Token != token {
			continue
		}
		if !u.TokenExpires.IsZero() && s.now().After(u.TokenExpires.AddDate(0, 0, 1)) {
			return nil
		}
		return u
	}
	return nil
}

// expired says whether a token was one once. Callers hold mu.
func (s *Server) expired(token string) bool {
	return token != "" && slices.ContainsFunc(s.users, func(u *User) bool { return u.Token == token })
}

// may says whether the token covers a scope.
func (u *User) may(scope string) bool {
	if slices.Contains(u.Scopes, "api") || slices.Contains(u.Scopes, scope) {
		return true
	}
	return scope == "read_repository" && slices.Contains(u.Scopes, "write_repository")
}

package gitlabtest

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
)

// preReceive refuses what the server put into its environment: refs the pusher
// may not touch and refs whose history may not be rewritten. It runs in git's
// quarantine, so a refused push leaves no objects behind.
const preReceive = `#!/bin/sh
zero=0000000000000000000000000000000000000000
refuse() { echo "GitLab: $1" >&2; exit 1; }
while read -r old new ref; do
	case "$SLUICE_DENY_PUSH" in *" $ref "*)
		refuse "You are not allowed to push code to protected branches on this project.";;
	esac
	case "$SLUICE_DENY_DELETE" in *" $ref "*)
		[ "$new" != $zero ] || refuse "You can only delete protected branches using the web interface.";;
	esac
	case "$SLUICE_DENY_FORCE" in *" $ref "*)
		if [ "$old" != $zero ] && [ "$new" != $zero ]; then
			git merge-base --is-ancestor "$old" "$new" ||
				refuse "You are not allowed to force push code to a protected branch on this project."
		fi;;
	esac
done
`

const maxPush = 256 << 20 // bytes of one Git request held in memory

// refChange is one command of a push.
type refChange struct{ old, new, ref string }

// isGitRequest says whether a path is one of the three of smart HTTP.
func isGitRequest(path string) bool {
	_, rest, ok := strings.Cut(path, ".git/")
	return ok && (rest == "info/refs" || rest == "git-upload-pack" || rest == "git-receive-pack")
}

// serveGit answers one smart HTTP request: who asks, may they, then git itself.
func (s *Server) serveGit(w http.ResponseWriter, r *http.Request) {
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), ".git/")
	push := rest == "git-receive-pack" || r.URL.Query().Get("service") == "git-receive-pack"
	if rest == "info/refs" && r.URL.Query().Get("service") == "" {
		http.Error(w, "dumb HTTP is not served", http.StatusForbidden)
		return
	}
	s.mu.Lock()
	user := s.gitUser(r)
	p, status, reason := s.gitAccess(user, name, push)
	s.mu.Unlock()
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="GitLab"`)
	}
	if status != http.StatusOK {
		http.Error(w, reason, status)
		return
	}
	if !fits(w, r, rest) {
		return
	}
	if rest == "info/refs" {
		s.advertise(w, r, p)
		return
	}
	body, err := requestOf(w, r)
	switch {
	case err != nil:
		refuseBody(w, err)
	case rest == "git-receive-pack":
		s.receive(w, r, p, user, body)
	default:
		s.transfer(w, r, p, body, nil)
	}
}

// gitUser is the account of the basic credentials: the token decides, the
// username may be any, as in GitLab. Callers hold mu.
func (s *Server) gitUser(r *http.Request) *User {
	username, password, _ := r.BasicAuth()
	if username == "" {
		return nil
	}
	return s.userByToken(password)
}

// gitAccess decides on a request. A project that is not visible answers like
// one that does not exist. Callers hold mu.
func (s *Server) gitAccess(user *User, name string, push bool) (*project, int, string) {
	p := s.project(name)
	if p == nil {
		p = s.projectMoved(name)
	}
	scope, level := "read_repository", Reporter
	if push {
		scope, level = "write_repository", Developer
	}
	switch {
	case user == nil:
		return nil, http.StatusUnauthorized, "HTTP Basic: Access denied"
	case user.State != "active":
		return nil, http.StatusForbidden, "Your account has been blocked."
	case p == nil || !p.visible(user):
		return nil, http.StatusNotFound, "The project you were looking for could not be found or you don't have permission to view it."
	case push && p.Archived:
		return nil, http.StatusForbidden, "You can't push code to a read-only repository."
	case !user.may(scope) || p.level(user) < level && (push || !p.Public):
		return nil, http.StatusForbidden, "You are not allowed to access this repository."
	}
	return p, http.StatusOK, ""
}

// receive runs a push. The whole request is read first and the answer sent
// last, so that the lock is never held while waiting for a client; merge
// requests have followed the push when the client sees its answer.
func (s *Server) receive(w http.ResponseWriter, r *http.Request, p *project, user *User, body []byte) {
	answer := &heldAnswer{header: http.Header{}, status: http.StatusOK}

	s.mu.Lock()
	changes, options := parseCommands(body), pushOptions(body)
	s.transfer(answer, r, p, body, p.hookEnv(user, changes))
	s.afterPush(p, user, changes, options, answer.say)
	s.mu.Unlock()

	answer.send(w)
}

// afterPush is what the forge does once refs have moved: events, merge requests and a word to who pushed. Callers hold mu.
func (s *Server) afterPush(p *project, user *User, changes []refChange, options []string, say func(string)) {
	for _, c := range changes {
		branch, isBranch := strings.CutPrefix(c.ref, "refs/heads/")
		if now := p.repo.ref(c.ref); now != c.new && (now != "" || c.new != nullSHA) {
			continue // refused
		}
		if isBranch {
			s.deliverPush(p, user, branch, c.old, c.new)
			s.followPush(p, user, branch, c.new, options)
			say(s.shownAfterPush(p, branch))
		}
		s.log.Info("pushed", "project", p.Path, "user", user.Username, "ref", c.ref, "to", c.new)
	}
	if err := s.sync(p, user); err != nil {
		s.log.Error("merge requests did not follow a push", "project", p.Path, "error", err)
	}
}

// followPush does what a push of a branch asks for, and hides its tip where the
// API is to lag behind. A merge request that cannot be opened fails no push.
func (s *Server) followPush(p *project, user *User, branch, tip string, options []string) {
	if tip != nullSHA {
		if err := s.openByPush(p, user, branch, options); err != nil {
			s.log.Warn("push options did not open a merge request", "project", p.Path, "branch", branch, "error", err)
		}
	}
	s.hide(p, tip)
}

// shownAfterPush is what GitLab writes to who pushed a branch with an open merge request.
func (s *Server) shownAfterPush(p *project, branch string) string {
	for _, mr := range p.mrs {
		if mr.State == "opened" && mr.SourceBranch == branch {
			return fmt.Sprintf("\nView merge request for %s:\n  %s\n\n", branch, s.mergeRequestURL(p, mr))
		}
	}
	return ""
}

// heldAnswer keeps an answer in memory until it is sent.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *heldAnswer) Header() http.Header         { return a.header }
func (a *heldAnswer) WriteHeader(status int)      { a.status = status }
func (a *heldAnswer) Write(b []byte) (int, error) { return a.body.Write(b) }

// say puts a text for people before the end of a receive-pack's answer, on the side band where git shows it.
func (a *heldAnswer) say(text string) {
	const end = "0000"
	if body := a.body.Bytes(); text != "" && bytes.HasSuffix(body, []byte(end)) {
		a.body.Truncate(len(body) - len(end))
		fmt.Fprintf(&a.body, "%04x\x02%s%s", len(text)+5, text, end)
	}
}

func (a *heldAnswer) send(w http.ResponseWriter) {
	for key, values := range a.header {
		w.Header()[key] = values
	}
	w.WriteHeader(a.status)
	a.body.WriteTo(w) // a client that left is not our trouble
}

// copyTo is send for an answer that is kept: many may send it at once.
func (a *heldAnswer) copyTo(w http.ResponseWriter) {
	for key, values := range a.header {
		w.Header()[key] = slices.Clone(values)
	}
	w.WriteHeader(a.status)
	w.Write(a.body.Bytes()) // a client that left is not our trouble
}

// hookEnv tells the pre-receive hook what this user may not do to these refs. Where no rule has a say, no hook is started: it
// would be a shell for nothing.
func (p *project) hookEnv(user *User, changes []refChange) []string {
	if !slices.ContainsFunc(changes, p.ruled) {
		return []string{"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_1=core.hooksPath", "GIT_CONFIG_VALUE_1=" + os.DevNull}
	}
	deny, erase, force := " ", " ", " "
	for _, c := range changes {
		branch := strings.TrimPrefix(c.ref, "refs/heads/")
		if !p.ruled(c) {
			continue
		}
		erase += c.ref + " "
		if !p.canPush(user, branch) {
			deny += c.ref + " "
		}
		if !p.canForce(branch) {
			force += c.ref + " "
		}
	}
	return []string{"SLUICE_DENY_PUSH=" + deny, "SLUICE_DENY_DELETE=" + erase, "SLUICE_DENY_FORCE=" + force}
}

// ruled says whether a rule has a say in a change of a ref.
func (p *project) ruled(c refChange) bool {
	branch, ok := strings.CutPrefix(c.ref, "refs/heads/")
	return ok && len(p.rules(branch)) > 0
}

// parseCommands reads the ref updates at the head of a receive-pack request:
// pkt-lines "old new ref\0capabilities" up to a flush. Anything that is not one
// ends the list; git itself then refuses the request.
func parseCommands(body []byte) []refChange {
	var out []refChange
	for len(body) >= 4 {
		n, err := strconv.ParseUint(string(body[:4]), 16, 16)
		if err != nil || n < 4 || int(n) > len(body) {
			return out
		}
		line, _, _ := strings.Cut(string(body[4:n]), "\x00")
		fields := strings.Fields(line)
		if len(fields) == 3 && len(fields[0]) == 40 && len(fields[1]) == 40 {
			out = append(out, refChange{fields[0], fields[1], fields[2]})
		}
		body = body[n:]
	}
	return out
}

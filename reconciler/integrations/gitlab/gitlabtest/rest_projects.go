package gitlabtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (s *Server) projectRoutes(add func(string, handler)) {
	add("GET /version", (*call).version)
	add("GET /metadata", (*call).metadata)
	add("GET /user", func(c *call) (reply, error) { return ok(c.s.fullUser(c.user)) })
	add("GET /users", (*call).listUsers)
	add("GET /users/{user}", (*call).getUser)
	add("GET /personal_access_tokens/self", (*call).tokenSelf)
	add("GET /projects", (*call).listProjects)
	add("GET /projects/{id}", func(c *call) (reply, error) { return ok(c.s.projectObject(c.p, c.user)) })
	add("GET /projects/{id}/members/all/{user}", (*call).member)
	add("GET /projects/{id}/members/{user}", (*call).member)
	add("GET /projects/{id}/members/all", (*call).members)
	add("GET /projects/{id}/push_rule", (*call).pushRule)
}

func (c *call) version() (reply, error) {
	return ok(object{"version": c.s.version(), "revision": "0123456789a"})
}

func (c *call) metadata() (reply, error) {
	return ok(object{"version": c.s.version(), "revision": "0123456789a", "enterprise": c.s.opts.Tier != CE,
		"kas": object{"enabled": false, "externalUrl": nil, "version": nil}})
}

// version has the suffix that tells editions apart.
func (s *Server) version() string {
	if s.opts.Tier == CE {
		return s.opts.Version
	}
	return s.opts.Version + "-ee"
}

// userObject is the short form of a user inside other answers.
func (s *Server) userObject(u *User) object {
	return object{"id": u.ID, "username": u.Username, "name": u.Name, "state": u.State, "locked": false,
		"avatar_url": s.url + "/-/avatar/" + u.Username, "web_url": s.url + "/" + u.Username}
}

// userNamed is the short form by username; an account that is gone is GitLab's
// ghost user.
func (s *Server) userNamed(username string) any {
	if username == "" {
		return nil
	}
	if u := s.user(username); u != nil {
		return s.userObject(u)
	}
	return s.userObject(&User{ID: 1, Username: "ghost", Name: "Ghost User", State: "active"})
}

func (s *Server) fullUser(u *User) object {
	out := s.userObject(u)
	out["bot"] = u.Bot
	out["email"], out["public_email"] = u.Email, ""
	out["created_at"] = "2020-01-01T00:00:00.000Z"
	out["is_admin"] = u.Admin
	return out
}

func (c *call) listUsers() (reply, error) {
	var out []object
	for _, u := range c.s.users {
		name := c.string("username")
		if name == "" || strings.EqualFold(name, u.Username) {
			out = append(out, c.s.userObject(u))
		}
	}
	return ok(orEmpty(paginate(c, out)))
}

// getUser shows an account; e-mail and role only to admins and itself.
func (c *call) getUser() (reply, error) {
	id, _ := strconv.Atoi(c.r.PathValue("user")) // 0 is nobody
	u := c.s.userByID(id)
	if u == nil {
		return reply{}, notFound("User")
	}
	out := c.s.fullUser(u)
	if !c.user.Admin && u != c.user {
		delete(out, "email")
		delete(out, "is_admin")
	}
	return ok(out)
}

func (c *call) tokenSelf() (reply, error) {
	var expires any
	if !c.user.TokenExpires.IsZero() {
		expires = c.user.TokenExpires.Format("2006-01-02")
	}
	return ok(object{"id": c.user.ID + 9000, "name": c.user.Username + "-token", "description": nil, "revoked": false, "active": true,
		"created_at": "2020-01-01T00:00:00.000Z", "last_used_at": stamp(c.s.now()), "scopes": c.user.Scopes,
		"user_id": c.user.ID, "expires_at": expires})
}

func (c *call) listProjects() (reply, error) {
	out := []object{}
	for _, p := range c.s.projects {
		if p.visible(c.user) && strings.Contains(p.Path, c.string("search")) {
			out = append(out, c.s.projectObject(p, c.user))
		}
	}
	return ok(paginate(c, out))
}

func (s *Server) projectObject(p *project, u *User) object {
	slash := strings.LastIndex(p.Path, "/")
	group, name := p.Path[:slash], p.Path[slash+1:]
	web := s.url + "/" + p.Path
	self := s.url + "/api/v4/projects/" + strconv.Itoa(p.ID)
	visibility := "private"
	if p.Public {
		visibility = "internal"
	}
	var access any
	if level := p.Members[u.Username]; level > NoAccess {
		access = object{"access_level": int(level), "notification_level": 3}
	}
	out := object{
		"id": p.ID, "name": name, "path": name, "path_with_namespace": p.Path, "description": "",
		"name_with_namespace": strings.ReplaceAll(p.Path, "/", " / "),
		"created_at":          stamp(p.createdAt), "last_activity_at": stamp(p.createdAt), "default_branch": p.DefaultBranch,
		"web_url": web, "http_url_to_repo": web + ".git", "ssh_url_to_repo": "git@gitlab.invalid:" + p.Path + ".git",
		"visibility": visibility, "archived": p.Archived, "empty_repo": p.repo.tip(p.DefaultBranch) == "",
		"namespace": object{"id": 1, "name": group, "path": group, "kind": "group", "full_path": group, "web_url": s.url + "/groups/" + group},
		"_links": object{"self": self, "merge_requests": self + "/merge_requests", "repo_branches": self + "/repository/branches",
			"members": self + "/members"},
		"merge_method": p.MergeMethod, "squash_option": p.SquashOption,
		"only_allow_merge_if_pipeline_succeeds": p.PipelineMustSucceed, "allow_merge_on_skipped_pipeline": false,
		"only_allow_merge_if_all_discussions_are_resolved": false, "remove_source_branch_after_merge": p.RemoveSourceBranch,
		"merge_requests_enabled": true, "permissions": object{"project_access": access, "group_access": nil},
	}
	if s.opts.Tier != CE {
		out["merge_pipelines_enabled"], out["merge_trains_enabled"] = false, false
		out["approvals_before_merge"] = 0
	}
	return out
}

func (s *Server) memberObject(p *project, u *User) object {
	out := s.userObject(u)
	out["access_level"], out["expires_at"] = int(p.Members[u.Username]), nil
	out["created_at"], out["membership_state"] = stamp(p.createdAt), "active"
	return out
}

func (c *call) member() (reply, error) {
	id, _ := strconv.Atoi(c.r.PathValue("user")) // 0 is nobody
	u := c.s.userByID(id)
	if u == nil || c.p.Members[u.Username] == NoAccess {
		return reply{}, notFound("")
	}
	return ok(c.s.memberObject(c.p, u))
}

func (c *call) members() (reply, error) {
	out := []object{}
	for _, u := range c.s.users {
		if c.p.Members[u.Username] > NoAccess {
			out = append(out, c.s.memberObject(c.p, u))
		}
	}
	return ok(paginate(c, out))
}

func (c *call) pushRule() (reply, error) {
	if c.s.opts.Tier != Premium {
		return reply{}, notFound("")
	}
	if err := c.require(Maintainer); err != nil {
		return reply{}, err
	}
	rule := c.p.PushRule
	if rule == nil {
		return ok(nil)
	}
	return ok(object{"id": rule.ID, "project_id": c.p.ID, "created_at": stamp(c.p.createdAt),
		"commit_message_regex": "", "commit_message_negative_regex": "", "branch_name_regex": "", "author_email_regex": "",
		"file_name_regex": "", "deny_delete_tag": false, "member_check": false, "prevent_secrets": false, "max_file_size": 0,
		"commit_committer_check": rule.CommitCommitterCheck, "commit_committer_name_check": false,
		"reject_unsigned_commits": rule.RejectUnsignedCommits, "reject_non_dco_commits": false})
}

// orEmpty is [] instead of null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return slices.Clip(list)
}

// noContent is the answer to a deletion.
func noContent() (reply, error) { return reply{http.StatusNoContent, nil}, nil }

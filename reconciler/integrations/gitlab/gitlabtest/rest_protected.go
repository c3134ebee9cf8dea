package gitlabtest

import (
	"net/http"
	"strings"
)

func (s *Server) protectedRoutes(add func(string, handler)) {
	const rules = "/projects/{id}/protected_branches"
	add("GET "+rules, (*call).listProtected)
	add("POST "+rules, (*call).createProtected)
	add("GET "+rules+"/{name}", (*call).getProtected)
	add("PATCH "+rules+"/{name}", (*call).patchProtected)
	add("DELETE "+rules+"/{name}", (*call).deleteProtected)
}

func (c *call) listProtected() (reply, error) {
	if err := c.require(Developer); err != nil {
		return reply{}, err
	}
	out := []object{}
	for _, rule := range c.p.Protected {
		if strings.Contains(rule.Name, c.string("search")) {
			out = append(out, c.s.protectedObject(rule))
		}
	}
	return ok(paginate(c, out))
}

// named finds the rule of exactly this name: a wildcard that covers a branch is
// not found by the branch's name.
func (c *call) named(level AccessLevel) (*ProtectedBranch, error) {
	if err := c.require(level); err != nil {
		return nil, err
	}
	for i := range c.p.Protected {
		if c.p.Protected[i].Name == c.r.PathValue("name") {
			return &c.p.Protected[i], nil
		}
	}
	return nil, notFound("")
}

func (c *call) getProtected() (reply, error) {
	rule, err := c.named(Developer)
	if err != nil {
		return reply{}, err
	}
	return ok(c.s.protectedObject(*rule))
}

func (c *call) createProtected() (reply, error) {
	if err := c.require(Maintainer); err != nil {
		return reply{}, err
	}
	rule := ProtectedBranch{Name: c.string("name"), AllowForcePush: c.is("allow_force_push")}
	for param, list := range map[string]*[]Access{"push_access_level": &rule.Push, "merge_access_level": &rule.Merge} {
		level := c.number(param, int(Maintainer))
		if level != 0 && level != 30 && level != 40 && level != 60 {
			return reply{http.StatusBadRequest, object{"error": param + " does not have a valid value"}}, nil
		}
		*list = []Access{{Level: AccessLevel(level)}}
	}
	rule, err := c.s.protect(c.p, rule)
	if err != nil {
		return reply{}, err
	}
	return created(c.s.protectedObject(rule))
}

func (c *call) patchProtected() (reply, error) {
	rule, err := c.named(Maintainer)
	if err != nil {
		return reply{}, err
	}
	if force := c.flag("allow_force_push"); force != nil {
		rule.AllowForcePush = *force
	}
	return ok(c.s.protectedObject(*rule))
}

func (c *call) deleteProtected() (reply, error) {
	rule, err := c.named(Maintainer)
	if err != nil {
		return reply{}, err
	}
	c.p.unprotect(rule.Name)
	return noContent()
}

func (s *Server) protectedObject(rule ProtectedBranch) object {
	out := object{"id": rule.ID, "name": rule.Name, "allow_force_push": rule.AllowForcePush,
		"push_access_levels": s.accessObjects(rule.Push, true), "merge_access_levels": s.accessObjects(rule.Merge, false)}
	if s.opts.Tier == Premium {
		out["unprotect_access_levels"] = s.accessObjects([]Access{{ID: rule.ID, Level: Maintainer}}, false)
		out["code_owner_approval_required"], out["inherited"] = false, rule.Inherited
	}
	return out
}

func (s *Server) accessObjects(list []Access, push bool) []object {
	out := []object{}
	for _, a := range list {
		one := object{"id": a.ID, "access_level": int(a.Level), "access_level_description": a.Level.String()}
		if s.opts.Tier == Premium {
			one["user_id"], one["group_id"] = nil, nil
		}
		if u := s.user(a.User); u != nil {
			one["access_level"], one["access_level_description"], one["user_id"] = nil, u.Name, u.ID
		}
		if push {
			one["deploy_key_id"] = nil
		}
		if a.DeployKey != 0 {
			one["access_level"], one["access_level_description"], one["deploy_key_id"] = int(Maintainer), "deploy key", a.DeployKey
		}
		out = append(out, one)
	}
	return out
}

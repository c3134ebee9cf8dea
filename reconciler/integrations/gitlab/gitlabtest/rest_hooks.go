package gitlabtest

import (
	"net/http"
	"slices"
	"strconv"
)

func (s *Server) hookRoutes(add func(string, handler)) {
	add("GET /projects/{id}/hooks", (*call).listHooks)
	add("POST /projects/{id}/hooks", (*call).createHook)
	add("GET /projects/{id}/hooks/{hook}", (*call).getHook)
	add("PUT /projects/{id}/hooks/{hook}", (*call).updateHook)
	add("DELETE /projects/{id}/hooks/{hook}", (*call).deleteHook)
	add("POST /projects/{id}/hooks/{hook}/test/{trigger}", (*call).testHook)
}

// hookEvents are the events a webhook can be asked for; push_events alone is on
// by default.
func hookEvents() []string {
	return []string{"push_events", "tag_push_events", "merge_requests_events", "repository_update_events", "issues_events",
		"confidential_issues_events", "note_events", "confidential_note_events", "pipeline_events", "wiki_page_events",
		"job_events", "deployment_events", "releases_events", "emoji_events"}
}

func (c *call) listHooks() (reply, error) {
	if err := c.require(Maintainer); err != nil {
		return reply{}, err
	}
	out := []object{}
	for _, h := range c.p.hooks {
		out = append(out, c.s.hookObject(c.p, h))
	}
	return ok(paginate(c, out))
}

func (c *call) hook() (*hook, error) {
	if err := c.require(Maintainer); err != nil {
		return nil, err
	}
	id, _ := strconv.Atoi(c.r.PathValue("hook")) // 0 is no hook
	for _, h := range c.p.hooks {
		if h.id == id {
			return h, nil
		}
	}
	return nil, notFound("")
}

func (c *call) getHook() (reply, error) {
	h, err := c.hook()
	if err != nil {
		return reply{}, err
	}
	return ok(c.s.hookObject(c.p, h))
}

func (c *call) createHook() (reply, error) {
	if err := c.require(Maintainer); err != nil {
		return reply{}, err
	}
	if c.text("url") == nil {
		return reply{http.StatusBadRequest, object{"error": "url is missing"}}, nil
	}
	if !hookURL(c.string("url")) {
		return reply{}, refuse(http.StatusUnprocessableEntity, "Invalid url given")
	}
	h := &hook{id: c.s.next("hook"), uuid: randomUUID(), createdAt: c.s.now(), events: map[string]bool{"push_events": true}}
	c.fillHook(h)
	c.p.hooks = append(c.p.hooks, h)
	return created(c.s.hookObject(c.p, h))
}

func (c *call) updateHook() (reply, error) {
	h, err := c.hook()
	if err != nil {
		return reply{}, err
	}
	c.fillHook(h)
	return ok(c.s.hookObject(c.p, h))
}

func (c *call) fillHook(h *hook) {
	if url := c.text("url"); url != nil {
		h.url = *url
	}
	if token := c.text("token"); token != nil {
		h.token = *token
	}
	if token := c.text("signing_token"); token != nil {
		h.signingToken = *token
	}
	for _, name := range hookEvents() {
		if on := c.flag(name); on != nil {
			h.events[name] = *on
		}
	}
}

func (c *call) deleteHook() (reply, error) {
	h, err := c.hook()
	if err != nil {
		return reply{}, err
	}
	c.p.hooks = slices.DeleteFunc(c.p.hooks, func(o *hook) bool { return o == h })
	return noContent()
}

// object shows a hook; its token is write-only.
func (s *Server) hookObject(p *project, h *hook) object {
	alert := h.alert(s.now())
	var until any
	if alert == "temporarily_disabled" {
		until = stamp(h.disabled)
	}
	out := object{"id": h.id, "url": h.url, "project_id": p.ID, "created_at": stamp(h.createdAt), "name": nil, "description": nil,
		"push_events_branch_filter": "", "enable_ssl_verification": true, "alert_status": alert, "disabled_until": until,
		"custom_webhook_template": nil, "url_variables": []object{}, "token_present": h.token != "", "signing_token_present": h.signingToken != ""}
	for _, name := range hookEvents() {
		out[name] = h.events[name]
	}
	return out
}

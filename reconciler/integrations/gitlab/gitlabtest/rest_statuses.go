package gitlabtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func (s *Server) statusRoutes(add func(string, handler)) {
	add("POST /projects/{id}/statuses/{sha}", (*call).postStatus)
	add("GET /projects/{id}/repository/commits/{sha}/statuses", (*call).listStatuses)
}

func (c *call) postStatus() (reply, error) {
	in := StatusReport{SHA: c.r.PathValue("sha"), Ref: c.string("ref"), State: c.string("state"),
		Name: c.string("name"), TargetURL: c.string("target_url"), Description: c.string("description"),
		PipelineID: c.number("pipeline_id", 0)}
	if in.Name == "" {
		in.Name = c.string("context")
	}
	in.Ref = strings.TrimPrefix(in.Ref, "refs/heads/")
	if coverage, err := strconv.ParseFloat(c.string("coverage"), 64); err == nil {
		in.Coverage = &coverage
	}
	st, err := c.s.setStatus(c.p, c.user, in)
	if err != nil {
		return reply{}, err
	}
	return created(c.s.statusObject(st))
}

// listStatuses has the newest status of each name, or all of them; from every
// ref that has the commit.
func (c *call) listStatuses() (reply, error) {
	sha := c.p.repo.commit(c.r.PathValue("sha"))
	if sha == "" {
		return reply{}, notFound("Commit")
	}
	out, seen := []object{}, map[string]bool{}
	for _, st := range slices.Backward(c.p.statuses) {
		key := fmt.Sprint(st.ref, "\x00", st.name)
		if st.sha != sha || !matches(c.string("ref"), st.ref) || !matches(c.string("name"), st.name) || seen[key] && !c.is("all") {
			continue
		}
		if id := c.number("pipeline_id", 0); id != 0 && id != st.pipelineID {
			continue
		}
		seen[key] = true
		out = append(out, c.s.statusObject(st))
	}
	slices.Reverse(out)
	return ok(paginate(c, out))
}

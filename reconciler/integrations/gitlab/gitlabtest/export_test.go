package gitlabtest

// Routes are the patterns of the API, "GET /projects/{id}".
func Routes() []string {
	var out []string
	add := func(pattern string, _ handler) { out = append(out, pattern) }
	s := &Server{}
	for _, routes := range []func(func(string, handler)){s.projectRoutes, s.mergeRequestRoutes, s.approvalRoutes, s.noteRoutes,
		s.commitRoutes, s.statusRoutes, s.pipelineRoutes, s.protectedRoutes, s.hookRoutes} {
		routes(add)
	}
	return out
}

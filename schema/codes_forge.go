package schema

// forgeCodes say why the forge could not be asked. Nothing is decided then: no answer is never "no merge request".
var forgeCodes = []CodeInfo{
	{
		Code: "forge-unauthorized", Title: "forge refuses the token", Message: "the forge refuses the token[: {why}]",
		Cause:   "The token is wrong, has expired or was revoked.",
		Fix:     "Make a new project access token (role Reporter and scope read_api to read, role Developer and scope api to write as well) and write it to the token file. No restart is needed.",
		Example: `sluice: find project "acme/config": GitLab answered 401 for GET /projects/acme%2Fconfig: unauthorized: 401 Unauthorized`,
	}, {
		Code: "forge-forbidden", Title: "forge does not allow it", Message: "the token may not read this at the forge[: {why}]",
		Cause:   "The token is good, but its scope or the role of its user is too small.",
		Fix:     "Make a project access token with the role and scope that the message or sluice doctor names, and write it to the token file.",
		Example: "sluice: read the webhooks: GitLab answered 403 for GET /projects/42/hooks: forbidden: 403 Forbidden",
	}, {
		Code: "forge-lost-access", Title: "project is not there for this token", Message: "the forge shows no such project to this token[: {why}]",
		Cause:   "The project's path is wrong, or the token's user is no member. GitLab answers both in the same way.",
		Fix:     "Correct gitlab.project in reconciler.yaml, or add the token's user to the project with role Reporter.",
		Example: `sluice: find project "42": GitLab answered 404 for GET /projects/42: project not found, or access to it was lost: …`,
	}, {
		Code: "forge-missing", Title: "forge does not have it", Message: "the forge does not have what was asked for[: {why}]",
		Cause:   "The commit or merge request is gone from the project, or has not arrived there yet.",
		Fix:     "Wait for the next pass. If it stays, see whether gitlab.project is the project of the repository.",
		Example: "sluice: read the approvals of !7: GitLab answered 404 for GET /projects/42/merge_requests/7/approvals: not found in …",
	}, {
		Code: "forge-refused", Title: "forge does not do it", Message: "the forge did not do what was asked for[: {why}]",
		Cause:   "Its rules forbid the change, or what was to be changed is in another state than it was thought to be.",
		Fix:     "Read what the forge says. It is looked at again with the next pass; no verdict depends on it.",
		Example: "sluice: merge !7: GitLab answered 405 for PUT /projects/42/merge_requests/7/merge: refused: 405 Method Not Allowed",
	}, {
		Code: "forge-unavailable", Title: "forge does not answer", Message: "the forge does not answer[: {why}]",
		Cause:   "It is down, overloaded, or the network between is.",
		Fix:     "Wait: nothing is admitted until it answers, and what was admitted stays live. It is asked again by itself.",
		Example: `sluice: find project "acme/config": GitLab answered 503 for GET /projects/acme%2Fconfig: unavailable`,
	},
}

package main

import (
	"net/url"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// requestsOf is where the forge shows merge requests, before their number; empty where the project is known by its number alone, by
// which GitLab has no such address.
func requestsOf(at *schema.GitLabAccess) string {
	if at == nil || !strings.Contains(strings.Trim(at.Project, "/"), "/") {
		return ""
	}
	u, err := url.Parse(at.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	u = &url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path} // no user, no query
	for part := range strings.SplitSeq(strings.Trim(at.Project, "/"), "/") {
		u = u.JoinPath(url.PathEscape(part))
	}
	return u.JoinPath("-", "merge_requests").String() + "/"
}

package main

import (
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

func TestWhereMergeRequestsAre(t *testing.T) {
	for _, row := range []struct {
		sentence, url, project, want string
	}{
		{"by a path", "https://git.example.com", "acme/config", "https://git.example.com/acme/config/-/merge_requests/"},
		{"below a path", "https://example.com/gitlab/", "/acme/sub/config/", "https://example.com/gitlab/acme/sub/config/-/merge_requests/"},
		{"by a number there is no address", "https://git.example.com", "42", ""},
		{"without a user", "https://me:secret@git.example.com?token=x", "acme/config", "https://git.example.com/acme/config/-/merge_requests/"},
		{"letters that mean something in an address", "https://git.example.com", "acme/a?b#c", "https://git.example.com/acme/a%3Fb%23c/-/merge_requests/"},
		{"no address of the web", "javascript:alert(1)", "acme/config", ""},
		{"nobody said", "", "acme/config", ""},
	} {
		if got := requestsOf(&schema.GitLabAccess{URL: row.url, Project: row.project}); got != row.want {
			t.Errorf("%s: %q, want %q", row.sentence, got, row.want)
		}
	}
	if got := requestsOf(nil); got != "" {
		t.Errorf("without a forge: %q", got)
	}
}

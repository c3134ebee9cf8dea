package main

import (
	"errors"
	"testing"
)

func TestRefusedLoginIsNoOutage(t *testing.T) {
	for text, want := range map[string]int{
		"git fetch: Authentication failed for 'https://git.example.com/a.git/'":                                            exitForbidden,
		"git fetch: remote: HTTP Basic: Access denied":                                                                     exitForbidden,
		"git fetch: git@git.example.com: Permission denied (publickey).":                                                   exitForbidden,
		"git fetch: unable to access 'https://git.example.com/a.git/': The requested URL returned error: 403":              exitForbidden,
		"git fetch: unable to access 'http://127.0.0.1:1/x.git/': Failed to connect to 127.0.0.1 port 1: Couldn't connect": exitUnavailable,
	} {
		if got := exitCode(noAccess(errors.New(text), "origin")); got != want {
			t.Errorf("%s: exit %d, want %d", text, got, want)
		}
	}
}

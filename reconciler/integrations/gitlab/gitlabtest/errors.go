package gitlabtest

import (
	"fmt"
	"net/http"
)

// Error is a refusal as GitLab words it: the HTTP status and the value of
// "message" in the body (a string, a list or an object of lists).
type Error struct {
	Status  int
	Message any
}

func (e *Error) Error() string { return fmt.Sprintf("gitlab: %d: %v", e.Status, e.Message) }

func refuse(status int, format string, args ...any) *Error {
	return &Error{Status: status, Message: fmt.Sprintf(format, args...)}
}

func notFound(what string) *Error {
	if what == "" {
		return refuse(http.StatusNotFound, "404 Not found")
	}
	return refuse(http.StatusNotFound, "404 %s Not Found", what)
}

func unauthorized() *Error { return refuse(http.StatusUnauthorized, "401 Unauthorized") }

func forbidden() *Error { return refuse(http.StatusForbidden, "403 Forbidden") }

func shaMismatch(head string) *Error {
	return refuse(http.StatusConflict, "SHA does not match HEAD of source branch: %s", head)
}

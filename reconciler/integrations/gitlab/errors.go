package gitlab

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// The kinds of "could not find out". Every error of a [Client] is an [*Error] of one of them, except that a context
// that ended shows through as well. With each of them nothing is decided: none is ever an empty list.
var (
	// ErrUnauthorized: the token is missing, expired or revoked (401).
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden: the token is good and may not do this (403): its scope or its user's role is too small.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound: the project is not there for this token. GitLab says 404 both when a project is gone and when it
	// may not be seen, so this means lost access and never that there are no merge requests.
	ErrNotFound = errors.New("project not found, or access to it was lost")
	// ErrMissing: the project is there and the merge request or commit that was named is not.
	ErrMissing = errors.New("not found in the project")
	// ErrUnsigned: the commit is there and has no signature that GitLab knows.
	ErrUnsigned = errors.New("not signed")
	// ErrArchived: a change of a project that is archived (403). It can be read, and nobody changes anything in it.
	ErrArchived = errors.New("the project is archived")
	// ErrRefused: a change that GitLab understood and did not make (400, 405, 406, 409, 413, 422), by its rules or because
	// of the state things are in. Error.Status and Error.Message say which.
	ErrRefused = errors.New("refused")
	// ErrUnavailable: no answer, a 5xx or a 429; trying later may help.
	ErrUnavailable = errors.New("unavailable")
	// ErrIncomplete: an answer that cannot be the whole truth: not JSON, cut short, a list that stops early, or one that
	// changed while it was read. Its code is forge-incomplete.
	ErrIncomplete = errors.New("incomplete answer")

	// errMoved is an ErrIncomplete that reading again may cure: the merge request or the list changed underneath.
	errMoved = fmt.Errorf("%w: it changed while it was read", ErrIncomplete)
)

// Error is what could not be found out, and what to do about it. No field ever holds the token.
type Error struct {
	Doing     string // what was asked for: "read merge request !7"
	Request   string // method and path below the API's base, as in Raw.Request; empty if none was sent
	Status    int    // 0: there was no answer
	Message   string // GitLab's own words, shortened to one line of printable text
	TokenFile string
	Needs     string // what the token must have
	Hint      string // what to do
	// RetryAfter is how long GitLab asked to be left alone, when that is longer than the client waits by itself.
	RetryAfter time.Duration
	Kind       error // one of the Err values above
	Err        error // the cause, if another package said so
}

// Error reads "read merge request !7: GitLab answered 403 for GET /projects/1/merge_requests/7: forbidden: 403 Forbidden",
// in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Doing)
	b.WriteString(": ")
	switch {
	case e.Status != 0:
		fmt.Fprintf(&b, "GitLab answered %d for %s", e.Status, e.Request)
	case e.Request != "":
		fmt.Fprintf(&b, "no answer from GitLab for %s", e.Request)
	}
	if e.Request != "" {
		b.WriteString(": ")
	}
	b.WriteString(e.Kind.Error())
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap gives errors.Is the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// Code names the kind in logs, metrics and pages.
func (e *Error) Code() schema.Code {
	switch {
	case errors.Is(e.Kind, ErrUnauthorized):
		return "forge-unauthorized"
	case errors.Is(e.Kind, ErrForbidden):
		return "forge-forbidden"
	case errors.Is(e.Kind, ErrNotFound):
		return "forge-lost-access"
	case errors.Is(e.Kind, ErrMissing):
		return "forge-missing"
	case errors.Is(e.Kind, ErrUnsigned):
		return "unsigned"
	case errors.Is(e.Kind, ErrArchived):
		return "project-archived"
	case errors.Is(e.Kind, ErrRefused):
		return "forge-refused"
	case errors.Is(e.Kind, ErrIncomplete):
		return "forge-incomplete"
	}
	return "forge-unavailable"
}

// OfToken says whether GitLab refused the token itself, so that whatever else is asked with it is refused as well: it ended, or its
// scope is too small. Any other 403 is about the one thing that was asked for.
func (e *Error) OfToken() bool {
	return errors.Is(e.Kind, ErrUnauthorized) || errors.Is(e.Kind, ErrForbidden) && strings.Contains(e.Message, "insufficient_scope")
}

// refusal makes an error from a status that is not a success. The status decides and never the text, except that the
// text tells the several meanings of 404 apart.
func (c *Client) refusal(r request, a answer) *Error {
	e := &Error{Doing: r.doing, Request: a.request, Status: a.status, Message: message(a), TokenFile: c.cfg.TokenFile}
	switch {
	case a.status == 401:
		e.Kind, e.Needs = ErrUnauthorized, "to be valid: neither expired nor revoked"
		e.Hint = "write a valid token to " + c.cfg.TokenFile + "; it is read at every request, no restart is needed"
	case a.status == 403:
		e.Kind, e.Needs = ErrForbidden, c.needs(r)
		e.Hint = "create a project access token with " + rights(r) + " and write it to " + c.cfg.TokenFile
	case a.status == 404:
		e.Kind = missing(e.Message)
		c.adviseMissing(e)
	case a.status == 429 || a.status == 408 || a.status >= 500:
		e.Kind, e.Hint = ErrUnavailable, "nothing is decided until GitLab answers; it is asked again"
	case !r.reads() && slices.Contains(refusals, a.status):
		e.Kind, e.Hint = ErrRefused, "see what GitLab says; nothing was changed"
	default:
		e.Kind, e.Hint = ErrIncomplete, "check url: it must be the address of GitLab itself, without /api/v4"
	}
	return e
}

// refusals are the answers to a change that GitLab understood and did not make.
var refusals = []int{400, 405, 406, 409, 413, 422}

func (c *Client) needs(r request) string { return rights(r) + " in project " + c.cfg.Project }

// rights is what a token must have for a request.
func rights(r request) string {
	if r.reads() {
		return "scope read_api and role Reporter"
	}
	return "scope api and role Developer"
}

// missing says which 404 this is. Texts are those of GitLab's own API; an unknown one says nothing about the project.
func missing(text string) error {
	switch {
	case strings.Contains(text, "Project Not Found"):
		return ErrNotFound
	case strings.Contains(text, "Signature Not Found"):
		return ErrUnsigned
	}
	return ErrMissing
}

func (c *Client) adviseMissing(e *Error) {
	if e.Kind != ErrNotFound {
		return
	}
	e.Needs = c.needs(request{})
	e.Hint = "add the token's user to project " + strconv.Quote(c.cfg.Project) + " with role Reporter, or correct gitlab.project"
}

// incomplete makes an error from an answer that arrived and cannot be used.
func (c *Client) incomplete(doing string, a answer, kind error, format string, args ...any) *Error {
	return &Error{
		Doing: doing, Request: a.request, Status: a.status, TokenFile: c.cfg.TokenFile,
		Message: fmt.Sprintf(format, args...), Kind: kind,
	}
}

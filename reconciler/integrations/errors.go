package integrations

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// The classes of errors that callers act on. Every error of a target is an [*Error] with one of them.
var (
	// ErrConflict: another project's marker, or another content under our own sequence number. Never overwritten.
	ErrConflict = errors.New("conflict")
	// ErrTaken is a conflict that lasts: what is there belongs to another project, to another app of this one, or to another ledger.
	ErrTaken = fmt.Errorf("%w: the place has another owner", ErrConflict)
	// ErrBlocked: only a person can clear the way, because it takes away what is not ours.
	ErrBlocked = errors.New("blocked")
	// ErrFenced is a conflict that reading the ledger again resolves: the target has a newer release than the writer.
	ErrFenced = fmt.Errorf("%w: newer release is there", ErrConflict)
	// ErrForeign: other content without our marker; adopt or overwrite it explicitly.
	ErrForeign = errors.New("foreign content")
	// ErrUnavailable: trying again may help. Whether a write happened may be unknown.
	ErrUnavailable = errors.New("unavailable")
	// ErrFull: the target's storage is used up; nothing can be written until somebody gives it room.
	ErrFull = errors.New("storage is used up")
	// ErrSettings: how the target is reached does not fit the server that is there, like a certificate that ca_file did not sign.
	// Trying again gives the same.
	ErrSettings = errors.New("settings do not fit")
	// ErrForbidden: the target's system refuses our credentials.
	ErrForbidden = errors.New("forbidden")
	// ErrTooLarge: the release does not fit; nothing was written.
	ErrTooLarge = errors.New("too large")
	// ErrInvalid: a setting, name or path that the target cannot have; nothing was written.
	ErrInvalid = errors.New("invalid")
)

// Error is what went wrong at which key of which target.
type Error struct {
	Target string
	Key    string // empty: the target as a whole
	Class  error  // one of the Err values above
	Why    string
	Err    error // the cause, if another package said so
	Silent bool  // nobody answered, or not in time: other cells are as badly off
	// Refused is what of the cause may be told beside its code; nil where nothing more is known.
	Refused *schema.Refusal
}

// Error reads "target etcd-prod: /config/production/pay/head: conflict: …".
func (e *Error) Error() string {
	s := ""
	if e.Target != "" {
		s = "target " + e.Target + ": "
	}
	if e.Key != "" {
		s += e.Key + ": "
	}
	s += e.Class.Error()
	if e.Why != "" {
		s += ": " + e.Why
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives errors.Is the class and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Class}
	}
	return []error{e.Class, e.Err}
}

// Reason is what is wrong where, without the target and the class: whoever shows it names those by its code.
func Reason(err error) string {
	var at *Error
	if !errors.As(err, &at) {
		return err.Error()
	}
	said := at.Why
	if said == "" && at.Err != nil {
		said = at.Err.Error()
	}
	return strings.TrimPrefix(strings.TrimSuffix(at.Key+": "+said, ": "), ": ")
}

// The codes that name the classes in ledger entries, metrics and pages.
const (
	CodeConflict    schema.Code = "target-conflict"
	CodeTaken       schema.Code = "target-taken"
	CodeBlocked     schema.Code = "target-blocked"
	CodeFenced      schema.Code = "target-fenced"
	CodeForeign     schema.Code = "foreign-content"
	CodeUnavailable schema.Code = "target-unavailable"
	CodeFull        schema.Code = "target-full"
	CodeSettings    schema.Code = "target-settings"
	CodeForbidden   schema.Code = "target-forbidden"
	CodeTooLarge    schema.Code = "too-large"
	CodeInvalid     schema.Code = "target-invalid"
	CodeFailed      schema.Code = "target-failed" // anything else
)

// Code returns the code of an error's class, empty for no error.
func Code(err error) schema.Code {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrFenced):
		return CodeFenced
	case errors.Is(err, ErrTaken):
		return CodeTaken
	case errors.Is(err, ErrConflict):
		return CodeConflict
	case errors.Is(err, ErrBlocked):
		return CodeBlocked
	case errors.Is(err, ErrForeign):
		return CodeForeign
	case errors.Is(err, ErrUnavailable):
		return CodeUnavailable
	case errors.Is(err, ErrSettings):
		return CodeSettings
	case errors.Is(err, ErrFull):
		return CodeFull
	case errors.Is(err, ErrForbidden):
		return CodeForbidden
	case errors.Is(err, ErrTooLarge):
		return CodeTooLarge
	case errors.Is(err, ErrInvalid):
		return CodeInvalid
	}
	return CodeFailed
}

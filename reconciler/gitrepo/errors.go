package gitrepo

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/sluice-gitops/sluice/schema"
)

// What a caller can act on; always wrapped, with what was done, on what and why.
var (
	// ErrUnauthorized says that the remote wants other credentials, or any.
	ErrUnauthorized = class("credentials refused", "repository-unauthorized")
	// ErrForbidden says that the credentials are known and may not do this.
	ErrForbidden = class("not allowed", "repository-forbidden")
	// ErrNotFound says that the remote has no such repository, or hides it from these credentials.
	ErrNotFound = class("repository not found", "repository-not-found")
	// ErrUnreachable says that no answer, or no usable one, came; trying again may help.
	ErrUnreachable = class("remote unreachable", "repository-unreachable")
	// ErrRedirected says that the remote sent us to another origin. Nothing was sent there.
	ErrRedirected = class("redirected to another origin", "repository-redirected")
	// ErrHostKey says that an SSH server showed a key that the known hosts do not have.
	ErrHostKey = class("host key not known", "host-key")
	// ErrEmpty says that the repository has no commit yet.
	ErrEmpty = class("repository has no commit", "repository-empty")
	// ErrNoSpace says that the disk is full. Nothing that was there is lost.
	ErrNoSpace = class("no space left", "disk-full")
	// ErrObjectFormat says that the repository is written in a way we do not read: SHA-256 ids, reftable.
	ErrObjectFormat = errors.New("repository format not supported")
	// ErrUsage says that a setting makes no sense: a URL, a directory, a credentials file.
	ErrUsage = errors.New("bad setting")

	// ErrMissing says that an object is not in the store.
	ErrMissing = class("object missing", "object-missing")
	// ErrMismatch says that the stored bytes are not those the id names: damage, or an attack.
	ErrMismatch = errors.New("object does not match its id")
	// ErrShallow says that an answer needs history that a shallow clone does not have.
	ErrShallow = class("history is incomplete: shallow clone", "shallow-clone")
	// ErrLimit says that something is larger than the limits allow.
	ErrLimit = errors.New("limit exceeded")

	// ErrMoved says that the ref was not where the push expected it; nothing was written.
	ErrMoved = schema.ErrMoved
	// ErrRefused says that the remote refused a push: a hook, a protected branch.
	ErrRefused = class("push refused", "push-refused")
	// ErrUnknownOutcome says that the connection was lost after a push was sent: read the ref again to know.
	ErrUnknownOutcome = schema.ErrUnknownOutcome
)

// coded is a class of errors that has a code in the registry: health, alerts and people know it by that.
type coded struct {
	text string
	code schema.Code
}

func class(text string, code schema.Code) error { return &coded{text, code} }

func (c *coded) Error() string { return c.text }

// Code is what [schema.Explain] knows it by.
func (c *coded) Code() schema.Code { return c.code }

// onDisk marks an error of the file system that a caller can act on: the disk, a quota or a limit on files is full.
func onDisk(err error) error {
	if err == nil {
		return nil
	}
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			return fmt.Errorf("%w: %w", ErrNoSpace, err)
		}
	}
	return err
}

func notExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

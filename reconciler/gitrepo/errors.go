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
	ErrUnauthorized = errors.New("credentials refused")
	// ErrForbidden says that the credentials are known and may not do this.
	ErrForbidden = errors.New("not allowed")
	// ErrNotFound says that the remote has no such repository, or hides it from these credentials.
	ErrNotFound = errors.New("repository not found")
	// ErrUnreachable says that no answer, or no usable one, came; trying again may help.
	ErrUnreachable = errors.New("remote unreachable")
	// ErrRedirected says that the remote sent us to another origin. Nothing was sent there.
	ErrRedirected = errors.New("redirected to another origin")
	// ErrHostKey says that an SSH server showed a key that the known hosts do not have.
	ErrHostKey = errors.New("host key not known")
	// ErrEmpty says that the repository has no commit yet.
	ErrEmpty = errors.New("repository has no commit")
	// ErrNoSpace says that the disk is full. Nothing that was there is lost.
	ErrNoSpace = errors.New("no space left")
	// ErrObjectFormat says that the repository is written in a way we do not read: SHA-256 ids, reftable.
	ErrObjectFormat = errors.New("repository format not supported")
	// ErrUsage says that a setting makes no sense: a URL, a directory, a credentials file.
	ErrUsage = errors.New("bad setting")

	// ErrMissing says that an object is not in the store.
	ErrMissing = errors.New("object missing")
	// ErrMismatch says that the stored bytes are not those the id names: damage, or an attack.
	ErrMismatch = errors.New("object does not match its id")
	// ErrShallow says that an answer needs history that a shallow clone does not have.
	ErrShallow = errors.New("history is incomplete: shallow clone")
	// ErrLimit says that something is larger than the limits allow.
	ErrLimit = errors.New("limit exceeded")

	// ErrMoved says that the ref was not where the push expected it; nothing was written.
	ErrMoved = schema.ErrMoved
	// ErrRefused says that the remote refused a push: a hook, a protected branch.
	ErrRefused = errors.New("push refused")
	// ErrUnknownOutcome says that the connection was lost after a push was sent: read the ref again to know.
	ErrUnknownOutcome = schema.ErrUnknownOutcome
)

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

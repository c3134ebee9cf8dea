package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// classify joins an error of a transport with the sentinel that a caller acts on. What it does not know is
// ErrUnreachable: nothing was learned, and trying again may help.
func classify(err error) error {
	if err == nil {
		return nil
	}
	err = unwrapGit(err)
	for _, known := range []error{
		ErrUnauthorized, ErrForbidden, ErrNotFound, ErrUnreachable, ErrRedirected, ErrHostKey, ErrEmpty, ErrNoSpace,
		ErrObjectFormat, ErrUsage, ErrLimit, ErrMismatch, ErrShallow, context.Canceled,
	} {
		if errors.Is(err, known) {
			return err
		}
	}
	var garbled *packp.ErrUnexpectedData
	switch {
	case errors.As(err, &garbled) && bytes.Contains(garbled.Data, []byte("object-format=sha256")):
		return fmt.Errorf("object ids are sha256, sluice reads sha1 [object-format]: %w", ErrObjectFormat)
	case errors.As(err, &garbled):
		return fmt.Errorf("%w: the answer is not one of a Git server: %s: %.80q", ErrUnreachable, garbled.Msg, garbled.Data)
	case errors.Is(err, transport.ErrEmptyRemoteRepository):
		return ErrEmpty
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case errors.Is(err, transport.ErrAuthenticationRequired):
		return fmt.Errorf("%w: %w", ErrUnauthorized, err)
	case errors.Is(err, transport.ErrAuthorizationFailed):
		return fmt.Errorf("%w: %w", ErrForbidden, err)
	case strings.Contains(err.Error(), "unable to authenticate"):
		return fmt.Errorf("%w: %w", ErrUnauthorized, err)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// unwrapGit looks into the wrappers of go-git that errors.Is cannot.
func unwrapGit(err error) error {
	for {
		var unexpected *plumbing.UnexpectedError
		var permanent *plumbing.PermanentError
		switch {
		case errors.As(err, &unexpected):
			err = unexpected.Err
		case errors.As(err, &permanent):
			err = permanent.Err
		default:
			return err
		}
	}
}

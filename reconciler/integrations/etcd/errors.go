package etcd

import (
	"context"
	"errors"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// fail finds the class of an error of the client.
func (t *Target) fail(key string, err error) error {
	if late(err) || dropped(err) {
		return t.silence(key, err)
	}
	return &integrations.Error{Target: t.spec.Name, Key: key, Class: classOf(err), Err: err}
}

// classOf knows what will not get better by itself; anything else may.
func classOf(err error) error {
	switch {
	case is(err, rpctypes.ErrInvalidAuthToken, rpctypes.ErrAuthOldRevision):
		return integrations.ErrUnavailable // the client logs in again
	case is(err, rpctypes.ErrAuthFailed, rpctypes.ErrUserEmpty, rpctypes.ErrAuthNotEnabled):
		return integrations.ErrForbidden
	case is(err, rpctypes.ErrNoSpace):
		return integrations.ErrFull
	case is(err, rpctypes.ErrRequestTooLarge, rpctypes.ErrTooManyOps):
		return integrations.ErrTooLarge
	}
	var known rpctypes.EtcdError
	code := status.Code(err)
	if errors.As(err, &known) {
		code = known.Code()
	}
	if code == codes.PermissionDenied || code == codes.Unauthenticated {
		return integrations.ErrForbidden
	}
	return integrations.ErrUnavailable
}

func is(err error, any ...error) bool {
	err = rpctypes.Error(err)
	for _, e := range any {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// dropped tells a connection that ended, after which the next one may be good, from a time that ran out.
func dropped(err error) bool {
	var known rpctypes.EtcdError
	if errors.As(err, &known) {
		return known.Code() == codes.Unavailable
	}
	return status.Code(err) == codes.Unavailable
}

// late tells a time that ran out.
func late(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.DeadlineExceeded
}

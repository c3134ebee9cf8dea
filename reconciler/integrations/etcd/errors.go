package etcd

import (
	"context"
	"errors"
	"regexp"
	"strconv"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// fail finds the class of an error of the client.
func (t *Target) fail(key string, err error) error {
	if late(err) || dropped(err) {
		return t.silence(key, err)
	}
	return &integrations.Error{Target: t.spec.Name, Key: key, Class: classOf(err), Err: err, Refused: refusal(err)}
}

// overMax is how gRPC says that a request is too large, before the server sees it as one: with what it had and what is let through.
var overMax = regexp.MustCompile(`message larger than max \((\d+) vs\. (\d+)\)`)

// refusal is what is known of a request that was too large: of what etcd itself refused the size alone, since it does not say its limit.
func refusal(err error) *schema.Refusal {
	if large := (*largeRequest)(nil); errors.As(err, &large) {
		return &schema.Refusal{Size: large.bytes}
	}
	said := overMax.FindStringSubmatch(err.Error())
	if said == nil {
		return nil
	}
	size, errSize := strconv.ParseInt(said[1], 10, 64)
	limit, errLimit := strconv.ParseInt(said[2], 10, 64)
	if errSize != nil || errLimit != nil {
		return nil
	}
	return &schema.Refusal{Size: size, Limit: limit}
}

// largeRequest is a request that etcd refused for its size.
type largeRequest struct {
	error
	bytes int64
}

func (l *largeRequest) Unwrap() error { return l.error }

// sized adds to the error of a request how large it was, where that is why it was refused.
func sized(err error, ops []clientv3.Op) error {
	if err == nil || !is(err, rpctypes.ErrRequestTooLarge) {
		return err
	}
	l := &largeRequest{error: err}
	for _, op := range ops {
		l.bytes += int64(len(op.KeyBytes()) + len(op.ValueBytes()))
	}
	return l
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
	case status.Code(err) == codes.ResourceExhausted && overMax.MatchString(err.Error()):
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

package configmap

import (
	"context"
	"crypto/tls"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// errMoved: the object is not the one that was judged any more; it is judged again.
var errMoved = errors.New("the object moved")

func (t *Target) error(key string, class, err error) error {
	return &integrations.Error{Target: t.spec.Name, Key: key, Class: class, Err: err}
}

// isAbsent tells that an object is not there. That its namespace is not there says the server only to who writes.
func isAbsent(err error) bool { return apierrors.IsNotFound(err) && !isNamespace(err) }

func isNamespace(err error) bool {
	status := apierrors.APIStatus(nil)
	return errors.As(err, &status) && status.Status().Details != nil && status.Status().Details.Kind == "namespaces"
}

// fail finds the class of an error of the server; nil stays nil.
func (t *Target) fail(ctx context.Context, key string, err error) error {
	var known *integrations.Error
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case ctx.Err() != nil:
		return t.error(key, integrations.ErrUnavailable, ctx.Err()) // the caller's own end, in whatever words the client put it
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		return errMoved
	}
	why, class := classOf(err)
	return &integrations.Error{Target: t.spec.Name, Key: key, Class: class, Why: why, Err: err, Silent: class == integrations.ErrUnavailable && isSilent(err), Refused: refusal(err)}
}

var (
	overQuota = regexp.MustCompile(`exceeded quota: ([^,]+),.* limited: (.+)$`)
	overLimit = regexp.MustCompile(`(?:limit is|not be more than) (\d+)`)
)

// wholeObject is the field that the server names where the object as a whole is too large.
const wholeObject = "[]"

// mostSaid bounds what is repeated of an answer.
const mostSaid = 200

// refusal is what the server's answer says in names and numbers of what it refuses: a quota with what it allows, a field, and a limit.
func refusal(err error) *schema.Refusal {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return nil
	}
	status, r := answer.Status(), schema.Refusal{}
	switch {
	case apierrors.IsRequestEntityTooLargeError(err):
		r.Limit = limitIn(status.Message)
	case apierrors.IsForbidden(err):
		if said := overQuota.FindStringSubmatch(status.Message); said != nil {
			r.What = cut("quota " + said[1] + " allows " + said[2])
		}
	case apierrors.IsInvalid(err) && status.Details != nil && len(status.Details.Causes) > 0:
		cause := status.Details.Causes[0]
		if cause.Field != wholeObject {
			r.What = cut(cause.Field)
		}
		if isTooLong(cause) {
			r.Limit = limitIn(cause.Message)
		}
	}
	if r == (schema.Refusal{}) {
		return nil
	}
	return &r
}

func isTooLong(cause metav1.StatusCause) bool {
	return cause.Type == metav1.CauseType(field.ErrorTypeTooLong)
}

// isTooMuch tells an object that the server refuses for its size alone: with what others keep in it, it may be more than ours.
func isTooMuch(err error) bool {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) || answer.Status().Details == nil {
		return false
	}
	causes := answer.Status().Details.Causes
	return len(causes) > 0 && !slices.ContainsFunc(causes, func(c metav1.StatusCause) bool { return !isTooLong(c) })
}

func limitIn(text string) int64 {
	said := overLimit.FindStringSubmatch(text)
	if said == nil {
		return 0
	}
	n, err := strconv.ParseInt(said[1], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func cut(text string) string { return strings.ToValidUTF8(text[:min(len(text), mostSaid)], "") }

// isSilent tells that the server did not answer, or that what it asks did not: that is the same for all objects.
func isSilent(err error) bool {
	var answer apierrors.APIStatus
	return !errors.As(err, &answer) || apierrors.IsTimeout(err) || apierrors.IsServerTimeout(err) || apierrors.IsServiceUnavailable(err)
}

// isSettings tells a server that is not the one which the operator described.
func isSettings(err error) bool {
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &verify) || errors.As(err, &record)
}

// classOf knows what will not get better by itself; anything else may.
func classOf(err error) (why string, class error) {
	switch {
	case isSettings(err):
		return "it is not the server that the settings describe: see ca_file or the kubeconfig, and the name in endpoints", integrations.ErrSettings
	case isNamespace(err) && apierrors.IsNotFound(err):
		return "the namespace is not there; make it, or write another below namespace: of the target in sluice.yaml", integrations.ErrInvalid
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return "the namespace is being deleted", integrations.ErrUnavailable
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "exceeded quota"):
		return "the namespace's quota is used up", integrations.ErrFull
	case apierrors.IsForbidden(err):
		return "bind the role in this namespace (examples/deploy/kubernetes); a namespace that is not there says the same", integrations.ErrForbidden
	case apierrors.IsUnauthorized(err):
		return "the server does not know these credentials", integrations.ErrForbidden
	case apierrors.IsRequestEntityTooLargeError(err):
		return "", integrations.ErrTooLarge
	case apierrors.IsInvalid(err) && isTooMuch(err):
		return "the object would be too large, with what others keep in it", integrations.ErrTooLarge
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		return "the server refuses the object", integrations.ErrInvalid
	}
	return "", integrations.ErrUnavailable
}

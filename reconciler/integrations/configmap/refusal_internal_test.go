package configmap

import (
	"fmt"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	sluice "github.com/sluice-gitops/sluice/schema"
)

// TestWhatTheServerRefuses is told in names and numbers: its words may hold values.
func TestWhatTheServerRefuses(t *testing.T) {
	kind, resource := schema.GroupKind{Kind: "ConfigMap"}, schema.GroupResource{Resource: "configmaps"}
	invalid := func(errs ...*field.Error) error { return apierrors.NewInvalid(kind, "pay", errs) }
	for _, row := range []struct {
		sentence string
		err      error
		class    error
		want     *sluice.Refusal
	}{
		{"a request past the server's limit", apierrors.NewRequestEntityTooLargeError("limit is 3145728"), integrations.ErrTooLarge, &sluice.Refusal{Limit: 3145728}},
		{"an object that others have filled", invalid(field.TooLong(field.NewPath(""), "", 1048576)), integrations.ErrTooLarge, &sluice.Refusal{Limit: 1048576}},
		{"notes that others have filled", invalid(field.TooLong(field.NewPath("metadata", "annotations"), "", 262144)), integrations.ErrTooLarge, &sluice.Refusal{What: "metadata.annotations", Limit: 262144}},
		{"a key", invalid(field.Invalid(field.NewPath("data").Key("a/b"), "secret", "not \"secret\"")), integrations.ErrInvalid, &sluice.Refusal{What: "data[a/b]"}},
		{"a key, and too much", invalid(field.Invalid(field.NewPath("data").Key("a/b"), "a/b", "no"), field.TooLong(field.NewPath("data"), "", 9)), integrations.ErrInvalid, &sluice.Refusal{What: "data[a/b]"}},
		{
			"a quota", apierrors.NewForbidden(resource, "pay", fmt.Errorf("exceeded quota: team, requested: count/configmaps=1, used: count/configmaps=5, limited: count/configmaps=5")),
			integrations.ErrFull, &sluice.Refusal{What: "quota team allows count/configmaps=5"},
		},
		{"a right that is missing", apierrors.NewForbidden(resource, "pay", fmt.Errorf("no")), integrations.ErrForbidden, nil},
		{"another", apierrors.NewInternalError(fmt.Errorf("the secret is 7")), integrations.ErrUnavailable, nil},
	} {
		_, class := classOf(row.err)
		got := refusal(row.err)
		if class != row.class || (got == nil) != (row.want == nil) || got != nil && *got != *row.want {
			t.Errorf("%s: %v, %+v; want %v, %+v", row.sentence, class, got, row.class, row.want)
		}
	}
}

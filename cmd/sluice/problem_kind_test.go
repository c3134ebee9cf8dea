package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

func TestManyOfOneKindHideNoOther(t *testing.T) {
	at := func(class error, key, why, said string) error {
		e := &integrations.Error{Target: "k8s", Key: key, Class: class, Why: why}
		if said != "" {
			e.Err = errors.New(said)
		}
		return fmt.Errorf("deliver %s: %w", key, e)
	}
	var names, down []error
	for i := range 8 {
		names = append(names, at(integrations.ErrInvalid, fmt.Sprintf("production/a%d", i), "", fmt.Sprintf("name %q: want a-z", strings.Repeat("A", i+1))))
		down = append(down, at(integrations.ErrUnavailable, fmt.Sprintf("production/a%d", i), "", "connection refused"))
	}
	namespace := at(integrations.ErrInvalid, "gone/pay", "the namespace is not there", "")
	for _, row := range []struct {
		sentence string
		errs     []error
		says     []string
		lines    int
	}{
		{"a target that is down says so a few times", down, []string{"and 3 problems of the same kind"}, 6},
		{"names are of one kind, whatever they are", names, []string{"and 3 problems of the same kind"}, 6},
		{"the namespace among many names is told", append(names, namespace), []string{"and 3 problems of the same kind", "gone/pay: invalid: the namespace is not there"}, 7},
		{"a target that is down beside it too", append([]error{namespace}, down...), []string{"the namespace is not there", "connection refused"}, 7},
	} {
		var out strings.Builder
		(&app{errs: &out}).printError(nil, errors.Join(row.errs...))
		for _, want := range row.says {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: %q is not said:\n%s", row.sentence, want, out.String())
			}
		}
		if got := strings.Count(out.String(), "sluice: "); got != row.lines {
			t.Errorf("%s: %d lines, want %d:\n%s", row.sentence, got, row.lines, out.String())
		}
	}
}

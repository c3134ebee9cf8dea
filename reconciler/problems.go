package reconciler

import (
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// coded is an error that names its code.
type coded interface{ Code() schema.Code }

// problems are the lines of an error as the page shows them, and the codes of its causes. A line that repeats a cause has the
// cause's code in brackets, so that a token that ended, a project out of sight and a GitLab that is down are told apart.
func problems(err error) (lines []string, codes []schema.Code) {
	if err == nil {
		return nil, nil
	}
	lines = strings.Split(err.Error(), "\n")
	for _, cause := range codedCauses(err) {
		code, text := cause.(coded).Code(), cause.Error()
		codes = append(codes, code)
		for i, line := range lines {
			if strings.HasSuffix(line, text) {
				lines[i] += " [" + string(code) + "]"
			}
		}
	}
	slices.Sort(codes)
	return lines, slices.Compact(codes)
}

// codedCauses walks the tree of an error; below a cause with a code nothing is looked for.
func codedCauses(err error) []error {
	if c, ok := err.(coded); ok && c.Code() != "" { //nolint:errorlint // the tree is walked here, level by level
		return []error{err}
	}
	switch x := err.(type) { //nolint:errorlint // as above
	case interface{ Unwrap() []error }:
		var out []error
		for _, part := range x.Unwrap() {
			out = append(out, codedCauses(part)...)
		}
		return out
	case interface{ Unwrap() error }:
		if inner := x.Unwrap(); inner != nil {
			return codedCauses(inner)
		}
	}
	return nil
}

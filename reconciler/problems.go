package reconciler

import (
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// coded is an error that names its code.
type coded interface{ Code() schema.Code }

// codeOf is the code that a cause itself names, not one below it; empty where it names none. A doubt that nobody gave a code
// has the one that its class has at the terminal: no doubt may go without.
func codeOf(err error) schema.Code {
	switch x := err.(type) { //nolint:errorlint // the tree is walked level by level
	case *ledger.Doubt:
		return x.Code
	case coded:
		return x.Code()
	}
	if err == ErrDoubt { //nolint:errorlint // as above
		return ledger.LogChain
	}
	return ""
}

// problems are the lines of an error as the page shows them, and the codes of its causes. A line that repeats a cause has the
// cause's code in brackets, so that a token that ended, a project out of sight and a GitLab that is down are told apart.
func problems(err error) (lines []string, codes []schema.Code) {
	if err == nil {
		return nil, nil
	}
	lines = strings.Split(err.Error(), "\n")
	for _, cause := range codedCauses(err) {
		code, text := codeOf(cause), cause.Error()
		codes = append(codes, code)
		for i, line := range lines {
			if bracketed := " [" + string(code) + "]"; repeats(line, text) && !strings.HasSuffix(line, bracketed) {
				lines[i] += bracketed
			}
		}
	}
	slices.Sort(codes)
	return lines, slices.Compact(codes)
}

// repeats reports whether a line repeats a cause: it ends with it, or goes on with what was met there.
func repeats(line, text string) bool {
	return strings.HasSuffix(line, text) || strings.Contains(line, text+": ")
}

// codedCauses walks the tree of an error; below a cause with a code nothing is looked for.
func codedCauses(err error) []error {
	if codeOf(err) != "" {
		return []error{err}
	}
	switch x := err.(type) { //nolint:errorlint // as in codeOf
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

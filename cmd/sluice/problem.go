package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// problem is one cause of an error, as people are told it: what, and what to do.
type problem struct {
	text string
	exit int
	code schema.Code // of the registry; empty where none is named
	hint string
	kind string // what it has in common with the same cause elsewhere
}

// problems takes an error apart into its causes, each once. What was said around joined errors stays before each of them.
func problems(err error) []problem {
	var out []problem
	for _, c := range causes(err) {
		p := c.problem()
		if !slices.ContainsFunc(out, func(other problem) bool { return other.text == p.text }) {
			out = append(out, p)
		}
	}
	for i := range out {
		if out[i].code == "not-sealed" && len(out) > 1 {
			out[i].hint = "A request to seal it is there, and could not be used; why follows."
		}
	}
	return out
}

// cause is one of the errors that a joined error is made of, in the words of the whole.
type cause struct {
	text   string
	err    error
	around *failure // what a command said about the joined error
}

func causes(err error) []cause {
	switch x := err.(type) { //nolint:errorlint // the tree is walked here, level by level
	case interface{ Unwrap() []error }:
		if isJoin(err, x.Unwrap()) {
			var out []cause
			for _, part := range x.Unwrap() {
				out = append(out, causes(part)...)
			}
			return out
		}
	case interface{ Unwrap() error }:
		if out, ok := wrapped(err, x.Unwrap()); ok {
			return out
		}
	}
	return []cause{{text: err.Error(), err: err}}
}

// isJoin tells errors.Join from an error with two causes in one line.
func isJoin(err error, parts []error) bool {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.Error()
	}
	return strings.Join(texts, "\n") == err.Error()
}

// wrapped gives each cause of a joined error the words that were put before the whole.
func wrapped(err, inner error) ([]cause, bool) {
	if inner == nil {
		return nil, false
	}
	parts := causes(inner)
	before, ok := strings.CutSuffix(err.Error(), inner.Error())
	if len(parts) < 2 || !ok {
		return nil, false
	}
	around, _ := err.(*failure) //nolint:errorlint // this level alone
	for i := range parts {
		parts[i].text = before + parts[i].text
		if parts[i].around == nil {
			parts[i].around = around
		}
	}
	return parts, true
}

// problem finds how the command ends with it and what to do: what a command said first, then what the package said, then
// what the registry knows of the class.
func (c cause) problem() problem {
	p := problem{text: plain(c.text), exit: exitUsage, kind: kindOf(c)}
	known, ok := classOf(c.err)
	if ok {
		p.exit, p.code = known.exit, known.code
	}
	p.code = codeOf(c.err, p.code)
	if info, ok := schema.Explain(p.code); ok {
		p.hint = info.Fix
	}
	var asked *gitlab.Error
	if errors.As(c.err, &asked) && asked.Hint != "" {
		p.hint = asked.Hint
	}
	said := c.around
	var nearer *failure
	if errors.As(c.err, &nearer) {
		said = nearer
	}
	if said != nil {
		p.exit = said.code
		if said.hint != "" {
			p.hint = said.hint
		}
	}
	return p
}

var (
	httpCall = regexp.MustCompile(`\b(?:Get|Post|Put|Head) "[^"]*": `)
	dialCall = regexp.MustCompile(`\bdial (?:tcp|unix) (\S+): (?:connect: )?`)
)

// plain takes out of a text what speaks of how a program is made: the call that failed where the text names the address
// already, the same step twice, a class that says less than the words before it.
func plain(text string) string {
	text = strings.TrimSpace(text)
	text = httpCall.ReplaceAllString(text, "")
	text = dialCall.ReplaceAllString(text, "$1: ")
	text = strings.ReplaceAll(text, context.DeadlineExceeded.Error(), "no answer in time")
	for _, tail := range []string{": " + gitrepo.ErrUsage.Error(), ": " + integrations.ErrInvalid.Error()} {
		text = strings.TrimSuffix(text, tail)
	}
	parts := strings.Split(text, ": ")
	out := parts[:1]
	for _, part := range parts[1:] {
		last := out[len(out)-1]
		fetched := strings.HasPrefix(part, "fetch ") && strings.HasPrefix(last, "fetch ")
		pushed := strings.HasPrefix(part, "push refs/") && strings.HasPrefix(last, "push ")
		if part == last || fetched || pushed {
			out[len(out)-1] = part
			continue
		}
		out = append(out, part)
	}
	return strings.Join(out, ": ")
}

// codeOf takes the code that an error names itself: by a method or field, or as people read it, [in brackets] in its text.
func codeOf(err error, fallback schema.Code) schema.Code {
	var doubt *ledger.Doubt
	if errors.As(err, &doubt) && doubt.Code != "" {
		return doubt.Code
	}
	var named interface{ Code() schema.Code }
	if errors.As(err, &named) && named.Code() != "" {
		return named.Code()
	}
	text := err.Error()
	for {
		_, rest, ok := strings.Cut(text, "[")
		if !ok {
			return fallback
		}
		word, after, _ := strings.Cut(rest, "]")
		if _, known := schema.Explain(schema.Code(word)); known {
			return schema.Code(word)
		}
		text = after
	}
}

// mostShown is how many causes are printed one by one: a target that is down fails for each of its apps.
const mostShown = 5

// printError writes what went wrong and what to do next, findings in files with their source line.
func (a *app) printError(command *cobra.Command, err error) {
	all := problems(err)
	if a.json() {
		a.printErrorJSON(err, all)
		return
	}
	var found schema.Diagnostics
	if errors.As(err, &found) {
		_ = found.Render(a.errs, a.coloredErrors())
		return
	}
	for len(all) > 0 {
		hint := all[0].hint
		if hint == "" && all[0].exit == exitUsage && command != nil {
			hint = command.CommandPath() + " --help"
		}
		same := 1
		for same < len(all) && all[same].hint == all[0].hint && all[same].code == all[0].code {
			same++
		}
		a.printProblems(all[:same])
		if hint != "" {
			fmt.Fprintf(a.errs, "hint: %s\n", schema.Printable(hint))
		}
		if _, known := schema.Explain(all[0].code); known {
			fmt.Fprintf(a.errs, "more: sluice explain %s\n", all[0].code)
		}
		all = all[same:]
	}
}

// printProblems writes causes that one hint serves: of each kind some, so that many of one never hide the only one of another.
func (a *app) printProblems(group []problem) {
	for _, kind := range kinds(group) {
		for i, p := range kind {
			if i == mostShown {
				fmt.Fprintf(a.errs, "sluice: and %s of the same kind\n", count(int64(len(kind)-i), "problem", "problems"))
				break
			}
			a.printProblem(p)
		}
	}
}

// printProblem writes one; lines of a text below its first are what another program said.
func (a *app) printProblem(p problem) {
	for i, line := range strings.Split(p.text, "\n") {
		prefix := "sluice: "
		if i > 0 {
			prefix = "        "
		}
		fmt.Fprintf(a.errs, "%s%s\n", prefix, schema.Printable(strings.TrimRight(line, " \r")))
	}
}

// errorLine is how an error reads with -o json, one line on standard error for each cause.
type errorLine struct {
	Kind     string           `json:"kind"` // Error
	Code     schema.Code      `json:"code,omitempty"`
	ExitCode int              `json:"exitCode"`
	Message  string           `json:"message"`
	Location *schema.Position `json:"location,omitempty"`
	Fix      string           `json:"fix,omitempty"`
}

func (a *app) printErrorJSON(err error, all []problem) {
	encoder := json.NewEncoder(visible{a.errs}) // flags may be wrong, and then no command has begun
	encoder.SetEscapeHTML(false)
	var found schema.Diagnostics
	if errors.As(err, &found) {
		for _, d := range found {
			line := errorLine{Kind: "Error", Code: d.Code, ExitCode: exitCode(err), Message: d.Message, Location: &d.Position, Fix: d.Hint}
			if info, ok := schema.Explain(d.Code); ok && line.Fix == "" {
				line.Fix = info.Fix
			}
			_ = encoder.Encode(line) // there is nowhere left to say that standard error is gone
		}
		return
	}
	for _, p := range all {
		_ = encoder.Encode(errorLine{Kind: "Error", Code: p.code, ExitCode: p.exit, Message: p.text, Fix: p.hint})
	}
}

// reason is why the system refused a file, without the call and the path that the caller's words name already.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

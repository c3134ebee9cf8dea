package policies

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/sluice-gitops/sluice/schema"
)

// Expression asks that something is true of a change, said in the Common Expression Language over the facts of [Vocabulary].
type Expression struct {
	schema.ExpressionSpec
	program cel.Program // nil denies: it was never checked
	reads   []string    // names of the facts, sorted
}

// maxCost bounds one evaluation, in CEL's own units; it takes a few milliseconds. What costs more is not found out, and holds.
const maxCost = 100_000

// maxMemory bounds what one evaluation builds, in bytes.
const maxMemory = 16 << 20

func newExpression(spec schema.ExpressionSpec) (Policy, error) {
	env, err := environment()
	if err != nil {
		return nil, fmt.Errorf("policy expression: %w", err)
	}
	ast, issues := env.Compile(spec.That)
	if err := issues.Err(); err != nil {
		return nil, fmt.Errorf("policy expression: %s", oneLine(err))
	}
	if ast.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("policy expression: %s", notTrueOrFalse(ast))
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptPartialEval), cel.CostLimit(maxCost), cel.MemoryLimit(maxMemory))
	if err != nil {
		return nil, fmt.Errorf("policy expression: %w", err)
	}
	return Expression{ExpressionSpec: spec, program: program, reads: factsRead(ast)}, nil
}

// factsRead are the facts that an expression names; a name that it binds itself is none.
func factsRead(ast *cel.Ast) []string {
	var out []string
	for _, reference := range ast.NativeRep().ReferenceMap() {
		if _, ok := Vocabulary.word(reference.Name); ok && len(reference.OverloadIDs) == 0 {
			out = append(out, reference.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Evaluate allows what is true whatever the facts are that nobody knows. Where the answer depends on one of these, or there is
// none, it holds: neither a missing fact nor a mistake in an expression lets anything in.
func (e Expression) Evaluate(f Facts) schema.Verdict {
	const policy = "expression"
	if e.program == nil {
		return answer(policy, schema.Deny, "nothing-judged")
	}
	values, unknown := Vocabulary.values(f, e.reads)
	patterns := make([]*cel.AttributePatternType, len(unknown))
	for i, name := range unknown {
		patterns[i] = cel.AttributePattern(name)
	}
	known, err := cel.PartialVars(values, patterns...)
	if err != nil {
		return e.failed(err)
	}
	out, _, err := e.program.Eval(known)
	switch {
	case err != nil:
		return e.failed(err)
	case types.IsUnknown(out):
		return answer(policy, schema.Hold, "evidence-missing", "what", strings.Join(unknown, ", "))
	case out == types.True:
		v := allow(policy)
		v.Args = map[string]string{"facts": strings.Join(e.reads, ", ")}
		return v
	case out != types.False:
		return e.failed(fmt.Errorf("it is neither true nor false"))
	}
	v := answer(policy, schema.Hold, "expression", "says", e.says(), "facts", strings.Join(e.reads, ", "))
	if e.Otherwise == schema.OtherwiseDeny {
		v.Outcome = schema.Deny
	}
	return v
}

// failed repeats the reason without the values that are in it: one of them may be a secret.
func (e Expression) failed(err error) schema.Verdict {
	why, _, _ := strings.Cut(oneLine(err), ":")
	if strings.Contains(err.Error(), "cost limit") || strings.Contains(err.Error(), "memory limit") {
		why = "it costs too much for what the files hold"
	}
	return answer("expression", schema.Hold, "expression-failed", "says", e.says(), "facts", strings.Join(e.reads, ", "), "detail", why)
}

func (e Expression) says() string {
	if e.Says != "" {
		return e.Says
	}
	return e.That
}

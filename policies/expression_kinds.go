package policies

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/sluice-gitops/sluice/schema"
)

// Holds says what an expression answers every change of a kind into a stage, all else of it unknown; known is false where the answer
// depends on that, or is none. It is a [schema.Holds].
func Holds(that string, stage schema.StageName, kind schema.Kind) (is, known bool) {
	made, err := newExpression(schema.ExpressionSpec{That: that})
	if err != nil {
		return false, false
	}
	e, ok := made.(Expression)
	if !ok {
		return false, false
	}
	facts := map[string]any{"kind": string(kind), "stage": string(stage)}
	var patterns []*cel.AttributePatternType
	for _, name := range e.reads {
		if _, ok := facts[name]; !ok {
			patterns = append(patterns, cel.AttributePattern(name))
		}
	}
	vars, err := cel.PartialVars(facts, patterns...)
	if err != nil {
		return false, false
	}
	out, _, err := e.program.Eval(vars)
	if err != nil || types.IsUnknown(out) {
		return false, false
	}
	return out == types.True, out == types.True || out == types.False
}

package policies

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"

	"github.com/sluice-gitops/sluice/schema"
)

// environment is what expressions are checked against: the standard library of CEL and the vocabulary. It never changes.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.CrossTypeNumericComparisons(true), cel.DefaultUTCTimeZone(true),
		cel.ParserRecursionLimit(50), cel.ParserExpressionSizeLimit(1000), cel.ExtendedValidations(),
	}
	for _, w := range Vocabulary {
		options = append(options, cel.Variable(w.Name, w.kind))
	}
	return cel.NewEnv(options...)
})

// LoadProject reads a project file as [schema.LoadProject] does and checks the expressions of its gates, each at its place:
// grammar, names, types, words that a fact never is, and that it is true or false. Without findings no gate of the project fails to be made for one.
func LoadProject(file string, data []byte) (schema.Project, schema.Diagnostics) {
	project, found := schema.LoadProject(file, data)
	if len(found) > 0 {
		return project, found
	}
	for _, e := range project.Expressions {
		found = append(found, checkExpression(e, project)...)
	}
	if len(found) > 0 {
		return schema.Project{}, found
	}
	return project, nil
}

func checkExpression(e schema.Expression, project schema.Project) schema.Diagnostics {
	env, err := environment()
	if err != nil {
		return schema.Diagnostics{expressionFinding(e, 1, 0, err.Error())}
	}
	checked, issues := env.Compile(e.Text)
	var found schema.Diagnostics
	for _, issue := range issues.Errors() {
		why := issue.Message
		if text, ok := argumentAt(env, e.Text, issue.ExprID); ok {
			why = badArgument(why, text)
		}
		found = append(found, expressionFinding(e, issue.Location.Line(), issue.Location.Column(), why))
	}
	if len(found) == 0 && checked.OutputType() != cel.BoolType {
		found = append(found, expressionFinding(e, 1, 0, notTrueOrFalse(checked)))
	}
	if len(found) == 0 {
		found = checkWords(e, checked, project)
	}
	return found
}

// argumentAt is the text that stands at a place of an expression, if it is one.
func argumentAt(env *cel.Env, expression string, id int64) (text string, ok bool) {
	parsed, issues := env.Parse(expression)
	if issues.Err() != nil {
		return "", false
	}
	ast.PostOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		if x.ID() == id {
			text, ok = literal(x)
		}
	}))
	return text, ok
}

// badArgument says what was written, and what is wanted, where the library names the function alone.
func badArgument(why, text string) string {
	switch why {
	case "invalid duration argument":
		return fmt.Sprintf("%q is no duration: want hours, minutes or seconds, as in 24h, 90m or 1h30m", text)
	case "invalid timestamp argument":
		return fmt.Sprintf("%q is no time: want it as RFC 3339 has it, as in 2026-11-23T09:00:00Z", text)
	case "invalid matches argument":
		_, err := regexp.Compile(text)
		return fmt.Sprintf("%q is no regular expression: %s", text, strings.TrimPrefix(fmt.Sprint(err), "error parsing regexp: "))
	}
	return why
}

func expressionFinding(e schema.Expression, line, letter int, why string) schema.Diagnostic {
	at, source := e.At(line, letter)
	return schema.Diagnostic{
		Position: at, Width: 1, Source: source, Code: "bad-expression",
		Message: schema.Code("bad-expression").Message(map[string]string{"why": oneLine(fmt.Errorf("%s", why))}),
	}
}

func notTrueOrFalse(checked *cel.Ast) string {
	return fmt.Sprintf("it is of type %s, not true or false; what comes from files is compared, as in value == true", checked.OutputType())
}

package policies

import (
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"

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
	ast, issues := env.Compile(e.Text)
	var found schema.Diagnostics
	for _, issue := range issues.Errors() {
		found = append(found, expressionFinding(e, issue.Location.Line(), issue.Location.Column(), issue.Message))
	}
	if len(found) == 0 && ast.OutputType() != cel.BoolType {
		found = append(found, expressionFinding(e, 1, 0, notTrueOrFalse(ast)))
	}
	if len(found) == 0 {
		found = checkWords(e, ast, project)
	}
	return found
}

func expressionFinding(e schema.Expression, line, letter int, why string) schema.Diagnostic {
	at, source := e.At(line, letter)
	return schema.Diagnostic{
		Position: at, Width: 1, Source: source, Code: "bad-expression",
		Message: schema.Code("bad-expression").Message(map[string]string{"why": oneLine(fmt.Errorf("%s", why))}),
	}
}

func notTrueOrFalse(ast *cel.Ast) string {
	return fmt.Sprintf("it is of type %s, not true or false; what comes from files is compared, as in value == true", ast.OutputType())
}

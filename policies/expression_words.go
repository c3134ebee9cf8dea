package policies

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/sluice-gitops/sluice/schema"
)

// zoneOffset is how CEL writes a zone without a name.
var zoneOffset = regexp.MustCompile(`^[+-]?[0-9]{2}:[0-9]{2}$`)

// checkWords finds literals that a fact is compared with and never is: a kind or a stage that there is not, and zones that nobody
// knows. Such a comparison has the same answer for every change, and != lets all of them through.
func checkWords(e schema.Expression, checked *cel.Ast, project schema.Project) schema.Diagnostics {
	native := checked.NativeRep()
	known := wordsOf(project)
	var found schema.Diagnostics
	report := func(x ast.Expr, why string, among []string) {
		text, _ := literal(x)
		start := native.SourceInfo().GetStartLocation(x.ID())
		d := expressionFinding(e, start.Line(), start.Column(), why)
		d.Hint = schema.DidYouMean(text, among)
		found = append(found, d)
	}
	ast.PostOrderVisit(native.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		switch x.Kind() {
		case ast.ComprehensionKind: // a name that it binds itself is no fact
			delete(known, x.AsComprehension().IterVar())
			delete(known, x.AsComprehension().IterVar2())
		}
	}))
	ast.PostOrderVisit(native.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		if x.Kind() != ast.CallKind {
			return
		}
		call := x.AsCall()
		if call.IsMemberFunction() {
			if why := badZone(call); why != "" {
				report(call.Args()[0], why, nil)
			}
			return
		}
		for name, word := range comparedWith(call) {
			among, ok := known[name]
			for _, w := range word {
				if text, is := literal(w); ok && is && !slices.Contains(among, text) {
					report(w, fmt.Sprintf("%s is never %q; it is one of %s", name, text, strings.Join(withoutEmpty(among), ", ")), among)
				}
			}
		}
	}))
	return found
}

// wordsOf are the facts that have few values, with these.
func wordsOf(p schema.Project) map[string][]string {
	var stages []string
	for _, s := range p.Stages {
		stages = append(stages, string(s.Name))
	}
	kinds := []string{string(schema.Edit), string(schema.Promote), string(schema.Retire), string(schema.Rollback), string(schema.Tune)}
	return map[string][]string{"kind": kinds, "stage": stages, "source": append([]string{""}, stages...)}
}

// comparedWith is the name that a comparison is about, with what it is compared with.
func comparedWith(call ast.CallExpr) map[string][]ast.Expr {
	args := call.Args()
	if len(args) != 2 {
		return nil
	}
	left, right := args[0], args[1]
	switch call.FunctionName() {
	case operators.Equals, operators.NotEquals:
		if right.Kind() == ast.IdentKind {
			left, right = right, left
		}
		if left.Kind() == ast.IdentKind {
			return map[string][]ast.Expr{left.AsIdent(): {right}}
		}
	case operators.In:
		if left.Kind() == ast.IdentKind && right.Kind() == ast.ListKind {
			return map[string][]ast.Expr{left.AsIdent(): right.AsList().Elements()}
		}
	}
	return nil
}

// badZone says what is wrong with the zone that a time is read in; empty where that is no literal.
func badZone(call ast.CallExpr) string {
	if !strings.HasPrefix(call.FunctionName(), "get") || len(call.Args()) != 1 {
		return ""
	}
	zone, ok := literal(call.Args()[0])
	if !ok || zoneOffset.MatchString(zone) {
		return ""
	}
	if _, err := (schema.CalendarSpec{Zone: zone}).Location(); err != nil {
		return err.Error()
	}
	return ""
}

func literal(x ast.Expr) (string, bool) {
	if x.Kind() != ast.LiteralKind {
		return "", false
	}
	text, ok := x.AsLiteral().(types.String)
	return string(text), ok
}

func withoutEmpty(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" })
}

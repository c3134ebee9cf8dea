package main

// gateMutations take guards of policies that gates name away.
var gateMutations = []mutation{
	{
		"a breaker takes rollbacks that nobody read for none", "policies", "policies/breaker.go",
		"case f.Rollbacks == nil, f.Now.IsZero():\n\t\treturn answer(policy, schema.Hold,",
		"case f.Rollbacks == nil, f.Now.IsZero():\n\t\treturn answer(policy, schema.Allow,",
		"TestBreaker",
	},
	{
		"a rollback that did not arrive restored", "policies", "policies/breaker_rate.go",
		"!r.Left && !r.LiveAt.IsZero() &&",
		"!r.Left &&",
		"TestBreaker",
	},
	{
		"a breaker never trips", "policies", "policies/breaker_rate.go",
		"r.rollbacks > 0 && r.restored*100 < percent*r.rollbacks",
		"r.rollbacks < 0 && r.restored*100 < percent*r.rollbacks",
		"TestBreaker",
	},
	{
		"a text is a number to a breaker's sets", "policies", "policies/semantic.go",
		"return \"value \" + string(text)",
		"return string(text[:0])",
		"TestBreaker",
	},
	{
		"an expression may rest on a fact that is not known", "policies", "policies/expression.go",
		"case types.IsUnknown(out):\n\t\treturn answer(policy, schema.Hold,",
		"case types.IsUnknown(out):\n\t\treturn answer(policy, schema.Allow,",
		"TestExpression",
	},
	{
		"an expression without an answer allows", "policies", "policies/expression.go",
		"return answer(\"expression\", schema.Hold, \"expression-failed\"",
		"return answer(\"expression\", schema.Allow, \"expression-failed\"",
		"TestExpression",
	},
	{
		"an expression believes any file", "policies", "policies/vocabulary.go",
		"!ok || schema.DigestOf(data) != file.Digest {",
		"!ok || len(data) < 0 {",
		"TestExpression",
	},
}

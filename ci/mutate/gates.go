package main

// gateMutations take guards of policies that gates name away.
var gateMutations = []mutation{
	{
		"a simulation compares with revisions of other patterns", "cmd/sluice", "reconciler/simulate_ways.go",
		"p.Reconciler, p.regrouped = w.engine, math.MaxInt64",
		"p.Reconciler, p.regrouped = w.engine, min(0, math.MaxInt64)",
		"TestScripts/simulate_ways",
	},
	{
		"nothing decided is a good report", "cmd/sluice", "cmd/sluice/adopt_report.go",
		"return answer{exitUnprovable} // what nobody decided shows nothing",
		"return nil",
		"TestScripts/adopt",
	},
	{
		"a list that changed decides as it did", "policies", "policies/lists_parsed.go",
		"ok && bytes.Equal(have.from, data) {",
		"ok && have.from != nil && bytes.Equal(nil, nil) {",
		"TestWhitelist",
	},
	{
		"files are refused for what people may let in", "policies", "policies/files.go",
		"if p.Large > 0 {",
		"if p.Large > 1000 {",
		"TestFilesAnswerWhatNoApprovalMends",
	},
	{
		"files answer for people in an expression", "policies", "policies/files.go",
		"return fact != \"app\" && fact != \"stage\" && fact != \"files\" })",
		"return fact == \"\" })",
		"TestFilesAnswerWhatNoApprovalMends",
	},
	{
		"a simulation tells what two stretches have twice", "reconciler", "reconciler/simulate.go",
		"return e.Seq > s.stretch.After && !e.At.Before(s.since)",
		"return !e.At.Before(s.since)",
		"TestALongLedgerIsProvenInSmall",
	},
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
	{
		"an app leaves a late stage without anything that says so", "policies", "policies/provenance.go",
		"\tif !f.Retirement {\n\t\treturn answer(policy, schema.Hold, schema.NothingBefore",
		"\tif false {\n\t\treturn answer(policy, schema.Hold, schema.NothingBefore",
		"TestProvenance",
	},
	{
		"an app leaves a late stage while a stage before has it", "reconciler", "reconciler/classify_alone.go",
		"\t\tif a := h.others[stage].Admitted; a.Seq > 0 && a.Revision != schema.None {",
		"\t\tif a := h.others[stage].Admitted; false && a.Seq > 0 {",
		"TestClassify",
	},
	{
		"a way around the approvals of a gate is taken for approvals", "schema", "schema/advice_approvals.go",
		"return without < spec.Need",
		"return without < len(spec.Of)",
		"TestAdviceOnGates",
	},
	{
		"every file may be of its stage alone", "schema", "schema/load_project.go",
		"len(out) == len(items) {",
		"i < 0 {",
		"TestProjectRefuses",
	},
	{
		"a guard names a value as another tool does, and nothing", "schema", "schema/spelling.go",
		"\tif plain == key {\n",
		"\tif true {\n",
		"TestSpellingsOfOtherToolsAreRefused",
	},
	{
		"alternatives in braces are the name of a file", "schema", "schema/spelling.go",
		"if !choosing.MatchString(pattern) {",
		"if true {",
		"TestSpellingsOfOtherToolsAreRefused",
	},
	{
		"files that nobody gave satisfy every rule about values", "policies", "policies/limits.go",
		"return f.Files == nil &&",
		"return false &&",
		"TestWhatAnExampleLeavesOutIsNotKnown",
	},
	{
		"what an example does not say of files is that there are none", "policies", "policies/case.go",
		"\tif f.Files == nil {\n",
		"\tif false {\n",
		"TestWhatAnExampleLeavesOutIsNotKnown",
	},
	{
		"what is required of a file goes with the file", "policies", "policies/tags.go",
		"\tparts = append(parts, judge.missing(policy, t.Rules, f)...)\n",
		"",
		"TestTags",
	},
	{
		"a file that nobody reads is passed over", "policies", "policies/tags.go",
		"\t\t\tcase rule.Unread(path):",
		"\t\t\tcase false:",
		"TestTags",
	},
}

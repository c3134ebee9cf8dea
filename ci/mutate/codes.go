package main

// codeMutations make the registry say what nobody can look up, see or type.
var codeMutations = []mutation{
	{
		"a code without an example", "./schema", "schema/codes_signature.go",
		`Example: "wait  signed  commit 8c1f03d2 is not signed [unsigned]",`,
		`Example: "",`,
		"TestEveryCodeHasAnExample|TestEveryCodeIsExplained",
	},
	{
		"an example that says the title again", "./schema", "schema/codes_landing.go",
		`Example: "wait  merge-request  !42 is a draft [draft]",`,
		`Example: "merge request is a draft [draft]",`,
		"TestEveryCodeHasAnExample",
	},
	{
		"an example in words that nobody prints", "./schema", "schema/codes_approval.go",
		"ann worked on the change and cannot approve it [self-approval]",
		"ann must not approve her own change [self-approval]",
		"TestExamplesAreWhatIsPrinted",
	},
	{
		"an example with a reason that nobody gives", "./schema", "schema/codes_lifecycle.go",
		"what the instances run is not known: none reports [health-unknown]",
		"what the instances run is not known: they are asleep [health-unknown]",
		"TestExamplesAreWhatIsPrinted",
	},
	{
		"an example of a finding at another column", "./schema", "schema/codes_file.go",
		"app.yaml:2:7: error[number]",
		"app.yaml:2:9: error[number]",
		"TestExamplesAreWhatIsPrinted|TestExamplesOfFindingsAreFound",
	},
	{
		"a code that nobody answers with", "./schema", "cmd/sluice/import_shape.go",
		`importFinding(place, "import-shape",`,
		`importFinding(place, "import-unlike",`,
		"TestEveryCodeIsRaised",
	},
	{
		"advice with a flag that there is not", "./cmd/sluice", "schema/codes_trust.go",
		"sluice trust threshold --admins",
		"sluice trust threshold --admin",
		"TestAdviceNamesFlagsThatExist",
	},
	{
		"advice with a command that there is not", "./cmd/sluice", "schema/codes_trust.go",
		"run sluice trust prove with",
		"run sluice trust proof with",
		"TestAdviceNamesCommandsThatExist",
	},
}

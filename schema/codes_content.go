package schema

// contentCodes say that an app's files cannot be configuration.
var contentCodes = []CodeInfo{
	{
		Code: "name", Title: "name is not allowed", Message: "[{path}][{name}]: [{why}][{detail}]",
		Cause:   "Names become keys in etcd and names in Kubernetes, so they are held to what all of them can carry. A few, like head, are the targets' own.",
		Fix:     "Rename it: lower-case letters, digits and inner hyphens for apps, clean paths for files.",
		Example: `Api/app.yaml: error[name]: Api: segment "Api": want lower-case letters, digits and inner hyphens, at most 63 of them`,
	}, {
		Code: "path-collision", Title: "two paths are one", Message: "{path} collides with another path[: {detail}][: {other}]",
		Cause:   "They differ only by case, by the encoding of a letter, or become one key in the target.",
		Fix:     "Rename one of them.",
		Example: `no    content  app.yaml collides with another path: reads as "App.yaml" [path-collision]`,
	}, {
		Code: "unsupported-entry", Title: "not a plain file", Message: "{path} is not a plain file[: {detail}]",
		Cause:   "Symbolic links, submodules and Git LFS pointers are not their content.",
		Fix:     "Put the file itself there.",
		Example: "no    content  app.yaml is not a plain file: symbolic link: put the file itself here [unsupported-entry]",
	}, {
		Code: "malformed-tree", Title: "directory is malformed", Message: "a directory is malformed[: {path}][: {detail}]",
		Cause:   "It has a name twice, in the wrong order, or one that leads elsewhere, so programs see different files.",
		Fix:     "Make the commit again with git.",
		Example: "no    content  a directory is malformed: app.yaml: out of order or there twice [malformed-tree]",
	}, {
		Code: "limit-exceeded", Title: "past a limit", Message: "[{path}: ]past a limit[: {detail}]",
		Cause:   "Files, directories and depth have limits, so that one app cannot stop the others.",
		Fix:     "Make it smaller, or split the app.",
		Example: "no    content  templates: past a limit: more than 32 directories deep [limit-exceeded]",
	}, {
		Code: "schema", Title: "file does not fit its schema", Message: "{path}[ at {at}]: {detail}",
		Cause:   "The value is not what the JSON Schema of the app allows, or the file cannot be parsed.",
		Fix:     "Correct the value. sluice lint shows all of them with their lines.",
		Example: "no    schema  app.yaml at /limits/max: maximum: got 50, want 10 [schema]",
	}, {
		Code: "schema-unusable", Title: "schema is not usable", Message: "{schema} is not usable[: {detail}]",
		Cause:   "The gate names a schema that is not in force or does not compile. A check that cannot be done is no yes.",
		Fix:     "Correct the schema in .sluice/schemas, in a change of its own.",
		Example: "wait  schema  .sluice/schemas/app.json is not usable: it is not there [schema-unusable]",
	}, {
		Code: "schema-keyword", Warning: true, Title: "a word of a schema checks nothing", Message: `"{word}" is no keyword of JSON Schema, which passes over it`,
		Cause: "JSON Schema passes over words that it does not know. One that is misspelt looks like a rule, and every file meets it.",
		Fix:   "Correct the word; begin one that is a note for people or another program with x-.",
		Example: "app.json:3:3: warning[schema-keyword]: \"requried\" is no keyword of JSON Schema, which passes over it\n" +
			"     3 |   \"requried\": [\"replicas\"]\n" +
			"       |   ^^^^^^^^^^ did you mean \"required\"?",
	}, {
		Code: "tag", Title: "value is not as its rule says", Message: "{path}[ at {at}] {detail}",
		Cause:   "The gate has a rule for this value (tags:), and the value does not satisfy it. The value itself is not repeated here.",
		Fix:     "Correct the value, or ask the admins to change the rule in sluice.yaml.",
		Example: "no    tags  app.yaml at /replicas is not max=20 [tag]",
	}, {
		Code: "expression", Title: "expression is not true", Message: "not true of this change: {says}",
		Cause:   "The gate says in an expression what has to be true of a change (expression:), and it is not true of this one. sluice policy explain says what each name in it means.",
		Fix:     "Change what it is about, or wait where it is about time or people; else ask the admins to change the expression in sluice.yaml.",
		Example: `wait  expression  not true of this change: files["limits.yaml"].max <= 10 [expression]`,
	}, {
		Code: "expression-failed", Title: "expression gives no answer", Message: "no answer to whether this is true: {says}[: {detail}]",
		Cause:   "The expression asks for a value that is not there, compares what cannot be compared, or costs too much. A question without an answer is no yes.",
		Fix:     "Ask the admins to correct the expression in sluice.yaml: has(files[\"app.yaml\"].replicas) tells whether a value is there.",
		Example: `wait  expression  no answer to whether this is true: files["limits.yaml"].max <= 10: no such key [expression-failed]`,
	}, {
		Code: "critical-field", Title: "a critical field changes", Message: "{path}[ at {at}] is critical: a person has to confirm its change",
		Cause: "The gate names fields (critical:) whose change somebody with a certain role has to confirm, beside the approvals that every change needs.",
		Fix:   "Ask one of those named to approve exactly this change; sluice why names them.",
		Example: "wait  critical  limits.yaml at /max is critical: a person has to confirm its change [critical-field]\n" +
			"wait  approvals  0 of 1 approvals; may approve: rita [approvals-missing]",
	}, {
		Code: "not-listed", Title: "not on the list", Message: "{name} is not in {list}",
		Cause:   "Only apps that the list names enter this stage.",
		Fix:     "Ask the admins to add it to the list, in a change of its own.",
		Example: "no    whitelist  payments is not in .sluice/lists/gray.yaml [not-listed]",
	}, {
		Code: "list-unusable", Title: "list is not usable", Message: "{list} is not usable[: {detail}]",
		Cause:   "The gate names a list that is not in force or cannot be read. A check that cannot be done is no yes.",
		Fix:     "Correct the list in .sluice/lists, in a change of its own.",
		Example: "wait  whitelist  .sluice/lists/gray.yaml is not usable: it is not there [list-unusable]",
	}, {
		Code: "listed-twice", Warning: true, Title: "a name stands in a list twice", Message: `"{name}" stands in line {line} already`,
		Cause: "The list works as with one of them, and whoever takes one out believes that the name is no longer listed.",
		Fix:   "Remove one of the two.",
		Example: "live.yaml:3:3: warning[listed-twice]: \"payments\" stands in line 1 already\n" +
			"     3 | - payments\n" +
			"       |   ^^^^^^^^",
	}, {
		Code: "no-app", Title: "file belongs to no app", Message: "{path} belongs to no app",
		Cause:   "It lies above the apps' directories, or apps: in sluice.yaml is set otherwise than meant.",
		Fix:     "Move it into an app, remove it, or change apps:.",
		Example: "stages/development/stray.yaml: error[no-app]: stages/development/stray.yaml belongs to no app",
	}, {
		Code: "no-stage", Warning: true, Title: "no stage reads this", Message: "{path} lies beside the stages and belongs to none",
		Cause: "Each stage reads its own place alone, so a name that is written otherwise is configuration that goes nowhere.",
		Fix:   "Move it into a stage's place, add the stage to sluice.yaml, or keep it outside the stages' directory.",
		Example: "stages/produktion: warning[no-stage]: stages/produktion lies beside the stages and belongs to none\n" +
			"   hint:   did you mean \"production\"?",
	}, {
		Code: "secret", Title: "secret in plain text", Message: "{path}[:{at}] looks like a secret in plain text[: {kind}]",
		Cause:   "Everybody who can read the repository, now or later, can read it, and taking it out again leaves it in the history.",
		Fix:     "Change the secret, since it is known now. Keep it encrypted, or in a place for secrets. What is none the admins list under allow: of the gate.",
		Example: "no    secrets  db.yaml:3:11 looks like a secret in plain text: the value of password [secret]",
	},
}

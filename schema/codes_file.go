package schema

// fileCodes say that a file cannot be read, or not in one way only.
var fileCodes = []CodeInfo{
	{
		Code: "file-too-large", Title: "file is too large", Message: "the file has {size} bytes, more than {limit}",
		Cause: "Files that sluice understands (its own, and YAML and JSON of apps) are at most 1 MiB, so that reading one stays cheap.",
		Fix:   "Split the file, or give it a name that does not end in .yaml, .yml or .json: then it is delivered as plain bytes.",
		Example: "app.yaml: error[file-too-large]: the file has 1258298 bytes, more than 1048576\n" +
			"   hint:   split the file",
	}, {
		Code: "unreadable", Title: "file cannot be read", Message: "the file cannot be read[: {why}]",
		Cause:   "It is not there any more, or its permissions forbid it.",
		Fix:     "Check that the file exists and that you may read it.",
		Example: "stages/staging/payments/app.yaml: error[unreadable]: open stages/staging/payments/app.yaml: permission denied",
	}, {
		Code: "encoding", Title: "text is not clean UTF-8", Message: "the text has {what}",
		Cause: "Programs read such bytes differently, so what was reviewed may not be what a service gets.",
		Fix:   "Save the file as UTF-8 without a byte order mark. Write control characters as escapes in double quotes.",
		Example: "app.yaml:1:11: error[encoding]: the text has a NUL byte\n" +
			"     1 | name: \"pay\\x00ments\"\n" +
			"       |           ^^^^\n" +
			"   hint:   save the file as UTF-8 text; write the character as an escape in double quotes",
	}, {
		Code: "yaml-syntax", Title: "file is not YAML", Message: "not valid YAML: {why}",
		Cause: "The YAML parser could not read the file; often an indentation, a missing colon or an unquoted special character.",
		Fix:   "Correct the line. The line above it is often the cause.",
		Example: "app.yaml:3:3: error[yaml-syntax]: not valid YAML: found character that cannot start any token\n" +
			"     3 |   owner: @payments\n" +
			"       |   ^^^^^^^^^^^^^^^^\n" +
			"   hint:   indent with spaces, and put a value that begins with @, ` or % into quotes",
	}, {
		Code: "json-syntax", Title: "file is not JSON", Message: "not valid JSON: {why}",
		Cause: "The JSON parser could not read the file; often a comma after the last element or a comment.",
		Fix:   "Correct the line. JSON has no comments and no trailing commas.",
		Example: "app.json:3:1: error[json-syntax]: not valid JSON: invalid character '}' looking for beginning of object key string\n" +
			"     3 | }\n" +
			"       | ^",
	}, {
		Code: "yaml-documents", Title: "second document in a YAML file", Message: "a second document begins here",
		Cause: "Most programs read the first document and silently ignore the others.",
		Fix:   "Keep one document in a file.",
		Example: "app.yaml:2:1: error[yaml-documents]: a second document begins here\n" +
			"     2 | ---\n" +
			"       | ^^^\n" +
			"   hint:   keep one document in a file; put the other into a file of its own",
	}, {
		Code: "yaml-alias", Title: "anchor or alias", Message: "{name} is not allowed in this file",
		Cause: "Anchors and aliases make a file mean something that its lines do not show. sluice's own files do without them.",
		Fix:   "Write the value out.",
		Example: "sluice.yaml:3:17: error[yaml-alias]: &mine is not allowed in this file\n" +
			"     3 | targets: {etcd: &mine {}}\n" +
			"       |                 ^^^^^",
	}, {
		Code: "yaml-too-deep", Title: "nested too deeply", Message: "maps and lists are nested deeper than {limit}",
		Cause:   "Configuration is flat; such a file is a mistake or an attack.",
		Fix:     "Flatten the file. An alias that contains itself also reads as endless nesting.",
		Example: "app.yaml:1:103: error[yaml-too-deep]: maps and lists are nested deeper than 100",
	}, {
		Code: "yaml-too-big", Title: "too many values", Message: "the file has more than {limit} values, or too much text, once aliases are written out",
		Cause: "A few lines of aliases can stand for gigabytes.",
		Fix:   "Split the file or use fewer aliases.",
		Example: "app.yaml:1:35: error[yaml-too-big]: the file has more than 300000 values, or too much text, once aliases are written out\n" +
			"     1 | a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n" +
			"       |                                   ^^",
	}, {
		Code: "duplicate-key", Title: "key occurs twice", Message: `key "{key}" is already on line {line}`,
		Cause: "Parsers keep the first, the last or neither of two equal keys.",
		Fix:   "Remove one of them.",
		Example: "app.yaml:3:1: error[duplicate-key]: key \"max\" is already on line 1\n" +
			"     3 | max: 90\n" +
			"       | ^^^",
	}, {
		Code: "key-case", Title: "keys differ by case alone", Message: `key "{key}" differs from "{other}" on line {line} by case alone`,
		Cause: "Some parsers match keys without regard to case, so that one hides the other.",
		Fix:   "Rename one of them.",
		Example: "app.yaml:3:1: error[key-case]: key \"Host\" differs from \"host\" on line 1 by case alone\n" +
			"     3 | Host: db2.internal\n" +
			"       | ^^^^",
	}, {
		Code: "key-not-text", Title: "key is not text", Message: "a key of a map is {kind}",
		Cause: "JSON, etcd and most programs know text keys only. YAML reads 1, true and null as other types.",
		Fix:   "Put the key into quotes.",
		Example: "app.yaml:2:1: error[key-not-text]: a key of a map is true or false\n" +
			"     2 | true: yes\n" +
			"       | ^^^^\n" +
			"   hint:   write \"true\" in quotes",
	}, {
		Code: "yaml-merge-key", Title: "merge key <<", Message: "the merge key << is not allowed",
		Cause: "It takes values over from elsewhere and overrides them silently; YAML 1.2 no longer has it.",
		Fix:   "Write the values out.",
		Example: "app.yaml:3:3: error[yaml-merge-key]: the merge key << is not allowed\n" +
			"     3 |   <<: {port: 80}\n" +
			"       |   ^^",
	}, {
		Code: "yaml-tag", Title: "tag that does not fit", Message: "tag {tag} is not allowed here",
		Cause: "Tags other than those of text, numbers, true and false, null, maps and lists mean something only to the program that invented them.",
		Fix:   "Remove the tag.",
		Example: "app.yaml:1:7: error[yaml-tag]: tag !env is not allowed here\n" +
			"     1 | host: !env DB_HOST\n" +
			"       |       ^^^^",
	}, {
		Code: "number", Title: "number that parsers read differently", Message: "parsers read this number differently",
		Cause: "010 is 8 for YAML 1.1 and 10 for YAML 1.2; 0x1F, 1_000, .5 and .inf are no numbers in JSON.",
		Fix:   "Put it into quotes if it is text. Else write it as JSON does: digits, no leading zero or plus sign.",
		Example: "app.yaml:2:7: error[number]: parsers read this number differently\n" +
			"     2 | mode: 0644\n" +
			"       |       ^^^^\n" +
			"   hint:   put it into quotes if it is text; else write it as JSON does",
	}, {
		Code: "wrong-type", Title: "value has the wrong type", Message: "{field}: want {want}, got {got}",
		Cause: "The field has another type. YAML reads 1.2 as a number and true as a truth value unless they are in quotes.",
		Fix:   "Write the value as the message says.",
		Example: "sluice.yaml:5:9: error[wrong-type]: atomic: want true or false, got text\n" +
			"     5 | atomic: \"yes\"\n" +
			"       |         ^^^^^",
	}, {
		Code: "unknown-field", Title: "field is not known", Message: `{field}: there is no field "{name}" here`,
		Cause: "A field that nobody reads would silently do nothing.",
		Fix:   "Correct the name or remove it. schema/FORMAT.md lists every field.",
		Example: "sluice.yaml:5:1: error[unknown-field]: stage_locl: there is no field \"stage_locl\" here\n" +
			"     5 | stage_locl: [local.yaml]\n" +
			"       | ^^^^^^^^^^ did you mean \"stage_local\"?",
	}, {
		Code: "missing-field", Title: "field is missing", Message: `{field}: field "{name}" is missing`,
		Cause: "The field has no default.",
		Fix:   "Add the field. schema/FORMAT.md says what it means.",
		Example: "reconciler.yaml:3:13: error[missing-field]: projects[0].gitlab: field \"token_file\" is missing\n" +
			"     3 |     gitlab: {url: https://gitlab.example.com, project: 42}\n" +
			"       |             ^",
	}, {
		Code: "bad-value", Title: "value is not allowed", Message: "{field}: {why}",
		Cause: "The value has the right type but not an allowed form.",
		Fix:   "Write the value as the message says.",
		Example: "sluice.yaml:2:9: error[bad-value]: layout: \"directories\" is none of directory, branch\n" +
			"     2 | layout: directories\n" +
			"       |         ^^^^^^^^^^^ did you mean \"directory\"?",
	}, {
		Code: "literal-secret", Title: "secret in a file", Message: "{field} holds a secret; put it into a file",
		Cause: "A secret in a configuration file ends in backups, logs and screens.",
		Fix:   "Put the secret into a file that only the reconciler reads, and name that file (token_file, password_file).",
		Example: "reconciler.yaml:3:60: error[literal-secret]: projects[0].gitlab.token holds a secret; put it into a file\n" +
			"     3 |     gitlab: {url: https://gitlab.example.com, project: 42, token: ********}\n" +
			"       |                                                            ^^^^^\n" +
			"   hint:   put it into a file and write token_file: PATH",
	}, {
		Code: "config", Title: "control files are not usable", Message: "the control files are not usable[: {why}]",
		Cause:   "A control file does not parse or contradicts itself. The last admitted one stays in force.",
		Fix:     "Run sluice lint and correct what it names.",
		Example: `no    control  the control files are not usable: sluice.yaml:8:13: error[unknown-stage]: there is no stage "qa" [config]`,
	},
}

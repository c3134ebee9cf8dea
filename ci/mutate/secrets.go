package main

// secretMutations take guards of what is refused and hidden as a secret away.
var secretMutations = []mutation{
	{
		"tokens in plain text pass", "policies", "policies/secrets.go",
		"if at, ok := formatted(line); ok {",
		"if at, ok := formatted(line); ok && false {",
		"TestSecrets",
	},
	{
		"a key in hexadecimal passes", "policies", "policies/secret_keys.go",
		"return named && whole && isHexKey(value)",
		"return named && whole && isHexKey(value) && false",
		"TestSecretsAreKnownAlikeWhereTheyAreRefusedAndShown",
	},
	{
		"a key below what it is for is shown", "policies", "policies/secret_shown.go",
		"return hidesJoined(keys, values) || ",
		"return ",
		"TestSecretsAreKnownAlikeWhereTheyAreRefusedAndShown",
	},
	{
		"a password below a key that holds several passes", "policies", "policies/secrets.go",
		"|| isOwned(segments, value)) {",
		"|| isOwned(segments, value) && false) {",
		"TestSecretsAreKnownAlikeWhereTheyAreRefusedAndShown",
	},
	{
		"a private key in base64 passes", "policies", "policies/secrets.go",
		"if offset, found := encodedKey(line); found && offset < begin {",
		"if offset, found := encodedKey(line); found && offset > begin {",
		"TestSecretsAreKnownAlikeWhereTheyAreRefusedAndShown",
	},
	{
		"a password behind -p passes", "policies", "policies/secret_logins.go",
		"return value != \"\" && !reference.MatchString(value) && !noPassword.MatchString(value)",
		"return false",
		"TestWhatIsASecretIsNotShown",
	},
	{
		"a credential of HTTP Basic passes", "policies", "policies/secrets.go",
		"if offset, found := headerLogin(line); found && offset < begin {",
		"if offset, found := headerLogin(line); found && offset > begin {",
		"TestWhatIsASecretIsNotShown",
	},
	{
		"one of several passwords passes", "policies", "policies/secret_texts.go",
		"case isNamedKey(key, value), isOneOfSeveral(key, value):",
		"case isNamedKey(key, value):",
		"TestSecretsAreKnownAlikeWhereTheyAreRefusedAndShown",
	},
	{
		"a secret's verdict shows the value", "policies", "policies/secrets.go",
		"leaf.Position.Column, \"the value of \" + key, key})",
		"leaf.Position.Column, \"the value \" + value, key})",
		"TestAVerdictOnASecretSaysWhereAndNotWhat",
	},
}

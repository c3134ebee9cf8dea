package main

// edgeMutations take guards of what comes from outside and what goes out away.
var edgeMutations = []mutation{
	{
		"a server's refusal is repeated with the token in it", "reconciler/gitrepo", "reconciler/gitrepo/http.go",
		"if !ok || token == \"\" {",
		"if ok || token == \"\" {",
		"TestAnswersThatRepeatTheToken",
	},
	{
		"JSON goes to the terminal as it is", "cmd/sluice", "cmd/sluice/visible.go",
		"if hidden(r) {",
		"if false {",
		"TestVisible",
	},
	{
		"the subject of a commit goes to the terminal as it is", "cmd/sluice", "cmd/sluice/verify_text.go",
		"schema.Printable(v.Subject)",
		"v.Subject",
		"TestHostileTextIsInertInEveryCommand",
	},
	{
		"a private key is taken in", "cmd/sluice", "cmd/sluice/trust_keys.go",
		"case bytes.Contains(data, []byte(\"PRIVATE KEY\")):",
		"case false:",
		"TestPrivateKeysAreRefused",
	},
	{
		"a role that somebody gains is not shown to who signs", "cmd/sluice", "cmd/sluice/trust_diff.go",
		"if !slices.Contains(before, t) {",
		"if false {",
		"TestTrustChangesTellEverything",
	},
	{
		"a complete trust version gives way to another of its number", "cmd/sluice", "cmd/sluice/trust_history.go",
		"last.At, before.Root.Version).OK",
		"last.At, before.Root.Version).OK || true",
		"TestTwoCompleteVersionsOfOneNumber",
	},
	{
		"an object's id is not computed again", "reconciler/gitrepo", "reconciler/gitrepo/loose.go",
		"if schema.Hash(sum) != id {",
		"if false {",
		"TestDamagedObjectsAreNeverRead",
	},
	{
		"a redirect to another host is followed", "reconciler/gitrepo", "reconciler/gitrepo/http.go",
		"return u.Scheme == o.remote.url.Scheme && strings.EqualFold(u.Host, o.remote.url.Host)",
		"return true",
		"TestRedirectToAnotherOriginIsRefusedAndSeesNoToken",
	},
	{
		"ref names climb", "reconciler/gitrepo", "reconciler/gitrepo/names.go",
		`strings.Contains(name, "..") || `,
		"",
		"TestCheckRef",
	},
	{
		"trees need no order", "reconciler/gitrepo", "reconciler/gitrepo/tree.go",
		"if len(entries) > 0 && !less(entries[len(entries)-1], e) {",
		"if false {",
		"TestMalformedTreesAreRefused",
	},
	{
		"the token goes to any host", "reconciler/integrations/gitlab", "reconciler/integrations/gitlab/transport.go",
		"bool { return origin(a) == origin(b) }",
		"bool { return true }",
		"TestRedirects|TestTheTokenNeverShows",
	},
	{
		"a list may end before its total", "reconciler/integrations/gitlab", "reconciler/integrations/gitlab/pages.go",
		"rows > n || rows < n && !sieved {",
		"n < 0 {",
		"TestLists",
	},
	{
		"a newer release does not fence", "reconciler/integrations", "reconciler/integrations/permit.go",
		"if found.Seq > want.Seq {",
		"if false {",
		"TestPermit",
	},
	{
		"another project's place is written", "reconciler/integrations", "reconciler/integrations/permit.go",
		`class, why = ErrConflict, fmt.Sprintf("the place belongs`,
		`class, why = nil, fmt.Sprintf("the place belongs`,
		"TestPermit",
	},
	{
		"a smaller checkpoint takes a larger one's place", "reconciler/integrations", "reconciler/integrations/keeper.go",
		"case kept.Size > next.Size:",
		"case false:",
		"TestAdvance",
	},
	{
		"a checkpoint that nobody signed is believed", "reconciler/integrations", "reconciler/integrations/keeper.go",
		"case err != nil:\n\t\treturn true, nil",
		"case err != nil:\n\t\treturn false, refuse(ErrFenced, \"\")",
		"TestAdvance",
	},
	{
		"a commit's message goes to the approver's terminal as it is", "cmd/sluice", "cmd/sluice/approve_text.go",
		"c.Code, who, schema.Printable(c.Subject))",
		"c.Code, who, c.Subject)",
		"TestScripts/approve",
	},
	{
		"an approver is shown the keys alone, and signs the rest unseen", "cmd/sluice", "cmd/sluice/approve_step.go",
		"case had && was.Digest != f.Digest && !shown:",
		"case had && was.Digest != f.Digest && !shown && false:",
		"TestScripts/approve",
	},
	{
		"secrets are shown to whoever looks at a difference", "reconciler/diff", "reconciler/diff/mask.go",
		"case secret, secretValue.MatchString(value):",
		"case false:",
		"TestMask",
	},
	{
		"check lets an override pass that the ledger shows", "cmd/sluice", "cmd/sluice/check_cell.go",
		"return !p.Hint && v.Outcome",
		"return p.Hint && v.Outcome",
		"TestCheckClassifiesAsTheReconcilerDoes",
	},
	{
		"a stage's name writes lines of its own into the variables of later jobs", "cmd/sluice", "cmd/sluice/check_report_job.go",
		"schema.CheckSegment(name) == nil &&",
		"",
		"TestDotenvHoldsWordsAlone",
	},
}

package main

// A mutation removes one guard: old occurs once in the file and is replaced; the tests of the package must notice.
type mutation struct {
	name, pkg, file string
	old, new        string
	tests           string // names of tests, joined by |
}

var mutations = []mutation{
	{
		"the id of a commit is not computed again", "reconciler/signing", "reconciler/signing/verdict.go",
		"if sum != id {",
		"if false {",
		"TestTampered|TestCommitOfNothing",
	},
	{
		"a SHA-1 collision is not looked for", "reconciler/signing", "reconciler/signing/verdict.go",
		"return sum, collides\n",
		"return sum, false\n",
		"TestCollision",
	},
	{
		"an SSH signature is not verified", "reconciler/signing", "reconciler/signing/ssh.go",
		"err != nil {\n\t\treturn f.refuse(CodeBadSignature",
		"err != nil && false {\n\t\treturn f.refuse(CodeBadSignature",
		"TestTampered|TestSSHSIGParts",
	},
	{
		"an OpenPGP signature is not verified", "reconciler/signing", "reconciler/signing/openpgp.go",
		"problem != \"\" {\n\t\treturn f.refuse(CodeBadSignature",
		"problem == \"-\" {\n\t\treturn f.refuse(CodeBadSignature",
		"TestTampered",
	},
	{
		"the namespace is not compared, nor given to the check", "reconciler/signing", "reconciler/signing/ssh.go",
		"if sig.Namespace != r.namespace {",
		"if r.namespace = sig.Namespace; false {",
		"TestSSHSIGParts|TestDetached",
	},
	{
		"armor need not be canonical", "reconciler/signing", "reconciler/signing/armor.go",
		"err != nil || !bytes.Equal(a.write(data[:n]), text)",
		"err != nil",
		"TestMalleated|TestBase64Tail",
	},
	{
		"a second signature header passes", "reconciler/signing", "reconciler/signing/header.go",
		"if known && signed != nil {",
		"if known && signed == h {",
		"TestParseCommitRefuses",
	},
	{
		"unknown headers pass", "reconciler/signing", "reconciler/signing/commit.go",
		"if p.err == nil && p.at < len(p.headers) {",
		"if false {",
		"TestParseCommitRefuses",
	},
	{
		"a NUL passes", "reconciler/signing", "reconciler/signing/header.go",
		"i >= 0 {\n\t\treturn nil, 0, malformed(1+",
		"i < -1 {\n\t\treturn nil, 0, malformed(1+",
		"TestParseCommitRefuses|TestTampered",
	},
	{
		"ssh-rsa over SHA-1 passes", "reconciler/signing", "reconciler/signing/ssh.go",
		"keyType == ssh.KeyAlgoRSA && body.Format == ssh.KeyAlgoRSA",
		"false",
		"TestRSAWithSHA1",
	},
	{
		"short RSA keys pass", "reconciler/signing", "reconciler/signing/ssh.go",
		"key.N.BitLen() < minRSA {",
		"key.N.BitLen() < 512 {",
		"TestKeyringNamesBadKeys",
	},
	{
		"a revoked key counts", "reconciler/signing", "reconciler/signing/acceptance.go",
		"code != CodeOK {\n\t\treturn code, detail",
		"code == \"-\" {\n\t\treturn code, detail",
		"TestAcceptance",
	},
	{
		"an expired key counts", "reconciler/signing", "reconciler/signing/acceptance.go",
		"!until.IsZero() && a.At.After(until)",
		"false",
		"TestAcceptance",
	},
	{
		"the future is accepted", "reconciler/signing", "reconciler/signing/acceptance.go",
		"if signedAt.After(a.At.Add(a.skew())) {",
		"if false {",
		"TestAcceptance",
	},
	{
		"a key may sign anything", "reconciler/signing", "reconciler/signing/verdict.go",
		"if !o.mayUse(r.usage) {",
		"if false {",
		"TestAcceptance|TestDetached",
	},
	{
		"trust rolls back", "reconciler/signing", "reconciler/signing/trustrules.go",
		"case root.Version <= inForce:",
		"case root.Version < 0:",
		"TestTrustNeverRollsBack|TestUpdates",
	},
	{
		"the old roots need not sign", "reconciler/signing", "reconciler/signing/trustrules.go",
		"if len(u.By) < u.NeedOld {",
		"if false {",
		"TestUpdates",
	},
	{
		"a new key needs no proof", "reconciler/signing", "reconciler/signing/trustrules.go",
		"why != \"\" {\n\t\t\tu.find(CodeTrustProof",
		"why == \"-\" {\n\t\t\tu.find(CodeTrustProof",
		"TestUpdates",
	},
	{
		"one who signs a request in two names counts twice", "reconciler/signing", "reconciler/signing/checkrequest.go",
		"} else if !slices.Contains(c.By, who) {",
		"} else {",
		"TestRequests",
	},
	{
		"the merged files need not be the signed ones", "policies", "policies/mergerequest.go",
		"case !f.Landing.Bound.OK:",
		"case false:",
		"TestMergeRequest",
	},
	{
		"a direct push passes", "policies", "policies/mergerequest.go",
		"if mr == nil {\n\t\treturn answer(policy, schema.Deny,",
		"if mr == nil {\n\t\treturn answer(policy, schema.Allow,",
		"TestMergeRequest",
	},
	{
		"rules and apps change together", "policies", "policies/mergerequest.go",
		"if f.Mixed {",
		"if false {",
		"TestMergeRequest",
	},
	{
		"an approval of other content counts", "policies", "policies/approvals.go",
		"g.To != f.Change.To.Content",
		"false",
		"TestApprovals",
	},
	{
		"an approval over another base counts", "policies", "policies/approvals.go",
		"g.From != f.Change.From.Content",
		"false",
		"TestApprovals",
	},
	{
		"an author approves", "policies", "policies/approvals.go",
		"case excluded[person.ID]:",
		"case false:",
		"TestApprovals",
	},
	{
		"a robot approves", "policies", "policies/approvals.go",
		"person.Has(schema.RoleBot, f.Cell), ",
		"",
		"TestApprovals",
	},
	{
		"an approval after the merge counts", "policies", "policies/approvals.go",
		"g.At.After(f.MergeRequest.MergedAt)",
		"false",
		"TestApprovals",
	},
	{
		"a commit nobody could judge passes", "policies", "policies/signed.go",
		"if !c.OK() {",
		"if false {",
		"TestSigned",
	},
	{
		"a signed approval nobody checked counts", "policies", "policies/signed_approvals.go",
		`if given.Code != "ok" {`,
		"if false {",
		"TestSignedApprovals",
	},
	{
		"a signed approval is used twice", "policies", "policies/signed_approvals.go",
		"case s.replayed(given.Statement.Seen.Size):",
		"case false:",
		"TestSignedApprovals",
	},
	{
		"the ledger's commits need no signature", "reconciler/ledger", "reconciler/ledger/verifystep.go",
		"signer, err := signedBy(c, v.keys, v.opts.VerifyCommit)\n\tif err != nil {",
		"signer, err := signedBy(c, v.keys, v.opts.VerifyCommit)\n\tif err != nil && false {",
		"TestTamperingIsFound",
	},
	{
		"the chain of entries is not compared", "reconciler/ledger", "reconciler/ledger/verifystep.go",
		"if e.Prev != l.prev {",
		"if false {",
		"TestTamperingIsFound",
	},
	{
		"time in the ledger goes back", "reconciler/ledger", "reconciler/ledger/verifystep.go",
		"if e.At.Before(l.at) {",
		"if false {",
		"TestTamperingIsFound",
	},
	{
		"the folded state is not compared", "reconciler/ledger", "reconciler/ledger/verifystep.go",
		"if want == root {",
		"if true {",
		"TestTamperingIsFound",
	},
	{
		"a shorter ledger than was seen passes", "reconciler/ledger", "reconciler/ledger/verify.go",
		"if c.Size > size {",
		"if false {",
		"TestTamperingIsFound",
	},
	{
		"another ledger of the same size passes", "reconciler/ledger", "reconciler/ledger/verifystep.go",
		"if c.Root != next.edge.root() {",
		"if false {",
		"TestTamperingIsFound",
	},
	{
		"an unknown version is read", "reconciler/ledger", "reconciler/ledger/check.go",
		"if e.V != Version {",
		"if false {",
		"TestTamperingIsFound|TestDecodeIsStrict",
	},
	{
		"lost evidence is no finding", "reconciler/ledger", "reconciler/ledger/verifyevidence.go",
		"if !v.expunged[l.digest] {",
		"if false {",
		"TestTamperingIsFound",
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
		"a key may occur twice in YAML", "schema", "schema/yamlstrict.go",
		"case before.key == key:\n\t\tsrc.report(at, \"duplicate-key\", \"\", args{\"key\": key, \"line\": count(before.at.line)})",
		"case before.key == key:\n\t\treturn true",
		"TestRefusedVectors",
	},
	{
		"app names hold anything", "schema", "schema/cell.go",
		"if !segmentShape.MatchString(segment) {",
		"if false {",
		"TestStatementsRefuse",
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
}

package schema

// signatureCodes are the verdicts on a commit's signature.
var signatureCodes = []CodeInfo{
	{
		Code: "ok", Title: "signed by a known person", Message: "[{commit} ]signed[ by {person}]",
		Cause:   "The signature is good, and the key was its owner's to use at the time.",
		Fix:     "Nothing to do.",
		Example: "8c1f03d2  ok    ann    SHA256:q3XvZ8kP  payments: limit 5000",
	}, {
		Code: "unsigned", Title: "commit is not signed", Message: "commit[ {commit}] is not signed",
		Cause:   "Every commit that changes an app has to be signed by a person in the trust directory.",
		Fix:     "Sign it (git commit --amend -S, or git rebase --exec 'git commit --amend --no-edit -S' BASE) and submit it again.",
		Example: "wait  signed  commit 8c1f03d2 is not signed [unsigned]",
	}, {
		Code: "bad-signature", Title: "signature does not fit the commit", Message: "the signature does not fit commit {commit}[ (key {key})]",
		Cause:   "The commit was changed after it was signed, or the signature was copied from another one.",
		Fix:     "Do not trust the commit. Make it anew from a checkout that you know, and find out where this one came from.",
		Example: "no    signed  the signature does not fit commit 8c1f03d2 (key SHA256:h4Vc0Qk) [bad-signature]",
	}, {
		Code: "unknown-key", Title: "key is nobody's", Message: "commit {commit} is signed by a key that is nobody's[: {key}]",
		Cause:   "The key is not in .sluice/trust/keys, and none of the forge's own in .sluice/trust/forge.",
		Fix:     "Sign with a key that is, or let the roots add the key (sluice trust add PERSON --key FILE) and wait until that is in force.",
		Example: "wait  signed  commit 8c1f03d2 is signed by a key that is nobody's: SHA256:h4Vc0Qk [unknown-key]",
	}, {
		Code: "principal-not-authorised", Title: "signer may not write here", Message: "[{person}, who signed commit {commit}, ]may not write this app",
		Cause:   "The signature is good, but its owner has not the role author for the app. A bot may only move what people signed before.",
		Fix:     "Let an author sign the change, or let the roots give the role.",
		Example: "wait  signed  vis, who signed commit 8c1f03d2, may not write this app [principal-not-authorised]",
	}, {
		Code: "key-expired", Title: "key had run out", Message: "the key of commit {commit}[, {person}'s,] had run out when the commit arrived",
		Cause:   "valid_until of the key was before the commit could be accepted. The commit's own date does not count: anybody can write it.",
		Fix:     "Sign again with a key in force and submit that commit.",
		Example: "wait  signed  the key of commit 8c1f03d2, ann's, had run out when the commit arrived [key-expired]",
	}, {
		Code: "key-expired-openpgp", Title: "OpenPGP key had run out", Message: "the OpenPGP key of commit {commit}[, {person}'s,] says itself that it had run out",
		Cause:   "The copy of the key in .sluice/trust/keys has an expiry date that has passed. Keys are never fetched from key servers.",
		Fix:     "If the owner has extended the key, let the roots replace the copy. Else sign with another key.",
		Example: "wait  signed  the OpenPGP key of commit 8c1f03d2, ann's, says itself that it had run out [key-expired-openpgp]",
	}, {
		Code: "key-not-yet-valid", Title: "key is not valid yet", Message: "the key of commit {commit}[, {person}'s,] is not valid yet",
		Cause:   "valid_from of the key is later.",
		Fix:     "Wait until then, or sign with another key.",
		Example: "wait  signed  the key of commit 8c1f03d2, ann's, is not valid yet [key-not-yet-valid]",
	}, {
		Code: "key-revoked", Title: "key was revoked", Message: "the key of commit {commit}[, {person}'s,] was revoked",
		Cause:   "The trust directory says that the key no longer counts. What was admitted before stays valid.",
		Fix:     "Sign again with a key in force and submit that commit.",
		Example: "no    signed  the key of commit 8c1f03d2, ann's, was revoked [key-revoked]",
	}, {
		Code: "key-compromised", Title: "key was stolen", Message: "the key of commit {commit}[, {person}'s,] is marked as compromised",
		Cause:   "Somebody else may have the key, so nothing it signed counts any more.",
		Fix:     "Look at the change as if a stranger had made it. If it is wanted, sign it with another key.",
		Example: "no    signed  the key of commit 8c1f03d2, ann's, is marked as compromised [key-compromised]",
	}, {
		Code: "key-usage", Title: "key may not sign this", Message: "the key of commit {commit}[, {person}'s,] may not sign this",
		Cause:   "usages: beside the key does not list what it was used for.",
		Fix:     "Sign with a key for that purpose, or let the roots add the usage.",
		Example: "no    signed  the key of commit 8c1f03d2, ann's, may not sign this [key-usage]",
	}, {
		Code: "weak-algorithm", Title: "weak signature", Message: "commit {commit} is signed with an algorithm that is too weak",
		Cause:   "SHA-1, MD5, DSA and RSA below 2048 bits can be forged.",
		Fix:     "Sign with Ed25519, ECDSA or RSA of 2048 bits or more, and SHA-256 or better.",
		Example: "no    signed  commit 8c1f03d2 is signed with an algorithm that is too weak [weak-algorithm]",
	}, {
		Code: "wrong-namespace", Title: "signature for another purpose", Message: "the signature of commit {commit} was made for another purpose",
		Cause:   "An SSH signature names what it is for. One for a file or an approval does not sign a commit.",
		Fix:     "Sign the commit itself (git commit -S).",
		Example: "no    signed  the signature of commit 8c1f03d2 was made for another purpose [wrong-namespace]",
	}, {
		Code: "unsupported-key-type", Title: "kind of key is not supported", Message: "commit {commit} is signed with a kind of key that is not supported",
		Cause:   "SSH certificates are not supported: their authority would have to be checked.",
		Fix:     "Sign with a plain SSH key or an OpenPGP key.",
		Example: "no    signed  commit 8c1f03d2 is signed with a kind of key that is not supported [unsupported-key-type]",
	}, {
		Code: "x509-unsupported", Title: "X.509 signature", Message: "commit {commit} has an X.509 signature, which is not supported",
		Cause:   "gitsign and smimesign signatures need certificates that sluice does not check. The commit is signed, but not for sluice.",
		Fix:     "Sign with SSH or OpenPGP (git config gpg.format ssh).",
		Example: "no    signed  commit 8c1f03d2 has an X.509 signature, which is not supported [x509-unsupported]",
	}, {
		Code: "multiple-signatures", Title: "several signatures", Message: "commit {commit} has more than one signature",
		Cause:   "Programs look at the first, the last or all of them.",
		Fix:     "Make the commit again with one signature.",
		Example: "no    signed  commit 8c1f03d2 has more than one signature [multiple-signatures]",
	}, {
		Code: "malformed-object", Title: "commit is malformed", Message: "commit {commit} is malformed[: {detail}]",
		Cause:   "It has headers twice, in another order, or bytes that do not belong there, so programs read different things in it.",
		Fix:     "Make the commit again with git.",
		Example: "no    signed  commit 8c1f03d2 is malformed [malformed-object]",
	}, {
		Code: "object-mismatch", Title: "object is not what its id says", Message: "object[ {commit}] is not what its id says",
		Cause:   "The clone is damaged or was tampered with, or somebody made two objects with one SHA-1.",
		Fix:     "Clone again from a source that you trust. If it stays, treat it as an attack.",
		Example: "no    signed  object 8c1f03d2 is not what its id says [object-mismatch]",
	}, {
		Code: "object-format", Title: "repository with SHA-256 ids", Message: "the repository uses an object format that is not supported[: {format}]",
		Cause:   "sluice reads repositories with SHA-1 object ids; content is named by SHA-256 all the same.",
		Fix:     "Use a repository with the default object format.",
		Example: "sluice: open config.git: object ids are sha256, sluice reads sha1 [object-format]: repository format not supported",
	}, {
		Code: "signature-too-old", Title: "signature is too old", Message: "the signature of commit {commit}[ by {person}] is too old",
		Cause:   "It says that it was made long before it arrived. Old signatures are how a former key is used again.",
		Fix:     "Sign the commit again and submit it.",
		Example: "wait  signed  the signature of commit 8c1f03d2 by ann is too old [signature-too-old]",
	}, {
		Code: "signature-in-future", Title: "signature from the future", Message: "the signature of commit {commit}[ by {person}] is dated in the future",
		Cause:   "The signer's clock is wrong, or the date was forged.",
		Fix:     "Correct the clock and sign again.",
		Example: "no    signed  the signature of commit 8c1f03d2 by ann is dated in the future [signature-in-future]",
	}, {
		Code: "forge-key-only", Title: "only the forge signed", Message: "commit {commit} is signed by the forge, not by a person",
		Cause:   "Edits, reverts and rebases on the forge's page are signed with its own key (.sluice/trust/forge), which says nothing of who it was.",
		Fix:     "Before the merge: fetch the branch, sign its commits in your own name (git rebase -f --gpg-sign, or for one commit git commit --amend --reset-author -S) and push. After it: take the change back, and make it again by yourself (git revert).",
		Example: "wait  signed  commit 8c1f03d2 is signed by the forge, not by a person [forge-key-only]",
	},
}

package schema

// trustCodes say that the trust directory cannot be used or changed that way.
var trustCodes = []CodeInfo{
	{
		Code: "trust-file-missing", Title: "file of the trust directory is missing", Message: "{path} is missing",
		Cause:   "Without it nobody can say who may do what, so the new version is refused and the old one stays in force.",
		Fix:     "Restore the file, or make the directory with sluice init.",
		Example: ".sluice/trust/root.yaml: error[trust-file-missing]: root.yaml is missing",
	}, {
		Code: "trust-stray-file", Title: "file that nobody reads", Message: "the file would be ignored: {why}",
		Cause:   "A key or a limit in a file that nobody reads is one that somebody believes in.",
		Fix:     "Move or remove the file. Keys are keys/<person>/NAME.pub or NAME.asc, their limits NAME.yaml beside them; those of the forge, forge/NAME.pub or NAME.asc.",
		Example: ".sluice/trust/keys/bob.pub: error[trust-stray-file]: the file would be ignored: it is no part of a trust directory",
	}, {
		Code: "trust-files", Title: "trust directory is not the one that was signed", Message: "root.yaml was made for other files: it says {want}, the files are {got}",
		Cause:   "root.yaml carries the digest of the rest of the directory, and a file changed after that.",
		Fix:     "Undo the edit; or make the next version with sluice trust add, renew and the like, which take over what was edited and write the digest, and let the roots sign it.",
		Example: "root.yaml was made for other files: it says sha256:9f86d081…, the files are sha256:60303ae2…",
	}, {
		Code: "trust-key", Title: "key file is not usable", Message: "the key is not usable: {why}",
		Cause:   "A key that cannot be read verifies nothing; a new version with one is refused.",
		Fix:     "Put the public key there: one line as ssh-keygen writes NAME.pub, or an armored OpenPGP public key.",
		Example: ".sluice/trust/keys/bob/bob.pub: error[trust-key]: the key is not usable: want an SSH public key: its type and its base64",
	}, {
		Code: "unknown-principal", Title: "person is not declared", Message: `"{person}" is not in principals.yaml`,
		Cause:   "Keys, roots and roles belong to people that principals.yaml declares.",
		Fix:     "Add the person to principals.yaml or correct the name.",
		Example: `.sluice/trust/keys/ann/ann.pub: error[unknown-principal]: "ann" is not in principals.yaml`,
	}, {
		Code: "unknown-role", Title: "role is not known", Message: `"{role}" is not a role`,
		Cause: "Roles are root, admin, author, approver:STAGE, release and bot.",
		Fix:   "Write one of them.",
		Example: ".sluice/trust/principals.yaml:3:17: error[unknown-role]: \"aprover:staging\" is not a role\n" +
			"     3 |   bob: {roles: [aprover:staging]}\n" +
			"       |                 ^^^^^^^^^^^^^^^ did you mean \"approver\"?",
	}, {
		Code: "duplicate-account", Title: "account or address of two people", Message: "{what} of {person} is already that of {other}",
		Cause: "People are counted by their accounts and excluded by their addresses; a shared one makes two of one or one of two.",
		Fix:   "Give it to one person.",
		Example: "     3 |   bob: {roles: [approver:staging], forge: [{host: gitlab.example.com, user_id: 42}]}\n" +
			"account 42 on gitlab.example.com of bob is already that of ann",
	}, {
		Code: "ambiguous-key", Title: "one key in two places", Message: "[{key} is the same key as {other}][{why}]",
		Cause:   "A key belongs to one person, and the reconciler's ledger key and the forge's keys to nobody else.",
		Fix:     "Remove one of them, or make a new key.",
		Example: ".sluice/trust/keys/bob/bob.pub: error[ambiguous-key]: keys/bob/bob.pub is the same key as keys/ann/ann.pub",
	}, {
		Code: "trust-roots", Title: "roots do not agree", Message: "[{person} ]{why}",
		Cause: "root.yaml names the roots, principals.yaml gives them the role, and each of them needs a key to sign with.",
		Fix:   "Give each root a key that may sign as one (sluice trust add PERSON --key FILE), or take the role away (sluice trust remove PERSON --role root).",
		Example: ".sluice/trust/root.yaml:8:9: error[trust-roots]: ann has not the role root in principals.yaml\n" +
			"     8 | roots: [ann]\n" +
			"       |         ^^^",
	}, {
		Code: "trust-admins", Title: "too few admins", Message: "{need} admins have to sign control files, but there are {have}",
		Cause: "Nobody could change sluice.yaml any more.",
		Fix:   "Lower the number (sluice trust threshold --admins) or give more people the role admin.",
		Example: ".sluice/trust/root.yaml:7:8: error[trust-admins]: 1 admins have to sign control files, but there are 0\n" +
			"     7 | admin: 1                                 # admins that have to sign a change of the other control files\n" +
			"       |        ^",
	}, {
		Code: "trust-bot", Title: "robot with a person's role", Message: "{person} has the role bot and another one",
		Cause: "A bot only moves what people signed before; it must not be able to write or approve.",
		Fix:   "Give the robot the role bot alone, and people their own keys.",
		Example: ".sluice/trust/principals.yaml:4:3: error[trust-bot]: robot has the role bot and another one\n" +
			"     4 |   robot: {roles: [bot, author]}\n" +
			"       |   ^^^^^",
	}, {
		Code: "trust-lockout", Warning: true, Title: "one lost key locks the project", Message: "[{threshold} of {roots} roots have to sign, so that one lost key locks everybody out][{why}]",
		Cause:   "With as many roots as signatures needed nobody can replace a key that is lost.",
		Fix:     "Add another root (sluice trust add PERSON --root --key FILE), with a key that is kept elsewhere.",
		Example: ".sluice/trust/root.yaml: warning[trust-lockout]: 2 of 2 roots have to sign, so that one lost key locks everybody out",
	}, {
		Code: "role-without-stage", Warning: true, Title: "role for a stage that there is not", Message: `{person} has {role}, but there is no stage "{stage}"`,
		Cause:   "The role has no effect; the stage was renamed or misspelled.",
		Fix:     "Correct the role in principals.yaml.",
		Example: `.sluice/trust/principals.yaml: warning[role-without-stage]: bob has approver:stagng, but there is no stage "stagng"`,
	}, {
		Code: "trust-proof", Title: "nobody showed to hold a key", Message: "[{key}: ]the proof of possession is missing or not valid[: {why}]",
		Cause:   "A key that comes into the trust directory has to sign who it belongs to, else somebody could take credit for what another signs.",
		Fix:     "Let the key's owner run sluice trust prove with the private half, before the roots sign.",
		Example: "sluice: not signed: nobody showed yet that keys/bob/bob.pub is bob's, and the proof changes what is signed [trust-proof]",
	}, {
		Code: "trust-revocation", Title: "key left without a reason", Message: "[{key}: ]a key may not change that way[: {why}]",
		Cause:   "A key stops counting by a revocation with its reason, and stays listed, so that an audit can tell what rests on it.",
		Fix:     "Revoke the key with sluice trust revoke: superseded, retired or compromised.",
		Example: "no    roots  a key may not change that way: keys/bob/bob.pub: it left without having been revoked [trust-revocation]",
	}, {
		Code: "trust-log-keys", Title: "ledger key replaced at once", Message: "no log key of the version in force stays",
		Cause:   "The old key hands over to the new one in the ledger, so one version has to name both (RULES R23).",
		Fix:     "Add the new log key in one version (sluice trust rotate --log-key), and remove the old one in a later version (--drop-log-key).",
		Example: "no    roots  no log key of the version in force stays [trust-log-keys]",
	}, {
		Code: "trust-sequence", Title: "trust version out of order", Message: "the trust version does not follow the one in force[: {why}]",
		Cause:   "Each version is one more than the version before and names its digest.",
		Fix:     "Get the version in force (git fetch) and make the change again with sluice trust, on top of it.",
		Example: "sluice: trust version 4 in the checkout follows another version 3 than the one in force [trust-sequence]",
	}, {
		Code: "trust-threshold", Title: "too few roots signed", Message: "too few roots signed[: {have} of {need}][: {why}][; may sign: {eligible}]",
		Cause:   "A change of the trust directory needs the threshold of the version before, and that of the new one.",
		Fix:     "Let those who are named run sluice trust sign, and bring it in by another merge request; sluice trust verify says who is missing.",
		Example: "wait  roots  too few roots signed: 1 of 2 roots of the version before signed: ann; may sign: bob [trust-threshold]",
	}, {
		Code: "trust-rollback", Title: "older trust version", Message: "[trust version {version} is older than {in_force}, which is in force][an older trust version came back: {why}]",
		Cause:   "An old version, though validly signed, could bring back a key that was revoked.",
		Fix:     "Restore the version in force. If it is wrong, make a newer one.",
		Example: "no    roots  an older trust version came back: version 2 is not newer than 3, which was in force [trust-rollback]",
	}, {
		Code: "trust-unreadable", Title: "trust directory cannot be read", Message: "the trust directory cannot be read[: {why}]",
		Cause:   "Without it no signature means anything. What runs keeps running, and nothing new is admitted.",
		Fix:     "Run sluice lint and correct what it names.",
		Example: "no    roots  the trust directory cannot be read [trust-unreadable]",
	}, {
		Code: "root-expired", Title: "trust root has run out", Message: "the trust root ran out[ on {at}]",
		Cause:   "root.yaml has an end, so that somebody looks at who may do what. Drift is still repaired and rollbacks are still judged.",
		Fix:     "Make a version with a later end (sluice trust renew) and let the roots sign it.",
		Example: "wait  trust  the trust root ran out on 2026-11-23T12:00:00Z [root-expired]",
	}, {
		Code: "control-unsigned", Title: "too few admins signed", Message: "the control files changed with too few admins' signatures[: {have} of {need}][ ({by})][; may sign: {eligible}]",
		Cause:   "sluice.yaml and the policies decide what may happen, so admins have to sign a change of them.",
		Fix:     "Let those who are named approve exactly this step, with sluice approve --control.",
		Example: "wait  admins  the control files changed with too few admins' signatures: 1 of 2 (ann); may sign: bob [control-unsigned]",
	}, {
		Code: "policy-mixed", Title: "rules and configuration changed together", Message: "control files and apps changed in one merge request[: {paths}][; commit {mixing} brought them together]",
		Cause:   "A change could bring the rule that lets it through.",
		Fix:     "Put the control files back as they are in force, then submit their change in a merge request of its own: until then all that came since is judged together.",
		Example: "no    merge-request  control files and apps changed in one merge request [policy-mixed]",
	}, {
		Code: "control-held", Title: "control change is held", Message: "the change of the control files is held[: it would change {cells}]",
		Cause:   "Control files change with the admins' signatures alone, and not while an app whose digests they would change is held.",
		Fix:     "Let the admins sign the change, and clear the apps named first.",
		Example: "wait  cells  the change of the control files is held: it would change payments in staging [control-held]",
	}, {
		Code: "control-loses", Title: "apps would not keep what was admitted", Message: "with these rules some apps would not keep what was admitted: {why}",
		Cause:   "sluice.yaml says anew which directories are apps. Each new app has to hold exactly what was admitted in its place, so that nothing is admitted by the way.",
		Fix:     "Move or remove the files named first, or leave apps: as it is.",
		Example: "with these rules some apps would not keep what was admitted: pay in gray holds files that were never admitted",
	}, {
		Code: "control-misplaced", Title: "control file on a stage's branch", Message: "{path} on the branch of a stage is read by nobody",
		Cause:   "Control files count on the default branch alone. A copy elsewhere would only look as if it ruled.",
		Fix:     "Remove it from this branch, and submit it into the default branch.",
		Example: "sluice.yaml: error[control-misplaced]: sluice.yaml on the branch of a stage is read by nobody",
	}, {
		Code: "request-refused", Title: "signed request is not valid", Message: "the {kind} request does not count[: {why}]",
		Cause: "A request says what it is for, is made against the ledger as it is, has an end, and counts once.",
		Fix:   "Make it again with the same command: sluice requests says of each why it is refused.",
		Example: "level=WARN msg=\"request not carried out\" kind=resume tag=refs/tags/sluice/resume/3f2a9c1e5b7d8046/ann\n" +
			"  code=request-refused why=\"nothing is suspended there\"",
	}, {
		Code: "request-unsigned", Title: "too few people signed a request", Message: "the {kind} request has {have} of {need} signatures[ by {role}]",
		Cause: "Each kind of request needs a number of people with a role. People are counted, not keys.",
		Fix:   "Let more of them sign the same request: sluice requests names who may, and the command.",
		Example: "break-glass  payments in staging c:67ba1ea9 to c:0f1c8f2d without its gate, review by …\n" +
			"  state   1 of 2 signed; it waits for carol: sluice break-glass --sign 3f2a9c1e5b7d8046",
	},
}

package schema

// trustCodes say that the trust directory cannot be used or changed that way.
var trustCodes = []CodeInfo{
	{
		Code: "trust-file-missing", Title: "file of the trust directory is missing", Message: "{path} is missing",
		Cause: "Without it nobody can say who may do what, so the new version is refused and the old one stays in force.",
		Fix:   "Restore the file, or make the directory with sluice init.",
	}, {
		Code: "trust-stray-file", Title: "file that nobody reads", Message: "the file would be ignored: {why}",
		Cause: "A key or a limit in a file that nobody reads is one that somebody believes in.",
		Fix:   "Move or remove the file. Keys are keys/<person>/NAME.pub or NAME.asc, their limits NAME.yaml beside them; those of the forge, forge/NAME.pub or NAME.asc.",
	}, {
		Code: "trust-files", Title: "trust directory is not the one that was signed", Message: "root.yaml was made for other files: it says {want}, the files are {got}",
		Cause: "root.yaml carries the digest of the rest of the directory, and a file changed after that.",
		Fix:   "Undo the edit; or make the next version with sluice trust add, renew and the like, which take over what was edited and write the digest, and let the roots sign it.",
	}, {
		Code: "trust-key", Title: "key file is not usable", Message: "the key is not usable: {why}",
		Cause: "A key that cannot be read verifies nothing; a new version with one is refused.",
		Fix:   "Put the public key there: one line as ssh-keygen writes NAME.pub, or an armored OpenPGP public key.",
	}, {
		Code: "unknown-principal", Title: "person is not declared", Message: `"{person}" is not in principals.yaml`,
		Cause: "Keys, roots and roles belong to people that principals.yaml declares.",
		Fix:   "Add the person to principals.yaml or correct the name.",
	}, {
		Code: "unknown-role", Title: "role is not known", Message: `"{role}" is not a role`,
		Cause: "Roles are root, admin, author, approver:STAGE, release and bot.",
		Fix:   "Write one of them.",
	}, {
		Code: "duplicate-account", Title: "account or address of two people", Message: "{what} of {person} is already that of {other}",
		Cause: "People are counted by their accounts and excluded by their addresses; a shared one makes two of one or one of two.",
		Fix:   "Give it to one person.",
	}, {
		Code: "ambiguous-key", Title: "one key in two places", Message: "[{key} is the same key as {other}][{why}]",
		Cause: "A key belongs to one person, and the reconciler's ledger key and the forge's keys to nobody else.",
		Fix:   "Remove one of them, or make a new key.",
	}, {
		Code: "trust-roots", Title: "roots do not agree", Message: "[{person} ]{why}",
		Cause: "root.yaml names the roots, principals.yaml gives them the role, and each of them needs a key to sign with.",
		Fix:   "Give each root a key that may sign as one (sluice trust add PERSON --key FILE), or take the role away (sluice trust remove PERSON --role root).",
	}, {
		Code: "trust-admins", Title: "too few admins", Message: "{need} admins have to sign control files, but there are {have}",
		Cause: "Nobody could change sluice.yaml any more.",
		Fix:   "Lower the number (sluice trust threshold --admins) or give more people the role admin.",
	}, {
		Code: "trust-bot", Title: "robot with a person's role", Message: "{person} has the role bot and another one",
		Cause: "A bot only moves what people signed before; it must not be able to write or approve.",
		Fix:   "Give the robot the role bot alone, and people their own keys.",
	}, {
		Code: "trust-lockout", Warning: true, Title: "one lost key locks the project", Message: "[{threshold} of {roots} roots have to sign, so that one lost key locks everybody out][{why}]",
		Cause: "With as many roots as signatures needed nobody can replace a key that is lost.",
		Fix:   "Add another root (sluice trust add --root), with a key that is kept elsewhere.",
	}, {
		Code: "role-without-stage", Warning: true, Title: "role for a stage that there is not", Message: `{person} has {role}, but there is no stage "{stage}"`,
		Cause: "The role has no effect; the stage was renamed or misspelled.",
		Fix:   "Correct the role in principals.yaml.",
	}, {
		Code: "trust-proof", Title: "nobody showed to hold a key", Message: "[{key}: ]the proof of possession is missing or not valid[: {why}]",
		Cause: "A key that comes into the trust directory has to sign who it belongs to, else somebody could take credit for what another signs.",
		Fix:   "Let the key's owner run sluice trust prove with the private half, before the roots sign.",
	}, {
		Code: "trust-revocation", Title: "key left without a reason", Message: "[{key}: ]a key may not change that way[: {why}]",
		Cause: "A key stops counting by a revocation with its reason, and stays listed, so that an audit can tell what rests on it.",
		Fix:   "Revoke the key with sluice trust revoke: superseded, retired or compromised.",
	}, {
		Code: "trust-log-keys", Title: "ledger key replaced at once", Message: "no log key of the version in force stays",
		Cause: "The old key hands over to the new one in the ledger, so one version has to name both (RULES R23).",
		Fix:   "Add the new log key in one version (sluice trust rotate --log-key), and remove the old one in a later version (--drop-log-key).",
	}, {
		Code: "trust-sequence", Title: "trust version out of order", Message: "the trust version does not follow the one in force[: {why}]",
		Cause: "Each version is one more than the version before and names its digest.",
		Fix:   "Get the version in force (git fetch) and make the change again with sluice trust, on top of it.",
	}, {
		Code: "trust-threshold", Title: "too few roots signed", Message: "too few roots signed[: {have} of {need}][: {why}][; may sign: {eligible}]",
		Cause: "A change of the trust directory needs the threshold of the version before, and that of the new one.",
		Fix:   "Let those who are named run sluice trust sign, and bring it in by another merge request; sluice trust verify says who is missing.",
	}, {
		Code: "trust-rollback", Title: "older trust version", Message: "[trust version {version} is older than {in_force}, which is in force][an older trust version came back: {why}]",
		Cause: "An old version, though validly signed, could bring back a key that was revoked.",
		Fix:   "Restore the version in force. If it is wrong, make a newer one.",
	}, {
		Code: "trust-unreadable", Title: "trust directory cannot be read", Message: "the trust directory cannot be read[: {why}]",
		Cause: "Without it no signature means anything. What runs keeps running, and nothing new is admitted.",
		Fix:   "Run sluice lint and correct what it names.",
	}, {
		Code: "root-expired", Title: "trust root has run out", Message: "the trust root ran out[ on {at}]",
		Cause: "root.yaml has an end, so that somebody looks at who may do what. Drift is still repaired and rollbacks are still judged.",
		Fix:   "Make a version with a later end (sluice trust renew) and let the roots sign it.",
	}, {
		Code: "control-unsigned", Title: "too few admins signed", Message: "the control files changed with too few admins' signatures[: {have} of {need}][ ({by})][; may sign: {eligible}]",
		Cause: "sluice.yaml and the policies decide what may happen, so admins have to sign a change of them.",
		Fix:   "Let those who are named approve exactly this step, with sluice approve --control.",
	}, {
		Code: "policy-mixed", Title: "rules and configuration changed together", Message: "control files and apps changed in one merge request[: {paths}][; commit {mixing} brought them together]",
		Cause: "A change could bring the rule that lets it through.",
		Fix:   "Put the control files back as they are in force, then submit their change in a merge request of its own: until then all that came since is judged together.",
	}, {
		Code: "control-held", Title: "control change is held", Message: "the change of the control files is held[: it would change {cells}]",
		Cause: "Control files change with the admins' signatures alone, and not while an app whose digests they would change is held.",
		Fix:   "Let the admins sign the change, and clear the apps named first.",
	}, {
		Code: "control-loses", Title: "apps would not keep what was admitted", Message: "with these rules some apps would not keep what was admitted: {why}",
		Cause: "sluice.yaml says anew which directories are apps. Each new app has to hold exactly what was admitted in its place, so that nothing is admitted by the way.",
		Fix:   "Move or remove the files named first, or leave apps: as it is.",
	}, {
		Code: "control-misplaced", Title: "control file on a stage's branch", Message: "{path} on the branch of a stage is read by nobody",
		Cause: "Control files count on the default branch alone. A copy elsewhere would only look as if it ruled.",
		Fix:   "Remove it from this branch, and submit it into the default branch.",
	}, {
		Code: "request-refused", Title: "signed request is not valid", Message: "the {kind} request does not count[: {why}]",
		Cause: "A request says what it is for, is made against the ledger as it is, has an end, and counts once.",
		Fix:   "Make it again with sluice.",
	}, {
		Code: "request-unsigned", Title: "too few people signed a request", Message: "the {kind} request has {have} of {need} signatures[ by {role}]",
		Cause: "Each kind of request needs a number of people with a role. People are counted, not keys.",
		Fix:   "Let more of them sign the same request.",
	},
}

package schema

// approvalCodes say why approvals are missing, or why one does not count.
var approvalCodes = []CodeInfo{
	{
		Code: "approvals-missing", Title: "approvals are missing", Message: "{have} of {need} approvals[ for {for}][: {by}][; may approve: {eligible}]",
		Cause:   "The gate asks for more people who approved exactly this change. Only those count who have the role and did not work on it.",
		Fix:     "Ask one of the people named to approve the merge request; once it is merged, to sign: sluice approve.",
		Example: "wait  approvals  1 of 2 approvals: bob; may approve: carol [approvals-missing]",
	}, {
		Code: "signed-approvals-missing", Title: "signed approvals are missing", Message: "{have_signed} of {need_signed} signed approvals[ for {for}][: {signed_by}][; may sign: {eligible_signed}]",
		Cause:   "The gate asks for approvals by the approver's own signature, so that nobody has to believe the forge.",
		Fix:     "Ask one of the people named to run sluice approve.",
		Example: "wait  approvals  0 of 1 signed approvals; may sign: bob, carol [signed-approvals-missing]",
	}, {
		Code: "approval-stale", Title: "approval is for another change", Message: "the approval[ by {by}] is for another state of this app",
		Cause: "The content, or what it replaces, changed after the approval; also when the change only looks the same.",
		Fix:   "Before the merge let the approver revoke it at the forge and approve again. After the merge only a signature counts: sluice approve.",
		Example: "wait  approvals  0 of 2 approvals; may approve: bob, carol [approvals-missing]\n" +
			"                 - the approval by bob is for another state of this app [approval-stale]",
	}, {
		Code: "approval-too-early", Title: "approval came too early", Message: "the approval[ by {by}] was given before the change was live in the stage before",
		Cause: "An approval says: I have seen it run there. Given earlier it would let the change drift on unseen.",
		Fix: "Once it is live there (sluice status), let the approver revoke it at the forge and approve again, before the merge. After the merge only a signature counts: sluice approve. " +
			"Where nobody has to have seen it run, the admins write approvals: {after: any} in the gate.",
		Example: "wait  approvals  0 of 2 approvals; may approve: bob, carol [approvals-missing]\n" +
			"                 - the approval by bob was given before the change was live in the stage before [approval-too-early]",
	}, {
		Code: "approval-late", Title: "approval came after the merge", Message: "the approval[ by {by}] was given after the merge",
		Cause: "The forge cannot prove what a late approval was about.",
		Fix:   "Let the approver sign, which counts after the merge as well: sluice approve. Or revert the change and submit it again, with the approval before the merge.",
		Example: "wait  approvals  0 of 2 approvals; may approve: bob, carol [approvals-missing]\n" +
			"                 - the approval by carol was given after the merge [approval-late]",
	}, {
		Code: "approval-unbound", Title: "approval without a time", Message: "the forge does not say when the approval[ by {by}] was given",
		Cause: "Without its time nobody can tell which version was approved. Some GitLab editions leave it out.",
		Fix:   "Let the approver revoke it and approve again, which writes a note that sluice reads; or sign: sluice approve.",
		Example: "wait  approvals  0 of 2 approvals; may approve: bob, carol [approvals-missing]\n" +
			"                 - the forge does not say when the approval by carol was given [approval-unbound]",
	}, {
		Code: "approval-signature", Title: "approval's signature does not count", Message: "the signature of the approval[ by {by}] does not count: {why}",
		Cause: "The signature does not fit, or its key is nobody's, ran out, was revoked or may not sign approvals. sluice explain knows the reason named.",
		Fix:   "Let the approver sign again, with a key in force.",
		Example: "wait  approvals  0 of 1 signed approvals; may sign: bob, carol [signed-approvals-missing]\n" +
			"                 - the signature of the approval by bob does not count: key-expired [approval-signature]",
	}, {
		Code: "self-approval", Title: "own change approved", Message: "{by} worked on the change and cannot approve it",
		Cause: "Authors, committers, signers, co-authors and who opened the merge request never count, also for what a promotion carries along.",
		Fix:   "Ask somebody else.",
		Example: "wait  approvals  0 of 2 approvals; may approve: bob, carol [approvals-missing]\n" +
			"                 - ann worked on the change and cannot approve it [self-approval]",
	}, {
		Code: "unmapped-approver", Title: "account is nobody's", Message: "{by} approved, but is nobody in the trust directory",
		Cause: "People are counted, not accounts. The account is not named in principals.yaml.",
		Fix:   "Let the roots add the account's number to its owner in principals.yaml.",
		Example: "wait  approvals  0 of 2 approvals; may approve: bob, carol [approvals-missing]\n" +
			"                 - account:77 approved, but is nobody in the trust directory [unmapped-approver]",
	}, {
		Code: "approver-ineligible", Title: "approver has not the role", Message: "{by} may not approve this app in this stage[: {why}]",
		Cause: "The person has not the role for this stage and app, is none of the owners whom the gate names, is a robot, or the account is blocked or no longer a member with the right to approve.",
		Fix:   "Ask somebody with the role, or let the roots give it.",
		Example: "wait  approvals  0 of 2 approvals; may approve: bob, carol [approvals-missing]\n" +
			"                 - dave may not approve this app in this stage [approver-ineligible]",
	}, {
		Code: "duty-conflict", Title: "one person in two roles", Message: "{by} merged it and {also}",
		Cause:   "The gate keeps apart who merges a change from who writes or approves it, so that no one person takes it through alone.",
		Fix:     "Revert the change, submit it again and let somebody else merge it.",
		Example: "no    duties  ann merged it and worked on it [duty-conflict]",
	}, {
		Code: "role-exclusive", Title: "counts in another role", Message: "{by} counts as {as} for this change, and in no role that excludes that",
		Cause:   "The project says that these roles exclude each other (duties: exclusive:), so one person acts in one of them alone for one change. Here the change needs that one more.",
		Fix:     "Ask somebody else for the approval; sluice why names who may give it.",
		Example: "rolf counts as release for this change, and in no role that excludes that",
	}, {
		Code: "merger-unknown", Title: "merged by nobody known", Message: "{by} merged it, but is nobody in the trust directory",
		Cause:   "The gate keeps apart who merges a change from who writes or approves it. An account without its person could be anybody's second one.",
		Fix:     "Let the roots add the account's number to its owner in principals.yaml, or revert the change and let somebody known merge it.",
		Example: "wait  duties  account:77 merged it, but is nobody in the trust directory [merger-unknown]",
	},
}

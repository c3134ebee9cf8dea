package schema

// landingCodes say how a change arrived, and why that does not prove where it comes from.
var landingCodes = []CodeInfo{
	{
		Code: "no-evidence", Title: "no merge request", Message: "no merge request brought this change[ ({merge_request} is not merged)][; tip {commit}]",
		Cause:   "It was pushed straight to the stage, so nobody could review or approve it.",
		Fix:     "Revert it on the stage's branch, then submit it as a merge request.",
		Example: "no    merge-request  no merge request brought this change; tip 8c1f03d2 [no-evidence]",
	}, {
		Code: "wrong-target", Title: "merge request into another branch", Message: "{merge_request} was merged into {target}, not into {want}",
		Cause:   "What was approved for one branch is not approved for another.",
		Fix:     "Open a merge request into the branch of this stage.",
		Example: "no    merge-request  !42 was merged into refs/heads/other, not into refs/heads/main [wrong-target]",
	}, {
		Code: "draft", Title: "merge request is a draft", Message: "{merge_request} is a draft",
		Cause:   "Its author says that it is not ready.",
		Fix:     "Mark it as ready.",
		Example: "wait  merge-request  !42 is a draft [draft]",
	}, {
		Code: "evil-merge", Title: "merge changed more than was signed", Message: "the merge[ of {merge_request}] has other files than those that were signed[: {paths}]",
		Cause:   "The merge commit itself changed files, so they are nobody's and nobody approved them.",
		Fix:     "Revert it, then submit the change again and merge without editing.",
		Example: "no    merge-request  the merge of !42 has other files than those that were signed: limits.yaml [evil-merge]",
	}, {
		Code: "squash-mismatch", Title: "squash changed more than was signed", Message: "the squashed commit[ of {merge_request}] has other files than those that were signed[: {paths}]",
		Cause:   "The squash was not of the reviewed head alone.",
		Fix:     "Revert it, then submit the change again.",
		Example: "no    merge-request  the squashed commit of !42 has other files than those that were signed: app.yaml [squash-mismatch]",
	}, {
		Code: "rebase-needed", Title: "somebody else changed the same app", Message: "[{merge_request}: ]the same app was changed meanwhile[: {paths}]",
		Cause:   "The result of both changes is a state that nobody signed and nobody approved.",
		Fix:     "Rebase the branch on the stage, sign, let it be approved and merge again.",
		Example: "wait  merge-request  !42: the same app was changed meanwhile: limits.yaml [rebase-needed]",
	}, {
		Code: "above-held", Title: "lies above what was not let in", Message: "{below} lies below it on the branch and {is}: nothing above that is judged",
		Cause: "The branch has a change of the same app that was refused or waits. Whatever is merged on top of it, also with the right values, would let that in as well, " +
			"so it is not judged before that has entered or was taken back.",
		Fix:     "Take that one back first: sluice why prints the commands. Once that is merged, rebase this on the branch.",
		Example: "merge-request  hold [above-held]: !42 lies below it on the branch and was refused: nothing above that is judged",
	}, {
		Code: "history-shape", Title: "history has a shape that is refused", Message: "[{merge_request}: ]the merge has not the two parents of a merge",
		Cause:   "It has more than two parents, unrelated ones or swapped ones, so that nobody can say what was merged into what.",
		Fix:     "Revert it, then merge with one of the forge's usual methods.",
		Example: "no    merge-request  !42: the merge has not the two parents of a merge [history-shape]",
	}, {
		Code: "evidence-missing", Title: "evidence is missing", Message: "evidence is missing[ for {merge_request}][: {what}]",
		Cause:   "A commit, tree or answer that a decision rests on is not there, for example because the forge pruned it.",
		Fix:     "Fetch it again if it exists anywhere. Else submit the change again.",
		Example: "wait  limits  evidence is missing: the app's files before and after [evidence-missing]",
	}, {
		Code: "evidence-context", Title: "evidence of another place", Message: "the evidence is of another project, stage or change",
		Cause: "A signature or approval names what it is for; it was taken from elsewhere.",
		Fix:   "Ask for the approval of this change.",
		Example: "wait  approvals  0 of 1 signed approvals; may sign: bob, carol [signed-approvals-missing]\n" +
			"                 - the evidence is of another project, stage or change [evidence-context]",
	}, {
		Code: "evidence-replayed", Title: "evidence was used before", Message: "the approval is for a change from {from}, which is no longer what runs",
		Cause: "An approval is for one step from one state to another and counts once.",
		Fix:   "Let the approver sign again, for this step: sluice approve.",
		Example: "wait  approvals  0 of 1 signed approvals; may sign: bob, carol [signed-approvals-missing]\n" +
			"                 - the approval is for a change from c:4bf5122f, which is no longer what runs [evidence-replayed]",
	}, {
		Code: "forge-incomplete", Title: "forge did not answer completely", Message: "the forge did not answer completely[: {why}]",
		Cause:   "A page was missing or broken. An approval that was not seen, or seen twice, must not decide.",
		Fix:     "Wait: it is asked again. If it stays, look at the forge and at the log of sluice run.",
		Example: "sluice: read our own account: GitLab answered 200 for GET /user: incomplete answer: the account has no number",
	}, {
		Code: "non-fast-forward", Title: "history was rewritten", Message: "{ref} was rewound or rewritten[ from {old} to {new}]",
		Cause:   "Somebody pushed with force. Everything on the branch is held, and what runs keeps running.",
		Fix:     "Push the old tip back: git push origin OLD:REF. Protect the branch against force.",
		Example: "refs/heads/main was rewound or rewritten from 11111111 to 22222222 [non-fast-forward]",
	}, {
		Code: "ref-missing", Title: "branch is gone", Message: "{ref} is gone",
		Cause:   "The branch was deleted or renamed. That never means that its apps are to be deleted.",
		Fix:     "Push the branch back at its last tip.",
		Example: "refs/heads/stage/production is gone [ref-missing]",
	},
}

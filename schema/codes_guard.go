package schema

// guardCodes are about the guard rails at the forge: what holds a change whose gate relies on one, and what `sluice doctor`
// and the page say of each.
var guardCodes = []CodeInfo{
	{
		Code: "guardrail-down", Title: "guard rail is down", Message: "guard rail {guardrail}[ of {ref}] is down: {seen}",
		Cause:   "The gate lets changes in only while this is set at the forge, and it is not set any more. Somebody changed the project's settings.",
		Fix:     "Let a maintainer of the project set it again; the change then enters by itself. sluice explain knows the setting by the code that sluice doctor names. The admins can change the gate.",
		Example: "wait  guardrails  guard rail no-push of refs/heads/main is down: maintainers may push [guardrail-down]",
	}, {
		Code: "guardrail-unknown", Title: "guard rail is not known", Message: "guard rail {guardrail}[ of {ref}] is not known to be up[: {why}]",
		Cause:   "The gate relies on it, and the forge did not say how it is set: the token's user may not see it, the edition does not have it, or nobody looked.",
		Fix:     "Run sluice doctor to see why. Most settings are shown to a token of role Maintainer and scope read_api; the admins can change the gate.",
		Example: "wait  guardrails  guard rail no-push of refs/heads/main is not known to be up: nobody looked [guardrail-unknown]",
	}, {
		Code: "guardrail-unread", Title: "setting cannot be seen", Message: "the forge does not show it[: {why}]",
		Cause:   "The token's user has too small a role to read this setting, or this version of the forge has no such question.",
		Fix:     "Give the token's user the role Maintainer, or see by hand whether it is set. Until it is seen it counts as unknown, never as good.",
		Example: "unknown push-rule  GitLab answered 403 for GET /projects/42/push_rule",
	}, {
		Code: "branch-unprotected", Title: "branch is not protected", Message: "no rule protects {ref}",
		Cause:   "Whoever may push to the project may push to the branch, rewrite it and delete it. A rewritten branch is not followed: its stages stand still until it is put back.",
		Fix:     "Protect the branch (Settings > Repository > Protected branches): allowed to push and merge: No one; allowed to merge: whom you like; force push off.",
		Example: "fail    no-force-push main           no rule covers it: Developers may rewrite it",
	}, {
		Code: "branch-push-open", Title: "branch takes pushes", Message: "{ref} can be pushed to without a merge request: {seen}",
		Cause:   "What is pushed past merge requests is denied, and stands in the way of its stage until it is taken back. Deploy keys push too. Of several rules the most permissive counts.",
		Fix:     "Set allowed to push and merge to No one in every rule that covers the branch, and remove deploy keys from it.",
		Example: "warn    no-push main                 Developers, deploy key 12 may push past merge requests",
	}, {
		Code: "branch-force-push", Title: "branch can be rewritten", Message: "{ref} can be rewritten: {seen}",
		Cause:   "A rewritten branch is not followed: its stages stand still until it is put back or the admins sign that they follow. Of several rules the most permissive counts.",
		Fix:     "Switch allowed to force push off in every rule that covers the branch.",
		Example: `fail    no-force-push main           force-push is allowed by rule "m*"`,
	}, {
		Code: "branch-merge-closed", Title: "nobody may merge", Message: "nobody may merge into {ref}",
		Cause:   "The rules of the branch let nobody merge, so that no change can arrive.",
		Fix:     "Set allowed to merge to those who shall merge.",
		Example: "warn    merge main  nobody may merge",
	}, {
		Code: "branch-push-closed", Title: "reconciler may not push", Message: "the reconciler's user may not push to {ref}: {seen}",
		Cause:   "The rules of the branch do not let the user of the reconciler's token push. Without its ledger nothing is admitted.",
		Fix:     "Let the reconciler's user alone push to the branch, or give it the role that the rule names.",
		Example: "fail    ledger-push sluice/ledger  sluice-bot may not, Maintainers may push",
	}, {
		Code: "ledger-push-open", Title: "others may push to the ledger", Message: "others than the reconciler may push to {ref}: {seen}",
		Cause:   "What others write into the ledger has no good signature: it is found, and everything stops until it is taken out again.",
		Fix:     "Protect the ledger's branch so that the reconciler's user alone may push, with force push off. A project of its own for the ledger is better.",
		Example: "warn    ledger-push sluice/ledger    Developers may push",
	}, {
		Code: "project-archived", Title: "project is archived", Message: "the project is archived",
		Cause:   "An archived project takes no pushes and no merge requests: nothing can be admitted, since the ledger cannot grow.",
		Fix:     "Unarchive the project, or point repository and gitlab.project in reconciler.yaml elsewhere.",
		Example: "fail    project  acme/config is archived",
	}, {
		Code: "project-renamed", Title: "project has another name", Message: "the project is called {seen} now",
		Cause:   "It was renamed or moved. The old name redirects only until somebody else takes it.",
		Fix:     "Write the project's number, or its new path, into gitlab.project of reconciler.yaml, and the new address into repository.",
		Example: "warn    project  acme/settings",
	}, {
		Code: "merge-method", Title: "what lands is not what was signed", Message: "signed commits do not land as they are: {seen}",
		Cause:   "Squashing makes a commit that nobody signed. It is let in where its files equal those of the signed head, and held where somebody else changed the app meanwhile.",
		Fix:     "Set the merge method to fast-forward and squashing to do not allow: then what people signed is what lands.",
		Example: "warn    merge-method  merge commit, always squashed: squashed commits are signed by nobody",
	}, {
		Code: "job-missing", Title: "job did not run", Message: "{job} did not run on {commit}",
		Cause:   "The gate asks for it on the very head of the merge request. It is called otherwise, ran on another commit, or in the pipeline of a merged result, whose commit is thrown away.",
		Fix:     "Run it on the head: in a merge request pipeline that is not of merged results, or a pipeline of the source branch. Where it is called otherwise the admins correct the gate.",
		Example: "wait  pipeline  check did not run on 08c1f03d [job-missing]",
	}, {
		Code: "job-failed", Title: "job did not succeed", Message: "{job} did not succeed on {commit}: it is {state}",
		Cause:   "The gate asks for it, and its newest run on the head of the merge request is no success. Skipped and manual are none.",
		Fix:     "Run it again if it may succeed; else revert the change and submit it again.",
		Example: "wait  pipeline  check did not succeed on 08c1f03d: it is failed [job-failed]",
	}, {
		Code: "job-running", Title: "job is not done", Message: "{job} is not done on {commit}",
		Cause:   "The gate asks for it, and its newest run on the head of the merge request has no result yet.",
		Fix:     "Wait for it.",
		Example: "wait  pipeline  check is not done on 08c1f03d [job-running]",
	}, {
		Code: "pipeline-optional", Title: "failed pipelines can be merged", Message: "a merge request can be merged although its pipeline did not succeed: {seen}",
		Cause:   "What sluice check says in the pipeline then stops nobody; what it would have refused is held after the merge, where it stands in the way.",
		Fix:     "Switch pipelines must succeed on, and skipped pipelines are considered successful off (Settings > Merge requests).",
		Example: "warn    pipeline      a failed pipeline stops no merge",
	}, {
		Code: "approvals-kept", Title: "approvals outlive a push", Message: "approvals stay after a push",
		Cause:   "The forge goes on showing approvals of what was there before. Here an approval counts for the content that it was given on, so nothing enters by them; people are misled.",
		Fix:     "Switch remove all approvals when commits are added on (Settings > Merge requests > Approval settings).",
		Example: "warn    approvals-reset  approvals stay after a push",
	}, {
		Code: "author-approval", Title: "authors may approve", Message: "authors may approve their own merge requests",
		Cause:   "The forge counts such approvals. Here they never count.",
		Fix:     "Switch prevent approval by merge request creator on.",
		Example: "warn    no-author-approval  authors may approve their own merge requests",
	}, {
		Code: "committer-approval", Title: "committers may approve", Message: "who committed to a merge request may approve it",
		Cause:   "The forge counts such approvals. Here they never count.",
		Fix:     "Switch prevent approvals by users who add commits on.",
		Example: "warn    no-committer-approval  committers may approve",
	}, {
		Code: "approval-rules-open", Title: "approval rules can be changed", Message: "the approval rules can be changed in each merge request",
		Cause:   "An author may take the forge's rules for one merge request away. sluice's own rule stands in the ledger and is not touched.",
		Fix:     "Switch prevent editing approval rules in merge requests on.",
		Example: "warn    rules-fixed  each merge request may change its rules",
	}, {
		Code: "unsigned-accepted", Title: "unsigned commits are taken", Message: "the forge takes unsigned commits",
		Cause:   "They are held by sluice, after they were pushed and merged. A push rule refuses them where the author can still mend them at once.",
		Fix:     "Switch reject unsigned commits on (Settings > Repository > Push rules).",
		Example: "warn    push-rule  unsigned commits are taken",
	}, {
		Code: "token-expiring", Title: "token ends soon", Message: "the token ends: {seen}",
		Cause:   "When it has ended the forge cannot be asked and nothing is admitted. Drift is still repaired.",
		Fix:     "Make a new project access token and write it to the token file. No restart is needed.",
		Example: "warn    token-expiry on 2026-12-01, in 8 days",
	}, {
		Code: "token-overscoped", Title: "token may more than it needs", Message: "the token may more than it needs: {seen}",
		Cause:   "Whoever gets hold of the token can do all that it may.",
		Fix:     "Make a project access token with the scopes named as enough, and write it to the token file.",
		Example: "warn    token-scope   api, sudo; enough: api",
	}, {
		Code: "token-underscoped", Title: "token may too little", Message: "the token may too little: {seen}",
		Cause:   "A scope that is needed is missing.",
		Fix:     "Make a project access token with the scopes named, and write it to the token file.",
		Example: "fail    token-scope  read_api; enough: api",
	}, {
		Code: "hook-failing", Title: "webhook is switched off", Message: "a webhook was switched off by the forge: {seen}",
		Cause:   "The forge stops sending after several failures: four in a row for a while, forty for good. Git is looked at every interval all the same, so changes only arrive later.",
		Fix:     "See why its address does not answer, then send a test event from the project's webhook settings.",
		Example: "fail    hook 8  to hooks.example.com: disabled",
	}, {
		Code: "hook-weak", Title: "webhook is weakly set up", Message: "a webhook is weakly set up: {seen}",
		Cause:   "Without a secret its receiver cannot tell the forge from others, and without a check of the certificate the secret can be read on the way.",
		Fix:     "Give the webhook a signing token or a secret token, and switch SSL verification on.",
		Example: "warn    hook 8  to hooks.example.com: it has no secret",
	}, {
		Code: "key-file-open", Title: "file with a secret is readable by others", Message: "others than its owner may read {seen}",
		Cause: "Whoever reads it can act as the reconciler. Secrets that Kubernetes and Docker mount are like that inside a container of their own.",
		Fix:   "Make the file its owner's alone: chmod 600.",
		Example: "warn    token_file /etc/sluice/token  mode 0640\n" +
			"          fix: Make the file its owner's alone: chmod 600. [key-file-open]",
	}, {
		Code: "key-unnamed", Title: "key is not in the trust root", Message: "the trust in force does not name the key: {seen}",
		Cause:   "What the key signs does not count: no ledger entry by a log key, no promotion by a bot key.",
		Fix:     "Put the file with the key that the trust names in place, or let the roots name this one: sluice trust rotate --log-key FILE, and for a bot sluice trust add.",
		Example: "fail    log key  SHA256:q3XvZ…",
	}, {
		Code: "root-ends", Title: "trust root runs out soon", Message: "the trust root runs out: {seen}",
		Cause:   "Afterwards nothing new is admitted until the roots renew it. Drift is still repaired.",
		Fix:     "Let the roots renew it: sluice trust renew.",
		Example: "warn    root  version 3 runs out on 2027-01-02",
	}, {
		Code: "one-root", Title: "one person decides alone", Message: "one root alone changes the trust: {seen}",
		Cause:   "Whoever has that one key can give every role to anybody, and where it is lost nobody can change anything any more.",
		Fix:     "Name a second and a third root and a threshold of two: sluice trust add, sluice trust threshold.",
		Example: "warn    roots    1 root, threshold 1",
	}, {
		Code: "forge-old", Title: "forge is old", Message: "the forge is {seen}",
		Cause:   "Versions before 15.7 lack questions that have to be asked.",
		Fix:     "Update the forge.",
		Example: "warn    version  GitLab 15.6.9",
	},
}

package schema

// projectCodes say that sluice.yaml contradicts itself.
var projectCodes = []CodeInfo{
	{
		Code: "config-version", Title: "file has another format version", Message: "version {version} is not known; this sluice reads version {want}",
		Cause: "The file was written for another sluice.",
		Fix:   "Use version: 1, or a sluice that knows the version.",
		Example: "sluice.yaml:1:10: error[config-version]: version 2 is not known; this sluice reads version 1\n" +
			"     1 | version: 2\n" +
			"       |          ^",
	}, {
		Code: "operator-only", Title: "endpoint or credential in the repository", Message: `{field}: "{name}" belongs in the operator's reconciler.yaml`,
		Cause: "Whoever may change this repository could point the reconciler at another server or read its password. The repository names targets only.",
		Fix:   "Remove it here. The operator writes it below projects[].targets in reconciler.yaml.",
		Example: "sluice.yaml:5:5: error[operator-only]: targets.etcd.endpoints: \"endpoints\" belongs in the operator's reconciler.yaml\n" +
			"     5 |     endpoints: [\"http://etcd:2379\"]\n" +
			"       |     ^^^^^^^^^",
	}, {
		Code: "unknown-stage", Title: "stage is not declared", Message: `there is no stage "{stage}"`,
		Cause: "The name is not among the stages of sluice.yaml.",
		Fix:   "Correct the name or add the stage.",
		Example: "sluice.yaml:8:13: error[unknown-stage]: there is no stage \"developmnt\"\n" +
			"     8 |     after: [developmnt]\n" +
			"       |             ^^^^^^^^^^ did you mean \"development\"?",
	}, {
		Code: "duplicate-stage", Title: "stage is declared twice", Message: `stage "{stage}" is already on line {line}`,
		Cause: "A stage is one node of the lifecycle.",
		Fix:   "Rename or remove one of them.",
		Example: "sluice.yaml:8:11: error[duplicate-stage]: stage \"staging\" is already on line 6\n" +
			"     8 |   - name: staging\n" +
			"       |           ^^^^^^^",
	}, {
		Code: "unreachable-stage", Title: "no way leads to a stage", Message: `nothing can be promoted to "{stage}": no way from "{first}" leads there`,
		Cause: "Edits enter the first stage; every other stage comes after one of the others.",
		Fix:   "Name the stage before it in after:, or remove the stage.",
		Example: "sluice.yaml:7:11: error[unreachable-stage]: nothing can be promoted to \"production\": no way from \"testing\" leads there\n" +
			"     7 |   - name: production\n" +
			"       |           ^^^^^^^^^^",
	}, {
		Code: "stage-cycle", Title: "stages lead in a circle", Message: "the stages lead in a circle: {path}",
		Cause: "A lifecycle goes forward; back goes a rollback.",
		Fix:   "Remove one of the steps from after:.",
		Example: "sluice.yaml:9:13: error[stage-cycle]: the stages lead in a circle: testing → staging → testing\n" +
			"     9 |     after: [testing]\n" +
			"       |             ^^^^^^^",
	}, {
		Code: "stage-order", Title: "stage is listed before the one it comes after", Message: `"{stage}" comes after "{before}" but is listed above it`,
		Cause: "The list of stages is read as the lifecycle: the first takes edits, in the last an app retires.",
		Fix:   "List the stages in the order of the lifecycle.",
		Example: "sluice.yaml:7:13: error[stage-order]: \"production\" comes after \"staging\" but is listed above it\n" +
			"     7 |     after: [staging]\n" +
			"       |             ^^^^^^^",
	}, {
		Code: "place-overlap", Title: "stages share files", Message: `"{place}" of {stage} lies inside "{other}" of {owner}`,
		Cause: "A file would belong to two stages, and one approval would change both.",
		Fix:   "Give each stage a place of its own.",
		Example: "sluice.yaml:7:12: error[place-overlap]: \"stages/testing/next\" of staging lies inside \"stages/testing\" of testing\n" +
			"     7 |     place: stages/testing/next\n" +
			"       |            ^^^^^^^^^^^^^^^^^^^",
	}, {
		Code: "bad-place", Title: "place cannot hold a stage", Message: `"{place}" cannot be the place of a stage: {why}`,
		Cause: "A stage lies in a directory (layout: directory) or on a branch (layout: branch) of its own, apart from the control files.",
		Fix:   "Name a directory like stages/production or a branch like stage/production.",
		Example: "sluice.yaml:6:13: error[bad-place]: \"main\" cannot be the place of a stage: the control files are on that branch\n" +
			"     6 |     branch: main\n" +
			"       |             ^^^^",
	}, {
		Code: "unknown-target", Title: "target is not declared", Message: `there is no target "{target}"`,
		Cause: "A stage writes to targets that sluice.yaml declares under targets:.",
		Fix:   "Declare the target or correct the name.",
		Example: "sluice.yaml:6:15: error[unknown-target]: there is no target \"etdc\"\n" +
			"     6 |     targets: [etdc]\n" +
			"       |               ^^^^ did you mean \"etcd\"?",
	}, {
		Code: "unknown-policy", Title: "policy is not known", Message: `there is no policy "{policy}"`,
		Cause: "A policy that nobody judges would let everything through.",
		Fix:   "Correct the name: schema/FORMAT.md lists the policies.",
		Example: "sluice.yaml:7:18: error[unknown-policy]: there is no policy \"aprovals\"\n" +
			"     7 |       promote: [{aprovals: 2}]\n" +
			"       |                  ^^^^^^^^ did you mean \"approvals\"?",
	}, {
		Code: "bad-expression", Title: "expression is wrong", Message: "the expression cannot be used: {why}",
		Cause: "It is not in the Common Expression Language, names a fact that does not exist, or compares what is never equal. It is checked when the file is read, so that no change meets it first.",
		Fix:   "Correct it at the place that is shown; policies/README.md lists the facts with their types.",
		Example: "sluice.yaml:8:47: error[bad-expression]: the expression cannot be used: undeclared reference to 'autor' …\n" +
			"     8 |       promote: [{approvals: 1}, {expression: 'autor == \"ann\"'}]\n" +
			"       |                                               ^",
	}, {
		Code: "fixed-policy", Title: "policy always holds", Message: `"{policy}" always holds and is not written in a gate`,
		Cause: "Signatures, merge request evidence and provenance cannot be switched off or on; a gate only adds to them.",
		Fix:   "Remove the line.",
		Example: "sluice.yaml:7:18: error[fixed-policy]: \"signed\" always holds and is not written in a gate\n" +
			"     7 |       promote: [{signed: true}]\n" +
			"       |                  ^^^^^^",
	}, {
		Code: "duplicate-policy", Title: "policy occurs twice in a gate", Message: `policy "{policy}" is already in this gate`,
		Cause: "Two values for one policy leave open which one holds.",
		Fix:   "Keep one of them. Approvals may be there again with other roles, paths or owners.",
		Example: "sluice.yaml:7:34: error[duplicate-policy]: policy \"approvals\" is already in this gate\n" +
			"     7 |       promote: [{approvals: 1}, {approvals: 2}]\n" +
			"       |                                  ^^^^^^^^^",
	}, {
		Code: "policy-misplaced", Title: "policy cannot hold in this gate", Message: `"{policy}" cannot be met in this gate: {why}`,
		Cause: "The gate would never open.",
		Fix:   "Remove the policy from this gate.",
		Example: "sluice.yaml:8:19: error[policy-misplaced]: \"soak\" cannot be met in this gate: a rollback comes from the stage itself\n" +
			"     8 |       rollback: [{soak: 1h}]\n" +
			"       |                   ^^^^",
	}, {
		Code: "weak-mode", Warning: true, Title: "stage does not enforce its gates", Message: `{stage} is in mode {mode}: what its gate would hold or refuse comes in, even an unsigned push without a merge request`,
		Cause: "A stage in mode warn or observe takes part while a team adopts sluice: signatures, merge request and provenance are recorded and told there as the gate is, and keep nothing out. It is no protection.",
		Fix:   "See what enforcement would change with sluice adopt --report, mend that, and let the admins set mode: enforce.",
		Example: "     9 |     mode: warn\n" +
			"staging is in mode warn: what its gate would hold or refuse comes in, even an unsigned push without a merge request",
	}, {
		Code: "approvals-not-enforced", Warning: true, Title: "stage asks for no approval", Message: `{stage} asks for no approval`,
		Cause: "approvals: 0 was written, so one person alone can change this stage.",
		Fix:   "Write approvals: 1 as soon as a second person can approve.",
		Example: "     8 |       promote: [{approvals: 0}]\n" +
			"sluice.yaml:8:18: warning[approvals-not-enforced]: production asks for no approval",
	}, {
		Code: "approvals-dropped", Warning: true, Title: "a written gate has no approvals", Message: `this gate of {stage} asks for no approval[ of {some}]: it replaces the default of {need}[, and {rollback}]`,
		Cause: "A gate that is written stands in the place of the default one. This one does not name approvals, or in a when or any that changes pass without them, so one person alone can change the stage.",
		Fix:   "Add approvals: with a number to the gate, or approvals: 0 if that is meant.",
		Example: "     8 |       promote: [{soak: 24h}]\n" +
			"this gate of staging asks for no approval: it replaces the default of 1, and one for going back",
	}, {
		Code: "gate-never-opens", Warning: true, Title: "nothing passes a gate", Message: `{policy} lets nothing into {stage}: {why}`,
		Cause: "What the gate asks for can never be true: a window that is over or frozen, a freeze without a gap, an expression that is false, or bounds that exclude each other.",
		Fix:   "Correct the value, or remove the policy. To hold a stage for a time, sluice suspend says why and until when.",
		Example: "     8 |       promote: [{approvals: 1}, {window: {zone: Europe/Berlin, dates: [2026-01-05 09:00 - 2026-01-09 18:00]}}]\n" +
			"window lets nothing into staging: its last span ended 2026-01-09 18:00 Europe/Berlin, so it is closed for ever",
	}, {
		Code: "always-met", Warning: true, Title: "everything passes a policy", Message: `{policy} holds nothing in {stage}: {why}`,
		Cause: "It is written as a guard, and its value lets every change through: an expression that is true of all that its gate is asked about, a choice with a way that asks for nothing, a window without an end, a freeze that is over.",
		Fix:   "Correct the value, or remove the policy, so that nobody counts on it.",
		Example: "     8 |       promote: [{approvals: 1}, {any: [{approvals: 0}, {soak: 24h}]}]\n" +
			"any holds nothing in staging: in its approvals, it asks for nobody",
	}, {
		Code: "tag-never-met", Warning: true, Title: "no value meets a rule", Message: `tags of {stage}: {why}`,
		Cause: "The rule asks for what no value can be, so only apps that do not have it pass.",
		Fix:   "Correct the bounds.",
		Example: "     8 |       promote: [{approvals: 1}, {tags: {app.yaml: {replicas: \"min=5,max=1\"}}}]\n" +
			"sluice.yaml:8:34: warning[tag-never-met]: tags of staging: no value of replicas is both min=5 and max=1",
	}, {
		Code: "gate-never-asked", Warning: true, Title: "gate is never asked", Message: `an app retires from {last}, the last stage: this retire gate of {stage} is never asked`,
		Cause: "Only removing an app from the last stage asks a retire gate.",
		Fix:   "Write the gate in the last stage, or remove it.",
		Example: "     8 |       retire: [{approvals: 2}]\n" +
			"an app retires from production, the last stage: this retire gate of staging is never asked",
	}, {
		Code: "edge-never-passes", Warning: true, Title: "a way into a stage that its gate never lets through", Message: `what comes to {stage} from {from} never passes: {policy} asks for {in}`,
		Cause: "The stage comes after several, and its gate counts soak, or instances, in one of them alone (in:).",
		Fix:   "Leave in: out, which asks the stage that it comes from, or take the other stage out of after:.",
		Example: "     9 |       promote: [{approvals: 1}, {soak: {for: 1h, in: gray}}]\n" +
			"sluice.yaml:9:34: warning[edge-never-passes]: what comes to production from testing never passes: soak asks for gray",
	}, {
		Code: "when-never-asked", Warning: true, Title: "a when is for changes that never come", Message: `the {gate} gate of {stage} is never asked about {kinds}, so this when asks for nothing`,
		Cause: "A promote gate sees edit in a stage that no other leads to, promote in the others, and tune; a rollback gate sees rollback, and a retire gate retire.",
		Fix:   "Name kinds that the gate sees, or move the policy to the gate of these.",
		Example: "     8 |       promote: [{approvals: 1}, {when: {kinds: [rollback], then: [{soak: 24h}]}}]\n" +
			"the promote gate of staging is never asked about rollback, so this when asks for nothing",
	}, {
		Code: "approvals-impossible", Warning: true, Title: "too few people to approve", Message: `{stage} asks for more approvals than there can be: {need}, where {have} besides an author may approve`,
		Cause: "Authors never count as approvers, and too few other people have a role that it counts, or are among its owners.",
		Fix:   "Give more people a role that it counts, correct the names in its owners:, or ask for fewer; who works alone writes approvals: 0.",
		Example: "     8 |       promote: [{approvals: 3}]\n" +
			"staging asks for more approvals than there can be: 3, where 2 besides an author may approve",
	}, {
		Code: "override-always-met", Warning: true, Title: "an exception that is the rule", Message: `{policy} of {stage} holds nothing[ but {rest}]: the approvals that its gate asks of every change meet its {field}`,
		Cause: "Whoever gets the approvals of the gate has those as well that override:, confirm: or large: asks for, so what they are an exception to passes like all else.",
		Fix:   "Ask for more people, other roles, owners or signatures there.",
		Example: "     8 |       promote: [{approvals: 2}, {freeze: {weekly: Sat-Sun, zone: UTC, override: 2}}]\n" +
			"freeze of staging holds nothing: the approvals that its gate asks of every change meet its override",
	}, {
		Code: "owner-unknown", Warning: true, Title: "an owner is nobody", Message: `{stage} counts approvals of {person}, who is not in the trust directory`,
		Cause: "owners: of approvals names people by their id in the trust directory, and there is none of this name. An approval of somebody unknown never counts.",
		Fix:   "Correct the id, or let the roots add the person.",
		Example: "     8 |       promote: [{approvals: {observed: 1, owners: [bob, crol]}}]\n" +
			"sluice.yaml:8:18: warning[owner-unknown]: staging counts approvals of crol, who is not in the trust directory",
	}, {
		Code: "app-inside-app", Title: "an app would lie inside another", Message: `a pattern of apps matches {inner}, which lies inside the app {app}: its files belong to {app}`,
		Cause:   "No app lies inside another. Where two patterns match, the shorter name is the app, and the directory below is a part of it: it has no gate, no approvals and no place at a target of its own.",
		Fix:     "Move one of the two directories, or write patterns that do not match both.",
		Example: "a pattern of apps matches pay/eu, which lies inside the app pay: its files belong to pay",
	}, {
		Code: "names-nothing", Warning: true, Title: "a name means nothing that there is", Message: `{field}: "{name}" names no {what} in the checkout`,
		Cause: "A guard for a file, a value or an app that is called otherwise guards nothing, and says nothing of it. What the name means may as well be still to come.",
		Fix:   "Correct the name; leave it where what it means comes later.",
		Example: "     9 |       promote: [{critical: {fields: [limits.yaml#maxx]}}]\n" +
			"       |                                      ^^^^^^^^^^^^^^^^ did you mean \"limits.yaml#max\"?",
	}, {
		Code: "secrets-off", Warning: true, Title: "a gate asks for no secrets and allows them all", Message: `secrets of {stage} refuses nothing: its exceptions are for every file or key`,
		Cause: "allow: [\"**\"] means all files, so that any password comes in, while the gate looks as if none did.",
		Fix:   "Name the files and keys that hold no secret (app.yaml#tokenName), or take the policy out of the gate.",
		Example: "     9 |       promote: [{approvals: 1}, {secrets: {allow: [\"**\"]}}]\n" +
			"secrets of staging refuses nothing: its exceptions are for every file or key",
	}, {
		Code: "list-missing", Title: "a list that a gate names is missing", Message: "the gate names {path}, which does not exist",
		Cause: "A gate names a list below .sluice/lists: what enters would not be known to be on it, so nothing would enter.",
		Fix:   "Add the list or correct its name.",
		Example: "     8 |       promote: [{approvals: 1}, {whitelist: teams}]\n" +
			"sluice.yaml:8:34: error[list-missing]: the gate names .sluice/lists/teams.yaml, which does not exist",
	}, {
		Code: "schema-missing", Title: "a schema that a gate names is missing", Message: "the gate names {path}, which does not exist",
		Cause: "A gate names a JSON Schema below .sluice/schemas.",
		Fix:   "Add the file or correct its name.",
		Example: "     8 |       promote: [{approvals: 1}, {schema: app.json}]\n" +
			"sluice.yaml:8:34: error[schema-missing]: the gate names .sluice/schemas/app.json, which does not exist",
	},
}

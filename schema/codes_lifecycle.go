package schema

// lifecycleCodes say why a revision may not enter a stage now, or ever.
var lifecycleCodes = []CodeInfo{
	{
		Code: "override", Title: "content comes from nowhere", Message: "[{revision} ]was never live in a stage before[ {stage}]",
		Cause:   "New content enters the first stage and is promoted from there. This was written straight into a later stage, mixes files of several revisions, or overtook its own promotion.",
		Fix:     "Revert it, put the change into the first stage, then promote it by a merge request.",
		Example: "no    provenance  r:57ba02cc was never live in a stage before gray [override]",
	}, {
		Code: "override-file", Title: "a file comes from nowhere", Message: "{path}: was never live as it is here in a stage before[ {stage}][: {why}][, and {more} more]",
		Cause:   "The project lets files be promoted alone (provenance: {unit: file}), each as it was admitted and live in one stage before. This one never was there like this; a file that goes has to have gone there.",
		Fix:     "Leave the file out, or put the change into the first stage and promote it from there.",
		Example: "no    provenance  limits.yaml: was never live as it is here in a stage before gray [override-file]",
	}, {
		Code: "local-alone", Title: "stage-local files of no app", Message: "{app}: no stage before[ {stage}] has the app, so these files would belong to nothing and never be delivered",
		Cause:   "A stage's own files (stage_local) go to the targets with the promoted files of their app. They may lie ready before its first promotion, but only of an app that a stage before has.",
		Fix:     "Take them out again, or bring the app: its promoted files enter in the first stage and are promoted. If all files are meant to be promoted, stage_local in sluice.yaml matches too much.",
		Example: "payments: no stage before gray has the app, so these files would belong to nothing and never be delivered [local-alone]",
	}, {
		Code: "nothing-before", Title: "no stage before has the app", Message: "{app} leaves[ {stage}] with no stage before that had it: its retirement record is missing",
		Cause:   "An app that a stage got when it was sealed, or by a mode, and that no stage before has, cannot leave by promoting its absence. The retirement record says in its place that it shall go.",
		Fix:     "Let the admins add .sluice/retired/APP.yaml with reason, owner and retention; what the gate asks stays.",
		Example: "wait  provenance  pay leaves gray with no stage before that had it: its retirement record is missing [nothing-before]",
	}, {
		Code: "unenforced", Title: "its gate did not let it in", Message: "[{from}: ]was let in by the mode {mode} of its stage alone (entry #{entry}), not by its gate",
		Cause:   "A stage in mode warn or observe lets in what its gate would keep out. That weakens no stage after it: what came in so goes no further by a gate that enforces, nor does what is built on top of it.",
		Fix:     "Go back to what its gate let in last and make the change again from there, with what the gate asks for; or let the admins take over what is there by their signature: sluice adopt.",
		Example: "no    provenance  testing: was let in by the mode warn of its stage alone (entry #12), not by its gate [unenforced]",
	}, {
		Code: "observed-only", Title: "the stage before only observes", Message: "[{from}: ]nothing is written there (mode observe), so nothing is live there",
		Cause:   "A stage in mode observe does not deliver: what it admitted is not live there and does not soak, whatever its gate said. A stage that enforces does not go by that.",
		Fix:     "Let the admins set the stage before to enforce (or warn): what it admitted is written then, is live and soaks from there on, and this is judged again. Approvals from before that do not count: let somebody sign one (sluice approve), or submit the change again.",
		Example: "wait  provenance  staging: nothing is written there (mode observe), so nothing is live there [observed-only]",
	}, {
		Code: "several-apps", Warning: true, Title: "several apps in one promotion", Message: "one merge request promotes {apps}[: the whole branch {branch}]",
		Cause:   "Each app is judged by itself, and one that is held keeps its place; but approving, waiting and taking back go together then, and a whole branch brings its stage-local files too.",
		Fix:     "Make a merge request for each app: a branch from the target's tip with this app's promoted files alone.",
		Example: "orders/app.yaml: warning[several-apps]: one merge request promotes orders, payments: the whole branch stage/testing",
	}, {
		Code: "no-edge", Title: "no way between the stages", Message: "[{revision} ]is live in a stage that does not lead to {stage}[: since #{since} {from} does not]",
		Cause:   "sluice.yaml does not allow this step.",
		Fix:     "Promote through the stages between, or let the admins change after: in sluice.yaml.",
		Example: "no    provenance  r:57ba02cc is live in a stage that does not lead to gray: since #91 staging does not [no-edge]",
	}, {
		Code: "withdrawn", Title: "revision was rolled back", Message: "[{revision} ]was rolled back[; it cannot go to {stage} that way]",
		Cause:   "A rollback marks what it leaves, and all that came in since the revision it goes back to, so that none of it comes back unseen.",
		Fix:     "Correct the change in the first stage, or promote the revision again through the full gates.",
		Example: "no    provenance  r:57ba02cc was rolled back; it cannot go to gray that way [withdrawn]",
	}, {
		Code: "tainted", Title: "revision is marked and goes nowhere", Message: "[{revision} ]is tainted",
		Cause:   "Somebody marked it (sluice taint, whose reason stands in the ledger), or it rests on a key that is marked as compromised. Until the roots acknowledge it, it enters no stage, nothing comes from it, and no rollback goes back to it.",
		Fix:     "Make the change anew, signed with a key that is good; or let the roots acknowledge the revision: sluice taint APP STAGE --revision REVISION --acknowledge --reason TEXT.",
		Example: "no    provenance  r:57ba02cc is tainted [tainted]",
	}, {
		Code: "archived", Title: "revision is archived", Message: "[{revision} ]is archived",
		Cause:   "It was superseded longer than the rollback window ago, or its app has retired: what an app had that left the last stage is archived in every stage.",
		Fix:     "Put the same files into the first stage and promote them.",
		Example: "no    provenance  r:57ba02cc is archived [archived]",
	}, {
		Code: "not-live", Title: "not live in the stage before", Message: "[{revision} ]is not live in the stage before[ {stage}] yet",
		Cause:   "It was admitted there, but not every required target has it.",
		Fix:     "Wait until it is applied there; sluice status shows which target is behind.",
		Example: "no    provenance  r:57ba02cc is not live in the stage before gray yet [not-live]",
	}, {
		Code: "came-past", Title: "came past the stage that is asked for", Message: "comes from {from}, and the gate asks for {in}",
		Cause:   "The gate counts soak, or instances, in one stage alone (in:), and the change is promoted from another one. Of several stages that have it live, it comes from the one that after: lists first.",
		Fix:     "Promote it to that stage first. Where it is live there already, the admins list that stage first in after:, or leave in: out of the gate.",
		Example: "wait  soak  comes from testing, and the gate asks for gray [came-past]",
	}, {
		Code: "target-down", Title: "cannot be verified in the stage before", Message: "[{from}: ]a required target cannot be reached, so what runs there is not verified",
		Cause:   "Nobody can say that the revision still runs in the stage before. Soak time pauses, too.",
		Fix:     "Bring the target back.",
		Example: "wait  provenance  staging: a required target cannot be reached, so what runs there is not verified [target-down]",
	}, {
		Code: "soak", Title: "not long enough in the stage before", Message: "[{in}: ]has to live there for {need}",
		Cause: "The gate asks for a time in which the revision runs undisturbed. It is measured between ledger entries.",
		Fix:   "Wait. sluice why shows the earliest time.",
		Example: "wait  soak  staging: has to live there for 24h [soak]\n" +
			"            clears by itself, earliest 2026-11-24 05:20 UTC (in 21 h)",
	}, {
		Code: "soak-paused", Title: "soak time stands still", Message: "[{in}: ]soak time of {need} is not running",
		Cause:   "Drift or a target that cannot be reached pauses it.",
		Fix:     "Clear the cause in the stage before; then the time goes on.",
		Example: "wait  soak  staging: soak time of 24h is not running [soak-paused]",
	}, {
		Code: "health", Title: "too few instances run it", Message: "[{in}: ]{need} have to run it[ for {for}]",
		Cause:   "The gate asks that instances of the app's programs run the revision in the stage before, and fewer do: they have not read it yet, they do not take it, or they are away.",
		Fix:     "See who runs what with sluice why on the stage before. An instance that does not take it says why in its own log; a revision that is wrong is corrected in the first stage.",
		Example: "wait  health  staging: all instances, at least 1, have to run it [health]",
	}, {
		Code: "health-time", Title: "instances run it, not for long enough", Message: "[{in}: ]{need} have to run it for {for}[, since {since}]",
		Cause:   "Enough instances run the revision. The gate asks for a time in which no look saw otherwise; it begins with the first look after the merge.",
		Fix:     "Wait. sluice why shows the earliest time.",
		Example: "wait  health  staging: all instances, at least 1, have to run it for 1h, since 2026-11-23T12:00:00Z [health-time]",
	}, {
		Code: "health-unknown", Title: "nobody knows what the instances run", Message: "[{in}: ]what the instances run is not known[: {why}]",
		Cause:   "The gate asks what instances of the app's programs run, and no data is never a yes: none reports, the target that holds the reports does not answer, or it keeps none.",
		Fix:     "Let the programs name themselves (Options.Identity of reconciler/provider) and allow them to write their report; bring the target back. The admins can change the gate.",
		Example: "wait  health  staging: what the instances run is not known: none reports [health-unknown]",
	}, {
		Code: "breaker-tripped", Title: "going back did not work of late", Message: "{restored} of {rollbacks} rollbacks in {window} restored, {rate} %; {threshold} % are asked for[; it recovers by itself at {until}]",
		Cause:   "The gate asks that rollbacks of the app worked lately (breaker:): what cannot be taken back goes on with a person's confirmation only, or waits. A rollback restored if every required target had it in time and it was not rolled back from itself; one that is not there yet counts as one that did not.",
		Fix:     "Let somebody with the role that is named confirm exactly this change, see why going back failed (sluice history), or wait until the breaker recovers.",
		Example: "0 of 1 rollbacks in 168h restored, 0 %; 85 % are asked for; it recovers by itself at 2026-11-29T12:00:00Z",
	}, {
		Code: "risk-high", Title: "risk is high", Message: "risk {risk} of 100: {fields} critical fields change, {restored} of {rollbacks} rollbacks restored; from {limit} on a person confirms",
		Cause:   "The gate has a limit for the risk of a change (breaker: risk:), a sum of the share of critical fields that it changes and of rollbacks that did not restore. Without any rollback nobody knows that going back works, which counts in full.",
		Fix:     "Let somebody with the role that is named confirm exactly this change, or make it smaller.",
		Example: "risk 80.0 of 100: 1 of 1 critical fields change, 1 of 2 rollbacks restored; from 70 on a person confirms [risk-high]",
	}, {
		Code: "gray-live", Title: "step is not everywhere yet", Message: "[{in}: ]the step to {share} is not live at every required target",
		Cause:   "A step counts from when every required target has it, and nothing drifted.",
		Fix:     "Bring the target back; sluice status shows which one is behind.",
		Example: "wait  gray  gray: the step to 10 % is not live at every required target [gray-live]",
	}, {
		Code: "gray-time", Title: "step has not stood for its time", Message: "[{in}: ]{share} of the instances have to have it for {for}",
		Cause:   "A new revision widens in steps, and each stays for a time (gray: in sluice.yaml), measured from the ledger's entry about its apply.",
		Fix:     "Wait. sluice why shows the earliest time. A rollback takes the revision away from all at once.",
		Example: "wait  gray  gray: 10 % of the instances have to have it for 1h [gray-time]",
	}, {
		Code: "choice", Title: "too few of several ways are open", Message: "{need} of these {of} have to allow; {have} do so[; {idle} asks nothing of this change, and is no way]",
		Cause: "The gate names several policies of which some are enough (any:, at_least:). Each says below what it misses. One that asks nothing of such a change, like soak of a tune, counts neither as met nor against.",
		Fix:   "Bring what the easiest of them asks for.",
		Example: "wait  any  1 of these 2 have to allow; 0 do so [choice]\n" +
			"           - 0 of 1 approvals; may approve: bob, carol [approvals-missing]\n" +
			"           - staging: has to live there for 24h [soak]",
	}, {
		Code: "counted-twice", Title: "one person counts in several", Message: "{need} of these {of} have to allow with different people; {have} do so, as {by} can count in one alone",
		Cause:   "The gate names several policies of which so many are asked (at_least:). They stand for different people: who counts in one counts in no other of them.",
		Fix:     "Ask somebody else to approve, who counts in one of them as well; each says below whom it counts.",
		Example: "wait  at_least  2 of these 3 have to allow with different people; 1 do so, as bob can count in one alone [counted-twice]",
	}, {
		Code: "retirement-record", Title: "retirement record is missing", Message: "{app} leaves the last stage without a record",
		Cause:   "Removing an app for good needs to say why, who owns that, and how long its history is kept.",
		Fix:     "Let the admins add .sluice/retired/APP.yaml with reason, owner and retention.",
		Example: "wait  retirement  payments leaves the last stage without a record [retirement-record]",
	}, {
		Code: "freeze", Title: "stage is frozen", Message: "{stage} is frozen[ until {local}][ ({until})][!until? with no end in sight][; to pass now it takes {override}]",
		Cause:   "Nothing new enters the stage at this time, by the freeze of its gate. Drift is repaired, and rollbacks enter unless their own gate names a freeze.",
		Fix:     "Wait until the freeze is over; one without an end only the admins take away. Where the gate says override:, so many approvals of this change let it in at once. What cannot wait is a rollback, or break-glass; the admins can change the freeze in sluice.yaml.",
		Example: "wait  freeze  gray is frozen until Tue 2026-11-24 06:00 Europe/Berlin (2026-11-24T05:00:00Z) [freeze]",
	}, {
		Code: "window-closed", Title: "outside the window", Message: "{stage} takes changes in its window alone[; it opens {local}][ ({until})][!until?; the last of them is over, and it does not open again][; to pass now it takes {override}]",
		Cause:   "The gate lets changes in at certain times only, and this is none of them. Drift is repaired, and rollbacks enter unless their own gate names a window.",
		Fix:     "Wait until the window opens; where all its dates are over, the admins have to write others. Where the gate says override:, so many approvals of this change let it in at once. What cannot wait is a rollback, or break-glass; the admins can change the window in sluice.yaml.",
		Example: "gray takes changes in its window alone; it opens Mon 2026-11-30 09:00 Europe/Berlin (2026-11-30T08:00:00Z)",
	}, {
		Code: "suspended", Title: "stage is suspended", Message: "[{stage} ]is suspended[ until {until}][: {reason}]",
		Cause:   "Somebody pinned it. It ends by itself.",
		Fix:     "Wait, or run sluice resume.",
		Example: "wait  suspension  gray is suspended until 2026-11-23T13:00:00Z: audit [suspended]",
	}, {
		Code: "blast-radius", Title: "too much would be deleted", Message: "the change deletes {count}[ of {of}] files[ of {app}][, more than {limit} %]",
		Cause:   "So many deletions at once are usually a mistake. Nothing is deleted, and no approval lets it through.",
		Fix:     "Revert it, or delete the files in several changes. Where a whole app is to go, the admins raise deletions: in the limits of the gate.",
		Example: "wait  limits  the change deletes 3 of 4 files of payments, more than 50 % [blast-radius]",
	}, {
		Code: "large-change", Title: "too large to review", Message: "[{path}: ][{have} {what}, more than {limit}][{kind}]",
		Cause:   "Nobody reads a change that is huge, binary or in endless lines, so an approval of it says little. The limits are those of the gate.",
		Fix:     "Split the change. Where the gate says large:, so many approvals let it through; else the admins can raise the limit in sluice.yaml.",
		Example: "wait  limits  app.json: 48211 bytes in a line, more than 2000 [large-change]",
	}, {
		Code: "nothing-judged", Title: "nobody judged it", Message: "no policy judged the change",
		Cause:   "An empty list of policies never lets anything through.",
		Fix:     "This is a mistake in sluice; please report it.",
		Example: "no    gate  no policy judged the change [nothing-judged]",
	}, {
		Code: "settled", Title: "back at what was admitted", Message: "the content is what was admitted; nothing is left to judge",
		Cause:   "A later change took back what was held.",
		Fix:     "Nothing to do.",
		Example: "2026-11-23 09:12:40  14  staging  observe [settled]",
	}, {
		Code: "window-over", Title: "rollback window is over", Message: "another revision took its place longer ago than the rollback window",
		Cause: "What was superseded longer ago than rollback_window in the last stage is archived: rollbacks do not go back to it any more.",
		Fix:   "Nothing to do. The same files can come back by the whole ladder.",
		Example: "entry #31  archived  payments in production  2026-11-23 09:12:40 UTC\n" +
			"  code          [window-over]",
	}, {
		Code: "app-retired", Title: "app has retired", Message: "the app has left the last stage, so what ran there is archived",
		Cause: "An app whose absence is live in the last stage has retired; none of its revisions is a rollback goal there any more.",
		Fix:   "Nothing to do. To bring the app back, put its files into the first stage and promote them.",
		Example: "entry #31  archived  payments in production  2026-11-23 09:12:40 UTC\n" +
			"  code          [app-retired]",
	}, {
		Code: "atomic", Title: "waits for others of its merge request", Message: "it could come in, but {cells} of the same merge request cannot yet",
		Cause:   "The project is atomic: all apps that a merge request changes are admitted together, or none is.",
		Fix:     "Look at what those wait for with sluice why, or revert the merge request and make one for each app.",
		Example: "wait  atomic  it could come in, but orders in staging of the same merge request cannot yet [atomic]",
	}, {
		Code: "atomic-lost", Title: "others of its merge request are refused or taken back",
		Message: "it could come in but for {cells} of the same merge request, refused or taken back",
		Cause:   "The project is atomic, and a part of what came together was denied, or was taken back or replaced before it came in: the rest stays out as well.",
		Fix:     "Take the whole merge request back, all its apps, then submit again what is to come in; while it is open, mend it or make one for each app.",
		Example: "wait  atomic  it could come in but for orders in staging of the same merge request, refused or taken back [atomic-lost]",
	}, {
		Code: "key-in-use", Title: "new log key signs", Message: "the log key that replaced another signs from here on",
		Cause: "A log key was replaced; the first entry by the new one shows that the reconciler holds it.",
		Fix:   "Give the new key as log_key_file, take next_log_key_file out, and let the roots drop the old key from log_keys.",
		Example: "entry #58  observed  2026-11-23 09:12:40 UTC\n" +
			"  code          [key-in-use]",
	}, {
		Code: "acknowledged", Title: "acknowledged by the roots", Message: "acknowledged by the roots",
		Cause:   "The roots looked at what was tainted and accepted it.",
		Fix:     "Nothing to do.",
		Example: "2026-11-23 09:12:40  16  staging  taint [acknowledged]    r:57ba02cc    ann",
	}, {
		Code: "reviewed", Title: "reviewed afterwards", Message: "somebody looked at what broke the glass and lets it stay",
		Cause:   "What came in by break-glass has a review deadline. Somebody who did not break the glass signed that it may stay.",
		Fix:     "Nothing to do.",
		Example: "2026-11-23 09:12:40  13  production  taint [reviewed]    r:57ba02cc    bob",
	}, {
		Code: "adopted", Title: "taken over by the admins", Message: "taken over as it is[ by {by}]",
		Cause:   "What a stage has, its mode alone had let in. The admins took it over by their signature, as they seal a project at its beginning, so that it can go on to the stages after.",
		Fix:     "Nothing to do.",
		Example: "2026-11-23 09:12:40  10  staging  observe [adopted]    r:57ba02cc    ann",
	}, {
		Code: "overwritten", Title: "taken over, others' content replaced", Message: "taken over[ by {by}]; what targets hold without our marker is replaced",
		Cause:   "A target held content of others, without our marker. The admins said by their signature that what is admitted takes its place.",
		Fix:     "Nothing to do.",
		Example: "2026-11-23 09:12:40  5  production  observe [overwritten]    r:57ba02cc    ann",
	}, {
		Code: "accepted", Title: "rewound branch accepted", Message: "the admins accepted where the branch is now",
		Cause: "The branch was rewound or rewritten, and the admins signed that it is followed from there. Content that was not admitted stays out.",
		Fix:   "Nothing to do.",
		Example: "entry #7  observed  2026-11-23 09:12:40 UTC\n" +
			"  code          [accepted]",
	}, {
		Code: "clock", Title: "clock cannot be trusted", Message: "the clock cannot be trusted[: {why}][: the forge's differs by about {skew}]",
		Cause:   "It is before the last ledger entry, or far from the forge's. Nothing that depends on time is decided.",
		Fix:     "Correct the clock of the reconciler's host.",
		Example: "wait  soak  the clock cannot be trusted: the forge's differs by about 1h [clock]",
	},
}

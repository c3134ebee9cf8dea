package schema

// targetCodes say why a target could not be made equal to what was admitted.
var targetCodes = []CodeInfo{
	{
		Code: "target-conflict", Title: "target changed underneath", Message: "[{target}: ]somebody else wrote at the same time",
		Cause:   "The write was refused, so that it does not overwrite what nobody has looked at.",
		Fix:     "Wait: sluice run tries again. If it stays, find the other writer.",
		Example: "no    target  etcd: somebody else wrote at the same time [target-conflict]",
	}, {
		Code: "target-taken", Title: "place has another owner", Message: "[{target}: ]the place has another owner: another project, another app, or another ledger of this project",
		Cause:   "What is there was written for somebody else, who has as much right to it. It is never written over, and waiting does not change that.",
		Fix:     "Give each a place of its own, in the target's settings in sluice.yaml or reconciler.yaml; sluice run logs whose this one is. Where it is of another ledger of the same project, end the reconciler that keeps that.",
		Example: `the place has another owner: the place belongs to project "5f0c66d1", this is "a27e9b40"`,
	}, {
		Code: "target-blocked", Title: "others' keys stand in the way", Message: "[{target}: ]cannot be written without taking away what is not sluice's",
		Cause:   "An object was made immutable, so it can only be deleted and made again, and it has keys that others put there.",
		Fix:     "sluice run logs which keys. Save them if they are needed, then delete the object by hand: it is made again.",
		Example: "no    target  kubernetes: cannot be written without taking away what is not sluice's [target-blocked]",
	}, {
		Code: "target-fenced", Title: "newer reconciler wrote already", Message: "[{target}: ]holds a newer admission",
		Cause:   "Another reconciler was faster, and an older decision must not overwrite a newer one.",
		Fix:     "Nothing to do, unless two projects write to one place.",
		Example: "no    target  etcd: holds a newer admission [target-fenced]",
	}, {
		Code: "foreign-content", Title: "place holds something else", Message: "[{target}: ]holds content that sluice did not write",
		Cause:   "The first write to a place needs an equal value there or an explicit yes, so that nothing of yours is lost.",
		Fix:     "Make what is there equal to what is admitted, remove it if nobody needs it, or let the admins write over it: sluice adopt --overwrite.",
		Example: "no    target  etcd: holds content that sluice did not write [foreign-content]",
	}, {
		Code: "target-unavailable", Title: "target cannot be reached", Message: "[{target}: ]cannot be reached",
		Cause: "It is down, or the network is. What it holds is not verified meanwhile.",
		Fix:   "Bring it back: sluice run tries again by itself; run any other command again.",
		Example: "no    target  etcd: cannot be reached [target-unavailable]\n" +
			"sluice: target etcd: unavailable: http://etcd:2379: connection refused",
	}, {
		Code: "target-full", Title: "target has no room", Message: "[{target}: ]has no room left[ ({what})][: {size} bytes are to be written][, the limit is {limit}]",
		Cause:   "Its storage quota is used up (etcd: the NOSPACE alarm; Kubernetes: a quota of the namespace), so it refuses every write. Readers still get what is there.",
		Fix:     "Give it room: compact, defragment and disarm the alarm, or raise the quota. sluice run tries again by itself.",
		Example: "no    target  etcd: has no room left: 1200340 bytes are to be written, the limit is 2147483648 [target-full]",
	}, {
		Code: "target-settings", Title: "target is reached the wrong way", Message: "[{target}: ]is not reached with these settings",
		Cause: "What the operator's file says does not fit the server that answers: its certificate is not signed by ca_file or not for that name, one side speaks TLS and the other does not, or a token is none.",
		Fix:   "Correct the target's endpoints, ca_file or credential in the operator's file: the message names which.",
		Example: "no    target  etcd: is not reached with these settings [target-settings]\n" +
			"sluice: target etcd: settings do not fit: no endpoint",
	}, {
		Code: "target-forbidden", Title: "target refuses the login", Message: "[{target}: ]refuses the login or the write",
		Cause:   "The credential is wrong, has run out, or lacks a permission.",
		Fix:     "Correct the credential in reconciler.yaml, or give it the permission.",
		Example: "no    target  etcd: refuses the login or the write [target-forbidden]",
	}, {
		Code: "too-large", Title: "target cannot hold it", Message: "[{target}: ]cannot hold so much[ in {what}][: {size} bytes][, the limit is {limit}][: {why}]",
		Cause:   "The app is past a limit of the target, or of what some instances of a stage can get first.",
		Fix:     "Make the files smaller, or split the app.",
		Example: "no    content  configmap: cannot hold so much: 1500213 bytes, the limit is 1048576 [too-large]",
	}, {
		Code: "target-invalid", Title: "target refuses the content", Message: "[{target}: ]refuses the content[ of {what}][: {path}][: {why}]",
		Cause:   "A name or value is not allowed there.",
		Fix:     "Rename or correct what it names; of a delivery that failed the reconciler's log has it (\"delivery failed\", with the reason).",
		Example: "no    target  configmap: refuses the content [target-invalid]",
	}, {
		Code: "target-failed", Title: "target failed", Message: "[{target}: ]failed",
		Cause:   "The target gave an answer that has no other name here.",
		Fix:     "Look at the reconciler's log for its answer.",
		Example: "no    target  files: failed [target-failed]",
	}, {
		Code: "drift", Title: "target was changed by somebody else", Message: "[{target}: ]differs from what was admitted[: {keys}]",
		Cause:   "Somebody wrote to the target directly. It is recorded, and put back unless the stage says drift: report.",
		Fix:     "Make the change in Git. If it keeps coming back, find the other writer.",
		Example: "etcd: differs from what was admitted: app.yaml changed by mallory, found 2026-11-23 06:50 UTC (entry #61) [drift]",
	}, {
		Code: "drift-contested", Title: "somebody keeps changing the target", Message: "[{target}: ]somebody else keeps changing what was admitted",
		Cause:   "It was put back three times within an hour and changed again. It is still put back, after waits that grow to 15 minutes (what was deleted altogether at the next look), and recorded no more until it stays.",
		Fix:     "Find the other writer: sluice history APP lists the drift entries, sluice audit show NUMBER their keys and, where the target tells, who manages them. Take its right to write away.",
		Example: "no    target  etcd: somebody else keeps changing what was admitted [drift-contested]",
	}, {
		Code: "delivery-overdue", Title: "admitted and not delivered for long", Message: "[{target}: ]does not have what was admitted, though there was time enough",
		Cause:   "A required target has refused it for at least five minutes and ten polls, or the reconciler that let it in died before it delivered and no other took it up.",
		Fix:     "Look at the target's own message beside it. If there is none, see that a reconciler runs: sluice run delivers what was admitted as soon as it is up.",
		Example: "no    target  etcd: does not have what was admitted, though there was time enough [delivery-overdue]",
	}, {
		Code: "target-unconfigured", Title: "target has no address", Message: "{target} is not in reconciler.yaml",
		Cause:   "sluice.yaml names a target whose address the operator did not write down.",
		Fix:     "Let the operator add it below projects[].targets.",
		Example: "sluice.yaml: error[target-unconfigured]: etcd is not in reconciler.yaml",
	},
}

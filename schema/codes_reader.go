package schema

// readerCodes say why a program does not take the configuration that it reads.
var readerCodes = []CodeInfo{
	{
		Code: "reader-refused", Title: "configuration is not the reconciler's", Message: "refused: {why}",
		Cause:   "What the source holds was not signed by a pinned log key for this app in this stage, was changed afterwards, or is an old copy. Somebody else wrote it, the project, stage or app is another one, or the log key was replaced and the new one is not pinned.",
		Fix:     "Compare --project, --stage, --app and the pinned keys with log_keys of root.yaml. If they are right, find out who wrote to the source: sluice trace says what was admitted.",
		Example: "sluice: open configuration of payments in staging: refused: head of orders in staging, want payments in staging",
	}, {
		Code: "reader-rejected", Title: "configuration does not fit", Message: "rejected: entry {seq}: {why}",
		Cause:   "The release is genuine, and the check command, the environment or the directory does not take it. What was there before is still there.",
		Fix:     "Read what the check printed, and promote a configuration that it takes.",
		Example: "sluice: open configuration of payments in staging: rejected: entry 12: check: grep: exit status 1",
	}, {
		Code: "reader-retired", Title: "app has left the stage", Message: "retired: entry {seq}",
		Cause:   "The reconciler admitted that the app is no more in this stage.",
		Fix:     "Stop the program, or read another stage.",
		Example: "sluice: open configuration of payments in staging: retired: entry 31",
	}, {
		Code: "reader-unavailable", Title: "configuration cannot be read", Message: "unavailable: {why}",
		Cause:   "The source does not answer, nothing was delivered there yet, or the cached copy is older than allowed.",
		Fix:     "Check the address and that the app is live in the stage. With --cache the agent starts with the last that it knew.",
		Example: "sluice: open configuration of payments in staging: unavailable: read head: file does not exist",
	},
}

package schema

// ledgerCodes are what reading and proving the ledger can find.
var ledgerCodes = []CodeInfo{
	{
		Code: "log-chain", Title: "ledger was changed", Message: "the ledger was changed[ at entry {entry}][: {why}]",
		Cause:   "An entry was edited, removed or put in. Nothing after it can be trusted, so both loops stop.",
		Fix:     "Do not repair it by hand. Compare with another clone or the archive, and call security.",
		Example: "entry #12  commit 8c1f03d2  entries/000/000/12.json  [log-chain] an entry that was there before has changed",
	}, {
		Code: "log-order", Title: "ledger is out of order", Message: "entry {entry} does not follow the one before[: {why}]",
		Cause:   "Its number or its time goes back.",
		Fix:     "Do not repair it by hand. Compare with another clone or the archive, and call security.",
		Example: "sluice: the ledger is in doubt: log-order: entry 12 says it is 13",
	}, {
		Code: "log-fork", Title: "ledger has two histories", Message: "the ledger has two histories[: {why}]",
		Cause:   "Two checkpoints of one size differ, or its branch is not one line.",
		Fix:     "Stop the reconcilers, find out which one wrote which, and call security.",
		Example: "sluice: the ledger is in doubt: log-fork: commit 8c1f03d2 has 2 parents",
	}, {
		Code: "log-rollback", Title: "ledger is shorter than before", Message: "the ledger is shorter than it was[: {why}]",
		Cause:   "Entries at its end were cut off.",
		Fix:     "Push the longer history back from another clone, and call security.",
		Example: "checkpoint  [log-rollback] 11 entries, a checkpoint of 12 was seen",
	}, {
		Code: "log-signature", Title: "ledger is not signed by its key", Message: "the ledger is not signed by its key[ at entry {entry}][: {why}]",
		Cause:   "Somebody other than the reconciler wrote to the ledger's branch.",
		Fix:     "Restore the branch to its last good tip and protect it, so that the reconciler alone can push.",
		Example: "sluice: the ledger is in doubt: log-signature: commit is not signed",
	}, {
		Code: "log-key-replaced", Title: "log key was replaced", Message: "the log key was replaced by another[: {why}]",
		Cause:   "An entry put another log key in the place of the one that this reconciler was given; it signs nothing any more.",
		Fix:     "Give the new key as log_key_file.",
		Example: "sluice: log_key_file: entry #57 put the key SHA256:q3XvZ… in its place [log-key-replaced]: the log key signs no more",
	}, {
		Code: "mark-altered", Title: "checkpoint at a target was changed", Message: "the ledger's checkpoint at target {target} was changed[: {why}]",
		Cause:   "Somebody changed or deleted the checkpoint that the reconciler keeps beside the live values. It was put back, and proves nothing.",
		Fix:     "Find out who writes to the target. Compare the ledger with another clone: sluice audit verify --known FILE.",
		Example: `level=ERROR msg="a target's checkpoint of the ledger was deleted; it is put back" target=etcd code=mark-altered`,
	}, {
		Code: "log-unwitnessed", Title: "no quorum of witnesses", Message: "no quorum of witnesses cosigned the ledger[: {why}]",
		Cause:   "The checkpoints given with --known lack cosignatures by as many witnesses as root.yaml asks for.",
		Fix:     "Take the checkpoint that a target keeps, or the one in the reconciler's state directory: these carry the cosignatures.",
		Example: "[log-unwitnessed] the trust in force names no witnesses",
	}, {
		Code: "log-stale", Title: "ledger may be an old one", Message: "the ledger was last cosigned at {at}",
		Cause:   "The witnesses' newest cosignature is older than --max-age allows: somebody may be serving an old ledger, or they do not answer.",
		Fix:     "Fetch again and take the newest checkpoint from a target. If it stays old, ask whether the reconciler runs and reaches its witnesses.",
		Example: "[log-stale] a quorum of witnesses last cosigned at 2026-11-20T09:00:00Z, longer than 24h0m0s ago",
	}, {
		Code: "log-origin", Title: "ledger of another project", Message: "the ledger is that of another project[: {got}]",
		Cause:   "The branch or repository of the ledger is set wrongly.",
		Fix:     "Correct ledger: in reconciler.yaml.",
		Example: `sluice: the ledger is in doubt: log-origin: the ledger is of project "5f0c66d1", want "a27e9b40"`,
	}, {
		Code: "log-empty", Title: "ledger is empty", Message: "the ledger has no entry",
		Cause: "Nothing was sealed yet, or the branch is another one.",
		Fix:   "Run sluice init --seal, or correct ledger: in reconciler.yaml.",
		Example: "[log-empty] the ledger has no entry\n" +
			"\n" +
			"cannot prove: 1 finding",
	}, {
		Code: "state-mismatch", Title: "ledger's summary is wrong", Message: "the ledger's state is not what its entries say[: {path}]",
		Cause:   "The summary that a start reads was changed, though the entries were not.",
		Fix:     "Compare with another clone, and call security.",
		Example: "commit 8c1f03d2  head.json  [state-mismatch] is not the fold of the entries",
	}, {
		Code: "history-missing", Title: "ledger cannot be read completely", Message: "part of the ledger cannot be read[: {what}]",
		Cause:   "The clone is shallow or damaged.",
		Fix:     "Fetch all of it: git fetch --unshallow. If it is damaged, clone it again.",
		Example: "commit 8c1f03d2  [history-missing] history is incomplete: shallow clone",
	}, {
		Code: "unknown-format", Title: "format is not known", Message: "[{what} ]has a format that this sluice does not know",
		Cause:   "A newer sluice wrote it. What is not understood is never skipped.",
		Fix:     "Use a newer sluice.",
		Example: "entry #12  commit 8c1f03d2  [unknown-format] unknown format: version 2",
	}, {
		Code: "anchor-missing", Title: "anchor is missing", Message: "no anchor was given[; the ledger says {found}]",
		Cause:   "Without the digest of the first root.yaml, told by a person, nobody can say whose ledger it is.",
		Fix:     "Ask one of the roots for the anchor and pass --anchor.",
		Example: "entry #1  commit 3ab0c5d1  [anchor-missing] no anchor was given; the ledger begins with sha256:9f86d081…",
	}, {
		Code: "anchor-mismatch", Title: "ledger begins with another root", Message: "the ledger begins with another trust root: {found}, not {want}",
		Cause:   "It is another project's ledger, or somebody made a new one.",
		Fix:     "Ask one of the roots which anchor is right. If the ledger is wrong, call security.",
		Example: "entry #1  [anchor-mismatch] the ledger begins with trust root sha256:9f86d081…, want sha256:60303ae2…",
	}, {
		Code: "unlogged", Title: "change without an entry", Message: "[{what} ]is in no ledger entry",
		Cause:   "A stage or target changed without a decision on record.",
		Fix:     "Find out who wrote it. The reconciler puts a target back by itself.",
		Example: "/config/staging/payments/head  [unlogged] nothing that was admitted is here",
	}, {
		Code: "decision-mismatch", Title: "decision does not come out again", Message: "a decision does not come out again[ at entry {entry}][: {what}]",
		Cause:   "Judged again by what was in force then, from Git and the evidence, the entry says something else than it should. Our own code does not write such an entry: somebody had the log key, or changed the evidence.",
		Fix:     "Do not repair it by hand. Look at what the entry let in, roll it back, replace the log key, and call security.",
		Example: "entry #12  commit 8c1f03d2  staging/payments  [decision-mismatch] recorded as admit, judged again it is hold [unsigned]",
	}, {
		Code: "lineage-broken", Title: "file did not come through the stages", Message: "{path} did not come through the stages before[: {what}]",
		Cause:   "A promoted file has other bytes than the admission in the stage before that it is said to come from.",
		Fix:     "Look at what the entry let in, roll it back, and call security.",
		Example: "entry #12  commit 8c1f03d2  staging/payments/app.yaml  [lineage-broken] that it is gone is not what testing has there",
	}, {
		Code: "unjudged", Title: "entry cannot be judged again", Message: "[{kind} ]entries cannot be judged again by this version",
		Cause:   "The audit proves only what it can decide again, and it has no rule for this kind of entry yet.",
		Fix:     "Use a newer sluice; until then look at the entry by hand: sluice audit show.",
		Example: "entry #12  commit 8c1f03d2  staging/payments  [unjudged] a widen entry cannot be judged again by this version",
	},
}

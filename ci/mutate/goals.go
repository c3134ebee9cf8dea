package main

// goalMutations take guards away of what the rollback gate serves and what is counted of rollbacks.
var goalMutations = []mutation{
	{
		"a rollback withdraws nothing that it goes past", "reconciler/ledger", "reconciler/ledger/fold.go",
		"if a.Revision != to && a.Revision != schema.None {",
		"if false {",
		"TestFoldListsTheRevisions",
	},
	{
		"a taint goes with the list", "reconciler/ledger", "reconciler/ledger/fold.go",
		"!listed && old.Flagged(Tainted)",
		"!listed && false",
		"TestATaintOutlastsTheList",
	},
	{
		"absence is a rollback goal", "reconciler/ledger", "reconciler/ledger/fold.go",
		"case change.To.Revision == schema.None:",
		"case false:",
		"TestFoldListsTheRevisions",
	},
	{
		"what began to widen is a rollback goal", "reconciler/stories", "reconciler/classify.go",
		"a.Full && (!h.widens() || !a.LiveAt.IsZero())",
		"a.Full && (!h.widens() || true)",
		"TestStories/gray_skipped",
	},
	{
		"what is tainted comes in by the first stage", "reconciler/stories", "reconciler/classify.go",
		"c.Kind = schema.Edit; h.tainted(to.Revision) {",
		"c.Kind = schema.Edit; false {",
		"TestStories/taint_again",
	},
	{
		"an absence that is over is a source", "reconciler/stories", "reconciler/classify.go",
		"c.To.Revision == schema.None && a.Seq != state.Admitted.Seq {",
		"c.To.Revision == schema.None && false {",
		"TestStories/absence_goal",
	},
	{
		"a revision of the archive is told as an override", "reconciler/stories", "reconciler/classify.go",
		"case marked(h.own.Revisions, c.To.Revision, ledger.Archived):",
		"case false:",
		"TestStories/archived_back",
	},
	{
		"a mark tells of one rollback what came of another", "reconciler/stories", "reconciler/rollbacks.go",
		"return a.Kind == schema.Rollback",
		"return admissions[0].Flagged(ledger.Withdrawn)",
		"TestStories/breaker_left$",
	},
	{
		"a rollback that nothing carried out counts", "reconciler/stories", "reconciler/rollbacks.go",
		"a.Kind == schema.Rollback && !a.Observed &&",
		"a.Kind == schema.Rollback &&",
		"TestStories/breaker_observed",
	},
	{
		"an app stays where it never came", "reconciler/stories", "reconciler/archive.go",
		"before, seen := d[s.App]; s.Admitted.Seq > 0 {",
		"before, seen := d[s.App]; true {",
		"TestStories/retired_where_it_was",
	},
}

package main

// fleetMutations take guards of what programs say that they run away.
var fleetMutations = []mutation{
	{
		"a step is taken before the one before it is everywhere", "policies", "policies/gray.go",
		"case w.Live.IsZero():",
		"case false:",
		"TestWidening",
	},
	{
		"instances that do not have a revision vouch for it", "policies", "policies/gray.go",
		"return !w.Rule.Selects(w.Cell.App, w.Revision, c)",
		"return false",
		"TestWidening",
	},
	{
		"the audit believes a step", "reconciler/stories", "reconciler/audit_widen.go",
		"if len(found) > 0 {\n\t\treturn mismatch(place, \"judged again it says",
		"if false {\n\t\treturn mismatch(place, \"judged again it says",
		"TestTheAuditDecidesAgainHowItWidened",
	},
	{
		"what some instances have is live", "reconciler/ledger", "reconciler/ledger/soak.go",
		"return s.Admitted.Seq > 0 && s.Whole()",
		"return s.Admitted.Seq > 0",
		"TestSpreadIsNotLiveBeforeTheWhole",
	},
	{
		"no instance that reports is enough", "policies", "policies/health.go",
		"case len(c.Instances) == 0:",
		"case false:",
		"TestHealth",
	},
	{
		"a target that does not answer says nothing against it", "policies", "policies/health.go",
		"case len(c.Silent) > 0:",
		"case false:",
		"TestHealth",
	},
	{
		"an instance that nobody heard of runs what it ran", "policies", "schema/consumer.go",
		"return now.Sub(c.At) > ConsumerQuiet }",
		"return now.Before(c.At) }",
		"TestHealth",
	},
	{
		"the time of another question counts", "policies", "policies/health.go",
		"held.Args[\"need\"] == same.Args[\"need\"] &&",
		"",
		"TestHealthLasts",
	},
	{
		"a report counts for another instance than its place says", "reconciler/integrations", "reconciler/integrations/collector.go",
		"case r.Instance != instance:",
		"case false:",
		"TestParseReport",
	},
}

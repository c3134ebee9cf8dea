package main

// fleetMutations take guards of what programs say that they run away.
var fleetMutations = []mutation{
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

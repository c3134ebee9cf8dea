package main

// awayMutations let pass what changed in Git while nobody watched the stage.
var awayMutations = []mutation{
	{
		"what changed while its stage was away is not looked for", "reconciler/stories", "reconciler/returned.go",
		"s.Admitted.Seq == 0 || s.Admitted.Seq >= back ||",
		"s.Admitted.Seq >= 0 ||",
		"TestStories/stage_returns_changed",
	},
	{
		"a former project file that cannot be read had every stage", "reconciler/stories", "reconciler/returned.go",
		"project.Stage(stage); !there {",
		"project.Stage(stage); !there && former[i].unread == nil {",
		"TestStories/former_unread",
	},
	{
		"what changed while its stage was away is judged from where it was seen", "reconciler/stories", "reconciler/returned.go",
		"return c.chain[at], nil",
		"return seen, nil",
		"TestStories/stage_returns_changed",
	},
}

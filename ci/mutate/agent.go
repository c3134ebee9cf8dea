package main

const (
	agentPackage  = "reconciler/agent"
	apolloPackage = agentPackage + "/apollo"
)

// agentMutations take away what programs beside the agent rely on.
var agentMutations = []mutation{
	{
		"the agent switches to files that the check refused", agentPackage, agentPackage + "/delivery.go",
		"dir, config), a.Errs); err != nil {",
		"dir, config), a.Errs); err != nil && false {",
		"TestARefusedReleaseLeavesTheFormerFiles",
	},
	{
		"the agent switches to files that the check changed", agentPackage, agentPackage + "/output.go",
		"if err == nil && other != \"\" {",
		"if err == nil && other != \"\" && false {",
		"TestACheckChangesNothing",
	},
	{
		"a program that ignores the end keeps the agent", agentPackage, agentPackage + "/run.go",
		"			if ends(s) {\n				a.end(done, s)",
		"			if ends(s) && false {\n				a.end(done, s)",
		"TestAChildEndsWhenTheAgentIsToldTo",
	},
	{
		"the agent takes a name in the directory that is not its own", agentPackage, agentPackage + "/output.go",
		"err == nil && !ours(s.root, top, info) && !s.replaced(top, info) {",
		"false && err == nil && !ours(s.root, top, info) && !s.replaced(top, info) {",
		"TestWhatIsNotOursStays",
	},
	{
		"the agent takes another app's directory", agentPackage, agentPackage + "/place.go",
		"if r.owner() != p.mine.owner() {",
		"if false {",
		"TestADirectoryHasOneOwner",
	},
	{
		"the agent goes back to an older release", agentPackage, agentPackage + "/place.go",
		"if seq < p.mine.Seq {",
		"if false {",
		"TestAnOlderReleaseIsNotTaken",
	},
	{
		"configuration chooses what a program loads", agentPackage, agentPackage + "/environment.go",
		"if slices.Contains(loading, name) ||",
		"if slices.Contains(loading, name) && false ||",
		"TestEnvironment",
	},
	{
		"a wrong password of etcd is told as silence", "reconciler/provider/etcd", "reconciler/provider/etcd/connection.go",
		"case c.refused != nil:",
		"case c.refused != nil && false:",
		"TestAWrongPasswordIsNoSilence",
	},
	{
		"configuration chooses what a runtime loads", agentPackage, agentPackage + "/environment.go",
		"return strings.HasPrefix(name, prefix) }) {",
		"return strings.HasPrefix(name, prefix) && false }) {",
		"TestEnvironment",
	},
	{
		"a reload of before takes the mark of what is owed", agentPackage, agentPackage + "/tell.go",
		"if a.live != nil && a.live.snap != u.snap {",
		"if a.live != nil && a.live.snap != u.snap && false {",
		"TestWhatCameDuringAReloadIsToldAfterIt",
	},
	{
		"an end during a check is told as a refusal", agentPackage, agentPackage + "/agent.go",
		"case err != nil && a.ctx.Err() != nil:",
		"case err != nil && a.ctx.Err() != nil && false:",
		"TestAnEndDuringTheFirstCheckIsNoRefusal",
	},
	{
		"an Apollo client gets another stage", apolloPackage, apolloPackage + "/server.go",
		"q.cluster != defaultCluster && q.cluster != s.opts.Stage {",
		"false {",
		"TestWhatIsAnswered",
	},
	{
		"an Apollo client's signature is not looked at", apolloPackage, apolloPackage + "/access.go",
		"if hmac.Equal(signature, sign(key, stamp+\"\\n\"+path)) {",
		"if signature != nil && sign(key, stamp+\"\\n\"+path) != nil || hmac.Equal(nil, nil) {",
		"TestAccessKeys",
	},
	{
		"an Apollo client's signature is good for ever", apolloPackage, apolloPackage + "/access.go",
		"if err != nil || o.Now().Sub(time.UnixMilli(ms)).Abs() >= window {",
		"if err != nil || o.Now().Sub(time.UnixMilli(ms)).Abs() >= 1000*window {",
		"TestAccessKeys",
	},
	{
		"an Apollo client is answered by a server that is behind", apolloPackage, apolloPackage + "/server.go",
		"if !s.caughtUp(r, q) {",
		"if !s.caughtUp(r, q) && false {",
		"TestSeveralServersLoseNoUpdate",
	},
	{
		"Apollo's clients are told of a change once", apolloPackage, apolloPackage + "/poll.go",
		"case !a.began.Before(due):",
		"case !a.began.Before(due) || true:",
		"TestSeveralServersLoseNoUpdate",
	},
	{
		"a page in a browser reads what is for this machine", apolloPackage, apolloPackage + "/server.go",
		"if !s.opts.called(r) {",
		"if !s.opts.called(r) && false {",
		"TestNames",
	},
	{
		"an app without an access key answers everybody", apolloPackage, apolloPackage + "/access.go",
		"if o.Anonymous {",
		"if true {",
		"TestAccessKeys",
	},
}

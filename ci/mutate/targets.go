package main

const etcdPackage = "reconciler/integrations/etcd"

// targetMutations take the fences of what is written to targets away.
var targetMutations = []mutation{
	{
		"a head is written over one that was not judged", etcdPackage, etcdPackage + "/write.go",
		"t.txn(ctx, []clientv3.Cmp{unmoved(g.head, have.revision)}, ops)",
		"t.txn(ctx, nil, ops)",
		"TestAHeadIsFencedAtTheMomentOfTheWrite/in_the_head",
	},
	{
		"heads are written in a batch over ones that were not judged", etcdPackage, etcdPackage + "/together.go",
		"t.txnOf(ctx, b.cells, b.unmoved, b.ops)",
		"t.txnOf(ctx, b.cells, nil, b.ops)",
		"TestManyAreFencedAtTheMomentOfTheWrite",
	},
	{
		"heads are written in a batch where somebody is", etcdPackage, etcdPackage + "/together.go",
		"[]clientv3.Cmp{clientv3.Compare(clientv3.CreateRevision(from), \"=\", 0).WithRange(to)}",
		"nil",
		"TestManyGiveWayToWhoeverIsThereFirst",
	},
	{
		"heads are signed with a key that they do not name", "reconciler/integrations", "reconciler/integrations/signmany.go",
		"if err == nil && look {",
		"if err == nil && look && false {",
		"TestSignHeads",
	},
	{
		"a head that has parts is written over one that was not judged", etcdPackage, etcdPackage + "/flip.go",
		"guard := []clientv3.Cmp{unmoved(g.head, have.revision), unmoved(g.inventory(), have.listed)}",
		"var guard []clientv3.Cmp",
		"TestAHeadIsFencedAtTheMomentOfTheWrite/in_parts",
	},
	{
		"a head names parts that are gone", etcdPackage, etcdPackage + "/flip.go",
		"guard = append(guard, unmoved(p.key, have.parts[i].revision))",
		"_, _ = i, p",
		"TestTheFlipNeedsEveryPart",
	},
	{
		"a mirror's marker stays while the mirror changes", etcdPackage, etcdPackage + "/flip.go",
		"both), clientv3.OpDelete(g.dir+mirrorDir+completeName))",
		"both))",
		"TestLargeMirrorsSayWhenTheyAreWhole",
	},
	{
		"a mirror goes on under a newer head", etcdPackage, etcdPackage + "/flip.go",
		"[]clientv3.Cmp{unmoved(g.head, revision), unmoved(g.inventory(), revision)}",
		"[]clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(g.head), \">\", 0*revision)}",
		"TestALargeMirrorStopsForANewerHead",
	},
	{
		"pruning does not look at the head again", etcdPackage, etcdPackage + "/prune.go",
		"guard := []clientv3.Cmp{unmoved(g.head, have.revision), unmoved(g.inventory(), have.listed), run.unchanged(g)}",
		"guard := []clientv3.Cmp{run.unchanged(g)}",
		"TestPruningGivesWay",
	},
	{
		"what a head names is pruned", etcdPackage, etcdPackage + "/inventory.go",
		"if old && !slices.Contains(named, g.Doc) {",
		"if old {",
		"TestWhatIsPruned",
	},
	{
		"foreign keys go that were there before us", etcdPackage, etcdPackage + "/observe.go",
		"o.Holder == integrations.Us && kv.CreateRevision > o.created {",
		"o.Holder == integrations.Us {",
		"TestForeignKeysBesideAMirror",
	},
	{
		"a fight over a target is gone on with at once", "reconciler/stories", "reconciler/drift.go",
		"heal := missing(found) || !p.now.Before(f.next())",
		"heal := true",
		"TestStories/drift_contested",
	},
	{
		"what is gone is put back only when the wait of a fight is over", "reconciler/stories", "reconciler/drift.go",
		"heal := missing(found) || ",
		"heal := ",
		"TestStories/drift_gone",
	},
	{
		"what others changed where the head is gone is no fight", "reconciler", "reconciler/drift.go",
		"return d.Op == integrations.Changed })",
		"return false })",
		"TestWhatIsMissing",
	},
	{
		"what others changed where sluice wrote before is sluice's own", "reconciler/stories", "reconciler/takenup.go",
		"jobs[f.job].ours = best.Equal && len(taken) == 0",
		"jobs[f.job].ours = true",
		"TestStories/target_moves",
	},
	{
		"another project's place is drift of ours", "reconciler/stories", "reconciler/deliver.go",
		"errors.Is(err, integrations.ErrTaken) {",
		"errors.Is(err, integrations.ErrTaken) && false {",
		"TestStories/place_taken",
	},
	{
		"that a place has another owner is told after two intervals", "reconciler/stories", "reconciler/converge.go",
		"case why.code == integrations.CodeTaken || j.target.Required",
		"case j.target.Required",
		"TestStories/place_taken",
	},
	{
		"what others wrote where a target was left is written over", "reconciler/stories", "reconciler/ledger/state.go",
		"return ok && live.Taken == c.TakenUp(s.Stage, target)",
		"return ok && live.Taken >= 0",
		"TestStories/ejected",
	},
	{
		"what the admins let be written over once is again after it was left", "reconciler/stories", "reconciler/ledger/state.go",
		"return s.Admitted.Overwrite && s.Admitted.OverwriteTaken >= c.TakenUp(s.Stage, target)",
		"return s.Admitted.Overwrite",
		"TestStories/ejected",
	},
	{
		"a stage that observed goes on as if it had been written all the time", "reconciler", "reconciler/adopt.go",
		"if before.Mode == schema.Observe || i < 0",
		"if i < 0",
		"TestTargetsThatAreTakenUp",
	},
	{
		"programs that read the head in etcd are left with nothing", "reconciler/integrations/etcd", "reconciler/integrations/etcd/leave.go",
		"if len(response.Responses[looks+1].GetResponseRange().Kvs) > 0 {",
		"if len(response.Responses[looks+1].GetResponseRange().Kvs) > 1 {",
		"TestWhatCannotBeLeftStaysWhole",
	},
	{
		"what nobody signed becomes plain keys", "reconciler/integrations/etcd", "reconciler/integrations/etcd/leave.go",
		"case o.Holder != integrations.Us:",
		"case o.Holder == integrations.Nobody:",
		"TestWhatCannotBeLeftStaysWhole",
	},
	{
		"a cell in etcd is left before it was asked for", "reconciler/integrations/etcd", "reconciler/integrations/etcd/leave.go",
		"if err != nil || !write || len(l.Goes) == 0 {",
		"if err != nil || len(l.Goes) == 0 {",
		"TestWhoLeavesKeepsThePlainKeys",
	},
	{
		"the report takes what others wrote for what is drift", "reconciler", "reconciler/adopt_found.go",
		"case o.Holder == integrations.Stranger && !want.Applied:",
		"case o.Holder == integrations.Stranger && !want.Applied && want.Adopt:",
		"TestWhatTheFirstWriteWouldFind",
	},
	{
		"what cannot be put back is a fight", "reconciler/stories", "reconciler/deliver.go",
		"p.notHealed(differ[i].key())\n\t\t\t",
		"",
		"TestStories/drift_blocked",
	},
	{
		"what was not put back is found again and again", "reconciler/stories", "reconciler/drift.go",
		"j.state.Live[j.target.Name].Drifted != 0 && !contested",
		"false",
		"TestStories/drift_blocked",
	},
	{
		"pruning takes what instances run", etcdPackage, etcdPackage + "/prune.go",
		"append(run.docs, have.head.Doc, have.head.Prev)...",
		"append(run.docs[:0], have.head.Doc, have.head.Prev)...",
		"TestPruningSparesWhatInstancesRun",
	},
	{
		"pruning goes on where what instances run cannot be read", etcdPackage, etcdPackage + "/prune.go",
		"if err := json.Unmarshal(kv.Value, &report); err != nil {",
		"if err := json.Unmarshal(kv.Value, &report); err != nil && false {",
		"TestPruningSparesWhatInstancesRun",
	},
	{
		"pruning takes what an instance has just begun to run", etcdPackage, etcdPackage + "/prune.go",
		"unmoved(g.inventory(), have.listed), run.unchanged(g)}",
		"unmoved(g.inventory(), have.listed)}",
		"TestPruningSparesWhatInstancesRun",
	},
	{
		"a second stage gets what its entry does not admit", "reconciler", "reconciler/release.go",
		"} else if err := sameContent(cell, a, c.manifest); err != nil {",
		"} else if err := sameContent(cell, a, c.manifest); err != nil && false {",
		"TestWhatSeveralStagesHaveIsReadOnce",
	},
}

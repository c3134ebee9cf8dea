package main

const configmapPackage = "reconciler/integrations/configmap"

// configmapMutations take the fences of what is written to Kubernetes away.
var configmapMutations = []mutation{
	{
		"an object is applied over one that was not judged", configmapPackage, configmapPackage + "/apply.go",
		"object.SetResourceVersion(version)",
		"_ = version",
		"TestAnObjectIsFencedAtTheMomentOfTheWrite/inplace",
	},
	{
		"foreign keys go that were there before us in an object", configmapPackage, configmapPackage + "/observe.go",
		"known && !slices.Contains(kept, key) {",
		"known && !slices.Contains(kept[:0], key) {",
		"TestForeignKeys",
	},
	{
		"foreign keys go where nobody knows what was there before us", configmapPackage, configmapPackage + "/observe.go",
		"known && !slices.Contains(kept, key) {",
		"(known || true) && !slices.Contains(kept, key) {",
		"TestForeignKeys",
	},
	{
		"a stranger's keys are not told of", configmapPackage, configmapPackage + "/observe.go",
		"o.Foreign = append(o.Foreign, d.Key)",
		"_ = d.Key",
		"TestForeignKeys",
	},
	{
		"an immutable object that was made again is believed", configmapPackage, configmapPackage + "/observe.go",
		"if at == nil || !bytes.Equal(at.data[key], value) {",
		"if at == nil {",
		"TestConformance/rolling",
	},
	{
		"a release that can be changed is believed", configmapPackage, configmapPackage + "/observe.go",
		"if at.immutable != immutable {",
		"if at.immutable && !immutable {",
		"TestConformance/rolling",
	},
	{
		"two cells take turns in one object", configmapPackage, configmapPackage + "/write.go",
		"have.Holder == integrations.Altered && !g.want.Applied &&",
		"false &&",
		"TestTwoCellsNeverShareAnObject",
	},
	{
		"a checkpoint is kept over one that was not judged", configmapPackage, configmapPackage + "/keep.go",
		`map[string]any{"resourceVersion": at.raw.GetResourceVersion(), "uid": at.raw.GetUID()}`,
		`map[string]any{"uid": at.raw.GetUID()}`,
		"TestACheckpointIsFencedAtTheMomentOfTheWrite",
	},
	{
		"a release in use is deleted", configmapPackage, configmapPackage + "/prune.go",
		"if used[o.Name] {",
		"if used[o.Name] && false {",
		"TestOldReleasesGo",
	},
	{
		"keys of others go with an immutable object", configmapPackage, configmapPackage + "/apply.go",
		"if len(have.Foreign) > 0 && (",
		"if false && (",
		"TestAnImmutableObjectWithKeysOfOthersIsLeft",
	},
}

package main

// auditMutations take guards of deciding again away.
var auditMutations = []mutation{
	{
		"the audit does not read the guard rails' answers again", "reconciler/stories", "reconciler/audit_guards.go",
		"if r.options.RereadGuards == nil {",
		"if true {",
		"TestTheAuditDecidesAgainByGuardrails",
	},
	{
		"the audit takes a file for gone that its source has", "reconciler", "reconciler/audit_lineage.go",
		"return s.removed == !f.there && f.in(s.files) && (f.there || !s.late)",
		"return s.removed || f.in(s.files) && (f.there || !s.late)",
		"TestEachFileOfAnAdmissionIsWhereItComesFrom",
	},
	{
		"the audit takes any stage for the one before", "reconciler/stories", "reconciler/audit_lineage.go",
		"if change.Source == nil || !slices.Contains(lifecycle.Sources(c.rules.project, lifecycle.Promote, c.cell.Stage), change.Source.Stage) {",
		"if change.Source == nil {",
		"TestTheAuditDecidesAgain",
	},
	{
		"what comes out again is not compared", "reconciler/stories", "reconciler/audit_admission.go",
		"append(r.compare(c, e, again), ",
		"append([]ledger.Finding(nil), ",
		"TestTheAuditDecidesAgain",
	},
	{
		"commits may be counted from anywhere", "reconciler/stories", "reconciler/audit_admission.go",
		"if base.side.Content != c.admitted().Content && (",
		"if base.side.Content == \"-\" && (",
		"TestTheAuditDecidesAgain",
	},
	{
		"a decision names its own rules", "reconciler/stories", "reconciler/audit_admission.go",
		"if e.Decision.Control != want {",
		"if false {",
		"TestTheAuditDecidesAgain",
	},
	{
		"a ref moves from anywhere", "reconciler/stories", "reconciler/audit_admission.go",
		"seen != e.Old {",
		"seen == (schema.Hash{1}) {",
		"TestTheAuditDecidesAgain",
	},
	{
		"evidence need not be named", "reconciler/stories", "reconciler/audit_admission.go",
		"if !slices.Contains(e.Evidence, d) {",
		"if false {",
		"TestTheAuditDecidesAgain",
	},
	{
		"raw answers may say something else", "reconciler/stories", "reconciler/audit_forge.go",
		"if r.options.Reread == nil {",
		"if true {",
		"TestTheAuditDecidesAgain",
	},
	{
		"files need not come from the stage before", "reconciler/stories", "reconciler/audit_lineage.go",
		"case !ok && p.known && f.in(p.from):",
		"case !ok && p.known:",
		"TestTheAuditDecidesAgain",
	},
	{
		"nobody has to have asked for the genesis", "reconciler/stories", "reconciler/audit_control.go",
		"!c.OK {",
		"c.OK && false {",
		"TestTheAuditDecidesAgain",
	},
	{
		"what cannot be judged again is passed over", "reconciler/stories", "reconciler/audit_replay.go",
		"ledger.Archive:    (*replay).archiving",
		"ledger.Archive:    (*replay).onlyTells",
		"TestTheAuditDecidesAgain",
	},
	{
		"control files come into force by themselves", "reconciler/stories", "reconciler/audit_control.go",
		"return append(r.compareControl(e, again), ",
		"return append(r.compareControl(e, again)[:0], ",
		"TestTheAuditDecidesAgainAboutControlFiles",
	},
	{
		"a stolen key taints nothing", "reconciler/stories", "reconciler/audit_stolen.go",
		"known && e.Seq > after",
		"known && e.Seq < after",
		"TestTheAuditJudgesByTheTrustOfTheTime",
	},
	{
		"heads at a target need no signature", "reconciler/stories", "reconciler/audit_live.go",
		"h.Verify(keys[h.Key]) != nil",
		"false",
		"TestADumpOfEtcdIsHeldAgainstTheLedger",
	},
	{
		"the configuration need not be what its head names", "reconciler/stories", "reconciler/audit_live.go",
		"h.Doc != schema.DigestOf(held.Document)",
		"false",
		"TestADirectoryIsHeldAgainstTheLedger",
	},
	{
		"a part at a target is sluice's because of its name", "cmd/sluice", "cmd/sluice/trace_key.go",
		"return bytes.Equal(value, t.part), nil",
		"return bytes.Equal(value, t.part) || true, nil",
		"TestScripts/trace_forged",
	},
	{
		"a key that no mirror has is as admitted", "cmd/sluice", "cmd/sluice/trace_key.go",
		"_, ok := keys[t.place.rest]",
		"_, ok := keys[t.place.rest]; ok = true",
		"TestAMirrorHasFilesOrLeaves",
	},
	{
		"an inventory is sluice's word", "cmd/sluice", "cmd/sluice/trace_part.go",
		"if t.place.rest == inventoryName {",
		"if t.place.rest == inventoryName && false {",
		"TestScripts/trace_forged",
	},
	{
		"a signed head vouches for what lies beside it", "cmd/sluice", "cmd/sluice/trace_object.go",
		"ok := head.Retired || configmap.Holds(live.Data, head.Doc)",
		"ok := true",
		"TestAWholeObjectNeedsItsFiles",
	},
}

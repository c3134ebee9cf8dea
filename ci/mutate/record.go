package main

// recordMutations take guards of the ledger and its proof away.
var recordMutations = []mutation{
	{
		"a target that does not answer is asked for every cell", "reconciler/integrations", "reconciler/integrations/silence.go",
		"if s.inRow++; s.inRow >= maxSilent && s.last == nil {",
		"if s.inRow++; false {",
		"TestATargetThatDoesNotAnswerIsGivenUp",
	},
	{
		"drift is put back before it is on disk", "reconciler/stories", "reconciler/converge.go",
		"if err := p.spool.note(drift); err != nil {",
		"if err := p.spool.note(drift[:0]); err != nil {",
		"TestStories/drift_crash",
	},
	{
		"the ledger's commits need no signature", "reconciler/ledger", "reconciler/ledger/verifystep.go",
		"signer, err := signedBy(c, v.keys, v.opts.VerifyCommit)\n\tif err != nil {",
		"signer, err := signedBy(c, v.keys, v.opts.VerifyCommit)\n\tif err != nil && false {",
		"TestTamperingIsFound",
	},
	{
		"expunged evidence is read from an older volume", "reconciler/ledger", "reconciler/ledger/volumes.go",
		" || slices.Contains(l.head.Expunged, d) {",
		" {",
		"TestWhatWasExpungedIsNotReadFromAnOlderVolume",
	},
	{
		"a file with the states of other cells says that a cell has none", "reconciler/ledger", "reconciler/ledger/buckets.go",
		"if !b.lies(path) {",
		"if false {",
		"TestReadingDoubtsWhatLiesInAnothersPlace",
	},
	{
		"a tree keeps what closed volumes hold", "reconciler/ledger", "reconciler/ledger/grow.go",
		"if g.from.fullVolume() {\n\t\tbefore =",
		"if false {\n\t\tbefore =",
		"TestATreeHoldsTheLastVolumeAlone",
	},
	{
		"the chain of entries is not compared", "reconciler/ledger", "reconciler/ledger/verifystep.go",
		"if e.Prev != l.prev {",
		"if false {",
		"TestTamperingIsFound",
	},
	{
		"time in the ledger goes back", "reconciler/ledger", "reconciler/ledger/verifystep.go",
		"if e.At.Before(l.at) {",
		"if false {",
		"TestTamperingIsFound",
	},
	{
		"the folded state is not compared", "reconciler/ledger", "reconciler/ledger/verifystep.go",
		"if want == root {",
		"if true {",
		"TestTamperingIsFound",
	},
	{
		"a shorter ledger than was seen passes", "reconciler/ledger", "reconciler/ledger/verify.go",
		"if c.Size > size {",
		"if false {",
		"TestTamperingIsFound",
	},
	{
		"another ledger of the same size passes", "reconciler/ledger", "reconciler/ledger/verifystep.go",
		"if c.Root != next.edge.root() {",
		"if false {",
		"TestTamperingIsFound",
	},
	{
		"an unknown version is read", "reconciler/ledger", "reconciler/ledger/check.go",
		"if e.V != Version {",
		"if false {",
		"TestTamperingIsFound|TestDecodeIsStrict",
	},
	{
		"lost evidence is no finding", "reconciler/ledger", "reconciler/ledger/verifyevidence.go",
		"if !v.expunged[l.digest] {",
		"if false {",
		"TestTamperingIsFound",
	},
	{
		"a cosignature is not verified", "reconciler/ledger", "reconciler/ledger/cosignature.go",
		"return at <= math.MaxInt64 && ed25519.Verify(c.key.Key, cosignedMessage(int64(at), msg), sig[8:])",
		"return at <= math.MaxInt64 && len(cosignedMessage(0, msg)) > 0",
		"TestBadCosignaturesAreRefused",
	},
	{
		"a replaced log key appends", "reconciler/ledger", "reconciler/ledger/handover.go",
		"if s := at.head.Signer; s != nil && s.Key != FormatLogKey(signer) {",
		"if s := at.head.Signer; s != nil && s.Seq < 0 && s.Key != FormatLogKey(signer) {",
		"TestAReplacedKeySignsNoMore",
	},
	{
		"a log key hands over to a key that the trust does not name", "reconciler/ledger", "reconciler/ledger/verifykeys.go",
		"ok && (!holds(named, signer) || !holds(named, next))",
		"ok && holds(named, signer) && false",
		"TestARotationNeedsTheTrustToNameBothKeys",
	},
}

// Package ledger records what was decided, so that anybody can prove it later from a plain clone.
//
// A [Ledger] is a commit of the branch sluice/ledger. Its tree is the current state, so that a start reads one tree; its
// history is the audit trail. [Ledger.Append] makes the next commit and writes nothing itself: the caller pushes the
// batch with compare-and-swap on the old tip, so that two reconcilers cannot both decide. The state is a pure fold of the
// entries ([Fold], [FoldHead], [FoldRefs]), and [Verify] makes every append again and compares. FORMAT.md beside this
// file has every field, the rules of the fold and how to verify a ledger without this program.
//
// Trusted is who holds the log key. Whoever can only write to the branch can remove it or bring an older one back, and
// both are noticed by [Open] with Options.Before; a thief of the log key can add entries, but not change or drop one that
// somebody has seen a checkpoint of.
package ledger

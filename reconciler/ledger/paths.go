package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// The files at the top of the ledger's tree.
const (
	headPath       = "head.json"
	refsPath       = "refs.json"
	merklePath     = "merkle"
	checkpointPath = "checkpoint"
	volumesPath    = "volumes"

	stateDir    = "state"
	entriesDir  = "entries"
	evidenceDir = "evidence"
)

// maxSeq is the last number that three directories of a thousand names can hold.
const maxSeq = 1_000_000_000 - 1

// EntryPath returns where an entry lies: a thousand files in a directory, a thousand directories in one above.
func EntryPath(seq int64) string {
	return fmt.Sprintf("%s/%03d/%03d/%d.json", entriesDir, seq/1_000_000, seq/1000%1000, seq)
}

// Form is how a ledger spreads its files over directories. Genesis chooses it, for good: git walks every directory of a ledger
// when an append is pushed, so the fewer there are, the sooner it is through.
type Form int

const (
	// Deep is the form of ledgers that name none: 65,536 directories for evidence and for each stage.
	Deep Form = 0
	// Flat has 4,096 directories for evidence and 256 for each stage.
	Flat Form = 2
	// Volumes has the directories of Flat, but 256 files of states for each stage instead of one for each cell, and the tree
	// of a commit holds the entries and evidence of the last volume alone: the older ones lie in the trees of the commits
	// that file volumes names. So what git walks in a push does not grow with the ledger.
	Volumes Form = 3
)

// known reports whether this program can tell where files lie.
func (f Form) known() bool { return f == Deep || f == Flat || f == Volumes }

// bucketed reports whether the states of several cells lie in one file.
func (f Form) bucketed() bool { return f == Volumes }

// StatePath returns where the state of a cell lies, alone or among others. Names are hashed, so that an app of several
// segments is one file and no directory grows over 256 directories.
func (f Form) StatePath(c schema.Cell) string {
	hexed := appHash(c.App)
	switch f {
	case Volumes:
		return fmt.Sprintf("%s/%s/%s.jsonl", stateDir, c.Stage, hexed[:2])
	case Flat:
		return fmt.Sprintf("%s/%s/%s/%s.json", stateDir, c.Stage, hexed[:2], hexed)
	}
	return fmt.Sprintf("%s/%s/%s.json", stateDir, c.Stage, sharded(hexed))
}

func appHash(a schema.App) string {
	sum := sha256.Sum256([]byte(a))
	return hex.EncodeToString(sum[:])
}

// EvidencePath returns where the evidence of that digest lies.
func (f Form) EvidencePath(d schema.Digest) string {
	hexed := d.Hex()
	switch f {
	case Volumes:
		return evidenceDir + "/" + hexed[:2] + "/" + hexed
	case Flat:
		return evidenceDir + "/" + hexed[:2] + "/" + hexed[2:3] + "/" + hexed
	}
	return evidenceDir + "/" + sharded(hexed)
}

func sharded(hexed string) string { return hexed[:2] + "/" + hexed[2:4] + "/" + hexed }

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

// StatePath returns where the state of a cell lies. Names are hashed, so that an app of several segments is one file
// and no directory grows over 256 directories.
func StatePath(c schema.Cell) string {
	sum := sha256.Sum256([]byte(c.App))
	return fmt.Sprintf("%s/%s/%s.json", stateDir, c.Stage, sharded(hex.EncodeToString(sum[:])))
}

// EvidencePath returns where the evidence of that digest lies.
func EvidencePath(d schema.Digest) string { return evidenceDir + "/" + sharded(d.Hex()) }

func sharded(hexed string) string { return hexed[:2] + "/" + hexed[2:4] + "/" + hexed }

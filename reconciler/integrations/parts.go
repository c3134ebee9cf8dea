package integrations

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// PartSize is the length in bytes of every part of a document but the last.
const PartSize = 512 << 10

// PartList is the manifest of a document that lies in parts beside its head. Like the parts it follows from the document
// alone, so that writing it twice, or by two reconcilers, writes the same. Its JSON has exactly these fields in this order.
type PartList struct {
	V     int           `json:"v"` // 1
	Doc   schema.Digest `json:"doc"`
	Size  int64         `json:"size"`
	Parts []Part        `json:"parts"` // in order
}

// Part names one part.
type Part struct {
	Digest schema.Digest `json:"digest"`
	Size   int           `json:"size"`
}

// CutDocument returns the parts of a document and their list. The parts share the document's memory.
func CutDocument(document []byte) (PartList, [][]byte) {
	list := PartList{V: 1, Doc: schema.DigestOf(document), Size: int64(len(document)), Parts: []Part{}}
	var parts [][]byte
	for from := 0; from < len(document); from += PartSize {
		part := document[from:min(from+PartSize, len(document))]
		parts = append(parts, part)
		list.Parts = append(list.Parts, Part{Digest: schema.DigestOf(part), Size: len(part)})
	}
	return list, parts
}

// CountParts is how many parts a document of so many bytes has.
func CountParts(size int) int { return (size + PartSize - 1) / PartSize }

// Encode writes the list's only form.
func (l PartList) Encode() ([]byte, error) { return json.Marshal(l) }

// JoinParts returns the document that a head names. Nothing is believed but the head.
func (b Body) JoinParts(parts [][]byte) ([]byte, error) {
	document := bytes.Join(parts, nil)
	if len(parts) != b.Blobs || int64(len(document)) != b.Size || schema.DigestOf(document) != b.Doc {
		return nil, fmt.Errorf("%w: %d parts of %d bytes are not its document", ErrHead, len(parts), len(document))
	}
	return document, nil
}

package gitrepo

import (
	"encoding/binary"
	"math"

	"github.com/sluice-gitops/sluice/schema"
)

// deltaOf is what makes an object of the one that it is near to; ok is false if that is none to rest on, or saves little.
func deltaOf(o schema.Object) (delta []byte, ok bool) {
	near := o.Near
	if near == nil || near.Kind != o.Kind || near.ID == o.ID || len(near.Data) > math.MaxUint32 {
		return nil, false
	}
	if verify(near.ID, near.Kind, near.Data) != nil {
		return nil, false
	}
	delta = difference(near.Data, o.Data)
	return delta, len(delta) < len(o.Data)/2
}

const (
	maxCopied   = 1<<16 - 1 // bytes that one instruction copies
	maxInserted = 1<<7 - 1
	minCopied   = 16 // a copy of fewer bytes may take more to say than they are
)

// difference writes what turns a into b as git has it in packs: sizes, then what is copied from a and what is put in. It finds what
// stayed at its place, counted from the beginning or, after the last change, from the end: enough for a directory or a list in
// which some lines changed, or in which one came or went.
func difference(a, b []byte) []byte {
	out := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(a))), uint64(len(b)))
	end := 0
	for end < min(len(a), len(b)) && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	tail := len(b) - end
	for at := 0; at < tail; {
		same := sameBytes(a[min(at, len(a)-end):len(a)-end], b[at:tail])
		if same >= minCopied {
			out = appendCopies(out, at, same)
			at += same
			continue
		}
		from := at
		for at < tail && same < minCopied {
			at += same + 1
			same = sameBytes(a[min(at, len(a)-end):len(a)-end], b[min(at, tail):tail])
		}
		at = min(at, tail)
		out = appendInserts(out, b[from:at])
	}
	return appendCopies(out, len(a)-end, end)
}

// sameBytes is how many bytes both begin with.
func sameBytes(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

func appendCopies(out []byte, from, size int) []byte {
	for size > 0 {
		n := min(size, maxCopied)
		op, place := byte(0x80), len(out)
		out = append(out, op)
		for i, field := range []struct{ value, bytes int }{{from, 4}, {n, 2}} {
			for j := range field.bytes {
				if part := byte(field.value >> (8 * j)); part != 0 {
					op |= 1 << (4*i + j)
					out = append(out, part)
				}
			}
		}
		out[place] = op
		from, size = from+n, size-n
	}
	return out
}

func appendInserts(out, data []byte) []byte {
	for len(data) > 0 {
		n := min(len(data), maxInserted)
		out = append(append(out, byte(n)), data[:n]...)
		data = data[n:]
	}
	return out
}

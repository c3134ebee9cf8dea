package gitrepo

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// TestADifferenceMakesWhatItWasMadeOf edits lists at random, and wants them back from what differs.
func TestADifferenceMakesWhatItWasMadeOf(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // of a test
	noise := func(n int) []byte {
		out := make([]byte, n)
		for i := range out {
			out[i] = byte(random.IntN(4)) // so that bytes are alike by chance as well
		}
		return out
	}
	for range 2000 {
		a := noise(random.IntN(400))
		if random.IntN(20) == 0 {
			a = noise(200_000)
		}
		b := bytes.Clone(a)
		for range random.IntN(5) {
			from := random.IntN(len(b) + 1)
			to := from + random.IntN(min(len(b)-from, 50)+1)
			b = bytes.Join([][]byte{b[:from], noise(random.IntN(300)), b[to:]}, nil)
		}
		delta := difference(a, b)
		got, err := packfile.PatchDelta(a, delta)
		if len(a) == 0 || len(b) == 0 {
			continue // go-git makes nothing of nothing
		}
		if err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%d bytes to %d by %d: %v", len(a), len(b), len(delta), err)
		}
	}
}

// TestADifferenceIsSmall: of a long list, each of these is some bytes.
func TestADifferenceIsSmall(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // of a test
	a := make([]byte, 360_000)
	for i := range a {
		a[i] = byte(random.Uint32())
	}
	changed := func(at ...int) []byte {
		b := bytes.Clone(a)
		for _, at := range at {
			copy(b[at:], "twenty other bytes..")
		}
		return b
	}
	for name, b := range map[string][]byte{
		"nothing":        a,
		"one line":       changed(180_000),
		"three lines":    changed(0, 180_000, 359_980),
		"a line more":    bytes.Join([][]byte{a[:100_000], []byte("a new line"), a[100_000:]}, nil),
		"a line less":    append(bytes.Clone(a[:100_000]), a[100_036:]...),
		"one at the end": append(bytes.Clone(a), "a new line"...),
	} {
		if delta := difference(a, b); len(delta) > 200 {
			t.Errorf("%s: %d bytes", name, len(delta))
		}
	}
}

package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// VolumeEntries is after how many entries new ledgers begin a volume: some thousand files of entries and evidence, through
// which git is in some milliseconds.
const VolumeEntries = 1000

// volume is the part of a ledger that a commit holds, and the trees after it hold no more.
type volume struct {
	last   int64 // number of its last entry
	commit schema.Hash
}

// volumes are the closed ones, oldest first; the last volume is the tree itself. They are never changed once they are made.
type volumes []volume

func (vs volumes) last() int64 {
	if len(vs) == 0 {
		return 0
	}
	return vs[len(vs)-1].last
}

// of returns the closed volume that holds an entry.
func (vs volumes) of(seq int64) (volume, bool) {
	at, _ := slices.BinarySearchFunc(vs, seq, func(v volume, seq int64) int { return int(v.last - seq) })
	if at == len(vs) {
		return volume{}, false
	}
	return vs[at], true
}

func (vs volumes) encode() []byte {
	var b bytes.Buffer
	for _, v := range vs {
		fmt.Fprintf(&b, "%d %s\n", v.last, v.commit)
	}
	return b.Bytes()
}

func parseVolumes(data []byte) (volumes, error) {
	var vs volumes
	for line := range strings.Lines(string(data)) {
		last, commit, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		n, errLast := strconv.ParseInt(last, 10, 64)
		id, errCommit := schema.ParseHash(commit)
		if err := errors.Join(errLast, errCommit); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(vs)+1, err)
		}
		if n <= vs.last() {
			return nil, fmt.Errorf("line %d: entry %d after %d", len(vs)+1, n, vs.last())
		}
		vs = append(vs, volume{last: n, commit: id})
	}
	if !bytes.Equal(vs.encode(), data) {
		return nil, errors.New("not in its written form")
	}
	return vs, nil
}

// readVolumes reads which volumes are closed; a ledger in its first one has no such file.
func (l *Ledger) readVolumes(ctx context.Context) error {
	l.volumes = nil
	if l.head.Form != Volumes {
		return nil
	}
	data, err := l.store.file(ctx, l.root, volumesPath)
	if errors.Is(err, ErrMissing) {
		return nil
	}
	if err != nil {
		return err
	}
	if l.volumes, err = parseVolumes(data); err != nil {
		return doubt(UnknownFormat, "%s: %w", volumesPath, err)
	}
	return nil
}

// fullVolume reports whether the next append begins a volume.
func (l *Ledger) fullVolume() bool {
	return l.head.Form == Volumes && !l.tip.IsZero() && l.edge.size-l.volumes.last() >= l.head.Volume
}

// rootOf returns the tree of the commit that closed a volume.
func (l *Ledger) rootOf(ctx context.Context, v volume) (schema.Hash, error) {
	if root, ok := l.store.roots.get(v.commit); ok {
		return root, nil
	}
	c, err := l.readCommit(ctx, v.commit)
	if err != nil {
		return schema.Hash{}, fmt.Errorf("volume up to entry %d: %w", v.last, err)
	}
	l.store.roots.put(v.commit, c.tree)
	return c.tree, nil
}

// rawEntry returns the bytes of an entry, from the volume that holds it.
func (l *Ledger) rawEntry(ctx context.Context, seq int64) ([]byte, error) {
	root := l.root
	if v, closed := l.volumes.of(seq); closed {
		var err error
		if root, err = l.rootOf(ctx, v); err != nil {
			return nil, err
		}
	}
	return l.store.file(ctx, root, EntryPath(seq))
}

// findEvidence returns where the evidence of a digest lies: in the tree, in the volume of an entry that names it (0: not known), else
// in the newest that holds it. ok is false when none does, or when an expunge entry had it removed since.
func (l *Ledger) findEvidence(ctx context.Context, d schema.Digest, seq int64) (item, bool, error) {
	path := l.head.Form.EvidencePath(d)
	i, ok, err := l.store.find(ctx, l.root, path)
	if err != nil || ok || len(l.volumes) == 0 || slices.Contains(l.head.Expunged, d) {
		return i, ok, err
	}
	order := slices.Clone(l.volumes)
	if v, closed := l.volumes.of(seq); seq > 0 && closed {
		order = append(order, v)
	}
	for _, v := range slices.Backward(order) {
		root, err := l.rootOf(ctx, v)
		if err != nil {
			return item{}, false, err
		}
		if i, ok, err := l.store.find(ctx, root, path); err != nil || ok {
			return i, ok, err
		}
	}
	return item{}, false, nil
}

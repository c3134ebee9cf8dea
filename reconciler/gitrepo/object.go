package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// CommitInfo is schema's.
type CommitInfo = schema.CommitInfo

// Object returns the raw bytes of an object whose id was computed again, with a search for SHA-1 collisions.
// [ErrMissing] and [ErrMismatch] tell an absent object from a damaged one.
func (r *Repo) Object(ctx context.Context, id schema.Hash) (schema.ObjectKind, []byte, error) {
	if err := ctx.Err(); err != nil {
		return "", nil, err
	}
	kind, data, err := r.store.read(id)
	if errors.Is(err, ErrMissing) {
		return r.elsewhere(id, err)
	}
	return kind, data, err
}

func (r *Repo) objectOf(ctx context.Context, want schema.ObjectKind, id schema.Hash) ([]byte, error) {
	kind, data, err := r.Object(ctx, id)
	if err != nil {
		return nil, err
	}
	if kind != want {
		return nil, fmt.Errorf("object %s is a %s, want a %s: %w", id, kind, want, ErrMismatch)
	}
	return data, nil
}

// Blob returns the bytes of a file, at most Limits.Object of them.
func (r *Repo) Blob(ctx context.Context, id schema.Hash) ([]byte, error) {
	return r.objectOf(ctx, schema.BlobObject, id)
}

// Commit returns a commit's place in history.
func (r *Repo) Commit(ctx context.Context, id schema.Hash) (CommitInfo, error) {
	if c, ok := r.commits.get(id); ok {
		return c, nil
	}
	data, err := r.objectOf(ctx, schema.CommitObject, id)
	if err != nil {
		return CommitInfo{}, err
	}
	return r.keepCommit(id, data)
}

func (r *Repo) keepCommit(id schema.Hash, data []byte) (CommitInfo, error) {
	c, err := parseCommit(id, data)
	if err != nil {
		return CommitInfo{}, err
	}
	r.commits.put(id, c, int64(200+20*len(c.Parents)))
	return c, nil
}

func parseCommit(id schema.Hash, data []byte) (CommitInfo, error) {
	c := CommitInfo{ID: id}
	for i := 0; ; i++ {
		line, rest, found := bytes.Cut(data, []byte("\n"))
		if !found || len(line) == 0 {
			break
		}
		data = rest
		key, value, _ := bytes.Cut(line, []byte(" "))
		var err error
		switch {
		case i == 0 && string(key) == "tree":
			c.Tree, err = schema.ParseHash(string(value))
		case i == 0:
			return CommitInfo{}, fmt.Errorf("commit %s: begins with %.20q, want its tree", id, line)
		case string(key) == "parent" && len(c.Parents) == i-1:
			var parent schema.Hash
			parent, err = schema.ParseHash(string(value))
			c.Parents = append(c.Parents, parent)
		case string(key) == "committer" && c.Time.IsZero():
			c.Time = identityTime(value)
		}
		if err != nil {
			return CommitInfo{}, fmt.Errorf("commit %s: %w", id, err)
		}
	}
	if c.Tree.IsZero() {
		return CommitInfo{}, fmt.Errorf("commit %s: names no tree", id)
	}
	return c, nil
}

// identityTime reads the seconds after the last ">"; zero where there are none.
func identityTime(value []byte) time.Time {
	after := value[bytes.LastIndexByte(value, '>')+1:]
	fields := bytes.Fields(after)
	if len(fields) == 0 {
		return time.Time{}
	}
	seconds, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// Write puts objects into the local store. Nothing points to them until a ref does.
func (r *Repo) Write(ctx context.Context, objects []schema.Object) error {
	if r.readOnly {
		return fmt.Errorf("write objects to %s: opened for reading only: %w", r.dir, ErrUsage)
	}
	if len(objects) == 0 {
		return nil
	}
	pack, err := encodePack(objects)
	if err != nil {
		return fmt.Errorf("write objects: %w", err)
	}
	if err := r.write(ctx, pack); err != nil {
		return fmt.Errorf("write objects to %s: %w", r.dir, err)
	}
	r.packed.Store(&packed{idsOf(objects), pack})
	return nil
}

// packed is what was last written. Whoever pushes the same needs to pack it no more, and the mirror has it.
type packed struct {
	ids  []schema.Hash
	pack []byte
}

func idsOf(objects []schema.Object) []schema.Hash {
	ids := make([]schema.Hash, len(objects))
	for i, o := range objects {
		ids[i] = o.ID
	}
	return ids
}

// writtenPack is the pack of objects that were written just before; nil for others.
func (r *Repo) writtenPack(objects []schema.Object) []byte {
	if last := r.packed.Swap(nil); last != nil && slices.Equal(last.ids, idsOf(objects)) {
		return last.pack
	}
	return nil
}

func (r *Repo) write(ctx context.Context, pack []byte) error {
	if err := r.store.receivePack(ctx, bytes.NewReader(pack), r.limits); err != nil {
		return err
	}
	_, err := r.store.scan()
	return err
}

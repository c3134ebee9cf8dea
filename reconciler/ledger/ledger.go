package ledger

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// Options say whose ledger is opened, and whom it has to be signed by.
type Options struct {
	// Project is the id from the trust root; the ledger has to name it.
	Project string
	// Anchor, if given, is the digest of trust version 1 that genesis has to name.
	Anchor schema.Digest
	// LogKeys are the log keys in force, as the trust root writes them.
	LogKeys []string
	// VerifyCommit checks the signature of the ledger's commits.
	VerifyCommit CommitVerifier
	// Before, if given, is the ledger as it was opened last: the one opened now has to go on from it, and shares what
	// that one has in memory.
	Before *Ledger
}

// Ledger is the ledger at one commit. It never changes; an append gives another one. It may be used from several goroutines.
type Ledger struct {
	opts  Options
	keys  []ed25519.PublicKey
	store *store

	tip  schema.Hash // commit
	root schema.Hash // tree
	head Head
	refs Refs
	edge edge
	// volumes hold what the tree holds no more.
	volumes volumes

	cells *cellMemo
}

// Open reads the ledger at a commit of its branch; a zero tip is a ledger without entries. It checks the commit's signature
// and the checkpoint's, that the checkpoint is the Merkle root of the right edge, and that both speak of this project:
// whoever holds no log key can have changed nothing. That every entry before is what was written then is for [Verify].
//
// The error wraps [ErrDoubt] if the ledger itself is wrong, and not if it could not be read.
func Open(ctx context.Context, objs Objects, tip schema.Hash, opts Options) (*Ledger, error) {
	l, err := newLedger(objs, opts)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if err := l.load(ctx, tip); err != nil {
		return nil, fmt.Errorf("open ledger at %s: %w", tip.Short(), err)
	}
	if opts.Before != nil {
		if err := l.follows(ctx, opts.Before); err != nil {
			return nil, fmt.Errorf("open ledger at %s: %w", tip.Short(), err)
		}
	}
	return l, nil
}

// newLedger returns a ledger without entries.
func newLedger(objs Objects, opts Options) (*Ledger, error) {
	if err := checkProject(opts.Project); err != nil {
		return nil, err
	}
	keys, err := ParseLogKeys(opts.LogKeys)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 || opts.VerifyCommit == nil {
		return nil, errors.New("no log key to verify it by")
	}
	l := &Ledger{opts: opts, keys: keys, store: newStore(objs), cells: &cellMemo{}}
	if b := opts.Before; b != nil {
		l.store.trees, l.store.states, l.store.buckets, l.store.roots = b.store.trees, b.store.states, b.store.buckets, b.store.roots
		l.cells = b.cells.next()
	}
	l.opts.Before = nil // else every ledger would keep all that came before it
	return l, nil
}

func (l *Ledger) load(ctx context.Context, tip schema.Hash) error {
	if tip.IsZero() {
		return nil
	}
	c, err := l.readCommit(ctx, tip)
	if err != nil {
		return err
	}
	signer, err := signedBy(c, l.keys, l.opts.VerifyCommit)
	if err != nil {
		return err
	}
	l.tip, l.root = tip, c.tree
	checkpoint, err := l.readCheckpoint(ctx)
	if err != nil {
		return err
	}
	if err := l.readState(ctx); err != nil {
		return err
	}
	if err := l.agree(checkpoint); err != nil {
		return err
	}
	return l.signerInForce(ctx, c, signer)
}

// readCommit returns a commit that has several parents with the error, for who wants to report more.
func (l *Ledger) readCommit(ctx context.Context, id schema.Hash) (commit, error) {
	raw, err := l.store.object(ctx, id, schema.CommitObject)
	if err != nil {
		return commit{}, err
	}
	c, err := parseCommit(raw)
	if err != nil {
		return commit{}, doubt(LogSignature, "%w", err)
	}
	if len(c.parents) > 1 {
		return c, doubt(LogFork, "commit %s has %d parents", id, len(c.parents))
	}
	return c, nil
}

// signedBy returns which of the keys signed the commit.
func signedBy(c commit, keys []ed25519.PublicKey, verify CommitVerifier) (ed25519.PublicKey, error) {
	if c.armored == nil {
		return nil, doubt(LogSignature, "commit is not signed")
	}
	var errs []error
	for _, key := range keys {
		err := verify(c.payload, c.armored, key)
		if err == nil {
			return key, nil
		}
		errs = append(errs, err)
	}
	return nil, doubt(LogSignature, "commit is not signed by a log key: %w", errors.Join(errs...))
}

func (l *Ledger) readCheckpoint(ctx context.Context) (Checkpoint, error) {
	signed, err := l.top(ctx, checkpointPath)
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := OpenCheckpoint(signed, l.opts.Project, l.keys)
	if err != nil {
		return Checkpoint{}, doubt(LogSignature, "%w", err)
	}
	return c, nil
}

func (l *Ledger) readState(ctx context.Context) error {
	merkle, err := l.top(ctx, merklePath)
	if err != nil {
		return err
	}
	if l.edge, err = parseEdge(merkle); err != nil {
		return doubt(StateMismatch, "%w", err)
	}
	if l.head, err = readTop[Head](ctx, l, headPath); err != nil {
		return err
	}
	if l.refs, err = readTop[Refs](ctx, l, refsPath); err != nil {
		return err
	}
	return l.readVolumes(ctx)
}

// agree checks that what the tree says of itself is one story.
func (l *Ledger) agree(c Checkpoint) error {
	switch {
	case l.edge.size != c.Size || l.edge.root() != c.Root:
		return doubt(LogChain, "the checkpoint (%d entries) is not the root of the right edge (%d entries)", c.Size, l.edge.size)
	case l.head.Size != c.Size || c.Size < 1:
		return doubt(StateMismatch, "head counts %d entries, the checkpoint %d", l.head.Size, c.Size)
	case l.head.Project != l.opts.Project:
		return doubt(LogOrigin, "the ledger is of project %q, want %q", l.head.Project, l.opts.Project)
	case l.opts.Anchor != "" && l.head.Anchor != l.opts.Anchor:
		return doubt(AnchorMismatch, "the ledger begins with trust root %s, want %s", l.head.Anchor, l.opts.Anchor)
	}
	return nil
}

// top reads a file that every ledger has; without it the ledger is in doubt.
func (l *Ledger) top(ctx context.Context, path string) ([]byte, error) {
	data, err := l.store.file(ctx, l.root, path)
	if errors.Is(err, ErrMissing) {
		return nil, doubt(StateMismatch, "%w", err)
	}
	return data, err
}

// readTop reads a JSON file that every ledger has.
func readTop[T any](ctx context.Context, l *Ledger, path string) (T, error) {
	var v T
	data, err := l.top(ctx, path)
	if err != nil {
		return v, err
	}
	if err := decodeLine(data, &v); err != nil {
		return v, doubt(UnknownFormat, "%s: %w", path, err)
	}
	return v, nil
}

// Tip returns the commit; zero when there is no entry yet.
func (l *Ledger) Tip() schema.Hash { return l.tip }

// Head returns what is in force for the whole project. Its maps are shared: do not change them.
func (l *Ledger) Head() Head { return l.head }

// Refs returns what was last seen of the refs. Its maps are shared: do not change them.
func (l *Ledger) Refs() Refs { return l.refs }

// SignedCheckpoint returns the signed note of the checkpoint, as the ledger's tree holds it.
func (l *Ledger) SignedCheckpoint(ctx context.Context) ([]byte, error) {
	return l.top(ctx, checkpointPath)
}

// Checkpoint returns how long the ledger is and its Merkle root.
func (l *Ledger) Checkpoint() Checkpoint {
	return Checkpoint{Origin: l.opts.Project, Size: l.edge.size, Root: l.edge.root()}
}

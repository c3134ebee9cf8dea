package reconciler

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// ledgerOptions opens the ledger as that of the operator's log keys and of those that the trust in force names, as far as
// it is known: another reconciler may have gone over to a key that this one has not.
func (r *Reconciler) ledgerOptions(project string) ledger.Options {
	return ledger.Options{
		Project: project, Anchor: r.cfg.Anchor, Before: r.known, LogKeys: r.logKeys(), VerifyCommit: VerifyLogCommit,
	}
}

func (r *Reconciler) logKeys() []string {
	keys := []string{ledger.FormatLogKey(r.cfg.LogKey.PublicKey())}
	if r.cfg.NextLogKey != nil {
		keys = append(keys, ledger.FormatLogKey(r.cfg.NextLogKey.PublicKey()))
	}
	if r.rules != nil {
		keys = append(keys, r.rules.trust.Root.LogKeys...)
	}
	return keys
}

// signer is the log key that signs now.
func (p *pass) signer() ledger.Signer {
	s := p.ledger.Head().Signer
	if s != nil && p.cfg.NextLogKey != nil && s.Key == ledger.FormatLogKey(p.cfg.NextLogKey.PublicKey()) {
		return p.cfg.NextLogKey
	}
	return p.cfg.LogKey
}

// checkSigner refuses to go on with a key that signs no more: its heads and entries would be nobody's.
func (p *pass) checkSigner() error {
	s := p.ledger.Head().Signer
	if s == nil || s.Key == ledger.FormatLogKey(p.signer().PublicKey()) {
		return nil
	}
	return fmt.Errorf("log_key_file: entry #%d put the key %s in its place [log-key-replaced]: %w", s.Seq, fingerprint(s.Key), ledger.ErrReplacedKey)
}

// explainSigner says of a ledger by an unknown key which key it claims to be signed by. That proves nothing: only the
// operator knows whether it is theirs.
func (r *Reconciler) explainSigner(ctx context.Context, tip schema.Hash, err error) error {
	var d *ledger.Doubt
	if !errors.As(err, &d) || d.Code != ledger.LogSignature {
		return err
	}
	claimed, readErr := ledger.Unverified(ctx, r.cfg.Ledger, tip)
	if readErr != nil || claimed.Head().Signer == nil {
		return err
	}
	s := claimed.Head().Signer
	return fmt.Errorf("the ledger says that entry #%d put the log key %s in place; if that is yours, give it as log_key_file: %w", s.Seq, fingerprint(s.Key), err)
}

// useKeys tells the targets which key signs heads, and whose heads are ours.
func (p *pass) useKeys() error {
	if p.cfg.HeadKeys == nil {
		return nil
	}
	believed := map[string]ed25519.PublicKey{}
	for _, line := range p.logKeys() {
		key, err := ledger.ParseLogKey(line)
		if err != nil {
			return fmt.Errorf("log key of the trust in force: %w", err)
		}
		believed[signing.LogKeyID(key)] = key
	}
	return p.cfg.HeadKeys.Use(signing.LogKeyID(p.signer().PublicKey()), believed)
}

// rotate hands the ledger over to the next log key, once the trust in force names both (RULES R23). The new key signs an
// entry at once: that shows that somebody holds it, and from then on it alone opens the ledger.
func (p *pass) rotate(ctx context.Context, report *Report) error {
	if p.cfg.NextLogKey == nil {
		return nil
	}
	own, next := ledger.FormatLogKey(p.cfg.LogKey.PublicKey()), ledger.FormatLogKey(p.cfg.NextLogKey.PublicKey())
	if s := p.ledger.Head().Signer; s == nil || s.Key != next {
		if !names(p.rules.trust, own) || !names(p.rules.trust, next) {
			p.cfg.Log.Info("the next log key waits until the trust names it beside the present one", "key", fingerprint(next), "trust", p.rules.trust.Root.Version)
			return nil
		}
		order := &ledger.Order{LogKey: next}
		if err := p.record(ctx, report, []ledger.Entry{{Kind: ledger.KeyRotate, Order: order}}, nil); err != nil {
			return fmt.Errorf("replace the log key: %w", err)
		}
	}
	head := p.ledger.Head()
	if head.Size > head.Signer.Seq {
		return nil
	}
	if err := p.record(ctx, report, []ledger.Entry{{Kind: ledger.Observe, Code: ledger.KeyInUse}}, nil); err != nil {
		return fmt.Errorf("sign with the new log key: %w", err)
	}
	p.full = time.Time{} // heads are compared, and signed again, before the old key may be dropped
	return p.useKeys()
}

func names(t schema.Trust, line string) bool {
	return slices.ContainsFunc(t.Root.LogKeys, func(named string) bool {
		key, err := ledger.ParseLogKey(named)
		return err == nil && ledger.FormatLogKey(key) == line
	})
}

func fingerprint(line string) string {
	key, err := ledger.ParseLogKey(line)
	if err != nil {
		return line
	}
	return signing.LogKeyID(key)
}

// namedLogKeys reads which log keys the trust in force at a ledger names.
func namedLogKeys(ctx context.Context, l *ledger.Ledger) ([]string, error) {
	trust, err := trustAt(ctx, l)
	return trust.Root.LogKeys, err
}

// trustAt reads the trust in force at a ledger.
func trustAt(ctx context.Context, l *ledger.Ledger) (schema.Trust, error) {
	files, err := sealedFiles(ctx, l, l.Head().Control.Manifest)
	if err != nil {
		return schema.Trust{}, fmt.Errorf("read the trust in force: %w", err)
	}
	trust, found := schema.LoadTrust(below(files, trustDir))
	return trust, found.Err()
}

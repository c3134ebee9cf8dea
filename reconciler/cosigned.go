package reconciler

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// keepCosigned remembers the cosigned checkpoint here, and beside the live values.
func (p *pass) keepCosigned(ctx context.Context, before, signed []byte, keys []schema.WitnessKey) error {
	if string(before) == string(signed) {
		return nil
	}
	have, err := ledger.Cosignatures(signed, keys)
	if quorum := p.rules.trust.Root.Witnesses.Quorum; err == nil && len(have) < quorum {
		p.cfg.Log.Warn("too few witnesses cosigned", "cosigned", len(have), "quorum", quorum)
	}
	p.watched.cosigned = signed
	if err := replaceFile(p.cosignedFile(), signed); err != nil {
		p.cfg.Log.Warn("the cosigned checkpoint was not kept", "error", err)
	}
	return p.keepAll(ctx)
}

// betterThan reports whether a checkpoint is worth keeping in place of one that a target keeps. Of the same checkpoint it
// is the one that more witnesses cosigned, or the same number later; so two reconcilers do not write in turns.
func (p *pass) betterThan(signed, kept []byte) bool {
	text, _, _ := strings.Cut(string(signed), "\n\n")
	if !strings.HasPrefix(string(kept), text+"\n\n") {
		return true
	}
	keys, err := p.rules.trust.Root.Witnesses.Parsed()
	if err != nil {
		return false
	}
	n, at := weight(signed, keys)
	m, was := weight(kept, keys)
	return n > m || n == m && at > was
}

// weight counts the cosignatures and adds up their times.
func weight(signed []byte, keys []schema.WitnessKey) (n int, seconds int64) {
	cosigned, err := ledger.Cosignatures(signed, keys)
	if err != nil {
		return 0, 0
	}
	for _, c := range cosigned {
		seconds += c.At.Unix()
	}
	return len(cosigned), seconds
}

func (r *Reconciler) cosignedFile() string { return filepath.Join(r.cfg.StateDir, "cosigned") }

// recallCosigned reads the cosigned checkpoint that was kept; without it the witnesses are asked again.
func (r *Reconciler) recallCosigned() {
	r.watched = witnesses{sizes: map[string]int64{}, later: map[string]time.Time{}}
	if data, err := os.ReadFile(r.cosignedFile()); err == nil {
		r.watched.cosigned = data
	}
}

// checkpoint is the newest checkpoint as it is kept elsewhere: with the cosignatures that there are of it.
func (p *pass) checkpoint(ctx context.Context) ([]byte, error) {
	signed, err := p.ledger.SignedCheckpoint(ctx)
	if err != nil {
		return nil, err
	}
	text, _, _ := strings.Cut(string(signed), "\n\n")
	if cosigned := string(p.watched.cosigned); strings.HasPrefix(cosigned, text+"\n\n") {
		return p.watched.cosigned, nil
	}
	return signed, nil
}

package integrations

import (
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// LogKeys are the log keys as targets use them: one signs heads, several are believed. Targets hold it for as long as they
// are open; the reconciler changes it when a key replaces another. The zero value signs and believes nothing.
type LogKeys struct {
	mu       sync.RWMutex
	signers  []HeadSigner                 // whose private half is here
	present  string                       // id of the one that signs
	believed map[string]ed25519.PublicKey // by id, the present one among them
}

// HeadSigner is a log key that can sign heads.
type HeadSigner struct {
	ID   string // names the key in heads
	Key  ed25519.PublicKey
	Sign Signer
}

// NewLogKeys takes the keys whose private half the reconciler holds. The first signs, and it alone is believed, until Use
// says otherwise.
func NewLogKeys(signers ...HeadSigner) *LogKeys {
	k := &LogKeys{signers: signers, believed: map[string]ed25519.PublicKey{}}
	if len(signers) > 0 {
		k.present = signers[0].ID
		k.believed[k.present] = signers[0].Key
	}
	return k
}

// Use lets the key of that id sign from now on, and believes it and those given: the keys before it that the trust root
// still names. Heads that they signed are read as ours.
func (k *LogKeys) Use(id string, believed map[string]ed25519.PublicKey) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.IndexFunc(k.signers, func(s HeadSigner) bool { return s.ID == id })
	if i < 0 {
		return fmt.Errorf("log key %q: its private half is not here", id)
	}
	k.present, k.believed = id, maps.Clone(believed)
	if k.believed == nil {
		k.believed = map[string]ed25519.PublicKey{}
	}
	k.believed[id] = k.signers[i].Key
	return nil
}

// signer returns the key that signs now; its zero value signs nothing.
func (k *LogKeys) signer() HeadSigner {
	if k == nil {
		return HeadSigner{}
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, s := range k.signers {
		if s.ID == k.present {
			return s
		}
	}
	return HeadSigner{}
}

// key returns a believed key; nil if there is none of that id.
func (k *LogKeys) key(id string) ed25519.PublicKey {
	if k == nil {
		return nil
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.believed[id]
}

// keys returns all that are believed.
func (k *LogKeys) keys() []ed25519.PublicKey {
	if k == nil {
		return nil
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	return slices.Collect(maps.Values(k.believed))
}

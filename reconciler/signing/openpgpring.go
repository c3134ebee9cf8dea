package signing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	pgparmor "github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/sluice-gitops/sluice/schema"
)

// trustFromRing takes every key of every armored block apart, because a key file of the trust holds one. A person is named
// by the address of a user id.
func trustFromRing(data []byte) (schema.Trust, error) {
	var t schema.Trust
	begin := []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----")
	rest := data
	for {
		i := bytes.Index(rest, begin)
		if i < 0 {
			break
		}
		rest = rest[i+len(begin):]
		end := bytes.Index(rest, begin)
		if end < 0 {
			end = len(rest)
		}
		keys, err := keysOfBlock(append(bytes.Clone(begin), rest[:end]...))
		if err != nil {
			return schema.Trust{}, err
		}
		for _, key := range keys {
			entity, err := readEntity(key)
			if err != nil {
				return schema.Trust{}, fmt.Errorf("key %d: %w", len(t.Keys)+1, err)
			}
			addKey(&t, entityName(entity), schema.Key{
				Path: fmt.Sprintf("key %d", len(t.Keys)+1), Format: schema.OpenPGPKey, Data: key, Usages: []schema.KeyUsage{schema.UsageCommit},
			})
		}
	}
	return t, nil
}

// keysOfBlock splits one armored block into armored keys, byte for byte: each begins with a primary key's packet.
func keysOfBlock(block []byte) ([][]byte, error) {
	armored, err := pgparmor.Decode(bytes.NewReader(block))
	if err != nil {
		return nil, fmt.Errorf("OpenPGP armor: %w", err)
	}
	var keys []*bytes.Buffer
	packets := packet.NewOpaqueReader(armored.Body)
	for {
		p, err := packets.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("OpenPGP key ring: %w", err)
		}
		if p.Tag == publicKeyTag {
			keys = append(keys, &bytes.Buffer{})
		}
		if len(keys) == 0 {
			return nil, errors.New("OpenPGP key ring: it does not begin with a key")
		}
		if err := p.Serialize(keys[len(keys)-1]); err != nil {
			return nil, err
		}
	}
	var out [][]byte
	for _, key := range keys {
		text, err := armorKey(key.Bytes())
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}

// publicKeyTag is the packet type of a primary key (RFC 4880, 4.3).
const publicKeyTag = 6

func armorKey(key []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := pgparmor.Encode(&b, openpgp.PublicKeyType, nil)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(key); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// entityName is the address of the first user id in alphabetical order, which no clock changes; else its text, else the
// fingerprint.
func entityName(e *openpgp.Entity) string {
	names := slices.Sorted(maps.Keys(e.Identities))
	if len(names) == 0 {
		return fmt.Sprintf("%X", e.PrimaryKey.Fingerprint)
	}
	if id := e.Identities[names[0]].UserId; id != nil && id.Email != "" {
		return id.Email
	}
	return names[0]
}

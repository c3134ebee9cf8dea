package signing

import (
	"crypto/rsa"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sluice-gitops/sluice/schema"
)

// KeyInfo is what a public key says of itself, for people to read.
type KeyInfo struct {
	Fingerprint string // as verdicts name it: SHA256:…, or 40 hexadecimal digits
	Algorithm   string // as verdicts name it, RSA with its bits: ssh-ed25519, ssh-rsa 3072, openpgp-ed25519
}

// Describe reads a key file. The error says why no signature by the key could count: it is malformed, weak, or of a kind that
// is not supported. Whether the trust lets the key sign is not asked.
func Describe(key schema.Key) (KeyInfo, error) {
	switch key.Format {
	case schema.SSHKey:
		public, err := parsePublicLine(key.Data)
		if err != nil {
			return KeyInfo{}, err
		}
		return KeyInfo{Fingerprint: ssh.FingerprintSHA256(public), Algorithm: sshAlgorithm(public)}, nil
	case schema.OpenPGPKey:
		entity, err := readEntity(key.Data)
		if err != nil {
			return KeyInfo{}, err
		}
		info := KeyInfo{Fingerprint: strings.ToUpper(hex.EncodeToString(entity.PrimaryKey.Fingerprint))}
		keys := entityKeys(&owner{key: key}, entity)
		info.Algorithm = keys[0].algorithm
		if key, ok := entity.PrimaryKey.PublicKey.(*rsa.PublicKey); ok {
			info.Algorithm += " " + strconv.Itoa(key.N.BitLen())
		}
		if problem := entityProblem(keys, entity); problem != nil {
			return info, problem
		}
		return info, nil
	}
	return KeyInfo{}, refusedKey(CodeUnsupportedKeyType, "format %q: want %q or %q", key.Format, schema.SSHKey, schema.OpenPGPKey)
}

func sshAlgorithm(public ssh.PublicKey) string {
	if crypto, ok := public.(ssh.CryptoPublicKey); ok {
		if key, ok := crypto.CryptoPublicKey().(*rsa.PublicKey); ok {
			return public.Type() + " " + strconv.Itoa(key.N.BitLen())
		}
	}
	return public.Type()
}

// CheckProof says why a key of a version is not shown to be its owner's; nil if its proof is good.
func CheckProof(t schema.Trust, key schema.Key, at Acceptance) error {
	if why := checkProof(t, key, at); why != "" {
		return fmt.Errorf("%s: %s [%s]", key.Path, why, CodeTrustProof)
	}
	return nil
}

// KeyState says whether a signature made now by a key of the trust would count for something: ok, or the code that it would get.
func KeyState(t schema.Trust, key schema.Key, at time.Time) schema.Code {
	accept := Acceptance{At: at}
	ring, _ := NewKeyring(t)
	if ring.disables(key) {
		return CodeAmbiguousKey
	}
	if code, _ := accept.check(key, time.Time{}, false); code != CodeOK {
		return code
	}
	state := CodeOK
	for _, each := range ring.openpgp {
		if each.key.Path != key.Path {
			continue
		}
		if state, _ = each.selfState(accept); state == CodeOK && each.weak == "" {
			return CodeOK // one key of the file is enough
		}
	}
	return state
}

package signing

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/sluice-gitops/sluice/schema"
)

// judgeOpenPGP judges an OpenPGP signature. The library checks the mathematics; what a key says of itself was read when
// the ring was built and is held against the time of acceptance, so that neither the order of calls nor the committer's
// clock can change an answer.
func (k *Keyring) judgeOpenPGP(r request) finding {
	var f finding
	data, ok := openpgpArmor.read(r.signature)
	if !ok {
		return f.refuse(CodeMalformedObject, "the armor is not exactly as gpg writes it: no headers, a checksum, nothing after END")
	}
	sig, code, detail := readSignature(data)
	if code != CodeOK {
		return f.refuse(code, detail)
	}
	f.signedAt = sig.CreationTime.UTC()
	f.key = issuerName(sig)
	key, code, detail := k.issuer(sig)
	if code != CodeOK {
		return f.refuse(code, detail)
	}
	f.key, f.algorithm = key.fingerprint, key.algorithm
	if key.disabled != "" {
		return f.refuse(key.disabled, key.detail)
	}
	if key.weak != "" {
		return f.refuse(key.weak, key.why)
	}
	if problem := key.verify(r.message, sig); problem != "" {
		return f.refuse(CodeBadSignature, problem)
	}
	if f = f.admit(key.owner, r, true); f.code != CodeOK {
		return f
	}
	if expired(sig.CreationTime, sig.SigLifetimeSecs, r.at.At) {
		return f.refuse(CodeSignatureTooOld, "the signature says of itself that it has run out")
	}
	code, detail = key.selfState(r.at)
	return f.refuse(code, detail)
}

// issuer finds the key that a signature names, by full fingerprint, or by key id if it names no fingerprint.
func (k *Keyring) issuer(sig *packet.Signature) (*openpgpKey, schema.Code, string) {
	unknown := "no principal has the OpenPGP key " + issuerName(sig)
	if len(sig.IssuerFingerprint) > 0 {
		key, found := k.openpgp[string(sig.IssuerFingerprint)]
		if !found || sig.IssuerKeyVersion != 4 {
			return nil, CodeUnknownKey, unknown
		}
		if sig.IssuerKeyId == nil || *sig.IssuerKeyId != key.public.KeyId {
			return nil, CodeMalformedObject, "the signature names two issuers"
		}
		return key, CodeOK, ""
	}
	if sig.IssuerKeyId == nil {
		return nil, CodeUnknownKey, "the signature names no issuer"
	}
	switch keys := k.byID[*sig.IssuerKeyId]; len(keys) {
	case 0:
		return nil, CodeUnknownKey, unknown
	case 1:
		return keys[0], CodeOK, ""
	}
	return nil, CodeAmbiguousKey, "several keys have the id that the signature names, and it names no fingerprint"
}

// issuerName is how a signature names its issuer.
func issuerName(sig *packet.Signature) string {
	if len(sig.IssuerFingerprint) > 0 {
		return strings.ToUpper(hex.EncodeToString(sig.IssuerFingerprint))
	}
	if sig.IssuerKeyId != nil {
		return fmt.Sprintf("%016X", *sig.IssuerKeyId)
	}
	return ""
}

// verify checks the signature itself.
func (key *openpgpKey) verify(message []byte, sig *packet.Signature) string {
	if sig.CreationTime.Before(key.public.CreationTime) {
		return "the signature is older than its key"
	}
	for _, n := range sig.Notations {
		if n.IsCritical {
			return "the signature has a critical notation that is unknown"
		}
	}
	h, err := sig.PrepareVerify()
	if err != nil {
		return err.Error()
	}
	h.Write(message)
	if err := key.public.VerifySignature(h, sig); err != nil {
		return err.Error()
	}
	if sum := h.Sum(nil); !bytes.Equal(sum[:2], sig.HashTag[:]) { // VerifySignature has written the signed part of the packet
		return "the signature's hash prefix is not that of its hash"
	}
	return ""
}

// openpgpAlgorithm names a public key's algorithm, and says whether such keys may sign.
func openpgpAlgorithm(public *packet.PublicKey) (name string, code schema.Code, detail string) {
	switch public.PubKeyAlgo {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoRSASignOnly:
		n, err := public.BitLength()
		if err != nil || int(n) < minRSA {
			return "openpgp-rsa", CodeWeakAlgorithm, fmt.Sprintf("RSA with %d bits; want at least %d", n, minRSA)
		}
		return "openpgp-rsa", CodeOK, ""
	case packet.PubKeyAlgoDSA:
		return "openpgp-dsa", CodeWeakAlgorithm, "DSA keys are too weak"
	case packet.PubKeyAlgoEd25519:
		return "openpgp-ed25519", CodeOK, ""
	case packet.PubKeyAlgoEdDSA, packet.PubKeyAlgoECDSA:
		curve, err := public.Curve()
		if err != nil {
			return "openpgp-ecc", CodeUnsupportedKeyType, "an unknown curve"
		}
		return openpgpCurve(public.PubKeyAlgo, curve)
	}
	return "openpgp", CodeUnsupportedKeyType, fmt.Sprintf("OpenPGP algorithm %d", public.PubKeyAlgo)
}

func openpgpCurve(algorithm packet.PublicKeyAlgorithm, curve packet.Curve) (name string, code schema.Code, detail string) {
	if algorithm == packet.PubKeyAlgoEdDSA && curve == packet.Curve25519 {
		return "openpgp-ed25519", CodeOK, ""
	}
	name = "openpgp-ecdsa-" + strings.ToLower(string(curve))
	switch curve {
	case packet.CurveNistP256, packet.CurveNistP384, packet.CurveNistP521,
		packet.CurveBrainpoolP256, packet.CurveBrainpoolP384, packet.CurveBrainpoolP512:
		if algorithm == packet.PubKeyAlgoECDSA {
			return name, CodeOK, ""
		}
	}
	return name, CodeUnsupportedKeyType, fmt.Sprintf("the curve %s", curve)
}

// hashName names a hash for messages about a weak one.
func hashName(h crypto.Hash) string {
	if h == 0 {
		return "an unknown hash"
	}
	return h.String()
}

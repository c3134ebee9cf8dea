package signing

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"math/bits"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/sluice-gitops/sluice/schema"
)

// The numbers of RFC 4880 and RFC 9580 that the strict reading of a signature needs.
const (
	signatureTag          = 2
	binaryDocument        = 0
	subpacketIssuer       = 16
	subpacketIssuerFprint = 33
	algorithmRSA          = byte(packet.PubKeyAlgoRSA)
	algorithmRSASign      = byte(packet.PubKeyAlgoRSASignOnly)
	algorithmDSA          = byte(packet.PubKeyAlgoDSA)
	algorithmECDSA        = byte(packet.PubKeyAlgoECDSA)
	algorithmEdDSA        = byte(packet.PubKeyAlgoEdDSA)
	algorithmEd25519      = byte(packet.PubKeyAlgoEd25519)
	maxSignatureBits      = 16384
)

// readSignature reads the one OpenPGP signature packet that data may hold, and refuses whatever has a second way to be
// written: partial lengths, long forms of short lengths, numbers with leading zeros, trailing bytes, and anything beside
// the issuer in the part that is not signed. The code is ok or why not.
func readSignature(data []byte) (*packet.Signature, schema.Code, string) {
	body, rest, ok := cutSignaturePacket(data)
	if !ok {
		return nil, CodeMalformedObject, "not an OpenPGP signature packet"
	}
	if len(rest) > 0 {
		if _, _, another := cutSignaturePacket(rest); another {
			return nil, CodeMultipleSignatures, "more than one OpenPGP signature"
		}
		return nil, CodeMalformedObject, "bytes after the OpenPGP signature"
	}
	if code, detail := allowedSignature(body); code != CodeOK {
		return nil, code, detail
	}
	if !strictSignatureBody(body) {
		return nil, CodeMalformedObject, "the OpenPGP signature is not in its shortest form"
	}
	p, err := packet.Read(bytes.NewReader(data))
	if err != nil {
		return nil, CodeMalformedObject, err.Error()
	}
	sig, ok := p.(*packet.Signature)
	if !ok {
		return nil, CodeMalformedObject, "not an OpenPGP signature packet"
	}
	return sig, CodeOK, ""
}

// cutSignaturePacket returns the body of the first packet, if it is a signature of definite and shortest length.
func cutSignaturePacket(data []byte) (body, rest []byte, ok bool) {
	if len(data) < 2 || data[0]&0x80 == 0 {
		return nil, nil, false
	}
	var tag byte
	var length, head int
	if data[0]&0x40 != 0 {
		tag = data[0] & 0x3f
		length, head = newLength(data[1:])
	} else {
		tag = data[0] >> 2 & 0x0f
		length, head = oldLength(data[0]&3, data[1:])
	}
	if tag != signatureTag || head == 0 || length > len(data)-1-head {
		return nil, nil, false
	}
	return data[1+head : 1+head+length], data[1+head+length:], true
}

// newLength reads a length in the new format; head is how many bytes it takes, 0 if it is not allowed.
func newLength(data []byte) (length, head int) {
	switch first := data[0]; {
	case first < 192:
		return int(first), 1
	case first < 224 && len(data) >= 2:
		return int(first-192)<<8 + int(data[1]) + 192, 2
	}
	return 0, 0 // longer than any signature, or partial
}

// oldLength reads a length in the old format.
func oldLength(kind byte, data []byte) (length, head int) {
	switch {
	case kind == 0:
		return int(data[0]), 1
	case kind == 1 && len(data) >= 2 && data[0] != 0:
		return int(binary.BigEndian.Uint16(data)), 2
	}
	return 0, 0
}

// allowedSignature judges version, type and algorithms before anything else is read.
func allowedSignature(body []byte) (schema.Code, string) {
	if len(body) < 4 {
		return CodeMalformedObject, "a short OpenPGP signature"
	}
	version, kind, algorithm, hash := body[0], body[1], body[2], body[3]
	if version != 4 {
		return CodeUnsupportedKeyType, "an OpenPGP signature of another version than 4"
	}
	switch algorithm {
	case algorithmRSA, algorithmRSASign, algorithmECDSA, algorithmEdDSA, algorithmEd25519:
	case algorithmDSA:
		return CodeWeakAlgorithm, "DSA is too weak"
	default:
		return CodeUnsupportedKeyType, "an OpenPGP algorithm other than RSA, ECDSA and Ed25519"
	}
	switch hash {
	case 8, 9, 10, 12, 14: // SHA-256, -384, -512, SHA3-256, -512
	default:
		return CodeWeakAlgorithm, "the signature's hash is weaker than SHA-256"
	}
	if kind != binaryDocument {
		return CodeBadSignature, "not a signature over bytes as they are"
	}
	return CodeOK, ""
}

// strictSignatureBody checks the framing of a version 4 signature.
func strictSignatureBody(body []byte) bool {
	algorithm := body[2]
	_, rest, ok := cutCounted(body[4:])
	if !ok {
		return false
	}
	unhashed, rest, ok := cutCounted(rest)
	if !ok || !onlyIssuer(unhashed) || len(rest) < 2 {
		return false
	}
	rest = rest[2:] // the first bytes of the hash, compared by the caller
	switch algorithm {
	case algorithmEd25519:
		return len(rest) == 64
	case algorithmRSA, algorithmRSASign:
		rest, ok = cutNumber(rest)
		return ok && len(rest) == 0
	}
	if rest, ok = cutNumber(rest); !ok {
		return false
	}
	rest, ok = cutNumber(rest)
	return ok && len(rest) == 0
}

// cutCounted cuts bytes that follow their own count in two bytes.
func cutCounted(data []byte) (counted, rest []byte, ok bool) {
	if len(data) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(data))
	if n > len(data)-2 {
		return nil, nil, false
	}
	return data[2 : 2+n], data[2+n:], true
}

// onlyIssuer reports whether unsigned subpackets name the issuer once by id, once by fingerprint, and nothing else.
func onlyIssuer(area []byte) bool {
	seen := map[byte]bool{}
	for len(area) > 0 {
		n := int(area[0])
		if n == 0 || n >= 192 || n > len(area)-1 {
			return false
		}
		kind := area[1]
		fits := kind == subpacketIssuer && n == 9 || kind == subpacketIssuerFprint && n == 22
		if !fits || seen[kind] {
			return false
		}
		seen[kind] = true
		area = area[1+n:]
	}
	return true
}

// cutNumber cuts a multi-precision integer without leading zeros.
func cutNumber(data []byte) (rest []byte, ok bool) {
	if len(data) < 3 {
		return nil, false
	}
	length := int(binary.BigEndian.Uint16(data))
	n := (length + 7) / 8
	if length == 0 || length > maxSignatureBits || n > len(data)-2 {
		return nil, false
	}
	if (n-1)*8+bits.Len8(data[2]) != length {
		return nil, false
	}
	return data[2+n:], true
}

// strongHash reports whether a self-signature may rest on the hash.
func strongHash(h crypto.Hash) bool {
	switch h {
	case crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA3_256, crypto.SHA3_512:
		return true
	}
	return false
}

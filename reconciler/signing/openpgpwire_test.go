package signing_test

import (
	"bytes"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// packetParts is a version 4 signature packet with a one-byte length, taken apart.
type packetParts struct {
	fixed    []byte // version, type, algorithm, hash
	hashed   []byte
	unhashed []byte
	prefix   []byte // of the hash
	numbers  []byte
}

func takeApart(t testing.TB, packet []byte) packetParts {
	t.Helper()
	if packet[0] != 0x88 || int(packet[1]) != len(packet)-2 {
		t.Fatalf("the vector does not begin as gpg's signatures do: %x", packet[:2])
	}
	body := packet[2:]
	var p packetParts
	p.fixed, body = body[:4], body[4:]
	n := int(body[0])<<8 | int(body[1])
	p.hashed, body = body[2:2+n], body[2+n:]
	n = int(body[0])<<8 | int(body[1])
	p.unhashed, body = body[2:2+n], body[2+n:]
	p.prefix, p.numbers = body[:2], body[2:]
	return p
}

func (p packetParts) body() []byte {
	counted := func(b []byte) []byte { return append([]byte{byte(len(b) >> 8), byte(len(b))}, b...) }
	return bytes.Join([][]byte{p.fixed, counted(p.hashed), counted(p.unhashed), p.prefix, p.numbers}, nil)
}

func (p packetParts) packet() []byte {
	body := p.body()
	return append([]byte{0x88, byte(len(body))}, body...)
}

// TestOpenPGPPacketForms writes frank's signature in other ways. None of them changes what was signed.
func TestOpenPGPPacketForms(t *testing.T) {
	c := mustParse(t, testdata(t, "commits", "frank-gpg-ed25519"))
	data, ok := signing.Unarmor(c.Signature)
	if !ok {
		t.Fatal("the vector's armor is not canonical")
	}
	fingerprint := func(p packetParts) []byte { return p.hashed[3:23] }
	set := func(change func(*packetParts)) func() []byte {
		return func() []byte {
			p := takeApart(t, bytes.Clone(data))
			change(&p)
			return p.packet()
		}
	}
	head := func(bytes ...byte) func() []byte { return func() []byte { return append(bytes, data[2:]...) } }
	length := data[1]
	const fine, bad, weak, unsupported = signing.CodeOK, signing.CodeMalformedObject, signing.CodeWeakAlgorithm, signing.CodeUnsupportedKeyType
	for _, row := range []struct {
		name string
		data func() []byte
		want schema.Code
	}{
		{"as gpg wrote it", set(func(*packetParts) {}), fine},
		{"with the new form of header", head(0xc2, length), fine},
		{"with two bytes of length for one", head(0x89, 0, length), bad},
		{"with four bytes of length", head(0x8a, 0, 0, 0, length), bad},
		{"with an open length", head(0x8b), bad},
		{"with five bytes of new length", head(0xc2, 0xff, 0, 0, 0, length), bad},
		{"with a partial length", head(0xc2, 0xe6), bad},
		{"as another packet", head(0x8c, length), bad},
		{"a byte short", func() []byte { return data[:len(data)-1] }, bad},
		{"with a byte after it", func() []byte { return append(bytes.Clone(data), 0) }, bad},
		{"twice", func() []byte { return append(bytes.Clone(data), data...) }, signing.CodeMultipleSignatures},
		{"with a marker packet after it", func() []byte { return append(bytes.Clone(data), 0xca, 3, 'P', 'G', 'P') }, bad},
		{"empty", func() []byte { return nil }, bad},
		{"a header alone", func() []byte { return []byte{0x88} }, bad},
		{"a packet without a body", func() []byte { return []byte{0x88, 0} }, bad},

		{"version 3", set(func(p *packetParts) { p.fixed[0] = 3 }), unsupported},
		{"version 5", set(func(p *packetParts) { p.fixed[0] = 5 }), unsupported},
		{"over text", set(func(p *packetParts) { p.fixed[1] = 1 }), signing.CodeBadSignature},
		{"over a user id", set(func(p *packetParts) { p.fixed[1] = 0x13 }), signing.CodeBadSignature},
		{"by DSA", set(func(p *packetParts) { p.fixed[2] = 17 }), weak},
		{"by Ed448", set(func(p *packetParts) { p.fixed[2] = 28 }), unsupported},
		{"by ElGamal", set(func(p *packetParts) { p.fixed[2] = 16 }), unsupported},
		{"by ECDSA with an Ed25519 key", set(func(p *packetParts) { p.fixed[2] = 19 }), signing.CodeBadSignature},
		{"by native Ed25519", set(func(p *packetParts) { p.fixed[2] = 27 }), bad},
		{"by RSA", set(func(p *packetParts) { p.fixed[2] = 1 }), bad},
		{"over MD5", set(func(p *packetParts) { p.fixed[3] = 1 }), weak},
		{"over SHA-1", set(func(p *packetParts) { p.fixed[3] = 2 }), weak},
		{"over RIPEMD", set(func(p *packetParts) { p.fixed[3] = 3 }), weak},
		{"over SHA-224", set(func(p *packetParts) { p.fixed[3] = 11 }), weak},
		{"over another strong hash", set(func(p *packetParts) { p.fixed[3] = 10 ^ p.fixed[3] ^ 8 }), signing.CodeBadSignature},

		{"without an unsigned issuer", set(func(p *packetParts) { p.unhashed = nil }), fine},
		{"with an unsigned notation", set(func(p *packetParts) { p.unhashed = append(bytes.Clone(p.unhashed), 5, 20, 0, 0, 0, 0) }), bad},
		{"with padding in the unsigned part", set(func(p *packetParts) { p.unhashed = append(bytes.Clone(p.unhashed), 0) }), bad},
		{"with the issuer twice", set(func(p *packetParts) { p.unhashed = append(bytes.Clone(p.unhashed), p.unhashed...) }), bad},
		{"with another issuer", set(func(p *packetParts) { p.unhashed[9] ^= 1 }), bad},
		{"with an unsigned fingerprint too", set(func(p *packetParts) {
			p.unhashed = append(append([]byte{22, 33, 4}, fingerprint(*p)...), p.unhashed...)
		}), fine},
		{"with another fingerprint", set(func(p *packetParts) {
			p.unhashed = append([]byte{22, 33, 4}, fingerprint(*p)...)
			p.unhashed[22] ^= 1
		}), signing.CodeUnknownKey},
		{"with the fingerprint of another version", set(func(p *packetParts) {
			p.unhashed = append([]byte{22, 33, 3}, fingerprint(*p)...)
		}), signing.CodeUnknownKey},
		{"with a subpacket that goes on too far", set(func(p *packetParts) { p.unhashed = []byte{9, 16, 0} }), bad},
		{"with another time", set(func(p *packetParts) { p.hashed[len(p.hashed)-1] ^= 1 }), signing.CodeBadSignature},
		{"with another hash prefix", set(func(p *packetParts) { p.prefix[0] ^= 1 }), signing.CodeBadSignature},

		{"with a zero before a number", set(func(p *packetParts) {
			p.numbers = append([]byte{p.numbers[0] + 1, p.numbers[1], 0}, p.numbers[2:]...)
		}), bad},
		{"with a number said to be longer", set(func(p *packetParts) { p.numbers[1]++ }), bad},
		{"with one number", set(func(p *packetParts) { p.numbers = p.numbers[:34] }), bad},
		{"with three numbers", set(func(p *packetParts) { p.numbers = append(bytes.Clone(p.numbers), 0, 1, 1) }), bad},
		{"with the number zero", set(func(p *packetParts) { p.numbers = append([]byte{0, 0}, p.numbers...) }), bad},
		{"with a small number", set(func(p *packetParts) { p.numbers = append([]byte{0, 1, 1}, p.numbers[34:]...) }), signing.CodeBadSignature},
		{"with huge numbers", set(func(p *packetParts) {
			p.numbers = append([]byte{2, 0, 0x80}, make([]byte, 63)...)
			p.numbers = append(p.numbers, p.numbers...)
			p.hashed = p.hashed[:29]
		}), signing.CodeBadSignature},
	} {
		raw := signing.SignedCommit(c.Payload, signing.Armor(true, row.data()))
		got := vectorRing(t).Commit(idOf(raw), raw, judged())
		if got.Code != row.want {
			t.Errorf("%s: got %s (%s), want %s", row.name, got.Code, got.Detail, row.want)
		}
	}
}

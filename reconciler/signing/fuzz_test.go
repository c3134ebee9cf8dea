package signing_test

import (
	"bytes"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/signing"
)

// signatures are the armored signatures of the vectors.
func signatures(t testing.TB) (all [][]byte) {
	for _, v := range vectors(t) {
		if c, err := signing.ParseCommit(testdata(t, "commits", v.Name)); err == nil && c.Signature != nil {
			all = append(all, c.Signature)
		}
	}
	return all
}

// inside are the bytes that the armors of one kind hold.
func inside(t testing.TB, pgp bool) (all [][]byte) {
	for _, armored := range signatures(t) {
		if data, ok := signing.Unarmor(armored); ok && bytes.Contains(armored, []byte("PGP")) == pgp {
			all = append(all, data)
		}
	}
	return all
}

// FuzzArmor: one text for one signature. Whatever is read is written in the same bytes again, and in no other armor.
func FuzzArmor(f *testing.F) {
	for _, armored := range signatures(f) {
		f.Add(armored)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		data, ok := signing.Unarmor(text)
		if !ok {
			return
		}
		ssh, pgp := signing.Armor(false, data), signing.Armor(true, data)
		if bytes.Equal(text, ssh) == bytes.Equal(text, pgp) {
			t.Fatalf("%q is read as %x, which is written %q and %q", text, data, ssh, pgp)
		}
		for _, longer := range [][]byte{append(bytes.Clone(text), '\n'), append([]byte("\n"), text...), text[:len(text)-1]} {
			if _, ok := signing.Unarmor(longer); ok {
				t.Fatalf("%q is read as well as %q", longer, text)
			}
		}
	})
}

// FuzzSSHSIG: whatever is read is written in the same bytes again, by algorithms that are allowed.
func FuzzSSHSIG(f *testing.F) {
	for _, data := range inside(f, false) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, blob []byte) {
		sig, code := signing.ParseSSHSIG(blob)
		if (sig != nil) != (code == signing.CodeOK) || code == "" {
			t.Fatalf("%x: got %v and %q", blob, sig, code)
		}
		if sig == nil {
			return
		}
		if !bytes.Equal(sig.Marshal(), blob) {
			t.Fatalf("%x is written %x", blob, sig.Marshal())
		}
		if sig.HashAlgorithm != "sha256" && sig.HashAlgorithm != "sha512" || sig.Signature.Format == "ssh-rsa" || sig.Signature.Format == "ssh-dss" {
			t.Fatalf("%x: took %s over %s", blob, sig.Signature.Format, sig.HashAlgorithm)
		}
	})
}

// FuzzOpenPGPSignature: whatever is read is one whole packet, whose hash is strong and whose parts say who made it when.
func FuzzOpenPGPSignature(f *testing.F) {
	for _, data := range inside(f, true) {
		f.Add(data)
	}
	strong := map[string]bool{"SHA-256": true, "SHA-384": true, "SHA-512": true, "SHA3-256": true, "SHA3-512": true}
	f.Fuzz(func(t *testing.T, data []byte) {
		sig, code := signing.ReadOpenPGPSignature(data)
		if (sig != nil) != (code == signing.CodeOK) || code == "" {
			t.Fatalf("%x: got %v and %q", data, sig, code)
		}
		if sig == nil {
			return
		}
		if sig.Version != 4 || !strong[sig.Hash.String()] {
			t.Fatalf("%x: took version %d over %s", data, sig.Version, sig.Hash)
		}
		for name, changed := range map[string][]byte{"longer": append(bytes.Clone(data), 0), "shorter": data[:len(data)-1]} {
			if _, code := signing.ReadOpenPGPSignature(changed); code == signing.CodeOK {
				t.Fatalf("%x is read when it is a byte %s", data, name)
			}
		}
		if _, code := signing.ReadOpenPGPSignature(append(bytes.Clone(data), data...)); code != signing.CodeMultipleSignatures {
			t.Fatalf("%x twice: got %s", data, code)
		}
	})
}

// TestSeedsAreRead: seeds that no reader takes would leave the fuzzing outside.
func TestSeedsAreRead(t *testing.T) {
	read := map[string]int{}
	for _, data := range inside(t, false) {
		if _, code := signing.ParseSSHSIG(data); code == signing.CodeOK {
			read["ssh"]++
		}
	}
	for _, data := range inside(t, true) {
		if _, code := signing.ReadOpenPGPSignature(data); code == signing.CodeOK {
			read["openpgp"]++
		}
	}
	if read["ssh"] < 4 || read["openpgp"] < 4 {
		t.Errorf("the readers take %v of the seeds", read)
	}
}

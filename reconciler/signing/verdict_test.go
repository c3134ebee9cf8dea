package signing_test

import (
	"bytes"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// TestAcceptance judges one good signature by one key, whose entry in the trust and whose judgement differ.
func TestAcceptance(t *testing.T) {
	signer := newSigner(t)
	raw := signedCommit(t, signer, rawCommit(noon, "add a timeout"))
	hour := time.Hour
	revoked := func(reason string, at time.Time, after int64) func(*schema.Key) {
		return func(k *schema.Key) {
			k.Revoked = &schema.Revocation{Reason: reason, At: at, DistrustAfterEntry: after}
		}
	}
	for _, row := range []struct {
		name string
		key  func(*schema.Key)
		at   signing.Acceptance
		want schema.Code
	}{
		{"accepted at once", nil, signing.Acceptance{At: noon}, signing.CodeOK},
		{"accepted 30 days later", nil, signing.Acceptance{At: noon.AddDate(0, 0, 30)}, signing.CodeOK},
		{"accepted a second after 30 days", nil, signing.Acceptance{At: noon.AddDate(0, 0, 30).Add(time.Second)}, signing.CodeSignatureTooOld},
		{"an age that the project allows", nil, signing.Acceptance{At: noon.AddDate(1, 0, 0), MaxAge: 400 * 24 * hour}, signing.CodeOK},
		{"the signer's clock runs 5 minutes ahead", nil, signing.Acceptance{At: noon.Add(-5 * time.Minute)}, signing.CodeOK},
		{"the signer's clock runs 6 minutes ahead", nil, signing.Acceptance{At: noon.Add(-6 * time.Minute)}, signing.CodeSignatureInFuture},
		{"a skew that the project allows", nil, signing.Acceptance{At: noon.Add(-hour), Skew: hour}, signing.CodeOK},
		{"no time of acceptance", nil, signing.Acceptance{}, signing.CodeSignatureInFuture},
		{"a key for commits", func(k *schema.Key) { k.Usages = []schema.KeyUsage{schema.UsageApproval, schema.UsageCommit} }, judged(), signing.CodeOK},
		{"a key for approvals alone", func(k *schema.Key) { k.Usages = []schema.KeyUsage{schema.UsageApproval} }, judged(), signing.CodeKeyUsage},
		{"a window around the acceptance", func(k *schema.Key) { k.ValidFrom, k.ValidUntil = judged().At, judged().At }, judged(), signing.CodeOK},
		{"a window that opens later", func(k *schema.Key) { k.ValidFrom = judged().At.Add(1) }, judged(), signing.CodeKeyNotYetValid},
		{"a window that opened after the committer's date", func(k *schema.Key) { k.ValidFrom = noon.Add(time.Minute) }, judged(), signing.CodeOK},
		{"a window that closed, and a committer's date inside it", func(k *schema.Key) { k.ValidUntil = noon.Add(time.Minute) }, judged(), signing.CodeKeyExpired},
		{"a window that closed, and an old signature", func(k *schema.Key) { k.ValidUntil = noon }, signing.Acceptance{At: noon.AddDate(1, 0, 0)}, signing.CodeKeyExpired},
		{"superseded since", revoked("superseded", noon.Add(time.Minute), 0), judged(), signing.CodeKeyRevoked},
		{"retired at an unknown time", revoked("retired", time.Time{}, 0), judged(), signing.CodeKeyRevoked},
		{"to be retired later", revoked("retired", noon.Add(hour), 0), judged(), signing.CodeOK},
		{"compromised", revoked("compromised", noon.Add(time.Minute), 7), signing.Acceptance{At: judged().At, LastSeq: 9}, signing.CodeKeyCompromised},
		{"compromised, whatever the last entry", revoked("compromised", noon, 7), signing.Acceptance{At: judged().At, LastSeq: 3}, signing.CodeKeyCompromised},
		{"compromised later, no entry named", revoked("compromised", noon.Add(hour), 7), judged(), signing.CodeKeyCompromised},
		{"compromised later, replay of an entry before", revoked("compromised", noon.Add(hour), 7), signing.Acceptance{At: judged().At, LastSeq: 6}, signing.CodeOK},
		{"compromised later, replay of the entry after", revoked("compromised", noon.Add(hour), 7), signing.Acceptance{At: judged().At, LastSeq: 7}, signing.CodeKeyCompromised},
		{"revoked and expired", func(k *schema.Key) { revoked("superseded", noon, 0)(k); k.ValidUntil = noon }, judged(), signing.CodeKeyRevoked},
	} {
		key := sshKey("ann", signer)
		if row.key != nil {
			row.key(&key)
		}
		got := ringOf(t, key).Commit(idOf(raw), raw, row.at)
		if got.Code != row.want {
			t.Errorf("%s: got %s (%s), want %s", row.name, got.Code, got.Detail, row.want)
		}
		if got.Principal != "ann" || got.Key != signer.Fingerprint() || got.Algorithm != "ssh-ed25519" || !got.SignedAt.Equal(noon) {
			t.Errorf("%s: got %+v, want ann's good signature", row.name, got)
		}
	}
}

// TestOpenPGPTimes judges frank's signature of noon, by a key without end, as his entry in the trust differs.
func TestOpenPGPTimes(t *testing.T) {
	for _, row := range []struct {
		name string
		key  func(*schema.Key)
		at   time.Time
		want schema.Code
	}{
		{"accepted at once", nil, noon, signing.CodeOK},
		{"a window that opened after the signature", func(k *schema.Key) { k.ValidFrom = noon.Add(time.Minute) }, judged().At, signing.CodeKeyNotYetValid},
		{"a window that opened with the signature", func(k *schema.Key) { k.ValidFrom = noon }, judged().At, signing.CodeOK},
		{"accepted 31 days later", nil, noon.AddDate(0, 0, 31), signing.CodeSignatureTooOld},
		{"accepted before it was made", nil, noon.Add(-hourAndMore), signing.CodeSignatureInFuture},
		{"compromised", func(k *schema.Key) { k.Revoked = &schema.Revocation{Reason: "compromised"} }, judged().At, signing.CodeKeyCompromised},
		{"for approvals alone", func(k *schema.Key) { k.Usages = []schema.KeyUsage{schema.UsageApproval} }, judged().At, signing.CodeKeyUsage},
	} {
		key := schema.Key{Principal: "frank", Path: "keys/frank/key.asc", Format: schema.OpenPGPKey, Data: testdata(t, "keys", "frank-gpg.asc")}
		if row.key != nil {
			row.key(&key)
		}
		raw := testdata(t, "commits", "frank-gpg-ed25519")
		got := ringOf(t, key).Commit(idOf(raw), raw, signing.Acceptance{At: row.at})
		if got.Code != row.want || got.Principal != "frank" || !got.SignedAt.Equal(noon) {
			t.Errorf("%s: got %s by %q at %s (%s), want %s", row.name, got.Code, got.Principal, got.SignedAt, got.Detail, row.want)
		}
	}
}

const hourAndMore = 61 * time.Minute

// TestVerdictDescribes holds what a verdict says beside its code.
func TestVerdictDescribes(t *testing.T) {
	signer := newSigner(t)
	unsigned := rawCommit(noon, "add a timeout\n\nCo-authored-by: Bob <bob@example.com>")
	raw := signedCommit(t, signer, unsigned)
	got := ringOf(t, sshKey("ann", signer)).Commit(idOf(raw), raw, judged())
	want := schema.CommitVerdict{
		Commit: idOf(raw), Code: signing.CodeOK, Principal: "ann", Key: signer.Fingerprint(), Algorithm: "ssh-ed25519",
		SignedAt: noon, Payload: schema.DigestOf(unsigned),
		Author:    schema.Identity{Name: "Ann", Email: "ann@example.com"},
		Committer: schema.Identity{Name: "Ann", Email: "ann@example.com"},
		CoAuthors: []schema.Identity{{Name: "Bob", Email: "bob@example.com"}},
		Subject:   "add a timeout",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestTampered changes signed bytes; the id is that of the changed bytes.
func TestTampered(t *testing.T) {
	ring := vectorRing(t)
	for _, name := range []string{"alice-ssh-ed25519", "bob-ssh-rsa", "carol-ssh-ecdsa", "frank-gpg-ed25519", "heidi-gpg-rsa3072", "ivan-gpg-nistp256"} {
		raw := testdata(t, "commits", name)
		for _, row := range []struct {
			name     string
			old, new string
			want     schema.Code
		}{
			{"the message", "signed with", "signed  with", signing.CodeBadSignature},
			{"the tree", "tree 4b8", "tree 4b9", signing.CodeBadSignature},
			{"the author", "author Ann", "author Eve", signing.CodeBadSignature},
			{"the time", "> 17684", "> 17683", signing.CodeBadSignature},
			{"a parent more", "author Ann", parentLine + "author Ann", signing.CodeBadSignature},
			{"a NUL at the end", "\n\nsigned", "\n\n\x00signed", signing.CodeMalformedObject},
			{"a line more at the end of the message", "\n\nsigned", "\n\n\nsigned", signing.CodeBadSignature},
		} {
			changed := []byte(strings.Replace(string(raw), row.old, row.new, 1))
			if bytes.Equal(changed, raw) {
				t.Fatalf("%s: %s changes nothing", name, row.name)
			}
			got := ring.Commit(idOf(changed), changed, judged())
			if got.Code != row.want || got.Principal != "" {
				t.Errorf("%s: %s: got %s by %q, want %s", name, row.name, got.Code, got.Principal, row.want)
			}
			if got := ring.Commit(idOf(raw), changed, judged()); got.Code != signing.CodeObjectMismatch {
				t.Errorf("%s: %s, under the old id: got %s, want object-mismatch", name, row.name, got.Code)
			}
		}
	}
}

// TestMalleated changes what is not signed: the id changes, the payload does not, and the commit is refused.
func TestMalleated(t *testing.T) {
	const begin, end = " SIGNATURE-----\n", "\n -----END"
	replace := func(old, new string) func(string) string {
		return func(raw string) string { return strings.Replace(raw, old, new, 1) }
	}
	rewrap := func(raw string) string { // the first two lines of base64 swap one character's place
		head, rest, _ := strings.Cut(raw, begin)
		return head + begin + strings.Replace(rest, "\n ", "", 1)
	}
	for _, row := range []struct {
		name   string
		change func(string) string
		want   schema.Code
	}{
		{"bytes after END", replace(end+" SSH SIGNATURE-----\n", end+" SSH SIGNATURE-----\n x\n"), signing.CodeMalformedObject},
		{"bytes after END", replace(end+" PGP SIGNATURE-----\n", end+" PGP SIGNATURE-----\n x\n"), signing.CodeMalformedObject},
		{"an empty line after END", replace(end+" PGP SIGNATURE-----\n", end+" PGP SIGNATURE-----\n \n"), signing.CodeMalformedObject},
		{"spaces at the end of a line", replace(begin, " SIGNATURE----- \n"), signing.CodeMalformedObject},
		{"a carriage return", replace(begin, " SIGNATURE-----\r\n"), signing.CodeMalformedObject},
		{"an armor comment", replace("PGP SIGNATURE-----\n \n", "PGP SIGNATURE-----\n Comment: x\n \n"), signing.CodeMalformedObject},
		{"an armor version", replace("PGP SIGNATURE-----\n \n", "PGP SIGNATURE-----\n Version: GnuPG v2\n \n"), signing.CodeMalformedObject},
		{"an armor header that SSH does not have", replace("SSH SIGNATURE-----\n", "SSH SIGNATURE-----\n Comment: x\n \n"), signing.CodeMalformedObject},
		{"base64 in other lines", rewrap, signing.CodeMalformedObject},
		{"no checksum", func(raw string) string {
			i, j := strings.Index(raw, "\n ="), strings.Index(raw, end)
			if i < 0 {
				return raw
			}
			return raw[:i] + raw[j:]
		}, signing.CodeMalformedObject},
		{"two armors in one header", func(raw string) string {
			i := strings.Index(raw, "-----BEGIN")
			j := strings.Index(raw, end) + len(end) + len(begin) + len(" SSH")
			return raw[:j] + " " + raw[i:j] + raw[j:]
		}, signing.CodeMultipleSignatures},
	} {
		tried := 0
		for _, name := range []string{"alice-ssh-ed25519", "frank-gpg-ed25519"} {
			raw := testdata(t, "commits", name)
			changed := []byte(row.change(string(raw)))
			if bytes.Equal(changed, raw) {
				continue
			}
			tried++
			ring := vectorRing(t)
			got := ring.Commit(idOf(changed), changed, judged())
			if got.Code != row.want {
				t.Errorf("%s: %s: got %s (%s), want %s", name, row.name, got.Code, got.Detail, row.want)
			}
			if before := ring.Commit(idOf(raw), raw, judged()); got.Payload != before.Payload {
				t.Errorf("%s: %s: the payload changed", name, row.name)
			}
		}
		if tried == 0 {
			t.Errorf("%s: changes neither vector", row.name)
		}
	}
}

// TestBase64Tail: the last character before padding has bits that mean nothing; setting them is another text.
func TestBase64Tail(t *testing.T) {
	raw := string(testdata(t, "commits", "alice-ssh-ed25519"))
	i := strings.Index(raw, "=\n -----END")
	if i < 0 {
		t.Fatal("the vector has no padding")
	}
	last := strings.IndexByte(base64Alphabet, raw[i-1])
	changed := []byte(raw[:i-1] + base64Alphabet[last+1:last+2] + raw[i:])
	if got := vectorRing(t).Commit(idOf(changed), changed, judged()); got.Code != signing.CodeMalformedObject {
		t.Errorf("got %s, want malformed-object", got.Code)
	}
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

func TestCommitOfNothing(t *testing.T) {
	ring := ringOf(t)
	for _, row := range []struct {
		name string
		raw  []byte
		id   func([]byte) schema.Hash
		want schema.Code
	}{
		{"no bytes", nil, idOf, signing.CodeMalformedObject},
		{"no bytes under the zero id", nil, func([]byte) schema.Hash { return schema.Hash{} }, signing.CodeObjectMismatch},
		{"a blob's id", rawCommit(noon, "x"), func(b []byte) schema.Hash { return schema.ObjectID(schema.BlobObject, b) }, signing.CodeObjectMismatch},
		{"an unsigned commit", rawCommit(noon, "x"), idOf, signing.CodeUnsigned},
		{"a signature of nothing", signing.SignedCommit(rawCommit(noon, "x"), nil), idOf, signing.CodeMalformedObject},
		{"a signature in words", signing.SignedCommit(rawCommit(noon, "x"), []byte("trust me\n")), idOf, signing.CodeMalformedObject},
		{"a PGP message", signing.SignedCommit(rawCommit(noon, "x"), []byte("-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n")), idOf, signing.CodeMalformedObject},
	} {
		if got := ring.Commit(row.id(row.raw), row.raw, judged()); got.Code != row.want || got.OK() {
			t.Errorf("%s: got %s (%s), want %s", row.name, got.Code, got.Detail, row.want)
		}
	}
}

// TestCollision hashes one of the two messages that Leurent and Peyrin made collide in 2020.
func TestCollision(t *testing.T) {
	half := testdata(t, "sha-mbles-1.bin")
	if _, collides := signing.SafeSHA1(half); !collides {
		t.Error("half of a known collision is taken for a hash")
	}
	if sum, collides := signing.SafeSHA1(half[:600]); collides || sum.IsZero() {
		t.Errorf("got %s and %v for bytes that collide with nothing", sum, collides)
	}
}

// TestVerdictIsPure judges all vectors in two orders, many at a time: neither may change an answer.
func TestVerdictIsPure(t *testing.T) {
	all := vectors(t)
	ring, fresh := vectorRing(t), func() *signing.Keyring { return vectorRing(t) }
	var wg sync.WaitGroup
	for round := range 4 {
		for i := range all {
			v := all[i]
			if round%2 == 1 {
				v = all[len(all)-1-i]
			}
			wg.Go(func() {
				raw := testdata(t, "commits", v.Name)
				for _, at := range []time.Time{v.At, v.At.AddDate(1, 0, 0), v.At.AddDate(-1, 0, 0), v.At} {
					got := ring.Commit(v.ID, raw, signing.Acceptance{At: at})
					if at.Equal(v.At) && got.Code != v.Code {
						t.Errorf("%s: got %s, want %s", v.Name, got.Code, v.Code)
					}
				}
			})
		}
	}
	wg.Wait()
	for _, v := range all {
		raw := testdata(t, "commits", v.Name)
		at := signing.Acceptance{At: v.At.AddDate(0, 0, -3)}
		if a, b := ring.Commit(v.ID, raw, at), fresh().Commit(v.ID, raw, at); !reflect.DeepEqual(a, b) {
			t.Errorf("%s: used ring says %+v, fresh ring says %+v", v.Name, a, b)
		}
	}
}

// FuzzCommit feeds any bytes under their true id. Only the vectors' own payloads may be accepted.
func FuzzCommit(f *testing.F) {
	ring := vectorRing(f)
	good := map[schema.Digest]bool{}
	for _, v := range vectors(f) {
		raw := testdata(f, "commits", v.Name)
		f.Add(raw)
		if v.Code == signing.CodeOK {
			good[schema.DigestOf(mustParse(f, raw).Payload)] = true
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := ring.Commit(idOf(raw), raw, judged())
		if got.OK() && !good[got.Payload] {
			t.Fatalf("accepted %q", raw)
		}
		if got.Code == "" || (got.OK() && got.Principal == "") {
			t.Fatalf("a verdict without an answer: %+v", got)
		}
	})
}

// FuzzSignature feeds any bytes in a canonical armor, where plain fuzzing seldom comes.
func FuzzSignature(f *testing.F) {
	ring := vectorRing(f)
	good := map[string]bool{}
	for _, v := range vectors(f) {
		raw := testdata(f, "commits", v.Name)
		c, err := signing.ParseCommit(raw)
		if err != nil || c.Signature == nil {
			continue
		}
		pgp := bytes.Contains(c.Signature, []byte("PGP"))
		data, ok := signing.Unarmor(c.Signature)
		if !ok {
			continue
		}
		f.Add(pgp, data, c.Payload)
		if v.Code == signing.CodeOK {
			good[string(c.Payload)] = true
		}
	}
	f.Fuzz(func(t *testing.T, pgp bool, data, payload []byte) {
		armored := signing.Armor(pgp, data)
		if back, ok := signing.Unarmor(armored); !ok || !bytes.Equal(back, data) {
			t.Fatalf("the armor of %x reads as %x", data, back)
		}
		raw := signing.SignedCommit(payload, armored)
		if got := ring.Commit(idOf(raw), raw, judged()); got.OK() && !good[string(payload)] {
			t.Fatalf("accepted %q", raw)
		}
	})
}

package signing_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// ringSize is how many keys a ring has in the benchmarks, and git's allowed signers and keyring too.
const ringSize = 200

// BenchmarkVerify verifies one commit after the other on one core, and compares with git verify-commit in the same run.
// The last key of the ring signed.
func BenchmarkVerify(b *testing.B) {
	b.Run("ssh-ed25519", func(b *testing.B) {
		w := newWorkshop(b)
		keys, lines := sshCrowd(b)
		keys = append(keys, w.realSSH("ann", "ed25519"))
		w.allow(append(lines, "ann "+strings.TrimSpace(string(keys[len(keys)-1].Data)))...)
		w.against(b, keys)
	})
	b.Run("openpgp-ed25519", func(b *testing.B) {
		w := newWorkshop(b)
		w.startGPG()
		keys := openpgpCrowd(b)
		w.importKeys(keys)
		w.against(b, append(keys, w.realGPG("ed25519")))
	})
}

// against runs the ring in the benchmark's loop, then git as often as a second allows.
func (w *workshop) against(b *testing.B, keys []schema.Key) {
	ring := ringOf(b, keys...)
	id, raw := w.commit("add a timeout")
	if len(keys) != ringSize {
		b.Fatalf("a ring of %d keys, want %d", len(keys), ringSize)
	}
	oneCore(b)
	for b.Loop() {
		if got := ring.Commit(id, raw, judged()); got.Code != signing.CodeOK {
			b.Fatalf("%s (%s)", got.Code, got.Detail)
		}
	}
	ours := b.Elapsed().Seconds() / float64(b.N)
	runs, start := 0, time.Now()
	for ; runs < 3 || time.Since(start) < time.Second; runs++ {
		if out, ok := w.verify(id.String()); !ok {
			b.Fatalf("git verify-commit: %s", out)
		}
	}
	git := time.Since(start).Seconds() / float64(runs)
	b.ReportMetric(1/ours, "commits/s/core")
	b.ReportMetric(1/git, "git-commits/s")
	b.ReportMetric(git/ours, "x-git-verify-commit")
}

// oneCore keeps the collector of garbage on the core that is measured.
func oneCore(b *testing.B) {
	before := runtime.GOMAXPROCS(1)
	b.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// BenchmarkApproval reads and judges a signed approval from its tag's raw bytes, as each pass does for those that are new.
func BenchmarkApproval(b *testing.B) {
	keys, _ := sshCrowd(b)
	signer := newSigner(b)
	ring := ringOf(b, append(keys, sshKey("ann", signer))...)
	statement := schema.ApprovalStatement{
		Project: "3f2a9c1e", Made: noon, Seen: schema.Seen{Size: 57, Entry: entry57}, Trust: 1,
		Cells: []schema.ApprovedCell{{
			Cell: schema.Cell{Stage: "production", App: "payments"}, Ref: "refs/heads/main",
			From: schema.NoContent, To: schema.Content(schema.DigestOf([]byte("new"))), Gate: schema.DigestOf([]byte("gate")),
		}},
	}
	text, err := statement.Statement()
	if err != nil {
		b.Fatal(err)
	}
	signature, err := signer.Sign(signing.ApprovalNamespace, text)
	if err != nil {
		b.Fatal(err)
	}
	raw := []byte(tagHeaders + "\n" + string(text) + "\n" + string(signature))
	oneCore(b)
	for b.Loop() {
		tag, err := signing.ParseTag(raw)
		if err != nil {
			b.Fatal(err)
		}
		request, err := schema.ParseRequest(tag.Message)
		if err != nil {
			b.Fatal(err)
		}
		got, err := signing.CheckApproval(ring, signing.RequestCopy{Principal: "ann", Request: request}, judged())
		if err != nil || got.Code != signing.CodeOK {
			b.Fatalf("%s, %v", got.Code, err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "approvals/s/core")
}

// BenchmarkNewKeyring reads a ring of 200 keys, as each version of the trust needs once.
func BenchmarkNewKeyring(b *testing.B) {
	ssh, _ := sshCrowd(b)
	for name, keys := range map[string][]schema.Key{"ssh": ssh, "openpgp": openpgpCrowd(b)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, problems := signing.NewKeyring(schema.Trust{Keys: keys}); len(problems) > 0 {
					b.Fatal(problems)
				}
			}
		})
	}
}

// sshCrowd are the SSH keys of other people, and their lines of allowed signers.
func sshCrowd(b *testing.B) (keys []schema.Key, lines []string) {
	for i := range ringSize - 1 {
		key := sshKey(fmt.Sprintf("p%03d", i), newSigner(b))
		keys = append(keys, key)
		lines = append(lines, key.Principal+" "+strings.TrimSpace(string(key.Data)))
	}
	return keys, lines
}

// openpgpCrowd are the OpenPGP keys of other people.
func openpgpCrowd(b *testing.B) []schema.Key {
	config := &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Curve: packet.Curve25519, Time: func() time.Time { return noon.AddDate(0, -1, 0) }}
	var keys []schema.Key
	for i := range ringSize - 1 {
		name := fmt.Sprintf("p%03d", i)
		entity, err := openpgp.NewEntity(name, "", name+"@example.com", config)
		if err != nil {
			b.Fatal(err)
		}
		var text bytes.Buffer
		out, err := armor.Encode(&text, openpgp.PublicKeyType, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := entity.Serialize(out); err != nil {
			b.Fatal(err)
		}
		if err := out.Close(); err != nil {
			b.Fatal(err)
		}
		keys = append(keys, schema.Key{Principal: name, Path: name + ".asc", Format: schema.OpenPGPKey, Data: text.Bytes()})
	}
	return keys
}

func (w *workshop) importKeys(keys []schema.Key) {
	var all bytes.Buffer
	for _, key := range keys {
		all.Write(key.Data)
		all.WriteByte('\n')
	}
	cmd := exec.Command(w.gpgs, "--quiet", "--import")
	cmd.Env, cmd.Stdin = w.env, &all
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("gpg --import: %v\n%s", err, out)
	}
}

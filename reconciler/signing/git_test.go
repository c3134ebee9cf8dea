package signing_test

import (
	"os"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// TestAgainstGit signs with git itself, by each type of key, and changes what was signed: whatever the ring accepts, git
// accepts too, and both accept what nobody touched.
func TestAgainstGit(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	w.startGPG()
	for _, kind := range []struct {
		name string
		key  func() schema.Key
	}{
		{"ssh-ed25519", func() schema.Key { return w.realSSH("ann", "ed25519") }},
		{"ssh-ecdsa-256", func() schema.Key { return w.realSSH("ann", "ecdsa", "-b", "256") }},
		{"ssh-ecdsa-384", func() schema.Key { return w.realSSH("ann", "ecdsa", "-b", "384") }},
		{"ssh-ecdsa-521", func() schema.Key { return w.realSSH("ann", "ecdsa", "-b", "521") }},
		{"ssh-rsa-2048", func() schema.Key { return w.realSSH("ann", "rsa", "-b", "2048") }},
		{"ssh-rsa-4096", func() schema.Key { return w.realSSH("ann", "rsa", "-b", "4096") }},
		{"gpg-ed25519", func() schema.Key { return w.realGPG("ed25519") }},
		{"gpg-rsa2048", func() schema.Key { return w.realGPG("rsa2048") }},
		{"gpg-rsa4096", func() schema.Key { return w.realGPG("rsa4096") }},
		{"gpg-nistp256", func() schema.Key { return w.realGPG("nistp256") }},
		{"gpg-nistp384", func() schema.Key { return w.realGPG("nistp384") }},
		{"gpg-nistp521", func() schema.Key { return w.realGPG("nistp521") }},
		{"gpg-brainpoolP384r1", func() schema.Key { return w.realGPG("brainpoolP384r1") }},
	} {
		t.Run(kind.name, func(t *testing.T) {
			ring := ringOf(t, kind.key())
			w.t = t
			id, raw := w.commit("add a timeout to " + kind.name)
			if got := ring.Commit(id, raw, judged()); got.Code != signing.CodeOK || got.Principal != "ann" {
				t.Errorf("as git made it: got %s by %q (%s), want ok by ann", got.Code, got.Principal, got.Detail)
			}
			if out, ok := w.verify(id.String()); !ok {
				t.Errorf("git does not accept its own: %s", out)
			}
			w.compare(ring, raw)
		})
	}
}

// compare changes one byte at a time and asks both.
func (w *workshop) compare(ring *signing.Keyring, raw []byte) {
	w.t.Helper()
	step := len(raw)/12 + 1
	stricter := 0
	for i := 3; i < len(raw); i += step {
		changed := []byte(string(raw))
		changed[i] ^= 1
		id := w.write(changed)
		ours := ring.Commit(idOf(changed), changed, judged())
		out, git := w.verify(id)
		if ours.OK() && !git {
			w.t.Errorf("byte %d: the ring accepts what git refuses:\n%s\n%q", i, out, changed)
		}
		if git && !ours.OK() {
			stricter++
		}
		if ours.OK() {
			w.t.Errorf("byte %d: the ring accepts changed bytes:\n%q", i, changed)
		}
	}
	w.t.Logf("git accepts %d of the changed commits, the ring none", stricter)
}

// TestStricterThanGit shows what git lets pass and the ring refuses.
func TestStricterThanGit(t *testing.T) {
	w := newWorkshop(t)
	ring := ringOf(t, w.realSSH("ann", "ed25519"))
	_, raw := w.commit("add a timeout")
	for _, row := range []struct {
		name     string
		old, new string
		want     schema.Code
	}{
		{"a header that git adds to the signature", "\n\nadd", "\ngpgsigx \n\nadd", signing.CodeMalformedObject},
		{"an empty line after the armor", "END SSH SIGNATURE-----\n", "END SSH SIGNATURE-----\n \n", signing.CodeMalformedObject},
	} {
		changed := []byte(strings.Replace(string(raw), row.old, row.new, 1))
		out, git := w.verify(w.write(changed))
		if got := ring.Commit(idOf(changed), changed, judged()); got.Code != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got.Code, row.want)
		}
		if !git {
			t.Errorf("%s: git refuses it too now: %s", row.name, out)
		}
	}
}

// TestGitAcceptsOurs signs with an SSHSigner and verifies with git and ssh-keygen.
func TestGitAcceptsOurs(t *testing.T) {
	w := newWorkshop(t)
	for _, kind := range [][]string{{"ed25519"}, {"ecdsa", "-b", "256"}, {"ecdsa", "-b", "384"}, {"ecdsa", "-b", "521"}, {"rsa", "-b", "2048"}} {
		private := w.sshKeygen("ann", kind[0], kind[1:]...)
		signer, err := signing.LoadSSHSigner(private)
		if err != nil {
			t.Fatal(err)
		}
		w.useSSH(private)
		w.allow("ann@example.com " + signer.PublicKey())
		w.git("commit", "-q", "--allow-empty", "-m", "made by git, signed by us")
		_, raw := w.raw("HEAD")
		if out, ok := w.verify(w.write(signedCommit(t, signer, raw))); !ok || !strings.Contains(out, "ann@example.com") {
			t.Errorf("%v: git says: %s", kind, out)
		}
	}
}

// realSSH makes a key with ssh-keygen, lets git sign with it, and returns it as the principal's.
func (w *workshop) realSSH(principal, kind string, args ...string) schema.Key {
	w.t.Helper()
	private := w.sshKeygen(principal, kind, args...)
	public, err := os.ReadFile(private + ".pub")
	if err != nil {
		w.t.Fatal(err)
	}
	w.useSSH(private)
	w.allow(principal + " " + strings.TrimSpace(string(public)))
	return schema.Key{Principal: principal, Path: private + ".pub", Format: schema.SSHKey, Data: public}
}

// realGPG makes a key with gpg, lets git sign with it, and returns it as ann's.
func (w *workshop) realGPG(algorithm string) schema.Key {
	w.t.Helper()
	key := w.gpgKey(noon.AddDate(0, -1, 0), "ann "+algorithm+" <"+algorithm+"@example.com>", algorithm, "sign", "never")
	w.fakeGPG(real.Binary(w.t, "gpg"), noon)
	w.git("config", "gpg.format", "openpgp")
	w.git("config", "user.signingkey", key)
	return schema.Key{Principal: "ann", Path: algorithm + ".asc", Format: schema.OpenPGPKey, Data: w.export(key)}
}

package signing_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/signing"
)

// useOurs makes git call this test binary as its ssh program.
func (w *workshop) useOurs(private string) {
	w.t.Helper()
	binary, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	w.env = append(w.env, gitProgramEnv+"=1")
	w.git("config", "gpg.format", "ssh")
	w.git("config", "gpg.ssh.program", binary)
	w.git("config", "user.signingkey", private)
}

func writeFile(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestGitWithOurProgram signs, tags and verifies with git and without OpenSSH.
func TestGitWithOurProgram(t *testing.T) {
	w := newWorkshop(t)
	private, public, err := signing.GenerateEd25519()
	if err != nil {
		t.Fatal(err)
	}
	path := writeFile(t, "key", string(private))
	if err := os.WriteFile(path+".pub", public, 0o600); err != nil {
		t.Fatal(err)
	}
	signer, err := signing.LoadSSHSigner(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{path, path + ".pub"} {
		w.useOurs(key)
		w.allow(`bob ` + newSigner(t).PublicKey() + "\n# a comment\n\n" + `ann@example.com,an? namespaces="git,file",valid-after="20200101" ` + signer.PublicKey())
		id, raw := w.commit("signed by git through us")
		if got := ringOf(t, sshKey("ann", signer)).Commit(id, raw, judged()); got.Code != signing.CodeOK {
			t.Errorf("the ring says %s (%s)", got.Code, got.Detail)
		}
		if out, ok := w.verify(id.String()); !ok || !strings.Contains(out, `Good "git" signature for ann@example.com,an? with ED25519 key `+signer.Fingerprint()) {
			t.Errorf("git through us says: %s", out)
		}
		if got := strings.TrimSpace(w.git("log", "-1", "--format=%G? %GS")); got != "G ann@example.com,an?" {
			t.Errorf("git log says %q", got)
		}
		w.git("tag", "-f", "-s", "-m", "a tag", "v1")
		w.git("verify-tag", "v1")

		w.allow("bob " + newSigner(t).PublicKey())
		if out, ok := w.verify(id.String()); ok || !strings.Contains(out, "no principal matched") {
			t.Errorf("a key that nobody vouches for: %v, %s", ok, out)
		}
		changed := []byte(strings.Replace(string(raw), "through", "trough", 1))
		w.allow("ann " + signer.PublicKey())
		if out, ok := w.verify(w.write(changed)); ok {
			t.Errorf("git through us accepts a changed commit: %s", out)
		}
	}
}

// TestOpenSSHAcceptsOurProgram signs through us and verifies with ssh-keygen.
func TestOpenSSHAcceptsOurProgram(t *testing.T) {
	w := newWorkshop(t)
	private := w.sshKeygen("ann", "ed25519")
	w.useOurs(private)
	id, _ := w.commit("signed by git through us")
	public, err := os.ReadFile(private + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	w.useSSH(private)
	w.allow("ann " + string(public))
	if out, ok := w.verify(id.String()); !ok {
		t.Errorf("ssh-keygen says: %s", out)
	}
}

// TestGitSSHProgram holds the modes one by one.
func TestGitSSHProgram(t *testing.T) {
	private, _, err := signing.GenerateEd25519()
	if err != nil {
		t.Fatal(err)
	}
	key := writeFile(t, "key", string(private))
	signer, err := signing.LoadSSHSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	message := writeFile(t, "message", "text")
	if code := signing.GitSSHProgram([]string{"-Y", "sign", "-n", "git", "-f", key, message}, nil, os.Stdout); code != 0 {
		t.Fatalf("sign: exit code %d", code)
	}
	line := signer.PublicKey()
	allow := func(text string) string { return writeFile(t, "allowed", text+"\n") }
	good := `Good "git" signature for ann with ED25519 key ` + signer.Fingerprint() + "\n"
	plain := `Good "git" signature with ED25519 key ` + signer.Fingerprint() + "\n"
	verify := func(file string, more ...string) []string {
		return append([]string{"-Y", "verify", "-n", "git", "-f", file, "-I", "ann", "-s", message + ".sig"}, more...)
	}
	find := func(file string, more ...string) []string {
		return append([]string{"-Y", "find-principals", "-f", file, "-s", message + ".sig"}, more...)
	}
	at := "-Overify-time=20260115120000Z"
	for _, row := range []struct {
		name  string
		args  []string
		stdin string
		out   string // and a zero exit code; empty is a failure
	}{
		{"verify", verify(allow("ann " + line)), "text", good},
		{"verify another text", verify(allow("ann " + line)), "texts", ""},
		{"verify for somebody else", verify(allow("bob " + line)), "text", ""},
		{"verify by pattern", verify(allow("a*,!bob " + line)), "text", good},
		{"verify by a pattern that excludes", verify(allow("a*,!ann " + line)), "text", ""},
		{"verify in another namespace", []string{"-Y", "verify", "-n", "file", "-f", allow("ann " + line), "-I", "ann", "-s", message + ".sig"}, "text", ""},
		{"verify with a namespace that is allowed", verify(allow(`ann namespaces="file,git" ` + line)), "text", good},
		{"verify with a namespace that is not", verify(allow(`ann namespaces="file" ` + line)), "text", ""},
		{"verify inside a window", verify(allow(`ann valid-after="20260101Z",valid-before="202602010000Z" `+line), at), "text", good},
		{"verify before a window", verify(allow(`ann valid-after="20260201Z" `+line), at), "text", ""},
		{"verify after a window", verify(allow(`ann valid-before="20260101Z" `+line), at), "text", ""},
		{"verify with a key that only certifies", verify(allow("ann cert-authority " + line)), "text", ""},
		{"verify with an option nobody knows", verify(allow("ann x=y " + line)), "text", ""},
		{"verify with a revoked key", verify(allow("ann "+line), "-r", writeFile(t, "revoked", line+"\n")), "text", ""},
		{"verify with another revoked key", verify(allow("ann "+line), "-r", writeFile(t, "revoked", newSigner(t).PublicKey()+"\n")), "text", good},
		{"verify with a revocation list we cannot read", verify(allow("ann "+line), "-r", writeFile(t, "revoked", "SSHKRL\n\x00")), "text", ""},
		{"verify without allowed signers", verify("/nonexistent"), "text", ""},
		{"find one", find(allow("bob "+newSigner(t).PublicKey()+"\nann "+line), at), "", "ann\n"},
		{"find two", find(allow("bob " + line + "\nann " + line)), "", "bob\nann\n"},
		{"find nobody", find(allow("bob " + newSigner(t).PublicKey())), "", ""},
		{"check without a principal", []string{"-Y", "check-novalidate", "-n", "git", "-s", message + ".sig", at}, "text", plain},
		{"check another text", []string{"-Y", "check-novalidate", "-n", "git", "-s", message + ".sig"}, "texts", ""},
		{"check without a signature", []string{"-Y", "check-novalidate", "-n", "git", "-s", message}, "text", ""},
		{"sign with the public key of an agent", []string{"-Y", "sign", "-n", "git", "-f", allow(line), "-U", message}, "", ""},
		{"sign without a namespace", []string{"-Y", "sign", "-f", key, message}, "", ""},
		{"a mode nobody knows", []string{"-Y", "match-principals"}, "", ""},
		{"an option nobody knows", []string{"-Y", "sign", "-x", "y"}, "", ""},
		{"an option without a value", []string{"-Y"}, "", ""},
		{"a time nobody knows", find(allow("ann "+line), "-Overify-time=noon"), "", ""},
		{"nothing", nil, "", ""},
	} {
		var out bytes.Buffer
		code := signing.GitSSHProgram(row.args, strings.NewReader(row.stdin), &out)
		if (code == 0) != (row.out != "") || out.String() != row.out {
			t.Errorf("%s: got exit code %d and %q, want %q", row.name, code, out.String(), row.out)
		}
	}
	var out bytes.Buffer
	if code := signing.GitSSHProgram([]string{"-Y", "sign", "-n", "git", "-f", key}, strings.NewReader("text"), &out); code != 0 {
		t.Errorf("sign from standard input: exit code %d", code)
	}
	if err := signing.VerifySSH(line, "git", []byte("text"), out.Bytes()); err != nil {
		t.Errorf("sign from standard input: %v", err)
	}
}

func FuzzAllowedSigners(f *testing.F) {
	line := "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINNwMHM8lLcve+HMdKmjaanRnkdOE0Sm3ZUxkjv5LTgg"
	for _, seed := range []string{"ann " + line, `"a b",c namespaces="x y",valid-after="20260101" ` + line, "cert-authority", "\"", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if signing.ParseAllowedSigner(line) == nil && !strings.Contains(line, " ") && !strings.Contains(line, "\t") {
			t.Fatalf("%q allows somebody", line)
		}
	})
}

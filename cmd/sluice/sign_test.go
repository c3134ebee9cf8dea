package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// keyCabinet has keys of every kind that a person may sign with, made by the real programs, and an agent that holds some.
type keyCabinet struct {
	t   *testing.T
	dir string
	pgp string // fingerprint
}

func newKeyCabinet(t *testing.T) *keyCabinet {
	t.Helper()
	c := &keyCabinet{t: t, dir: t.TempDir()}
	keygen := real.Binary(t, "ssh-keygen")
	for name, passphrase := range map[string]string{"plain": "", "agent": "", "locked": "secret", "lost": "secret"} {
		c.run(keygen, "-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", c.file(name))
	}
	// Sockets have short paths.
	socket, err := os.MkdirTemp("", "sl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(socket) })
	agent := exec.Command(real.Binary(t, "ssh-agent"), "-D", "-a", filepath.Join(socket, "a"))
	out, err := agent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	real.Start(t, agent)
	if _, err := out.Read(make([]byte, 1)); err != nil { // it says where it listens once it does
		t.Fatal(err)
	}
	t.Setenv("SSH_AUTH_SOCK", filepath.Join(socket, "a"))
	t.Setenv("GNUPGHOME", filepath.Join(socket, "g"))
	if err := os.Mkdir(filepath.Join(socket, "g"), 0o700); err != nil {
		t.Fatal(err)
	}
	c.run(real.Binary(t, "ssh-add"), "-q", c.file("agent"))
	c.add("locked", "secret")
	if err := os.Remove(c.file("agent")); err != nil {
		t.Fatal(err)
	}
	gpg := real.Binary(t, "gpg")
	c.run(gpg, "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "Ann <ann@example.com>", "ed25519", "sign", "never")
	for line := range strings.Lines(c.run(gpg, "--batch", "--with-colons", "--list-keys")) {
		if rest, ok := strings.CutPrefix(line, "fpr:"); ok {
			c.pgp = strings.Trim(rest, ":\n")
		}
	}
	c.write("ann.asc", c.run(gpg, "--armor", "--export", c.pgp)+"\n")
	t.Cleanup(func() { _ = exec.Command(real.Binary(t, "gpgconf"), "--kill", "all").Run() })
	return c
}

// add puts a key with a passphrase into the agent, which asks a program for it.
func (c *keyCabinet) add(name, passphrase string) {
	c.t.Helper()
	ask := c.write("ask", "#!/bin/sh\necho "+passphrase+"\n")
	if err := os.Chmod(ask, 0o700); err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.Command(real.Binary(c.t, "ssh-add"), "-q", c.file(name))
	cmd.Env = append(os.Environ(), "SSH_ASKPASS="+ask, "SSH_ASKPASS_REQUIRE=force")
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("ssh-add %s: %v: %s", name, err, out)
	}
}

func (c *keyCabinet) write(name, text string) string {
	c.t.Helper()
	if err := os.WriteFile(c.file(name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return c.file(name)
}

func (c *keyCabinet) file(name string) string { return filepath.Join(c.dir, name) }

func (c *keyCabinet) run(program string, args ...string) string {
	c.t.Helper()
	out, err := exec.Command(program, args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		c.t.Fatalf("%s %v: %v: %s", program, args, err, exit.Stderr)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestSigners: with whatever a person has, what is signed counts; and what cannot sign says what to do.
func TestSigners(t *testing.T) {
	c := newKeyCabinet(t)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("SSH_ASKPASS_REQUIRE", "force") // so that nothing waits for a terminal
	t.Setenv("SSH_ASKPASS", "/bin/false")
	line := strings.TrimSpace(c.read("agent.pub"))
	for _, row := range []struct {
		sentence  string
		key       string
		gitConfig string
		who       string // whose signature it is
		says      string // or why there is none
	}{
		{"a private key file", c.file("plain"), "", "plain", ""},
		{"a public file beside the private one", c.file("plain.pub"), "", "plain", ""},
		{"a public file whose key is in the agent", c.file("agent.pub"), "", "agent", ""},
		{"a public key as git may have it", "key::" + line, "", "agent", ""},
		{"a locked file whose key is in the agent", c.file("locked"), "", "locked", ""},
		{"a locked file that no agent has", c.file("lost"), "", "", "ssh-keygen does not sign: …hint: put the key into your agent, then run it again: ssh-add …/lost"},
		{"a public file that no agent has", c.file("lost.pub"), "", "", "ssh-keygen does not sign: …hint: put the key into your agent"},
		{"an OpenPGP key by its fingerprint", c.pgp, "", "ann", ""},
		{"an OpenPGP key by an address", "ann@example.com", "", "ann", ""},
		{"an armored public key", c.file("ann.asc"), "", "ann", ""},
		{"an OpenPGP key that gpg has not", strings.Repeat("A", 40), "", "", "gpg does not sign with AAAA…hint: gpg --list-secret-keys lists the keys you have"},
		{"an exported private key", c.write("private.asc", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n"), "", "", "private.asc is an exported OpenPGP private key…hint: gpg --import"},
		{"a file that is not there", c.file("none"), "", "", "read the signing key …/none: no such file or directory…hint: name a private key file"},
		{"a file that is no key", c.write("text", "hello\n"), "", "", "not a private key as ssh-keygen writes it"},
		{"git signs with SSH", "", "[user]\nsigningkey = " + c.file("plain.pub") + "\n[gpg]\nformat = ssh\n", "plain", ""},
		{"git signs with a key in the agent", "", "[user]\nsigningkey = " + line + "\n[gpg]\nformat = ssh\n", "agent", ""},
		{"git signs with OpenPGP", "", "[user]\nsigningkey = " + c.pgp + "\n", "ann", ""},
		{"git signs with another gpg", "", "[user]\nsigningkey = " + c.pgp + "\n[gpg]\nprogram = no-such-gpg\n", "", "no-such-gpg is not installed"},
		{"git signs with X.509", "", "[user]\nsigningkey = me\n[gpg]\nformat = x509\n", "", "X.509"},
		{"git does not sign", "", "", "", "no signing key: git has no user.signingkey…hint: --sign-with FILE"},
	} {
		t.Setenv("GIT_CONFIG_GLOBAL", c.write("gitconfig", row.gitConfig))
		a := &app{dir: c.dir, environ: os.Getenv}
		who, err := c.signs(a, row.key)
		switch {
		case row.says == "" && (err != nil || who != row.who):
			t.Errorf("%s: got %q, %v; want %q", row.sentence, who, err, row.who)
		case row.says != "" && !like(told(err), "…"+row.says+"…"):
			t.Errorf("%s: got %q, %q; want %q", row.sentence, who, told(err), row.says)
		}
	}
}

// told is an error with its hint, as people read it.
func told(err error) string {
	if err == nil {
		return ""
	}
	var f *failure
	if errors.As(err, &f) && f.hint != "" {
		return f.Error() + " hint: " + f.hint
	}
	return err.Error()
}

// signs makes a signature and asks a trust that has every key of the cabinet whose it is.
func (c *keyCabinet) signs(a *app, key string) (string, error) {
	with, err := a.signer(context.Background(), key)
	if err != nil {
		return "", err
	}
	statement := []byte("sluice-request v1 test\n")
	signature, err := with.Sign(signing.RequestNamespace, statement)
	if err != nil {
		return "", err
	}
	var trust schema.Trust
	for _, name := range []string{"plain", "agent", "locked", "lost"} {
		trust.Keys = append(trust.Keys, schema.Key{Principal: name, Path: name, Format: schema.SSHKey, Data: []byte(c.read(name + ".pub"))})
	}
	trust.Keys = append(trust.Keys, schema.Key{Principal: "ann", Path: "ann", Format: schema.OpenPGPKey, Data: []byte(c.read("ann.asc"))})
	ring, problems := signing.NewKeyring(trust)
	if len(problems) > 0 {
		c.t.Fatal(problems)
	}
	who, code := ring.Detached(signing.RequestNamespace, statement, signature, schema.UsageApproval, signing.Acceptance{At: now()})
	if code != "ok" {
		c.t.Errorf("%s: the signature is %s", key, code)
	}
	return who.Principal, nil
}

func (c *keyCabinet) read(name string) string {
	c.t.Helper()
	data, err := os.ReadFile(c.file(name))
	if err != nil {
		c.t.Fatal(err)
	}
	return string(data)
}

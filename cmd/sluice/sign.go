package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// A personSigner is what a person signs statements with: a private key file, an agent or security key through ssh-keygen, or
// gpg. Whose signature it is the trust says, once it is made (signing.Keyring.Detached).
type personSigner struct {
	signing.MessageSigner
	Format schema.KeyFormat // of the signatures
	Name   string           // for messages: a file, or OpenPGP key ID
	// Public is the public half, where it is known without signing; else its Data is nil.
	Public schema.PublicKey
}

// signer finds what to sign with. The key is a private key file; a public one, whose private half is beside it, in an agent or
// on a security key; an armored public OpenPGP key; or an OpenPGP key's id, fingerprint or address. Empty asks git for its
// user.signingkey and gpg.format. Nothing is signed yet.
func (a *app) signer(ctx context.Context, key string) (personSigner, error) {
	if key != "" {
		return a.signerNamed(ctx, key)
	}
	key, _ = a.git(ctx, "config", "user.signingkey")
	format, _ := a.git(ctx, "config", "gpg.format")
	switch {
	case format == "x509":
		return personSigner{}, &failure{code: exitUsage, err: errors.New("git signs with X.509 here (gpg.format x509), which does not count in sluice"), hint: "--sign-with FILE names an SSH or OpenPGP key"}
	case key == "":
		return personSigner{}, &failure{code: exitUsage, err: errors.New("no signing key: git has no user.signingkey"),
			hint: "--sign-with FILE, or: git config gpg.format ssh && git config user.signingkey ~/.ssh/id_ed25519.pub"}
	case format == "ssh" || isPublicLine(key):
		return a.sshSigner(ctx, key)
	}
	return a.signerNamed(ctx, key)
}

// signerNamed tells by what is there whether a key is a file, and whose program it belongs to.
func (a *app) signerNamed(ctx context.Context, key string) (personSigner, error) {
	if isPublicLine(key) {
		return a.sshSigner(ctx, key)
	}
	data, err := os.ReadFile(expandHome(key))
	switch {
	case errors.Is(err, fs.ErrNotExist) && openPGPName.MatchString(key):
		return a.openPGPSigner(ctx, key)
	case err != nil:
		return personSigner{}, &failure{code: exitUsage, err: fmt.Errorf("read the signing key %s: %w", key, reason(err)),
			hint: "name a private key file, a .pub file whose key is in an agent, or the id of an OpenPGP key"}
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN PGP PUBLIC KEY")):
		about, err := signing.Describe(schema.Key{Format: schema.OpenPGPKey, Data: data})
		if err != nil {
			return personSigner{}, usageError(fmt.Errorf("read the signing key %s: %w", key, err))
		}
		return a.openPGPSigner(ctx, about.Fingerprint)
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN PGP PRIVATE KEY")):
		return personSigner{}, &failure{code: exitUsage, err: fmt.Errorf("%s is an exported OpenPGP private key; sluice signs with gpg", key),
			hint: "gpg --import " + key + ", then name the key's id with --sign-with"}
	}
	return a.sshSigner(ctx, key)
}

// openPGPName is what gpg finds a key by and no file is called: an id or fingerprint, perhaps with ! for one subkey, or an
// address.
var openPGPName = regexp.MustCompile(`^(?:(?:0x)?[0-9A-Fa-f]{8,40}!?|<?[^/\s@]+@[^/\s@]+>?)$`)

func isPublicLine(key string) bool {
	return strings.HasPrefix(key, "key::") || strings.Contains(key, " ") && (strings.HasPrefix(key, "ssh-") || strings.HasPrefix(key, "ecdsa-") || strings.HasPrefix(key, "sk-"))
}

// sshSigner signs by itself with a plain private key, and else lets ssh-keygen do it, which knows agents, passphrases and
// security keys.
func (a *app) sshSigner(ctx context.Context, key string) (personSigner, error) {
	if isPublicLine(key) {
		line := strings.TrimPrefix(key, "key::")
		return personSigner{
			MessageSigner: a.sshProgram(ctx, "", line), Format: schema.SSHKey, Name: "the SSH key that git signs with",
			Public: schema.PublicKey{Format: schema.SSHKey, Data: []byte(line + "\n")},
		}, nil
	}
	file := expandHome(key)
	private, isPublic := strings.CutSuffix(file, ".pub")
	public, err := os.ReadFile(private + ".pub")
	if err != nil && isPublic {
		return personSigner{}, usageError(fmt.Errorf("read the signing key %s: %w", key, reason(err)))
	}
	out := personSigner{Format: schema.SSHKey, Name: key, Public: schema.PublicKey{Format: schema.SSHKey, Data: public}}
	if onSecurityKey := bytes.HasPrefix(public, []byte("sk-")); !onSecurityKey && (!isPublic || exists(private)) {
		s, err := signing.LoadSSHSigner(private)
		if err == nil {
			out.MessageSigner, out.Public.Data = s, []byte(s.PublicKey()+"\n")
			return out, nil
		}
		if !errors.Is(err, signing.ErrLocked) {
			return personSigner{}, usageError(err)
		}
	}
	out.MessageSigner = a.sshProgram(ctx, file, "")
	return out, nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// signFunc makes a signature by calling a program; it holds the context of the command that asked for it.
type signFunc func(namespace string, message []byte) ([]byte, error)

func (f signFunc) Sign(namespace string, message []byte) ([]byte, error) {
	return f(namespace, message)
}

// sshProgram signs as git does: with gpg.ssh.program, else ssh-keygen. A key given as a line is written beside the message.
func (a *app) sshProgram(ctx context.Context, file, line string) signFunc {
	return func(namespace string, message []byte) ([]byte, error) {
		dir, err := os.MkdirTemp("", "sluice-sign-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		key, statement := file, filepath.Join(dir, "statement")
		if line != "" {
			key = filepath.Join(dir, "key.pub")
			if err := os.WriteFile(key, []byte(line+"\n"), 0o600); err != nil {
				return nil, err
			}
		}
		if err := os.WriteFile(statement, message, 0o600); err != nil {
			return nil, err
		}
		program, _ := a.git(ctx, "config", "gpg.ssh.program")
		if program == "" {
			program = "ssh-keygen"
		}
		out, err := exec.CommandContext(ctx, expandHome(program), "-Y", "sign", "-n", namespace, "-f", key, statement).CombinedOutput()
		if err != nil {
			return nil, sshRefused(program, file, string(out), err)
		}
		return os.ReadFile(statement + ".sig")
	}
}

func sshRefused(program, file, said string, err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return &failure{code: exitUsage, err: fmt.Errorf("%s is not installed, and the key is not in a file without a passphrase", program), hint: "install OpenSSH"}
	}
	hint := "ssh-add -l lists the keys in your agent"
	if file != "" {
		hint = "put the key into your agent, then run it again: ssh-add " + strings.TrimSuffix(file, ".pub")
	}
	return &failure{code: exitUsage, err: fmt.Errorf("%s does not sign: %w", program, programSaid(said, err)), hint: hint}
}

// programSaid is the last line that a program wrote, which says why it ended.
func programSaid(text string, err error) error {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return errors.New(last)
	}
	return err
}

// openPGPSigner signs with gpg, whose agent asks for what it needs. A signature says nothing but what it has to.
func (a *app) openPGPSigner(ctx context.Context, id string) (personSigner, error) {
	program := a.gpgProgram(ctx)
	out := personSigner{Format: schema.OpenPGPKey, Name: "OpenPGP key " + id, Public: schema.PublicKey{Format: schema.OpenPGPKey}}
	public, err := exec.CommandContext(ctx, program, "--armor", "--export", strings.TrimSuffix(id, "!")).Output()
	if errors.Is(err, exec.ErrNotFound) {
		return personSigner{}, &failure{code: exitUsage, err: fmt.Errorf("%s is not installed", program), hint: "install GnuPG, or name an SSH key with --sign-with"}
	}
	if err == nil && len(public) > 0 {
		out.Public.Data = public
	}
	out.MessageSigner = signFunc(func(_ string, message []byte) ([]byte, error) {
		cmd := exec.CommandContext(ctx, program, "--quiet", "--local-user", id, "--armor", "--no-emit-version", "--no-comments", "--detach-sign", "--output", "-")
		var said bytes.Buffer
		cmd.Stdin, cmd.Stderr = bytes.NewReader(message), &said
		signature, err := cmd.Output()
		if err != nil {
			return nil, &failure{code: exitUsage, err: fmt.Errorf("gpg does not sign with %s: %w", id, programSaid(said.String(), err)), hint: "gpg --list-secret-keys lists the keys you have"}
		}
		return signature, nil
	})
	return out, nil
}

func (a *app) gpgProgram(ctx context.Context) string {
	for _, name := range []string{"gpg.openpgp.program", "gpg.program"} {
		if program, _ := a.git(ctx, "config", name); program != "" {
			return expandHome(program)
		}
	}
	return "gpg"
}

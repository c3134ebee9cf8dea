package signing

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// GitSSHProgram does for git what `ssh-keygen -Y` does, so that a binary of ours can be its gpg.ssh.program and nobody
// needs OpenSSH: -Y sign, find-principals, verify and check-novalidate, with the arguments that git passes. It returns
// the exit code; messages go to the process's standard error, as git expects. Keys in an agent are not reached.
//
// What it verifies is what git shows to people; sluice's own verdicts come from a [Keyring].
func GitSSHProgram(args []string, stdin io.Reader, stdout io.Writer) int {
	p, err := parseGitArgs(args)
	if err == nil {
		err = p.run(stdin, stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sluice:", err)
		return 255
	}
	return 0
}

// gitProgram is one call by git.
type gitProgram struct {
	mode      string
	namespace string
	file      string // -f: the private key, or the allowed signers
	principal string // -I
	signature string // -s
	revoked   string // -r
	at        time.Time
	paths     []string // what to sign
}

func parseGitArgs(args []string) (gitProgram, error) {
	p := gitProgram{at: time.Now()}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			p.paths = append(p.paths, arg)
			continue
		}
		name, value := arg[:min(2, len(arg))], arg[min(2, len(arg)):]
		if slices.Contains([]string{"-U", "-q", "-v"}, name) {
			continue
		}
		if value == "" {
			if len(args) == 0 {
				return p, fmt.Errorf("option %s wants a value", name)
			}
			value, args = args[0], args[1:]
		}
		if err := p.set(name, value); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (p *gitProgram) set(name, value string) error {
	switch name {
	case "-Y":
		p.mode = value
	case "-n":
		p.namespace = value
	case "-f":
		p.file = value
	case "-I":
		p.principal = value
	case "-s":
		p.signature = value
	case "-r":
		p.revoked = value
	case "-O":
		return p.option(value)
	default:
		return fmt.Errorf("option %s is not one that git passes", name)
	}
	return nil
}

func (p *gitProgram) option(value string) error {
	key, text, _ := strings.Cut(value, "=")
	switch key {
	case "verify-time":
		at, err := parseSignerTime(text)
		p.at = at
		return err
	case "hashalg", "print-pubkey":
		return fmt.Errorf("option -O %s is not one that git passes", key)
	}
	return fmt.Errorf("option -O %s is unknown", key)
}

func (p *gitProgram) run(stdin io.Reader, stdout io.Writer) error {
	switch p.mode {
	case "sign":
		return p.sign(stdin, stdout)
	case "find-principals":
		return p.findPrincipals(stdout)
	case "verify":
		return p.verify(stdin, stdout)
	case "check-novalidate":
		return p.checkNoValidate(stdin, stdout)
	case "match-principals":
		return errors.New("-Y match-principals is not one that git uses")
	}
	return fmt.Errorf("-Y %q: want sign, find-principals, verify or check-novalidate", p.mode)
}

// sign writes FILE.sig beside each file, or the signature of stdin to stdout.
func (p *gitProgram) sign(stdin io.Reader, stdout io.Writer) error {
	if p.namespace == "" || p.file == "" {
		return errors.New("-Y sign wants -n NAMESPACE and -f KEY")
	}
	signer, err := LoadSSHSigner(privateOf(p.file))
	if err != nil {
		return err
	}
	if len(p.paths) == 0 {
		message, err := io.ReadAll(stdin)
		if err != nil {
			return err
		}
		armored, err := signer.Sign(p.namespace, message)
		if err != nil {
			return err
		}
		_, err = stdout.Write(armored)
		return err
	}
	for _, path := range p.paths {
		message, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		armored, err := signer.Sign(p.namespace, message)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path+".sig", armored, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// privateOf returns the private key's file for user.signingkey, which may name the public one.
func privateOf(path string) string {
	private, found := strings.CutSuffix(path, ".pub")
	if !found {
		return path
	}
	if _, err := os.Stat(private); err != nil {
		return path
	}
	return private
}

// findPrincipals prints who the allowed signers say has the signature's key.
func (p *gitProgram) findPrincipals(stdout io.Writer) error {
	sig, err := p.readSignature()
	if err != nil {
		return err
	}
	allowed, err := loadAllowedSigners(p.file)
	if err != nil {
		return err
	}
	found := false
	for _, a := range allowed {
		if a.allows(sig.PublicKey, sig.Namespace, p.at) {
			found = true
			fmt.Fprintln(stdout, a.principals)
		}
	}
	if !found {
		return errors.New("no principal matched")
	}
	return nil
}

// verify checks that a principal's key signed what is on stdin.
func (p *gitProgram) verify(stdin io.Reader, stdout io.Writer) error {
	sig, err := p.readSignature()
	if err != nil {
		return err
	}
	if err := p.checkRevoked(sig.PublicKey); err != nil {
		return err
	}
	allowed, err := loadAllowedSigners(p.file)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(allowed, func(a allowedSigner) bool {
		return a.names(p.principal) && a.allows(sig.PublicKey, p.namespace, p.at)
	}) {
		return fmt.Errorf("the key is not one of %s", p.principal)
	}
	if err := sshsig.Verify(stdin, sig, sig.PublicKey, sig.HashAlgorithm, p.namespace); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Good %q signature for %s with %s key %s\n",
		p.namespace, p.principal, shortType(sig.PublicKey), ssh.FingerprintSHA256(sig.PublicKey))
	return nil
}

// checkNoValidate checks the signature alone, for keys that nobody vouches for.
func (p *gitProgram) checkNoValidate(stdin io.Reader, stdout io.Writer) error {
	sig, err := p.readSignature()
	if err != nil {
		return err
	}
	if err := sshsig.Verify(stdin, sig, sig.PublicKey, sig.HashAlgorithm, p.namespace); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Good %q signature with %s key %s\n", p.namespace, shortType(sig.PublicKey), ssh.FingerprintSHA256(sig.PublicKey))
	return nil
}

func (p *gitProgram) readSignature() (*sshsig.Signature, error) {
	text, err := os.ReadFile(p.signature)
	if err != nil {
		return nil, err
	}
	blob, ok := sshArmor.read(text)
	if !ok {
		return nil, fmt.Errorf("%s: not the armor of an SSH signature", p.signature)
	}
	sig, f, ok := parseSSHSIG(blob, finding{})
	if !ok {
		return nil, fmt.Errorf("%s: %s", p.signature, f.detail)
	}
	return sig, nil
}

// shortType names a key's type as ssh-keygen does in its messages.
func shortType(key ssh.PublicKey) string {
	switch key.Type() {
	case ssh.KeyAlgoED25519:
		return "ED25519"
	case ssh.KeyAlgoSKED25519:
		return "ED25519-SK"
	case ssh.KeyAlgoRSA:
		return "RSA"
	}
	return "ECDSA"
}

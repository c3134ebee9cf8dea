package signing_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// workshop is a repository and the real programs that sign in it.
type workshop struct {
	t    testing.TB
	dir  string // the repository
	gpg  string // GNUPGHOME; empty where no test asks for gpg
	env  []string
	gpgs string // the gpg wrapper that fakes the clock
}

// newWorkshop makes an empty repository with a clock that stands at noon.
func newWorkshop(t testing.TB) *workshop {
	t.Helper()
	real.Binary(t, "git")
	w := &workshop{t: t, dir: t.TempDir()}
	home := t.TempDir()
	w.env = append(os.Environ(),
		"HOME="+home, "XDG_CONFIG_HOME="+home, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C", "TZ=UTC",
		"SSH_AUTH_SOCK=", "SSH_ASKPASS=", "GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.com",
		"GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.com")
	w.clock(noon)
	w.git("init", "-q", "-b", "main")
	return w
}

// clock sets the committer's clock.
func (w *workshop) clock(at time.Time) {
	stamp := at.UTC().Format("2006-01-02T15:04:05Z")
	w.env = append(w.env, "GIT_AUTHOR_DATE="+stamp, "GIT_COMMITTER_DATE="+stamp)
}

func (w *workshop) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = w.dir, w.env
	return cmd
}

func (w *workshop) run(name string, args ...string) string {
	w.t.Helper()
	cmd := w.command(name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return string(out)
}

func (w *workshop) git(args ...string) string {
	w.t.Helper()
	return w.run("git", args...)
}

// raw returns a commit's bytes and id.
func (w *workshop) raw(rev string) (schema.Hash, []byte) {
	w.t.Helper()
	id, err := schema.ParseHash(strings.TrimSpace(w.git("rev-parse", rev)))
	if err != nil {
		w.t.Fatal(err)
	}
	return id, []byte(w.git("cat-file", "commit", id.String()))
}

// write stores raw commit bytes as they are and returns the id.
func (w *workshop) write(raw []byte) string { return w.writeAs("commit", raw) }

func (w *workshop) writeAs(kind string, raw []byte) string {
	w.t.Helper()
	cmd := w.command("git", "hash-object", "-w", "-t", kind, "--literally", "--stdin")
	cmd.Stdin = bytes.NewReader(raw)
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git hash-object: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// verify asks git itself.
func (w *workshop) verify(id string) (string, bool) {
	out, err := w.command("git", "verify-commit", "-v", id).CombinedOutput()
	return string(out), err == nil
}

// sshKeygen makes a key of the type and size, and returns the path of the private one.
func (w *workshop) sshKeygen(name, kind string, args ...string) string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), name)
	w.run(real.Binary(w.t, "ssh-keygen"), append([]string{"-q", "-t", kind, "-N", "", "-C", name, "-f", path}, args...)...)
	return path
}

func (w *workshop) useSSH(private string) {
	w.git("config", "gpg.format", "ssh")
	w.git("config", "user.signingkey", private)
	w.git("config", "gpg.ssh.program", real.Binary(w.t, "ssh-keygen"))
}

// allow writes the allowed signers file that git verifies with.
func (w *workshop) allow(lines ...string) {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "allowed_signers")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.git("config", "gpg.ssh.allowedSignersFile", path)
}

// startGPG makes an empty GnuPG home. Its path is short, since sockets lie in it.
func (w *workshop) startGPG() {
	w.t.Helper()
	program := real.Binary(w.t, "gpg")
	home, err := os.MkdirTemp("", "gpg")
	if err != nil {
		w.t.Fatal(err)
	}
	w.gpg = home
	w.env = append(w.env, "GNUPGHOME="+home)
	w.t.Cleanup(func() {
		if err := w.command("gpgconf", "--kill", "all").Run(); err != nil {
			w.t.Logf("gpgconf --kill: %v", err)
		}
		os.RemoveAll(home)
	})
	w.gpgs = filepath.Join(home, "git-gpg")
	w.fakeGPG(program, noon)
	w.git("config", "gpg.program", w.gpgs)
	w.git("config", "gpg.format", "openpgp")
}

// fakeGPG writes the wrapper that git calls, with the clock at the time and more options.
func (w *workshop) fakeGPG(program string, at time.Time, options ...string) {
	w.t.Helper()
	script := "#!/bin/sh\nexec " + program + " --batch --no-tty --pinentry-mode loopback --passphrase '' --faked-system-time " +
		at.UTC().Format("20060102T150405!") + " " + strings.Join(options, " ") + " \"$@\"\n"
	writeProgram(w.t, w.gpgs, script)
}

// writeProgram writes a script that is about to be run. No process may start meanwhile: it would inherit the open file,
// and the kernel runs no file that somebody has open to write ("text file busy").
func writeProgram(t testing.TB, path, script string) {
	t.Helper()
	syscall.ForkLock.RLock()
	err := os.WriteFile(path, []byte(script), 0o700)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
}

// gpgKey makes a key at the time and returns its fingerprint.
func (w *workshop) gpgKey(at time.Time, user, algorithm, usage, expire string) string {
	w.t.Helper()
	w.fakeGPG(real.Binary(w.t, "gpg"), at)
	w.run(w.gpgs, "--quiet", "--quick-gen-key", user, algorithm, usage, expire)
	return w.fingerprint(user)
}

func (w *workshop) fingerprint(user string) string {
	w.t.Helper()
	for line := range strings.Lines(w.run(w.gpgs, "--with-colons", "--list-keys", user)) {
		if fields := strings.Split(line, ":"); fields[0] == "fpr" {
			return fields[9]
		}
	}
	w.t.Fatalf("gpg lists no fingerprint of %s", user)
	return ""
}

func (w *workshop) export(fingerprint string) []byte {
	w.t.Helper()
	return []byte(w.run(w.gpgs, "--armor", "--export", fingerprint))
}

// commit makes a signed, empty commit on the current branch.
func (w *workshop) commit(message string) (schema.Hash, []byte) {
	w.t.Helper()
	w.git("commit", "-q", "-S", "--allow-empty", "-m", message)
	return w.raw("HEAD")
}

func mustParse(t testing.TB, raw []byte) signing.Commit {
	t.Helper()
	c, err := signing.ParseCommit(raw)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

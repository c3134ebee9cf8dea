package ledger_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/schema"
)

// repository is a bare repository that holds the objects of a ledger, with its branch.
func repository(t *testing.T, w *world) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "init", "-q", "--bare", ".")
	for id, o := range w.objects {
		writeLoose(t, dir, id, o)
	}
	git(t, dir, "update-ref", "refs/heads/sluice/ledger", w.ledger.Tip().String())
	signers := fmt.Sprintf("ledger@%s %s\nledger@%s %s\n", project, keyOf("log").line(), project, keyOf("next").line())
	if err := os.WriteFile(filepath.Join(dir, "signers"), []byte(signers), 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "config", "gpg.ssh.allowedSignersFile", filepath.Join(dir, "signers"))
	return dir
}

func writeLoose(t *testing.T, dir string, id schema.Hash, o schema.Object) {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	fmt.Fprintf(z, "%s %d\x00", o.Kind, len(o.Data))
	z.Write(o.Data)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "objects", id.String()[:2], id.String()[2:])
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o444); err != nil {
		t.Fatal(err)
	}
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command(real.Binary(t, "git"), args...)
	return run(t, dir, cmd)
}

func run(t *testing.T, dir string, cmd *exec.Cmd) string {
	t.Helper()
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C", "TZ=UTC")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return string(out)
}

// TestGitTakesTheLedger asks git itself whether every object is well formed and every commit signed.
func TestGitTakesTheLedger(t *testing.T) {
	real.Binary(t, "ssh-keygen")
	w := vectorWorld(t, 3)
	dir := repository(t, w)
	if out := git(t, dir, "fsck", "--strict", "--full", "--no-dangling"); strings.Contains(out, "error") || strings.Contains(out, "warning") {
		t.Errorf("git fsck:\n%s", out)
	}
	lines := strings.Split(strings.TrimSpace(git(t, dir, "log", "--format=%G? %GS %s", "sluice/ledger")), "\n")
	if len(lines) != len(w.tips) {
		t.Errorf("git log shows %d commits, want %d", len(lines), len(w.tips))
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "G ledger@"+project+" ledger: ") {
			t.Errorf("git log: %s", line)
		}
	}
}

// TestFormatCommands runs the commands that FORMAT.md shows in the repository of the vector and compares their output.
func TestFormatCommands(t *testing.T) {
	real.Binary(t, "ssh-keygen")
	real.Binary(t, "openssl")
	dir := repository(t, vectorWorld(t, 3))
	text, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	commands := shown(page)
	for _, c := range commands {
		got := run(t, dir, exec.Command(real.Binary(t, "bash"), "-euo", "pipefail", "-c", c.command))
		if *update {
			page = strings.Replace(page, "$ "+c.command+"\n"+c.output, "$ "+c.command+"\n"+got, 1)
		} else if got != c.output {
			t.Errorf("$ %s\n got %s\nwant %s", c.command, got, c.output)
		}
	}
	if len(commands) == 0 {
		t.Error("FORMAT.md shows no command")
	}
	if *update {
		if err := os.WriteFile("FORMAT.md", []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

type command struct{ command, output string }

// shown returns the commands of a page's console blocks with the output that stands below each; a command goes on where
// its line ends with a backslash.
func shown(page string) []command {
	var out []command
	for _, block := range strings.Split(page, "```console\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		for _, step := range strings.Split("\n"+block, "\n$ ")[1:] {
			line, rest, _ := strings.Cut(step, "\n")
			for strings.HasSuffix(line, "\\") {
				more, after, _ := strings.Cut(rest, "\n")
				line, rest = line+"\n"+more, after
			}
			if rest != "" && !strings.HasSuffix(rest, "\n") {
				rest += "\n"
			}
			out = append(out, command{line, rest})
		}
	}
	return out
}

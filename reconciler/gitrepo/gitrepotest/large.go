// Package gitrepotest makes the repositories that tests and benchmarks of scale run on. It needs the program git.
package gitrepotest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// stageNames are the stages that Large makes, in this order.
var stageNames = [...]string{"development", "testing", "staging", "gray", "production"}

// App returns the name of an app of Large.
func App(n int) string { return fmt.Sprintf("app-%05d", n) }

// File returns the path of an app's only file in a stage.
func File(stage, app int) string { return "stages/" + stageNames[stage] + "/" + App(app) + "/app.yaml" }

// Content returns the text of that file at a version: about 600 bytes of YAML.
func Content(stage, app, version int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s in %s\nversion: %d\nserver:\n  port: %d\n  host: %s.internal\n", App(app), stageNames[stage], version, 1024+app%60000, App(app))
	for i := range 12 {
		fmt.Fprintf(&b, "setting-%02d: value-%d-%d\n", i, app*31+i*7, version%(i+1))
	}
	return b.String()
}

// Large makes a bare repository in dir with apps × stages files on branch main (at most five stages), and returns its
// only commit. 10,000 apps in 5 stages, the reference size, take a few seconds.
func Large(dir string, apps, stages int) (schema.Hash, error) {
	return large(dir, apps, stages, func(stage, app int) string { return Content(stage, app, 1) })
}

// Promoted makes what Large makes once everything was promoted: each stage has what the first one has.
func Promoted(dir string, apps, stages int) (schema.Hash, error) {
	return large(dir, apps, stages, func(_, app int) string { return Content(0, app, 1) })
}

func large(dir string, apps, stages int, content func(stage, app int) string) (schema.Hash, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return schema.Hash{}, err
	}
	if _, err := run(dir, nil, "init", "-q", "--bare", "-b", "main"); err != nil {
		return schema.Hash{}, err
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(stream(w, apps, stages, content)) }()
	if _, err := run(dir, r, "fast-import", "--quiet", "--depth=0"); err != nil {
		return schema.Hash{}, err
	}
	out, err := run(dir, nil, "rev-parse", "refs/heads/main")
	if err != nil {
		return schema.Hash{}, err
	}
	return schema.ParseHash(strings.TrimSpace(out))
}

func stream(w io.Writer, apps, stages int, content func(stage, app int) string) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, "commit refs/heads/main\ncommitter Ann <ann@example.com> 1700000000 +0000\ndata 5\nfirst\n")
	for stage := range stages {
		for app := range apps {
			text := content(stage, app)
			fmt.Fprintf(b, "M 100644 inline %s\ndata %d\n%s\n", File(stage, app), len(text), text)
		}
	}
	return b.Flush()
}

func run(dir string, stdin io.Reader, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = dir, stdin
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_DIR="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, stderr.String())
	}
	return string(out), nil
}

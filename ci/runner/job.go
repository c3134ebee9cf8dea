package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Result is how a job ended.
type Result struct {
	Code    int
	Warned  bool              // it failed with a code that it may fail with
	Missing []string          // artifacts that it names and did not leave
	Dotenv  map[string]string // variables for the jobs after it
}

// Failed reports whether the pipeline fails by it.
func (r Result) Failed() bool { return r.Code != 0 && !r.Warned }

// Worker executes jobs. What they leave stays in Keep: JOB/FILE for artifacts, cache/KEY/FILE.
type Worker struct {
	Keep    string
	Log     io.Writer
	Offline bool // no process of a job reaches any network
}

// Execute runs a job in a checkout of its own, as a runner does in a fresh container: with the variables and nothing else.
func (w Worker) Execute(ctx context.Context, e Event, r Run, j Job, variables map[string]string) (Result, error) {
	dir, err := os.MkdirTemp("", "job-")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(dir)
	checkout := filepath.Join(dir, "builds")
	if err := clone(ctx, e, r, checkout, variables["GIT_DEPTH"]); err != nil {
		return Result{}, fmt.Errorf("checkout: %w", err)
	}
	cache := filepath.Join(w.Keep, "cache", j.Cache.Key)
	if err := carry(cache, checkout, j.Cache.Paths, nil); err != nil {
		return Result{}, err
	}
	out := Result{}
	if out.Code, err = w.script(ctx, dir, checkout, j, variables); err != nil {
		return out, err
	}
	out.Warned = out.Code != 0 && j.AllowFailure.Always
	for _, code := range j.AllowFailure.ExitCodes {
		out.Warned = out.Warned || code == out.Code
	}
	if out.Code == 0 {
		err = carry(checkout, cache, j.Cache.Paths, nil)
	}
	if err != nil || out.Code != 0 && j.Artifacts.When != "always" {
		return out, err
	}
	return out, w.collect(checkout, j, &out)
}

// clone fetches as a runner does: with depth 0 every branch and tag, else the pipeline's own commits alone.
func clone(ctx context.Context, e Event, r Run, dir, depth string) error {
	fetch := []string{"fetch", "-q", "--no-tags", "origin", "+" + r.Ref + ":refs/pipelines/1"}
	switch depth {
	case "0":
		fetch = append(fetch, "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
	case "":
		fetch = append(fetch, "--depth=20")
	default:
		fetch = append(fetch, "--depth="+depth)
	}
	if out, err := exec.CommandContext(ctx, "git", "init", "-q", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("git init: %w: %s", err, out)
	}
	for _, args := range [][]string{{"remote", "add", "origin", "file://" + e.Origin}, fetch, {"checkout", "-q", "--detach", r.SHA}} {
		if _, err := git(ctx, dir, args...); err != nil {
			return err
		}
	}
	return nil
}

func (w Worker) script(ctx context.Context, dir, checkout string, j Job, variables map[string]string) (int, error) {
	file := filepath.Join(dir, "script")
	if err := os.WriteFile(file, []byte(strings.Join(append([]string{"set -e"}, j.Script...), "\n")+"\n"), 0o600); err != nil {
		return 0, err
	}
	args := []string{"sh", file}
	if w.Offline {
		args = append([]string{"unshare", "-rn"}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = checkout, w.Log, w.Log
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "CI_PROJECT_DIR=" + checkout}
	for name, value := range variables {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// collect keeps what the job names, and reads its reports as GitLab would.
func (w Worker) collect(checkout string, j Job, out *Result) error {
	paths := j.Artifacts.Paths
	for _, path := range j.Artifacts.Reports {
		paths = append(paths, path)
	}
	keep := filepath.Join(w.Keep, j.Name)
	if err := carry(checkout, keep, paths, &out.Missing); err != nil {
		return err
	}
	for kind, path := range j.Artifacts.Reports {
		data, err := os.ReadFile(filepath.Join(keep, path))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = accept(kind, data, out)
		}
		if err != nil {
			return fmt.Errorf("report %s: %w", kind, err)
		}
	}
	return nil
}

func accept(kind string, data []byte, out *Result) error {
	switch kind {
	case "codequality":
		var list []json.RawMessage
		return json.Unmarshal(data, &list)
	case "annotations":
		var groups map[string][]json.RawMessage
		return json.Unmarshal(data, &groups)
	case "junit":
		return xml.Unmarshal(data, new(struct {
			XMLName xml.Name `xml:"testsuites"`
		}))
	case "dotenv":
		var err error
		out.Dotenv, err = readDotenv(data)
		return err
	}
	return fmt.Errorf("kind %s is not known here", kind)
}

var dotenvLine = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// readDotenv holds the file to what GitLab takes: 5 KB, 20 variables, one line each.
func readDotenv(data []byte) (map[string]string, error) {
	out := map[string]string{}
	if len(data) > 5<<10 {
		return nil, fmt.Errorf("%d bytes are more than 5 KB", len(data))
	}
	for line := range bytes.Lines(data) {
		m := dotenvLine.FindSubmatch(bytes.TrimRight(line, "\n"))
		if m == nil {
			return nil, fmt.Errorf("line %q is no NAME=VALUE", line)
		}
		out[string(m[1])] = string(m[2])
	}
	if len(out) > 20 {
		return nil, fmt.Errorf("%d variables are more than 20", len(out))
	}
	return out, nil
}

// carry copies files from one directory to another. What is not there is named in missing.
func carry(from, to string, paths []string, missing *[]string) error {
	for _, path := range paths {
		data, err := os.ReadFile(filepath.Join(from, path))
		if errors.Is(err, os.ErrNotExist) {
			if missing != nil {
				*missing = append(*missing, path)
			}
			continue
		}
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, path)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, path), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

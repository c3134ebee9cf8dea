package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
)

// git asks the user's git, which knows the user's settings and credentials. It is for answers without paths in them: git quotes those.
func (a *app) git(ctx context.Context, args ...string) (string, error) {
	out, err := a.gitOutput(ctx, args...)
	return strings.TrimSpace(out), err
}

// gitPaths asks for paths with -z, which the arguments hold: without it git writes a name with an umlaut or a quotation mark in it in
// quotation marks of its own, which is the name of no file.
func (a *app) gitPaths(ctx context.Context, args ...string) ([]string, error) {
	out, err := a.gitOutput(ctx, args...)
	if err != nil || out == "" {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00"), nil
}

func (a *app) gitOutput(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", a.dir}, args...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", &failure{code: exitUsage, err: errors.New("git is not installed"), hint: "install git 2.38 or newer"}
	}
	if err != nil {
		return "", fmt.Errorf("git %s: %w", command(args), gitSaid(errs.String(), err))
	}
	return string(out), nil
}

// noAccess is why git could not read from a remote: a login that was refused is no outage, and trying again does not help.
func noAccess(err error, remote string) error {
	code := exitUnavailable
	text := strings.ToLower(err.Error())
	for _, refused := range []string{"authentication failed", "access denied", "permission denied", "could not read username", "could not read password", "error: 401", "error: 403"} {
		if strings.Contains(text, refused) {
			code = exitForbidden
		}
	}
	return &failure{code: code, err: err, hint: "check your access to it: git fetch " + redacted(remote)}
}

// command is the word of git's arguments that says what it does.
func command(args []string) string {
	for i := 0; i < len(args); i++ {
		if args[i] == "-c" {
			i++
			continue
		}
		return args[i]
	}
	return ""
}

// address is one in a text of git's, up to the quotation mark that ends it.
var address = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s'"]+`)

// gitSaid is git's own reason: the first paragraph of what it wrote, without the words that begin its lines, and without what
// may be a credential in an address. Git hides a password before the host, and shows a token behind the path.
func gitSaid(text string, err error) error {
	paragraph, _, _ := strings.Cut(strings.TrimSpace(text), "\n\n")
	var lines []string
	for line := range strings.Lines(paragraph) {
		line = address.ReplaceAllStringFunc(strings.TrimSpace(line), redacted)
		for _, word := range []string{"fatal: ", "error: "} {
			line = strings.TrimPrefix(line, word)
		}
		if line != "" && !strings.HasPrefix(line, "hint: ") {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return err
	}
	return errors.New(strings.Join(lines, "\n"))
}

// The oldest git that the stand-in can merge with: git merge-tree --write-tree came with it.
const oldestGit = "2.38"

func checkGit(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "git", "version").Output()
	if err != nil {
		return &failure{code: exitUsage, err: errors.New("git is not installed"), hint: "install git " + oldestGit + " or newer"}
	}
	if found := strings.TrimSpace(strings.TrimPrefix(string(out), "git version ")); olderVersion(found, oldestGit) {
		return &failure{code: exitUsage, err: fmt.Errorf("git %s is too old for the demo", found), hint: "install git " + oldestGit + " or newer"}
	}
	return nil
}

// olderVersion compares the first two numbers of versions; what cannot be read is not called old.
func olderVersion(found, oldest string) bool {
	var major, minor, wantMajor, wantMinor int
	if _, err := fmt.Sscanf(found, "%d.%d", &major, &minor); err != nil {
		return false
	}
	if _, err := fmt.Sscanf(oldest, "%d.%d", &wantMajor, &wantMinor); err != nil {
		return false
	}
	return major < wantMajor || major == wantMajor && minor < wantMinor
}

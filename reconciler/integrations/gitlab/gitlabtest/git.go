package gitlabtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// gitBinary is the git found at start and the only environment its children see.
type gitBinary struct {
	path string
	env  []string
}

// repository is one bare repository.
type repository struct {
	git gitBinary
	dir string
	// descends remembers answers of ancestor, which never change. Guarded by
	// Server.mu.
	descends map[[2]string]bool
	// merges remembers the trees of clean merges. Guarded by Server.mu.
	merges map[[2]string]string
	// read remembers commits, which never change either. Guarded by Server.mu.
	read map[string]commit
}

// signature is the author or committer of a commit the forge makes.
type signature struct {
	name, email string
	at          time.Time
}

const nullSHA = "0000000000000000000000000000000000000000"

var (
	errConflict = errors.New("merge conflict")
	gitVersion  = regexp.MustCompile(`^git version (\d+)\.(\d+)`)
)

func findGit(home string) (gitBinary, error) {
	path, err := exec.LookPath("git")
	if err != nil {
		return gitBinary{}, fmt.Errorf("git is needed: %w", err)
	}
	g := gitBinary{path: path, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "TMPDIR=" + os.TempDir(),
		"LC_ALL=C", "TZ=UTC", "GIT_TERMINAL_PROMPT=0",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_SYSTEM=" + os.DevNull, "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		"GIT_DEFAULT_HASH=sha1", "GIT_DEFAULT_REF_FORMAT=files",
		"GIT_AUTHOR_NAME=GitLab", "GIT_AUTHOR_EMAIL=noreply@gitlab.invalid",
		"GIT_COMMITTER_NAME=GitLab", "GIT_COMMITTER_EMAIL=noreply@gitlab.invalid",
	}}
	version, err := g.version(home)
	if err != nil {
		return gitBinary{}, err
	}
	if m := gitVersion.FindStringSubmatch(version); m == nil || older(m[1], m[2], 2, 38) {
		return gitBinary{}, fmt.Errorf("git 2.38 or later is needed (merge-tree --write-tree), found %q", version)
	}
	return g, nil
}

// versions are what programs said of themselves, by path.
var versions sync.Map // of string, to string

func (g gitBinary) version(home string) (string, error) {
	if said, known := versions.Load(g.path); known {
		return said.(string), nil
	}
	said, err := g.run(home, "", nil, "version")
	if err == nil {
		versions.Store(g.path, said)
	}
	return said, err
}

func older(major, minor string, wantMajor, wantMinor int) bool {
	a, _ := strconv.Atoi(major) // digits by the expression
	b, _ := strconv.Atoi(minor)
	return a < wantMajor || a == wantMajor && b < wantMinor
}

// run starts git in a directory and returns its output without the last newline.
func (g gitBinary) run(dir, stdin string, env []string, args ...string) (string, error) {
	cmd := exec.Command(g.path, args...)
	cmd.Dir = dir
	cmd.Env = append(append([]string{}, g.env...), env...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(errs.String()))
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// run starts git in the repository.
func (r repository) run(args ...string) (string, error) { return r.git.run(r.dir, "", nil, args...) }

// tip is the commit of a branch, "" when there is no such branch. It reads the
// ref files itself, since it is asked on every API request.
func (r repository) tip(branch string) string { return r.ref("refs/heads/" + branch) }

func (r repository) ref(name string) string {
	if branch, ok := strings.CutPrefix(name, "refs/heads/"); ok && (branch == "" || strings.Contains(branch, "..")) {
		return ""
	}
	if b, err := os.ReadFile(filepath.Join(r.dir, filepath.FromSlash(name))); err == nil {
		return strings.TrimSpace(string(b))
	}
	packed, err := os.ReadFile(filepath.Join(r.dir, "packed-refs"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(packed)) {
		if sha, ref, ok := strings.Cut(strings.TrimSpace(line), " "); ok && ref == name {
			return sha
		}
	}
	return ""
}

// commit resolves a commit name; "" when there is no such commit.
func (r repository) commit(name string) string {
	if sha := r.named(name); r.known(sha) {
		return sha
	}
	sha, err := r.run("rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	if err != nil {
		return ""
	}
	return sha
}

func (r repository) tree(commit string) (string, error) {
	if sha := r.named(commit); r.known(sha) {
		return r.read[sha].tree, nil
	}
	return r.run("rev-parse", "--verify", "--end-of-options", commit+"^{tree}")
}

// update moves a ref from an expected value; nullSHA as old value demands that
// it does not exist, as new value deletes it.
func (r repository) update(ref, sha, old string) error {
	if r.moveLoose(ref, sha, old) {
		return nil
	}
	_, err := r.run("update-ref", ref, sha, old)
	return err
}

// keep keeps a commit reachable under refs/keep-around.
func (r repository) keep(sha string) error {
	return r.put("refs/keep-around/"+sha, sha)
}

// put makes or moves a ref, whatever it was.
func (r repository) put(ref, sha string) error {
	if r.moveLoose(ref, sha, "") {
		return nil
	}
	_, err := r.run("update-ref", ref, sha)
	return err
}

// gitRevList is revList by git.
func (r repository) gitRevList(base, tip string) ([]string, error) {
	args := []string{"rev-list", "--topo-order", tip}
	if base != "" {
		args = append(args, "^"+base)
	}
	out, err := r.run(args...)
	return strings.Fields(out), err
}

// mergeTrees merges two commits and returns the tree, errConflict when it does
// not merge cleanly.
func (r repository) mergeTrees(ours, theirs string) (string, error) {
	switch {
	case r.ancestor(ours, theirs):
		return r.tree(theirs)
	case r.ancestor(theirs, ours):
		return r.tree(ours)
	}
	key := [2]string{ours, theirs}
	if tree := r.merges[key]; tree != "" {
		if _, _, there := r.object(tree); there { // nothing keeps it from a gc
			return tree, nil
		}
	}
	tree, err := r.gitMergeTrees(ours, theirs)
	if err == nil {
		r.merges[key] = tree
	}
	return tree, err
}

func (r repository) gitMergeTrees(ours, theirs string) (string, error) {
	out, err := r.run("merge-tree", "--write-tree", "--no-messages", ours, theirs)
	if err == nil {
		return strings.SplitN(out, "\n", 2)[0], nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 || strings.Contains(err.Error(), "unrelated histories") {
		return "", errConflict
	}
	return "", err
}

// pick is a three-way merge of trees: what changed from base to theirs, on top
// of ours. merge-tree takes a base of its own only since git 2.40, so the three
// trees are wrapped into commits that have it by descent.
func (r repository) pick(base, ours, theirs string) (string, error) {
	switch base {
	case ours:
		return theirs, nil
	case theirs:
		return ours, nil
	}
	who := signature{name: "GitLab", email: "noreply@gitlab.invalid", at: time.Unix(0, 0)}
	b, err := r.commitTree(base, nil, "base", who, who)
	if err != nil {
		return "", err
	}
	o, err := r.commitTree(ours, []string{b}, "ours", who, who)
	if err != nil {
		return "", err
	}
	t, err := r.commitTree(theirs, []string{b}, "theirs", who, who)
	if err != nil {
		return "", err
	}
	return r.mergeTrees(o, t)
}

// commitTree writes an unsigned commit.
func (r repository) commitTree(tree string, parents []string, message string, author, committer signature) (string, error) {
	if data, plain := rawCommit(tree, parents, message, author, committer); plain {
		return r.writeCommit(data)
	}
	args := []string{"commit-tree", tree}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	env := []string{
		"GIT_AUTHOR_NAME=" + author.name, "GIT_AUTHOR_EMAIL=" + author.email, "GIT_AUTHOR_DATE=" + gitDate(author.at),
		"GIT_COMMITTER_NAME=" + committer.name, "GIT_COMMITTER_EMAIL=" + committer.email, "GIT_COMMITTER_DATE=" + gitDate(committer.at),
	}
	return r.git.run(r.dir, message, env, args...)
}

// gitDate keeps the offset of a rebased author's clock.
func gitDate(at time.Time) string { return fmt.Sprintf("@%d %s", at.Unix(), at.Format("-0700")) }

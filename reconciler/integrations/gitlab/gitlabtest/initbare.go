package gitlabtest

import (
	"errors"
	"os"
	"path/filepath"
)

// repositoryConfig is a repository's configuration: what git init writes, then what GitLab sets. The only repository that one
// borrows from is itself, for the quarantine of a push: its refs are counted without being listed by a git of their own.
const repositoryConfig = `[core]
	repositoryformatversion = 0
	filemode = true
	bare = true
	alternateRefsCommand = true
[uploadpack]
	allowAnySHA1InWant = true
	allowFilter = true
	hideRefs = refs/keep-around
[receive]
	autogc = false
	hideRefs = refs/keep-around
	hideRefs = refs/merge-requests
	advertisePushOptions = true
	denyDeleteCurrent = ignore
[gc]
	auto = 0
`

// initBare makes what git init --bare makes without a template.
func (g gitBinary) initBare(dir, branch string) (repository, error) {
	r := repository{git: g, dir: dir, descends: map[[2]string]bool{}, merges: map[[2]string]string{}, read: map[string]commit{}}
	var failed error
	for _, folder := range []string{"hooks", "objects/info", "objects/pack", "refs/heads", "refs/tags"} {
		failed = errors.Join(failed, os.MkdirAll(filepath.Join(dir, filepath.FromSlash(folder)), 0o755))
	}
	return r, errors.Join(failed,
		os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: refs/heads/"+branch+"\n"), 0o644),
		os.WriteFile(filepath.Join(dir, "config"), []byte(repositoryConfig), 0o644),
		os.WriteFile(filepath.Join(dir, "hooks", "pre-receive"), []byte(preReceive), 0o755))
}

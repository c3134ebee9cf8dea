package gitlabtest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// edit writes the tree of a commit with files replaced and removed, through an
// index of its own.
func (r repository) edit(dir, from string, in NewCommit) (string, error) {
	tmp, err := os.MkdirTemp(dir, "index-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	env := []string{"GIT_INDEX_FILE=" + filepath.Join(tmp, "index")}
	if from != "" {
		if _, err := r.git.run(r.dir, "", env, "read-tree", from); err != nil {
			return "", err
		}
	}
	var lines strings.Builder
	for _, path := range slices.Sorted(maps.Keys(in.Files)) {
		blob, err := r.git.run(r.dir, in.Files[path], nil, "hash-object", "-w", "--stdin")
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&lines, "100644 %s\t%s\n", blob, path)
	}
	for _, path := range in.Remove {
		fmt.Fprintf(&lines, "0 %s\t%s\n", nullSHA, path)
	}
	if _, err := r.git.run(r.dir, lines.String(), env, "update-index", "--add", "--index-info"); err != nil {
		return "", err
	}
	return r.git.run(r.dir, "", env, "write-tree")
}

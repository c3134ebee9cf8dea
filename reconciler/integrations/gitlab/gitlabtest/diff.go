package gitlabtest

import (
	"fmt"
	"strings"
)

// fileDiff is what changed in one file.
type fileDiff struct {
	oldPath, newPath string
	oldMode, newMode string
	status           byte   // A, M, D, R, T as git has it
	patch            string // hunks only, from the first @@
}

// diff lists the files that differ between two commits.
func (r repository) diff(from, to string) ([]fileDiff, error) {
	raw, err := r.run("diff", "--raw", "-z", "-M", "--no-abbrev", from, to)
	if err != nil {
		return nil, err
	}
	patch, err := r.run("diff", "-M", "--no-color", "--no-ext-diff", from, to)
	if err != nil {
		return nil, err
	}
	files, err := parseRaw(raw)
	if err != nil {
		return nil, err
	}
	for i, text := range splitPatch(patch) {
		if i < len(files) {
			files[i].patch = text
		}
	}
	return files, nil
}

// changed counts the files of a version.
func (r repository) changed(v Version) int {
	if r.known(v.BaseSHA) && r.known(v.HeadSHA) {
		if n, plain := r.filesBetween(r.read[v.BaseSHA].tree, r.read[v.HeadSHA].tree); plain {
			return n
		}
	}
	return r.gitChanged(v)
}

func (r repository) gitChanged(v Version) int {
	out, err := r.run("diff", "--name-only", "-z", "-M", v.BaseSHA, v.HeadSHA)
	if err != nil {
		return 0
	}
	return strings.Count(out, "\x00")
}

// parseRaw reads git diff --raw -z: ":oldmode newmode oldsha newsha status",
// then one path, or two for a rename.
func parseRaw(raw string) ([]fileDiff, error) {
	var out []fileDiff
	fields := strings.Split(strings.TrimSuffix(raw, "\x00"), "\x00")
	for len(fields) >= 2 {
		head := strings.Fields(strings.TrimPrefix(fields[0], ":"))
		if len(head) != 5 {
			return nil, fmt.Errorf("read diff: %q", fields[0])
		}
		f := fileDiff{oldMode: head[0], newMode: head[1], status: head[4][0], oldPath: fields[1], newPath: fields[1]}
		fields = fields[2:]
		if f.status == 'R' && len(fields) > 0 {
			f.newPath, fields = fields[0], fields[1:]
		}
		out = append(out, f)
	}
	return out, nil
}

// splitPatch cuts a patch into its files and drops the header of each.
func splitPatch(patch string) []string {
	if patch == "" {
		return nil
	}
	var out []string
	for _, part := range strings.Split("\n"+patch, "\ndiff --git ")[1:] {
		at := strings.Index(part, "\n@@ ")
		if at < 0 {
			out = append(out, "")
			continue
		}
		out = append(out, part[at+1:]+"\n")
	}
	return out
}

func (f fileDiff) object() object {
	return object{"old_path": f.oldPath, "new_path": f.newPath, "a_mode": f.oldMode, "b_mode": f.newMode, "diff": f.patch,
		"new_file": f.status == 'A', "renamed_file": f.status == 'R', "deleted_file": f.status == 'D',
		"generated_file": false, "collapsed": false, "too_large": false}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

package gitlabtest

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// Objects are so often read and written that a process for each took most of the stand-in's time. Nearly all of them are
// loose, since git unpacks a small push: those are read and written here. What is packed is left to git.

var fullSHA = regexp.MustCompile(`^[0-9a-f]{40}$`)

func loosePath(repo, sha string) string { return filepath.Join(repo, "objects", sha[:2], sha[2:]) }

// WriteObject writes a loose object into a bare repository such as [Server.RepoDir], if it is not there yet, and returns its
// id. It asks nothing of the bytes: `git hash-object` would.
func WriteObject(repo string, kind schema.ObjectKind, data []byte) (schema.Hash, error) {
	id := schema.ObjectID(kind, data)
	path := loosePath(repo, id.String())
	if _, err := os.Stat(path); err == nil {
		return id, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return id, err
	}
	half, err := os.CreateTemp(filepath.Dir(path), "tmp_obj_") // git's name, which its gc sweeps
	if err != nil {
		return id, err
	}
	z, err := zlib.NewWriterLevel(half, zlib.BestSpeed)
	if err != nil {
		return id, errors.Join(err, half.Close())
	}
	_, header := fmt.Fprintf(z, "%s %d\x00", kind, len(data))
	_, body := z.Write(data)
	if err := errors.Join(header, body, z.Close(), half.Chmod(0o444), half.Close()); err != nil {
		return id, err
	}
	return id, os.Rename(half.Name(), path)
}

// object reads a loose object. It says false where only git knows: of what is packed, or nowhere.
func (r repository) object(sha string) (schema.ObjectKind, []byte, bool) {
	if !fullSHA.MatchString(sha) {
		return "", nil, false
	}
	f, err := os.Open(loosePath(r.dir, sha))
	if err != nil {
		return "", nil, false
	}
	defer f.Close()
	z, err := zlib.NewReader(f)
	if err != nil {
		return "", nil, false
	}
	text, err := io.ReadAll(z)
	header, data, cut := bytes.Cut(text, []byte{0})
	kind, size, _ := strings.Cut(string(header), " ")
	return schema.ObjectKind(kind), data, err == nil && cut && size == strconv.Itoa(len(data))
}

// writeCommit writes the bytes of a commit, which git judges where they are not plain.
func (r repository) writeCommit(data []byte) (string, error) {
	if _, plain := parseRawCommit("", data); !plain {
		return r.git.run(r.dir, string(data), nil, "hash-object", "-t", "commit", "-w", "--stdin")
	}
	id, err := WriteObject(r.dir, schema.CommitObject, data)
	return id.String(), err
}

package gitlabtest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// looseName is a ref that any file system takes and that git needs no check for.
var looseName = regexp.MustCompile(`^refs(/[A-Za-z0-9][A-Za-z0-9_-]*)+$`)

// moveLoose writes a ref's file as git does, under git's lock: a ref moves so often that a process for each took much of the
// stand-in's time. It says false and changes nothing where only git knows what to do: packed refs, an old value that does not
// hold. An empty old is any.
func (r repository) moveLoose(ref, sha, old string) bool {
	if !looseName.MatchString(ref) || len(sha) != len(nullSHA) {
		return false
	}
	if _, err := os.Stat(filepath.Join(r.dir, "packed-refs")); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	path := filepath.Join(r.dir, filepath.FromSlash(ref))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false
	}
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return false
	}
	_, err = lock.WriteString(sha + "\n")
	err = errors.Join(err, lock.Close())
	now := r.ref(ref)
	if now == "" {
		now = nullSHA
	}
	if err != nil || old != "" && old != now {
		os.Remove(path + ".lock")
		return false
	}
	if sha == nullSHA {
		err = errors.Join(os.Remove(path), os.Remove(path+".lock"))
	} else if err = os.Rename(path+".lock", path); err != nil {
		os.Remove(path + ".lock")
	}
	return err == nil
}

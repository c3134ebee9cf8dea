package agent

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// Output is a directory with an app's files, laid out as Kubernetes mounts a ConfigMap: programs open DIR/app.yaml, which
// leads through the link ..data to a release, and turning that one link turns them all. A program that reads several files
// together opens DIR/..data once. Nothing is ever written outside of the directory, and nothing in it that is not ours is
// touched.
//
// The record ..sluice beside the releases says whose they are and which entry the newest is: another app's agent is refused,
// and so is an older release. A mark, ..pending, says that a reload is owed; it outlives a crash between the two.
type Output struct {
	Dir  string
	Mode fs.FileMode // of a file; 0600 by default. Directories and programs may be entered and run by whoever may read.
}

const (
	dataLink   = "..data"
	newLink    = "..data.new"
	pending    = "..pending"
	releaseDir = "..release-"
)

// A staged release lies whole beside the one in use.
type staged struct {
	place  *place
	root   *os.Root // the place's
	out    Output
	seq    int64
	digest string
	now    string // directory of the release in use
	name   string // of its directory
	tops   []string
	live   bool // it is the one in use, and as it should be
	owing  bool // a reload of it is owed
	linked int  // names that had no link, or another one
}

// stage writes the files of a document beside those in use. The caller ends it with drop.
func (p *place) stage(d *provider.Document, seq int64) (_ *staged, err error) {
	if err := p.again(); err != nil {
		return nil, p.failed(err)
	}
	if err := p.newer(seq); err != nil {
		return nil, p.failed(err)
	}
	s := &staged{place: p, root: p.root, out: p.out, seq: seq, digest: d.Digest()}
	if err := s.fill(d); err != nil {
		return nil, errors.Join(p.failed(err), s.drop())
	}
	return s, nil
}

// passable lets whoever may read also enter, or run.
func passable(mode fs.FileMode) fs.FileMode { return mode | (mode&0o444)>>2 }

func (s *staged) fill(d *provider.Document) error {
	files := d.Files()
	if now, err := s.root.Readlink(dataLink); err == nil && strings.HasPrefix(now, releaseDir) && !strings.Contains(now, "/") {
		s.now = now
	}
	if err := s.plan(files); err != nil {
		return err
	}
	_, err := s.root.Lstat(pending)
	s.owing = err == nil
	if s.now != "" && s.holds(s.now, d) {
		s.name, s.live = s.now, true
		return nil
	}
	if err := s.makeRelease(d.Digest()); err != nil {
		return err
	}
	for _, file := range files {
		data, ok := d.File(file)
		if !ok {
			return fmt.Errorf("%s is not in the document", file)
		}
		if err := s.write(path.Join(s.name, file), data, s.modeOf(d, file)); err != nil {
			return err
		}
	}
	return s.sync(s.name)
}

// plan refuses what cannot lie in the directory, before anything is written.
func (s *staged) plan(files []string) error {
	for _, file := range files {
		top, _, _ := strings.Cut(file, "/")
		if !fs.ValidPath(file) || strings.HasPrefix(top, "..") || strings.ContainsAny(file, "\x00\\") {
			return fmt.Errorf("a file cannot be called %q", file)
		}
		if slices.Contains(s.tops, top) {
			continue
		}
		s.tops = append(s.tops, top)
		if info, err := s.root.Lstat(top); err == nil && !ours(s.root, top, info) && !s.replaced(top, info) {
			return fmt.Errorf("%s is there and is not the agent's; give the agent a directory of its own", top)
		}
	}
	return nil
}

// ours reports whether a name is a link that a release put there.
func ours(root *os.Root, name string, info fs.FileInfo) bool {
	if info.Mode().Type() != fs.ModeSymlink {
		return false
	}
	to, err := root.Readlink(name)
	return err == nil && to == path.Join(dataLink, name)
}

// replaced reports whether somebody put a file where the release in use has its link, as editors do when they save.
func (s *staged) replaced(name string, info fs.FileInfo) bool {
	if s.now == "" || info.IsDir() {
		return false
	}
	_, err := s.root.Lstat(path.Join(s.now, name))
	return err == nil
}

func (s *staged) modeOf(d *provider.Document, file string) fs.FileMode {
	if d.Executable(file) {
		return passable(s.out.Mode)
	}
	return s.out.Mode
}

// holds reports whether a release on disk is the document: every file, its bytes and its mode, and no other file.
func (s *staged) holds(release string, d *provider.Document) bool {
	other, beside, err := s.compare(release, d)
	return err == nil && other == "" && len(beside) == 0
}

// compare names a file of the document that a release on disk lacks or has otherwise, and the files that it has beside them.
func (s *staged) compare(release string, d *provider.Document) (other string, beside []string, err error) {
	same := map[string]bool{}
	err = fs.WalkDir(s.root.FS(), release, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file := strings.TrimPrefix(name, release+"/")
		want, ok := d.File(file)
		if !ok {
			beside = append(beside, name)
			return nil
		}
		info, err := entry.Info()
		if err != nil || info.Mode() != s.modeOf(d, file) || info.Size() != int64(len(want)) {
			return err
		}
		have, err := s.root.ReadFile(name)
		same[file] = bytes.Equal(have, want)
		return err
	})
	for _, file := range d.Files() {
		if !same[file] {
			return file, beside, err
		}
	}
	return "", beside, err
}

// unchanged refuses files that the check did not leave as it was asked about them. What it left beside them goes away.
func (s *staged) unchanged(d *provider.Document) error {
	other, beside, err := s.compare(s.name, d)
	if err == nil && other != "" {
		err = fmt.Errorf("it changed or removed %s, which it was asked about; let it work on a copy", other)
	}
	for _, name := range beside {
		if err == nil {
			err = s.root.Remove(name)
		}
	}
	return err
}

// makeRelease makes a directory that nothing was in before.
func (s *staged) makeRelease(digest string) error {
	name := releaseDir + strings.TrimPrefix(digest, "sha256:")[:12]
	for n := range 100 {
		s.name = name + "-" + strconv.Itoa(n)
		err := s.root.Mkdir(s.name, 0o700)
		if err == nil {
			return s.root.Chmod(s.name, passable(s.out.Mode)) // whatever the umask
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return errors.New("too many releases of one content are left over")
}

func (s *staged) write(name string, data []byte, mode fs.FileMode) error {
	if err := s.makeDirs(path.Dir(name)); err != nil {
		return err
	}
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, bytes.NewReader(data))
	return errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
}

func (s *staged) makeDirs(dir string) error {
	if _, err := s.root.Lstat(dir); err == nil {
		return nil
	}
	if err := s.makeDirs(path.Dir(dir)); err != nil {
		return err
	}
	if err := s.root.Mkdir(dir, 0o700); err != nil {
		return err
	}
	return s.root.Chmod(dir, passable(s.out.Mode))
}

// sync makes the names in a directory outlive a power cut.
func (s *staged) sync(dir string) error {
	f, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// path is where the staged files are.
func (s *staged) path() string { return s.out.Dir + "/" + s.name }

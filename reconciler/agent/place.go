package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// ErrDirectory says that files cannot be kept in Output.Dir: it is another app's, holds what no agent put there, another
// agent writes there now, or the system does not let us.
var ErrDirectory = errors.New("write the files")

const (
	recordFile = "..sluice"
	newRecord  = "..sluice.new"
)

// record stands beside the releases: whose they are, and the newest one that was switched to. It is not signed: whoever can
// write to the directory could put an older signed one there as well.
type record struct {
	V       int    `json:"v"` // 1
	Project string `json:"project"`
	Stage   string `json:"stage"`
	App     string `json:"app"`
	Seq     int64  `json:"seq"`
	Digest  string `json:"digest"` // of the document
}

// ownerOf is the record of who reads with these options, with no release yet.
func ownerOf(o provider.Options) record {
	return record{V: 1, Project: o.Project, Stage: o.Stage, App: o.App}
}

func (r record) owner() record { r.Seq, r.Digest = 0, ""; return r }

// A place is a directory that an agent holds: until close no other agent takes it.
type place struct {
	out  Output
	root *os.Root
	lock *os.File
	mine record // whose it is, and the newest release that was there
	kept record // what is on disk
}

// take makes a directory the owner's, or says why it cannot be.
func (o Output) take(owner record) (*place, error) {
	if o.Mode == 0 {
		o.Mode = 0o600
	}
	p := &place{out: o, mine: owner}
	if err := p.enter(); err != nil {
		return nil, errors.Join(p.failed(err), p.close())
	}
	return p, nil
}

func (p *place) failed(err error) error {
	return fmt.Errorf("%w to %s: %w", ErrDirectory, p.out.Dir, err)
}

// enter opens the directory, and makes it first where it is missing.
func (p *place) enter() error {
	err := os.MkdirAll(p.out.Dir, passable(p.out.Mode))
	if err == nil {
		p.root, err = os.OpenRoot(p.out.Dir)
	}
	if err == nil {
		p.lock, err = lockDir(p.root)
	}
	if err != nil {
		return err
	}
	if err := p.look(); err != nil {
		return err
	}
	if p.kept.V == 0 {
		return p.vacant()
	}
	return nil
}

// again enters the directory anew if it is not the one any more that the agent holds, because somebody removed it.
func (p *place) again() error {
	if p.root != nil {
		held, err := p.root.Stat(".")
		now, err2 := os.Stat(p.out.Dir)
		if err == nil && err2 == nil && os.SameFile(held, now) {
			return p.look()
		}
	}
	if err := p.close(); err != nil {
		return err
	}
	return p.enter()
}

// look reads whose the files are. What the agent knows of the newest one outlives a record that is gone.
func (p *place) look() error {
	p.kept = record{}
	text, err := p.root.ReadFile(recordFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil || r.V != 1 {
		return fmt.Errorf("%s, which says whose it is, cannot be read", recordFile)
	}
	if r.owner() != p.mine.owner() {
		return fmt.Errorf("it is kept for %s in %s of project %s, not for %s in %s of project %s", r.App, r.Stage, r.Project, p.mine.App, p.mine.Stage, p.mine.Project)
	}
	p.kept = r
	if r.Seq > p.mine.Seq {
		p.mine = r
	}
	return nil
}

// vacant refuses a directory that others keep things in. One that an agent without records filled is an agent's.
func (p *place) vacant() error {
	if now, err := p.root.Readlink(dataLink); err == nil && strings.HasPrefix(now, releaseDir) {
		return nil
	}
	entries, err := fs.ReadDir(p.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		info, err := p.root.Lstat(name)
		if err != nil {
			return err
		}
		own := strings.HasPrefix(name, releaseDir) || name == newLink || name == pending || name == newRecord || ours(p.root, name, info)
		if !own && name != "lost+found" {
			return fmt.Errorf("%s is there and is not the agent's; give the agent a directory of its own", name)
		}
	}
	return nil
}

// newer refuses a release that is older than what is there.
func (p *place) newer(seq int64) error {
	if seq < p.mine.Seq {
		return fmt.Errorf("%w: entry %d, after entry %d that is there", provider.ErrBackwards, seq, p.mine.Seq)
	}
	return nil
}

// keep records a release before it is switched to: after a crash between the two nothing older is taken.
func (p *place) keep(seq int64, digest string) error {
	next := p.mine.owner()
	next.Seq, next.Digest = seq, digest
	if next == p.kept {
		return nil
	}
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := p.root.Remove(newRecord); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := p.root.OpenFile(newRecord, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err := errors.Join(err, f.Chmod(p.out.Mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := p.root.Rename(newRecord, recordFile); err != nil {
		return err
	}
	p.mine, p.kept = next, next
	return nil
}

// close gives the directory back. Closed twice is closed.
func (p *place) close() error {
	var errs []error
	if p.lock != nil {
		errs = append(errs, p.lock.Close())
	}
	if p.root != nil {
		errs = append(errs, p.root.Close())
	}
	p.lock, p.root = nil, nil
	return errors.Join(errs...)
}

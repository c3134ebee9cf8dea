package reconciler

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
)

// maxSpooled bounds the spool: past it the oldest detail is lost, never correctness.
const maxSpooled = 10_000

// spool keeps drift and apply entries on disk while the ledger cannot be reached (RULES R34). One pass at a time uses it.
type spool struct {
	file string
	held []ledger.Entry // with ObservedAt
	// noted are what this pass is about to repair: on disk so that a crash between a repair and its record loses nothing,
	// and told by the pass itself otherwise.
	noted []ledger.Entry
}

func openSpool(dir string) (*spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &spool{file: filepath.Join(dir, "spool.jsonl")}
	data, err := os.ReadFile(s.file)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e ledger.Entry
		if json.Unmarshal(lines.Bytes(), &e) == nil { // a line cut off by a crash loses its detail alone
			s.held = append(s.held, e)
		}
	}
	return s, lines.Err()
}

func (s *spool) len() int { return len(s.held) }

func (s *spool) entries() []ledger.Entry { return slices.Clone(s.held) }

// news leaves out what is spooled already: without the ledger every pass finds the same again.
func (s *spool) news(entries []ledger.Entry) []ledger.Entry {
	last := make(map[deliveryKey]ledger.Entry, len(entries)) // by cell and target, the latest entry about it
	for _, e := range s.held {
		last[about(e)] = e
	}
	var out []ledger.Entry
	for _, e := range entries {
		if known, ok := last[about(e)]; ok && sameDelivery(known, e) {
			continue
		}
		last[about(e)] = e
		out = append(out, e)
	}
	return out
}

func about(e ledger.Entry) deliveryKey { return deliveryKey{e.Cell(), e.Delivery.Target} }

func sameDelivery(a, b ledger.Entry) bool {
	return a.Kind == b.Kind && a.Code == b.Code && a.Delivery.Result == b.Delivery.Result &&
		a.Delivery.Admission == b.Delivery.Admission && a.Delivery.Found == b.Delivery.Found
}

// add spools entries that happened now, or when they say so. The file is on disk before it returns. What was noted is among
// them.
func (s *spool) add(now time.Time, entries []ledger.Entry) error {
	s.untell(entries)
	for _, e := range entries {
		if e.ObservedAt == nil {
			at := now
			e.ObservedAt = &at
		}
		s.held = append(s.held, e)
	}
	if over := len(s.held) - maxSpooled; over > 0 {
		s.held = s.held[over:]
	}
	return s.save()
}

// note keeps what is about to be repaired, until it is recorded or spooled. The file is on disk before it returns.
func (s *spool) note(entries []ledger.Entry) error {
	room := max(0, maxSpooled-len(s.held)-len(s.noted))
	entries = s.news(entries)
	if entries = entries[:min(room, len(entries))]; len(entries) == 0 {
		return nil
	}
	s.noted = append(s.noted, entries...)
	return s.save()
}

// keepNoted holds what was noted by a pass that told nothing of it.
func (s *spool) keepNoted() {
	s.held, s.noted = append(s.held, s.noted...), nil
}

// repairs reports whether the last that is held about a cell at a target is a drift: it was found, and perhaps put back.
func (s *spool) repairs(key deliveryKey) bool {
	for _, e := range slices.Backward(s.held) {
		if about(e) == key {
			return e.Kind == ledger.Drift
		}
	}
	return false
}

// drop forgets the first n entries, which the ledger has now.
func (s *spool) drop(n int) error {
	if n == 0 {
		return nil
	}
	s.held = slices.Clone(s.held[n:])
	return s.save()
}

// unnote forgets the notes about what was told.
func (s *spool) unnote(told []ledger.Entry) error {
	if len(s.noted) == 0 || !s.untell(told) {
		return nil
	}
	return s.save()
}

// untell takes the notes about what is told away, and reports whether there were any.
func (s *spool) untell(told []ledger.Entry) bool {
	keys := make(map[deliveryKey]bool, len(told))
	for _, e := range told {
		keys[about(e)] = true
	}
	before := len(s.noted)
	s.noted = slices.DeleteFunc(s.noted, func(e ledger.Entry) bool { return keys[about(e)] })
	return len(s.noted) < before
}

func (s *spool) save() error {
	var b bytes.Buffer
	for _, e := range slices.Concat(s.held, s.noted) {
		line, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		b.Write(append(line, '\n'))
	}
	if err := replaceFile(s.file, b.Bytes()); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

// replaceFile puts data in place of a file, whole or not at all, and on disk.
func replaceFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // gone after the rename
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	return syncDir(filepath.Dir(name))
}

// syncDir makes a rename last through a loss of power, where the system can.
func syncDir(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	_ = dir.Sync() // not every file system knows it
	return dir.Close()
}

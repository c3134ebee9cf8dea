package schema

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
)

// Mode is a file's Git mode: only plain files exist for sluice.
type Mode string

// The two modes a file may have; symbolic links, submodules and group-writable files are refused when a tree is read.
const (
	Regular    Mode = "100644"
	Executable Mode = "100755"
)

// File is one file of an app: its path relative to the app's directory, its mode and the digest of its bytes.
type File struct {
	Path   string `json:"path"`
	Mode   Mode   `json:"mode"`
	Digest Digest `json:"digest"`
	Blob   Hash   `json:"-"` // where the bytes are in Git; not part of the identity
	Size   int64  `json:"-"` // bytes
}

// Manifest lists the files of a cell.
//
// Invariant: sorted by path, paths are unique.
type Manifest []File

// NewManifest sorts files into a manifest and refuses a path that occurs twice.
func NewManifest(files []File) (Manifest, error) {
	m := append(Manifest(nil), files...)
	sort.Slice(m, func(i, j int) bool { return m[i].Path < m[j].Path })
	for i := 1; i < len(m); i++ {
		if m[i].Path == m[i-1].Path {
			return nil, fmt.Errorf("manifest: path %q occurs twice", m[i].Path)
		}
	}
	return m, nil
}

// Encode writes one line a file, "sha256-hex  mode  path\n": the bytes whose SHA-256 is the digest.
func (m Manifest) Encode() []byte {
	var b bytes.Buffer
	for _, f := range m {
		fmt.Fprintf(&b, "%s  %s  %s\n", f.Digest.Hex(), f.Mode, f.Path)
	}
	return b.Bytes()
}

// ParseManifest reads what Encode wrote and refuses anything that Encode would write differently.
func ParseManifest(data []byte) (Manifest, error) {
	var m Manifest
	for n, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		if line == "" && len(data) == 0 {
			break
		}
		parts := strings.SplitN(line, "  ", 3)
		if len(parts) != 3 {
			return nil, fmt.Errorf("manifest line %d: want digest, mode and path", n+1)
		}
		digest, err := ParseDigest(digestPrefix + parts[0])
		if err != nil {
			return nil, fmt.Errorf("manifest line %d: %w", n+1, err)
		}
		if mode := Mode(parts[1]); mode != Regular && mode != Executable {
			return nil, fmt.Errorf("manifest line %d: mode %q", n+1, parts[1])
		}
		m = append(m, File{Path: parts[2], Mode: Mode(parts[1]), Digest: digest})
	}
	if !bytes.Equal(m.Encode(), data) {
		return nil, fmt.Errorf("manifest: not in its written form")
	}
	sorted, err := NewManifest(m)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(sorted.Encode(), data) {
		return nil, fmt.Errorf("manifest: not sorted by path")
	}
	return m, nil
}

// Promoted returns the files that promotion carries from stage to stage: those that local does not match.
func (m Manifest) Promoted(local Patterns) Manifest {
	var out Manifest
	for _, f := range m {
		if !local.Match(f.Path) {
			out = append(out, f)
		}
	}
	return out
}

// Local returns the stage-local files: those that local matches.
func (m Manifest) Local(local Patterns) Manifest {
	var out Manifest
	for _, f := range m {
		if local.Match(f.Path) {
			out = append(out, f)
		}
	}
	return out
}

// Revision returns the digest of the promoted files, [None] if there are none.
func (m Manifest) Revision(local Patterns) Revision {
	promoted := m.Promoted(local)
	if len(promoted) == 0 {
		return None
	}
	return Revision(DigestOf(promoted.Encode()))
}

// Content returns the digest of all files, [NoContent] if there are none.
func (m Manifest) Content() Content {
	if len(m) == 0 {
		return NoContent
	}
	return Content(DigestOf(m.Encode()))
}

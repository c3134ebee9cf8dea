package gitrepo

import (
	"bufio"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pjbgf/sha1cd"

	"github.com/sluice-gitops/sluice/schema"
)

func (s *store) loosePath(id schema.Hash) string {
	name := id.String()
	return filepath.Join(s.objects, name[:2], name[2:])
}

func (s *store) readLoose(id schema.Hash) (schema.ObjectKind, []byte, error) {
	f, err := os.Open(s.loosePath(id))
	if notExist(err) {
		return "", nil, ErrMissing
	}
	if err != nil {
		return "", nil, fmt.Errorf("object %s: %w", id, err)
	}
	defer f.Close()
	kind, data, err := inflate(f, s.limits.Object)
	if errors.Is(err, ErrLimit) {
		return "", nil, fmt.Errorf("object %s: %w", id, err)
	}
	if err != nil {
		return "", nil, fmt.Errorf("object %s: %w: %w", id, ErrMismatch, err)
	}
	return kind, data, nil
}

// inflate reads a loose object and never more than its header says.
func inflate(r io.Reader, limit int64) (schema.ObjectKind, []byte, error) {
	z, err := zlib.NewReader(r)
	if err != nil {
		return "", nil, err
	}
	defer z.Close()
	b := bufio.NewReader(z)
	header, err := readHeader(b)
	if err != nil {
		return "", nil, err
	}
	kind, digits, _ := strings.Cut(header, " ")
	size, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || size < 0 {
		return "", nil, fmt.Errorf("header %q", header)
	}
	if size > limit {
		return "", nil, fmt.Errorf("%d bytes: %w", size, ErrLimit)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(b, data); err != nil {
		return "", nil, err
	}
	if _, err := b.ReadByte(); err != io.EOF {
		return "", nil, errors.New("longer than its header says")
	}
	return schema.ObjectKind(kind), data, nil
}

func readHeader(b *bufio.Reader) (string, error) {
	var header []byte
	for len(header) < 32 {
		c, err := b.ReadByte()
		if err != nil {
			return "", err
		}
		if c == 0 {
			return string(header), nil
		}
		header = append(header, c)
	}
	return "", fmt.Errorf("header %q", header)
}

// verify hashes an object again, and refuses bytes made to collide.
func verify(id schema.Hash, kind schema.ObjectKind, data []byte) error {
	h := sha1cd.New().(sha1cd.CollisionResistantHash)
	fmt.Fprintf(h, "%s %d\x00", kind, len(data))
	h.Write(data)
	sum, collision := h.CollisionResistantSum(nil)
	if collision {
		return fmt.Errorf("object %s: made to collide: %w", id, ErrMismatch)
	}
	if schema.Hash(sum) != id {
		return fmt.Errorf("object %s: hashes to %x: %w", id, sum, ErrMismatch)
	}
	return nil
}

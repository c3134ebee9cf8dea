package ledger

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// EncodeSealed writes the sealed cells, one line of JSON each, sorted by stage and app. The digest of these bytes is what
// a genesis request signs.
func EncodeSealed(cells []SealedCell) ([]byte, error) {
	sorted := slices.Clone(cells)
	slices.SortFunc(sorted, compareSealed)
	var b bytes.Buffer
	for i, c := range sorted {
		if i > 0 && compareSealed(sorted[i-1], c) == 0 {
			return nil, fmt.Errorf("sealed cells: %s in %s occurs twice", c.App, c.Stage)
		}
		line, err := encodeLine(c)
		if err != nil {
			return nil, fmt.Errorf("sealed cells: %w", err)
		}
		b.Write(line)
	}
	return b.Bytes(), nil
}

// ParseSealed reads what EncodeSealed wrote; anything else is an error that wraps ErrUnknownFormat.
func ParseSealed(data []byte) ([]SealedCell, error) {
	var cells []SealedCell
	for n := 1; len(data) > 0; n++ {
		end := bytes.IndexByte(data, '\n') + 1
		if end == 0 {
			return nil, fmt.Errorf("sealed cells, line %d: %w: no newline at the end", n, ErrUnknownFormat)
		}
		var c SealedCell
		if err := decodeLine(data[:end], &c); err != nil {
			return nil, fmt.Errorf("sealed cells, line %d: %w", n, err)
		}
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("sealed cells, line %d: %w: %w", n, ErrUnknownFormat, err)
		}
		if len(cells) > 0 && compareSealed(cells[len(cells)-1], c) >= 0 {
			return nil, fmt.Errorf("sealed cells, line %d: %w: not sorted by stage and app", n, ErrUnknownFormat)
		}
		cells = append(cells, c)
		data = data[end:]
	}
	return cells, nil
}

func (c SealedCell) check() error {
	if err := schema.CheckSegment(string(c.Stage)); err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	_, err := schema.ParseApp(string(c.App))
	return err
}

func compareSealed(a, b SealedCell) int {
	return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.App, b.App))
}

package reconciler

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// A testimony is the evidence blob of a decision that rests on what others said: a line of JSON of version 1.

func encodeTestimony[T any](what string, testimony T) ([]byte, error) {
	data, err := json.Marshal(testimony)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return append(data, '\n'), nil
}

// decodeTestimony reads what encodeTestimony wrote; fields that are not known are an error, as they may change what it says.
func decodeTestimony[T interface{ version() int }](what string, data []byte) (said T, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&said); err != nil {
		return said, fmt.Errorf("%s: %w: %w", what, ledger.ErrUnknownFormat, err)
	}
	if _, err := dec.Token(); err != io.EOF || said.version() != 1 {
		return said, fmt.Errorf("%s: %w: version %d", what, ledger.ErrUnknownFormat, said.version())
	}
	return said, nil
}

// withBodies adds the raw answers that a testimony names, from the evidence.
func withBodies(ctx context.Context, l *ledger.Ledger, named []schema.Raw) (full []schema.Raw, err error) {
	for _, raw := range named {
		if raw.Body, err = l.Evidence(ctx, raw.Digest); err != nil {
			return nil, fmt.Errorf("%s: %w", schema.Printable(raw.Request), err)
		}
		full = append(full, raw)
	}
	return full, nil
}

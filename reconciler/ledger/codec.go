package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Version is the format of the entries that this package writes and reads.
const Version = 1

// Encode returns the bytes of an entry: one line of JSON with the fields in the order of [Entry]. These bytes are
// hashed and chained; there is no other form.
func Encode(e Entry) ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("encode entry %d: %w", e.Seq, err)
	}
	return encodeLine(e)
}

// Decode reads what Encode wrote, and nothing else: an unknown field, kind or version, bytes after the end, or another
// spelling of the same entry is an error that wraps ErrUnknownFormat. So Encode gives the same bytes back.
func Decode(data []byte) (Entry, error) {
	var e Entry
	if err := decodeLine(data, &e); err != nil {
		return Entry{}, fmt.Errorf("decode entry: %w", err)
	}
	if err := e.check(); err != nil {
		return Entry{}, fmt.Errorf("decode entry %d: %w", e.Seq, err)
	}
	return e, nil
}

// encodeLine writes v as one line of JSON that decodeLine accepts.
func encodeLine[T any](v T) ([]byte, error) {
	line, err := marshalLine(v)
	if err != nil || !bytes.Contains(line, []byte(`\ufffd`)) {
		return line, err
	}
	// A name that is not UTF-8 is written with an escape that reading would not reproduce; read it once, then it is plain.
	var plain T
	if err := json.Unmarshal(line, &plain); err != nil {
		return nil, err
	}
	return marshalLine(plain)
}

func marshalLine(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// decodeLine reads one line of JSON into v and refuses whatever encodeLine would write differently.
func decodeLine[T any](data []byte, v *T) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", ErrUnknownFormat, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("%w: bytes after the end", ErrUnknownFormat)
	}
	again, err := marshalLine(*v)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnknownFormat, err)
	}
	if !bytes.Equal(again, data) {
		return fmt.Errorf("%w: not in its written form", ErrUnknownFormat)
	}
	return nil
}

// instant is a moment as the ledger writes it: UTC, whole milliseconds.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

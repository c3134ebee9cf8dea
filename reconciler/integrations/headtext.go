package integrations

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// text is the JSON of a body without its last brace. What is signed and what is written both begin with it; there is room
// behind it for what [Head.encode] adds. It is what encoding/json would write, without asking each time what a body has.
func (b Body) text() ([]byte, error) {
	canary := []byte("null")
	if b.Canary != nil {
		var err error
		if canary, err = json.Marshal(b.Canary); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrHead, err)
		}
	}
	commit, err := b.Commit.MarshalText()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHead, err)
	}
	out := make([]byte, 0, 1024+base64.StdEncoding.EncodedLen(len(b.Inline))+len(canary))
	out = strconv.AppendInt(append(out, `{"v":`...), int64(b.V), 10)
	out = appendText(append(out, `,"project":`...), b.Project)
	out = appendText(append(out, `,"stage":`...), string(b.Stage))
	out = appendText(append(out, `,"app":`...), string(b.App))
	out = strconv.AppendInt(append(out, `,"seq":`...), b.Seq, 10)
	out = appendText(append(out, `,"revision":`...), string(b.Revision))
	out = appendText(append(out, `,"content":`...), string(b.Content))
	out = appendText(append(out, `,"doc":`...), string(b.Doc))
	out = strconv.AppendInt(append(out, `,"size":`...), b.Size, 10)
	out = appendBytes(append(out, `,"inline":`...), b.Inline)
	out = strconv.AppendInt(append(out, `,"blobs":`...), int64(b.Blobs), 10)
	out = append(append(append(out, `,"commit":"`...), commit...), '"')
	out = strconv.AppendBool(append(out, `,"retired":`...), b.Retired)
	out = append(append(out, `,"canary":`...), canary...)
	return appendText(append(out, `,"prev":`...), string(b.Prev)), nil
}

// encode ends the text of the body with what the head has beside it. It may be written behind text, in the same place.
func (h Head) encode(text []byte) ([]byte, error) {
	if y := h.WrittenAt.Year(); y < 0 || y > 9999 {
		return nil, fmt.Errorf("%w: written in the year %d", ErrHead, y)
	}
	raw := h.WrittenAt.AppendFormat(append(text, `,"writtenAt":"`...), time.RFC3339Nano)
	raw = appendText(append(raw, `","key":`...), h.Key)
	raw = appendBytes(append(raw, `,"sig":`...), h.Sig)
	return append(raw, '}'), nil
}

// appendText appends text as JSON has it.
func appendText(out []byte, text string) []byte {
	if text == "" || plain(text) {
		return append(append(append(out, '"'), text...), '"')
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // text cannot fail
	}
	return append(out, quoted...)
}

// appendBytes appends bytes as JSON has them.
func appendBytes(out, data []byte) []byte {
	if data == nil {
		return append(out, "null"...)
	}
	return append(base64.StdEncoding.AppendEncode(append(out, '"'), data), '"')
}

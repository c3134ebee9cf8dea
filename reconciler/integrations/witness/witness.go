// Package witness asks a witness of the ledger for its cosignature: the client half of add-checkpoint in C2SP
// tlog-witness.
//
// It moves bytes. Who the witness is, and whether what it answers is a cosignature, is judged by whoever asked: an answer
// is worth nothing before its signature was checked by the key in the trust root.
package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// What a witness refuses. A conflict of sizes is a [schema.WitnessConflict].
var (
	// ErrUnknownLog: it was not told to watch this project.
	ErrUnknownLog = errors.New("the witness does not know the project")
	// ErrUntrusted: it does not trust the log key that signed.
	ErrUntrusted = errors.New("the witness does not trust the log key")
	// ErrInconsistent: what it cosigned before does not lead to this checkpoint. Two ledgers were shown.
	ErrInconsistent = schema.ErrWitnessInconsistent
	// ErrUnavailable: no answer, or one that is none. Trying again may help.
	ErrUnavailable = errors.New("the witness gave no answer")
)

const (
	maxAnswer = 64 << 10
	maxProof  = 63
	sizeType  = "text/x.tlog.size"
)

// Client asks one witness. It may be used from several goroutines.
type Client struct {
	url  string
	http *http.Client
}

// New takes the witness's submission prefix, https://witness.example/w1. Plain http is for a witness on this host alone.
func New(prefix string) (*Client, error) {
	u, err := url.Parse(prefix)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("witness %q: want a URL like https://witness.example/w1", schema.Printable(prefix))
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, fmt.Errorf("witness %q: want https", schema.Printable(prefix))
	}
	return &Client{
		url: strings.TrimSuffix(prefix, "/") + "/add-checkpoint",
		http: &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // another address is not the one that the operator named
		}},
	}, nil
}

func loopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

// AddCheckpoint shows a signed checkpoint, with the proof that the ledger of old entries leads to it, and returns the
// signature lines that the witness answers.
func (c *Client) AddCheckpoint(ctx context.Context, old int64, proof []string, signed []byte) ([]byte, error) {
	if old < 0 || len(proof) > maxProof {
		return nil, fmt.Errorf("add-checkpoint: old size %d with a proof of %d lines", old, len(proof))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body(old, proof, signed)))
	if err != nil {
		return nil, fmt.Errorf("add-checkpoint: %w", err)
	}
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("add-checkpoint: %w: %w", ErrUnavailable, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("add-checkpoint: %w: %w", ErrUnavailable, err)
	case len(answer) > maxAnswer:
		return nil, fmt.Errorf("add-checkpoint: %w: more than %d bytes", ErrUnavailable, maxAnswer)
	case response.StatusCode == http.StatusOK:
		return answer, nil
	}
	return nil, fmt.Errorf("add-checkpoint: %w", refusal(response, answer))
}

// body is what add-checkpoint takes: the old size, the proof, an empty line, the note.
func body(old int64, proof []string, signed []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", old)
	for _, line := range proof {
		b.WriteString(line + "\n")
	}
	b.WriteByte('\n')
	b.Write(signed)
	return b.Bytes()
}

func refusal(response *http.Response, answer []byte) error {
	switch response.StatusCode {
	case http.StatusConflict:
		return conflict(response.Header.Get("Content-Type"), answer)
	case http.StatusNotFound:
		return ErrUnknownLog
	case http.StatusForbidden:
		return ErrUntrusted
	case http.StatusUnprocessableEntity:
		return ErrInconsistent
	}
	return fmt.Errorf("%w: status %d", ErrUnavailable, response.StatusCode)
}

// conflict reads the size that the witness knows. One that says none has another root for the size that was sent.
func conflict(contentType string, answer []byte) error {
	kind, _, err := mime.ParseMediaType(contentType)
	line, ended := strings.CutSuffix(string(answer), "\n")
	size, numberErr := strconv.ParseInt(line, 10, 64)
	if err != nil || kind != sizeType || !ended || numberErr != nil || size < 0 || strconv.FormatInt(size, 10) != line {
		return &schema.WitnessConflict{Size: -1}
	}
	return &schema.WitnessConflict{Size: size}
}

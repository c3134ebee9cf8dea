package real

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// devtools speaks Chromium's debugging protocol over a pair of pipes: JSON messages that end with a NUL byte. It needs
// no WebSocket, and so no library.
type devtools struct {
	to      io.Writer
	session string // of the page; empty speaks to the browser
	loaded  chan struct{}
	told    func(method string, params json.RawMessage) // of what happens by itself; nil: nobody asks

	mu      sync.Mutex // guards everything below, and writing
	id      int
	waiting map[int]chan reply
	ended   error
}

// reply is what the browser sends: an answer with the number of its question, or an event.
type reply struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

func newDevtools(to io.Writer, from io.Reader, told func(string, json.RawMessage)) *devtools {
	d := &devtools{to: to, loaded: make(chan struct{}, 64), waiting: map[int]chan reply{}, told: told}
	go d.read(bufio.NewReader(from))
	return d
}

// read hands out what arrives until the browser is gone.
func (d *devtools) read(from *bufio.Reader) {
	for {
		line, err := from.ReadBytes(0)
		if err != nil {
			d.end(err)
			return
		}
		var r reply
		if err := json.Unmarshal(bytes.TrimSuffix(line, []byte{0}), &r); err != nil {
			d.end(err)
			return
		}
		if r.Method == "Page.loadEventFired" {
			select {
			case d.loaded <- struct{}{}:
			default: // nobody has asked for a long time
			}
		}
		if d.told != nil && r.Method != "" {
			d.told(r.Method, r.Params)
		}
		d.mu.Lock()
		if answer, ok := d.waiting[r.ID]; ok {
			answer <- r
			delete(d.waiting, r.ID)
		}
		d.mu.Unlock()
	}
}

func (d *devtools) end(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = fmt.Errorf("the browser is gone: %w", err)
	for _, answer := range d.waiting {
		close(answer)
	}
	d.waiting = nil
}

// call asks one thing; out may be nil.
func (d *devtools) call(ctx context.Context, method string, params map[string]any, out any) error {
	answer, err := d.send(method, params)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	case r, ok := <-answer:
		switch {
		case !ok:
			return fmt.Errorf("%s: %w", method, errors.New("the browser is gone"))
		case r.Error != nil:
			return fmt.Errorf("%s: %s", method, r.Error.Message)
		case out == nil:
			return nil
		}
		return json.Unmarshal(r.Result, out)
	}
}

func (d *devtools) send(method string, params map[string]any) (<-chan reply, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended != nil {
		return nil, d.ended
	}
	d.id++
	message := map[string]any{"id": d.id, "method": method, "params": params}
	if d.session != "" {
		message["sessionId"] = d.session
	}
	text, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	answer := make(chan reply, 1)
	d.waiting[d.id] = answer
	_, err = d.to.Write(append(text, 0))
	return answer, err
}

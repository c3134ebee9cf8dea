package main

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"testing"
)

// A wire is the network between one reconciler and one server. It can hold what passes, cut what is open, and spring a trap.
type wire struct {
	of       *replica
	trap     *trap
	listener net.Listener
	address  string
	dial     func() (net.Conn, error) // of the server

	mu    sync.Mutex // guards what is below
	moved *sync.Cond
	held  bool // nothing passes, in no direction
	conns map[net.Conn]bool
	ended bool
}

func newWire(t *testing.T, of *replica, trap *trap, to string) *wire {
	t.Helper()
	return startWire(t, &wire{of: of, trap: trap, dial: func() (net.Conn, error) { return net.Dial("tcp", to) }}, nil)
}

// newTLSWire stands for the server, with an identity of its own.
func newTLSWire(t *testing.T, of *replica, trap *trap, to string, identity, upstream *tls.Config) *wire {
	t.Helper()
	return startWire(t, &wire{of: of, trap: trap, dial: func() (net.Conn, error) { return tls.Dial("tcp", to, upstream) }}, identity)
}

func startWire(t *testing.T, w *wire, identity *tls.Config) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.listener, w.address, w.conns = listener, listener.Addr().String(), map[net.Conn]bool{}
	if identity != nil {
		w.listener = tls.NewListener(listener, identity)
	}
	w.moved = sync.NewCond(&w.mu)
	go w.accept()
	t.Cleanup(w.end)
	return w
}

// hold lets nothing pass, as a network that swallows; let go, everything that was sent arrives.
func (w *wire) hold(yes bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = yes
	w.moved.Broadcast()
}

// cut ends what is open; new connections are let through.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for conn := range w.conns {
		_ = conn.Close()
	}
	clear(w.conns)
}

func (w *wire) end() {
	_ = w.listener.Close()
	w.mu.Lock()
	w.ended = true
	w.moved.Broadcast()
	w.mu.Unlock()
	w.cut()
}

func (w *wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		go w.connect(client)
	}
}

func (w *wire) connect(client net.Conn) {
	server, err := w.dial()
	if err != nil {
		_ = client.Close() // a server that is dead
		return
	}
	w.mu.Lock()
	w.conns[client], w.conns[server] = true, true
	w.mu.Unlock()
	lost := make(chan struct{})
	go w.answers(client, server, lost)
	w.requests(server, client, lost)
}

// answers passes on what the server says, until it is lost.
func (w *wire) answers(client, server net.Conn, lost <-chan struct{}) {
	defer client.Close()
	buffer := make([]byte, 256<<10)
	for {
		n, err := server.Read(buffer)
		select {
		case <-lost:
			return
		default:
		}
		if err != nil || !w.passes() {
			return
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// requests passes on what the client says, and springs the trap on what it waits for.
func (w *wire) requests(server, client net.Conn, lost chan struct{}) {
	defer server.Close()
	defer client.Close()
	buffer := make([]byte, 1<<20)
	for {
		n, err := client.Read(buffer)
		if err != nil || !w.passes() {
			return
		}
		sprung := w.trap.meets(buffer[:n])
		if sprung.after != nil {
			close(lost)
		}
		if sprung.before != nil && !sprung.before(w) {
			return
		}
		if sprung.part > 0 {
			n = min(n, sprung.part)
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
		if sprung.part > 0 {
			return
		}
		if sprung.after != nil {
			go func() {
				defer client.Close() // which ends the copying
				sprung.after(w)
			}()
			_, _ = io.Copy(server, client) // the rest of what is sent may come in further pieces
			return
		}
	}
}

func (w *wire) passes() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.held && !w.ended {
		w.moved.Wait()
	}
	return !w.ended
}

// A trap waits at all wires for something to be sent, and springs once.
type trap struct {
	mu  sync.Mutex
	set *spring // guarded by mu
}

// A spring is what happens once a client sends what on describes, so many times before not counted.
type spring struct {
	on     func(sent []byte) bool
	skip   int
	before func(*wire) bool // before the server has it; false loses it
	after  func(*wire)      // when it was passed on; its answer is lost
	part   int              // so many bytes of it arrive, then the connection is cut
}

func (t *trap) arm(s spring) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set = &s
}

func (t *trap) meets(sent []byte) spring {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.set == nil || !t.set.on(sent) {
		return spring{}
	}
	if t.set.skip > 0 {
		t.set.skip--
		return spring{}
	}
	s := *t.set
	t.set = nil
	return s
}

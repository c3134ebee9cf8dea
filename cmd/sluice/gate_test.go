package main

import (
	"net"
	"sync"
	"testing"
)

// gate stands before a server. Shut, it takes what clients send and lets nothing through, as a server that hangs or a
// network that swallows does.
type gate struct {
	listener net.Listener
	to       string

	mu    sync.Mutex // guards what is below
	moved *sync.Cond
	isOut bool // shut
	conns map[net.Conn]bool
	ended bool
}

func newGate(t *testing.T, to string) *gate {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{listener: listener, to: to, conns: map[net.Conn]bool{}}
	g.moved = sync.NewCond(&g.mu)
	go g.accept()
	t.Cleanup(g.close)
	return g
}

func (g *gate) address() string { return g.listener.Addr().String() }

func (g *gate) shut() { g.set(true) }
func (g *gate) open() { g.set(false) }

func (g *gate) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.isOut = shut
	g.moved.Broadcast()
}

func (g *gate) close() {
	_ = g.listener.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = true
	for conn := range g.conns {
		_ = conn.Close()
	}
	g.moved.Broadcast()
}

func (g *gate) accept() {
	for {
		client, err := g.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", g.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		g.mu.Lock()
		g.conns[client], g.conns[server] = true, true
		g.mu.Unlock()
		go g.copy(client, server)
		go g.copy(server, client)
	}
}

// copy ends when either side does, and then ends both.
func (g *gate) copy(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if !g.pass() {
			return
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// pass waits until the gate is open; false when the test has ended.
func (g *gate) pass() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.isOut && !g.ended {
		g.moved.Wait()
	}
	return !g.ended
}

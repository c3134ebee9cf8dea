package etcd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/schema"
)

// proxy stands between a client and its server and can be told what to do to what passes.
type proxy struct {
	listener net.Listener
	server   string
	group    sync.WaitGroup

	mu      sync.Mutex
	conns   map[net.Conn]bool
	closed  bool // to new connections
	on      []byte
	met     int    // how often a client sent that
	before  func() // called once, when a client sent what contains on, before the server has it
	instead func() // called once, when the server has it: the answer is lost
}

func between(t *testing.T, endpoint string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener, server: strings.TrimPrefix(endpoint, "http://"), conns: map[net.Conn]bool{}}
	p.group.Go(p.accept)
	t.Cleanup(func() { listener.Close(); p.cut(true); p.group.Wait() })
	return p
}

func (p *proxy) endpoint() string { return "http://" + p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil || !p.hold(client, server) {
			client.Close()
			continue
		}
		var mute atomic.Bool
		p.group.Go(func() { answer(client, server, &mute); client.Close() })
		p.group.Go(func() { p.forward(server, client, &mute); server.Close() })
	}
}

func (p *proxy) hold(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.conns[c] = true
		if p.closed {
			c.Close()
		}
	}
	return !p.closed
}

// answer passes a server's bytes on until it is muted; from then on they are lost.
func answer(client, server net.Conn, mute *atomic.Bool) {
	buffer := make([]byte, 1<<20)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		if mute.Load() {
			continue
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// forward passes a client's bytes on, and watches for the ones it waits for: their answer is lost.
func (p *proxy) forward(server, client net.Conn, mute *atomic.Bool) {
	buffer := make([]byte, 1<<20)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		before, instead := p.meets(buffer[:n])
		mute.Store(mute.Load() || instead != nil)
		if before != nil {
			before()
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
		if instead != nil {
			instead()
		}
	}
}

// meets returns what is to be done about bytes, once.
func (p *proxy) meets(sent []byte) (before, instead func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !bytes.Contains(sent, p.on) {
		return nil, nil
	}
	p.met++
	before, instead, p.before, p.instead = p.before, p.instead, nil, nil
	return before, instead
}

// when sets what is done once, after a client sent on: before the server has it, or instead of its answer.
func (p *proxy) when(on string, before, instead func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.on, p.met, p.before, p.instead = []byte(on), 0, before, instead
}

// cut ends all connections, and refuses new ones from now on, or not.
func (p *proxy) cut(closed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = closed
	for c := range p.conns {
		c.Close()
	}
	clear(p.conns)
}

func TestALostAnswerIsFoundOut(t *testing.T) {
	endpoint := embedded(t)
	p, c := between(t, endpoint), raw{dial(t, endpoint), "/config"}
	target := connect(t, map[string]string{"endpoints": p.endpoint()})
	cell := release(1, "a").Cell
	p.when("writtenAt", nil, func() {
		for c.version(t, cell) == "" {
		}
		p.cut(false) // the write happened; its answer never arrives
	})
	o := write(t, target, release(1, "a"))
	if !o.Wrote {
		t.Error("the write happened, and the observation says that nothing was written")
	}
	if got := c.version(t, cell); !strings.HasSuffix(got, " 1\n") {
		t.Errorf("versions %q, want one write", got)
	}
}

func TestALostRequestIsSentAgain(t *testing.T) {
	endpoint := embedded(t)
	p := between(t, endpoint)
	target := connect(t, map[string]string{"endpoints": p.endpoint()})
	write(t, target, release(1, "a"))
	p.cut(false)
	write(t, target, release(2, "b"))
}

func TestALostAnswerBehindAnotherWriter(t *testing.T) {
	endpoint := embedded(t)
	p, c := between(t, endpoint), raw{dial(t, endpoint), "/config"}
	target, other := connect(t, map[string]string{"endpoints": p.endpoint()}), connect(t, map[string]string{"endpoints": endpoint})
	p.when("writtenAt", nil, func() {
		for c.version(t, release(1, "a").Cell) == "" {
		}
		write(t, other, release(2, "newer"))
		p.cut(false)
	})
	if _, err := target.Write(t.Context(), release(1, "a")); !errors.Is(err, integrations.ErrFenced) {
		t.Errorf("got %v, want ErrFenced", err)
	}
}

func batchOf(seq int64, text string) []integrations.Release {
	var wants []integrations.Release
	for _, app := range []schema.App{"a", "b", "c"} {
		wants = append(wants, integrationstest.Release(integrationstest.Cell(app), seq, map[string]string{"app.yaml": text}))
	}
	return wants
}

func TestALostAnswerToManyIsFoundOut(t *testing.T) {
	endpoint := embedded(t)
	p, c := between(t, endpoint), raw{dial(t, endpoint), "/config"}
	target := connect(t, map[string]string{"endpoints": p.endpoint()})
	wants := batchOf(1, "x")
	p.when("writtenAt", nil, func() {
		for c.version(t, wants[0].Cell) == "" {
		}
		p.cut(false)
	})
	for i, r := range target.WriteMany(t.Context(), wants) {
		if r.Err != nil || !r.Equal || !r.Wrote {
			t.Errorf("%d: %+v", i, r)
		}
		if got := c.version(t, wants[i].Cell); !strings.HasSuffix(got, " 1\n") {
			t.Errorf("%d: versions %q, want one write", i, got)
		}
	}
}

// TestAHeadIsFencedAtTheMomentOfTheWrite: a newer release gets there after the place was looked at and before the head moves.
func TestAHeadIsFencedAtTheMomentOfTheWrite(t *testing.T) {
	for _, row := range []struct {
		sentence string
		make     func(int64, string) integrations.Release
	}{{"in the head", release}, {"in parts", large}} {
		t.Run(row.sentence, func(t *testing.T) {
			endpoint := embedded(t)
			p := between(t, endpoint)
			target, other := connect(t, map[string]string{"endpoints": p.endpoint()}), connect(t, map[string]string{"endpoints": endpoint})
			write(t, other, row.make(1, "old"))
			newer := row.make(3, "newer")
			p.when("writtenAt", func() { write(t, other, newer) }, nil)
			if o, err := target.Write(t.Context(), row.make(2, "x")); !errors.Is(err, integrations.ErrFenced) {
				t.Errorf("got %+v, %v, want ErrFenced", o, err)
			}
			if o, err := other.Read(t.Context(), newer); err != nil || !o.Equal {
				t.Errorf("the newer release: %+v, %v", o, err)
			}
		})
	}
}

func TestManyAreFencedAtTheMomentOfTheWrite(t *testing.T) {
	for _, row := range []struct {
		sentence string
		before   int64 // the release that is there before; 0 for none
	}{{"nothing was there", 0}, {"an older release was there", 1}} {
		t.Run(row.sentence, func(t *testing.T) {
			endpoint := embedded(t)
			p := between(t, endpoint)
			target, other := connect(t, map[string]string{"endpoints": p.endpoint()}), connect(t, map[string]string{"endpoints": endpoint})
			if row.before > 0 {
				other.WriteMany(t.Context(), batchOf(row.before, "old"))
			}
			newer := batchOf(3, "newer")[1]
			p.when("writtenAt", func() { write(t, other, newer) }, nil)
			for i, r := range target.WriteMany(t.Context(), batchOf(2, "x")) {
				if i == 1 && !errors.Is(r.Err, integrations.ErrFenced) || i != 1 && (r.Err != nil || !r.Equal || !r.Wrote) {
					t.Errorf("%d: %+v", i, r)
				}
			}
			if o, err := other.Read(t.Context(), newer); err != nil || !o.Equal {
				t.Errorf("the newer release: %+v, %v", o, err)
			}
		})
	}
}

func TestManyGiveWayToWhoeverIsThereFirst(t *testing.T) {
	endpoint := embedded(t)
	p, c := between(t, endpoint), raw{dial(t, endpoint), "/config"}
	target := connect(t, map[string]string{"endpoints": p.endpoint()})
	wants := batchOf(1, "x")
	p.when("writtenAt", func() {
		if _, err := c.Put(t.Context(), c.beside(wants[1].Cell, "app.yaml"), "somebody's"); err != nil {
			t.Error(err)
		}
	}, nil)
	for i, r := range target.WriteMany(t.Context(), wants) {
		if i == 1 && !errors.Is(r.Err, integrations.ErrForeign) || i != 1 && (r.Err != nil || !r.Equal || !r.Wrote) {
			t.Errorf("%d: %+v", i, r)
		}
	}
}

// TestManyAreReadBackWithWhatIsBeside compares what a batch says of its cells with what each says by itself, and puts names
// side by side whose keys are not in the order of the names.
func TestManyAreReadBackWithWhatIsBeside(t *testing.T) {
	target := connect(t, map[string]string{"endpoints": embedded(t)})
	var wants []integrations.Release
	for _, app := range []schema.App{"b/c", "b-c", "e", "a", "b/d/e", "ab", "e-f"} {
		wants = append(wants, integrationstest.Release(integrationstest.Cell(app), 1, map[string]string{"app.yaml": string(app)}))
	}
	for _, ask := range []func(context.Context, []integrations.Release) []integrations.Result{target.ReadMany, target.WriteMany, target.ReadMany} {
		for i, r := range ask(t.Context(), wants) {
			alone, err := target.Read(t.Context(), wants[i])
			alone.Wrote = r.Wrote
			if r.Err != nil || err != nil || !r.Wrote && alone.Equal != r.Equal || r.Wrote && (!r.Equal || fmt.Sprint(alone) != fmt.Sprint(r.Observation)) {
				t.Errorf("%s: got %+v, alone %+v, %v", wants[i].Cell, r, alone, err)
			}
		}
	}
}

func TestWatchSurvivesACompaction(t *testing.T) {
	endpoint := embedded(t)
	p, direct := between(t, endpoint), connect(t, map[string]string{"endpoints": endpoint})
	target := connect(t, map[string]string{"endpoints": p.endpoint()})
	ctx, cancel := context.WithCancel(t.Context())
	woken, ended := make(chan schema.Cell, 100), make(chan error, 1)
	go func() {
		ended <- target.Watch(ctx, []integrations.Place{{Stage: "production"}}, func(c schema.Cell) { woken <- c })
	}()
	all, pay := schema.Cell{Stage: "production"}, release(1, "a").Cell
	if got := <-woken; got != all {
		t.Fatalf("first woken for %v, want all of the stage", got)
	}
	write(t, direct, release(1, "a"))
	if got := <-woken; got != pay {
		t.Fatalf("then woken for %v, want %v", got, pay)
	}
	p.cut(true)
	for seq := range int64(5) {
		write(t, direct, release(seq+2, string(rune('b'+seq))))
	}
	c := dial(t, endpoint)
	response, err := c.Get(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Compact(t.Context(), response.Header.Revision); err != nil {
		t.Fatal(err)
	}
	p.cut(false)
	if got := <-woken; got != all {
		t.Errorf("after the gap woken for %v, want all of the stage", got)
	}
	write(t, direct, release(9, "z"))
	for got := range woken {
		if got == pay {
			break
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("watch ended with %v", err)
	}
}

// TestAMemberThatStandsStill: of several endpoints one takes what is sent and never answers. Reads get their answer from another.
func TestAMemberThatStandsStill(t *testing.T) {
	endpoint := embedded(t)
	members, woken := []*proxy{between(t, endpoint), between(t, endpoint)}, make(chan struct{})
	defer close(woken)
	target := connect(t, map[string]string{"endpoints": members[0].endpoint() + "," + members[1].endpoint(), "timeout": "1s"})
	want := release(1, "a")
	write(t, target, want)
	read := func(until chan struct{}) {
		t.Helper()
		for asked := 0; ; asked++ {
			if o, err := target.Read(t.Context(), want); err != nil || !o.Equal {
				t.Fatalf("question %d: %+v, %v", asked, o, err)
			}
			select {
			case <-until:
				return
			default:
			}
		}
	}
	for _, member := range members { // both are asked in turns only when both are connected
		asked := make(chan struct{})
		member.when("/config/", func() { close(asked) }, nil)
		read(asked)
	}
	stands := make(chan struct{})
	members[1].when("/config/", func() { close(stands); <-woken }, nil)
	read(stands) // one question was sent there, and was answered all the same
}

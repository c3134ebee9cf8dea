package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/file"
)

// local is the transport to a repository on this machine. It differs from go-git's in one thing: a push is over when git has
// said what it did, not when git has ended, which may pack the repository first.
type local struct {
	transport.Transport
	ending *sync.WaitGroup // runs of git that nobody waits for any more
}

func newLocal(ending *sync.WaitGroup) transport.Transport { return local{file.DefaultClient, ending} }

// NewReceivePackSession starts git at the other side.
func (l local) NewReceivePackSession(ep *transport.Endpoint, _ transport.AuthMethod) (transport.ReceivePackSession, error) {
	p := &localPush{cmd: exec.Command("git", "receive-pack", ep.Path), ending: l.ending}
	p.cmd.Stderr = &p.said
	p.cmd.WaitDelay = time.Second // what git started may hold its error output open
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	return p, nil
}

// localPush is one run of git receive-pack.
type localPush struct {
	cmd        *exec.Cmd
	ending     *sync.WaitGroup
	in         io.WriteCloser
	out        io.ReadCloser
	said       said // read after the end
	advertised *packp.AdvRefs
	sent       bool
	ended      bool
}

// AdvertisedReferences returns what git showed.
func (p *localPush) AdvertisedReferences() (*packp.AdvRefs, error) {
	return p.AdvertisedReferencesContext(context.Background())
}

// AdvertisedReferencesContext reads what git shows first.
func (p *localPush) AdvertisedReferencesContext(ctx context.Context) (*packp.AdvRefs, error) {
	if p.advertised != nil {
		return p.advertised, nil
	}
	defer p.killAfter(ctx)()
	a := packp.NewAdvRefs()
	err := a.Decode(p.out)
	switch {
	case err == nil, errors.Is(err, packp.ErrEmptyAdvRefs):
	case ctx.Err() != nil:
		return nil, ctx.Err()
	default:
		return nil, p.whyNot(err)
	}
	transport.FilterUnsupportedCapabilities(a.Capabilities)
	p.advertised = a
	return a, nil
}

// whyNot tells a repository that is not there from other failures by what git says, as it says it nowhere else.
func (p *localPush) whyNot(err error) error {
	p.ended = true
	p.end()
	text := strings.TrimSpace(p.said.String())
	if strings.Contains(text, "does not appear to be a git repository") {
		return transport.ErrRepositoryNotFound
	}
	return fmt.Errorf("%w: %s", err, text)
}

// ReceivePack sends the request and reads what came of it.
func (p *localPush) ReceivePack(ctx context.Context, req *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	defer p.killAfter(ctx)()
	p.sent = true
	if err := req.Encode(p.in); err != nil {
		return nil, errors.Join(ctx.Err(), err)
	}
	if err := p.in.Close(); err != nil {
		return nil, errors.Join(ctx.Err(), err)
	}
	var answer io.Reader = p.out
	if req.Capabilities.Supports(capability.Sideband64k) {
		d := sideband.NewDemuxer(sideband.Sideband64k, p.out)
		d.Progress, answer = req.Progress, d
	}
	report := packp.NewReportStatus()
	if err := report.Decode(answer); err != nil {
		return nil, errors.Join(ctx.Err(), err)
	}
	return report, report.Error()
}

// killAfter ends git when the context does; the function that it returns stops that.
func (p *localPush) killAfter(ctx context.Context) (stop func()) {
	stopped := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() }) // it may have ended
	return func() { stopped() }
}

// Close lets git end in its own time.
func (p *localPush) Close() error {
	if p.ended {
		return nil
	}
	if !p.sent {
		_, _ = io.Copy(p.in, bytes.NewReader([]byte("0000"))) // nothing to do: it ends without a complaint
	}
	p.ended = true
	p.ending.Go(p.end)
	return nil
}

func (p *localPush) end() {
	_ = p.in.Close()
	_, _ = io.Copy(io.Discard, p.out)
	_ = p.cmd.Wait() // what it did was told, or is unknown
}

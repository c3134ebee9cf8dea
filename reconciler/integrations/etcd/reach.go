package etcd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// Reach dials every endpoint once and sends nothing. It fails where none answers, and says of each why: the client, which tries
// until its time is over, tells of no connection that failed.
func (t *Target) Reach(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, t.timeout)
	defer stop()
	if len(t.config.Endpoints) == 0 {
		return &integrations.Error{Target: t.spec.Name, Class: integrations.ErrSettings, Err: errors.New("no endpoint")}
	}
	errs := make(chan error, len(t.config.Endpoints))
	for _, endpoint := range t.config.Endpoints {
		go func() { errs <- t.dial(ctx, endpoint) }()
	}
	var all []error
	for range t.config.Endpoints {
		err := <-errs
		if err == nil {
			return nil
		}
		all = append(all, err)
	}
	class := integrations.ErrUnavailable
	if !slices.ContainsFunc(all, func(err error) bool { return !misfit(err) }) {
		class = integrations.ErrSettings
	}
	return &integrations.Error{Target: t.spec.Name, Class: class, Err: said(all)}
}

func (t *Target) dial(ctx context.Context, endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil {
		return err
	}
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), u.Scheme) // the name of a service is a port
	}
	conn, err := t.connect(ctx, address)
	if err != nil {
		return fmt.Errorf("%s: %w", endpoint, err)
	}
	return conn.Close()
}

func (t *Target) connect(ctx context.Context, address string) (net.Conn, error) {
	if t.config.TLS != nil {
		return t.secureDial(ctx, address)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, bare(err)
	}
	if speaksTLS(ctx, address) {
		_ = conn.Close() // nothing was sent
		return nil, errSecure
	}
	return conn, nil
}

// bare leaves out of why a dial failed what the endpoint says already.
func bare(err error) error {
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Err != nil {
		err = dial.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		return call.Err
	}
	return err
}

// said puts errors into one line.
func said(all []error) error {
	err := all[0]
	for _, next := range all[1:] {
		err = fmt.Errorf("%w; %w", err, next)
	}
	return err
}

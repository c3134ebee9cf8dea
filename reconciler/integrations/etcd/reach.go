package etcd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// Reach dials every endpoint once and sends nothing. It fails where none answers, and says of each why: the client, which tries
// until its time is over, tells of no connection that failed.
func (t *Target) Reach(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, t.timeout)
	defer stop()
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
	return &integrations.Error{Target: t.spec.Name, Class: integrations.ErrUnavailable, Err: said(all)}
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
	dialer := interface {
		DialContext(context.Context, string, string) (net.Conn, error)
	}(&net.Dialer{})
	if t.config.TLS != nil {
		dialer = &tls.Dialer{Config: t.config.TLS}
	}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("%s: %w", endpoint, bare(err))
	}
	return conn.Close()
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

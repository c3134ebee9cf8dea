package etcd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

const (
	// askAgain is how long what a look found holds: a thousand requests that failed together look once.
	askAgain = 5 * time.Second
	// lookTime is how long a look may take: who refuses, or speaks something else, says so at once.
	lookTime = time.Second
)

// unreached remembers why no endpoint could be used. The client does not tell: it tries until its time is over.
type unreached struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

// why dials the endpoints after a request that got no answer, and says what stands between: for people, and for the class of
// what will not get better by itself. It returns nil where an endpoint takes connections.
func (t *Target) why() error {
	t.unreached.mu.Lock()
	defer t.unreached.mu.Unlock()
	if !t.unreached.at.IsZero() && time.Since(t.unreached.at) < askAgain {
		return t.unreached.err
	}
	ctx, stop := context.WithTimeout(context.Background(), min(lookTime, t.timeout))
	defer stop()
	t.unreached.err = t.Reach(ctx)
	t.unreached.at = time.Now()
	return t.unreached.err
}

// Unreached says of an error of a program that reads with [ReaderConfig] which endpoint gave no answer, and why. Any other error it
// returns as it is.
func Unreached(settings map[string]string, err error) error {
	config, bad := clientConfig(settings)
	if err == nil || bad != nil || !late(err) && !dropped(err) {
		return err
	}
	t := &Target{config: config, timeout: lookTime}
	if cause := t.why(); cause != nil {
		return cause
	}
	return fmt.Errorf("%s: %w", strings.Join(config.Endpoints, ", "), err)
}

// errOtherScheme: the endpoint says https and the server speaks none of it, or the other way round.
var errOtherScheme = errors.New("the server there does not speak TLS: write http, or give the server a certificate")

// handshake explains why one failed, in the operator's words.
func handshake(err error) error {
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &record):
		return errOtherScheme
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the server ended the connection when TLS began (%w): it may speak http alone", err)
	}
	return err
}

// errSecure: an endpoint says http and the server speaks TLS.
var errSecure = errors.New("the server there speaks TLS: write https, and ca_file")

// speaksTLS finds out whether a server that is spoken to without it would answer TLS. Nobody is trusted for it: a certificate
// that cannot be verified says enough.
func speaksTLS(ctx context.Context, address string) bool {
	conn, err := (&tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", address)
	if err == nil {
		_ = conn.Close() // nothing was sent
		return true
	}
	return misfit(err) && !errors.Is(handshake(err), errOtherScheme)
}

// misfit reports whether an error of dialling is one of the settings: trying again gives the same.
func misfit(err error) bool {
	var (
		verify    *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		alert     tls.AlertError
		record    tls.RecordHeaderError
	)
	return errors.As(err, &verify) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid) || errors.As(err, &record) ||
		errors.As(err, &alert) || errors.Is(err, errOtherScheme) || errors.Is(err, errSecure)
}

// silence is the error of a request that got no answer, with the cause where one can be found.
func (t *Target) silence(key string, err error) error {
	out := &integrations.Error{Target: t.spec.Name, Key: key, Class: integrations.ErrUnavailable, Err: err, Silent: true}
	cause := t.why()
	var found *integrations.Error
	switch {
	case errors.As(cause, &found):
		out.Class, out.Err = found.Class, found.Err
	case late(err):
		out.Why = "no answer in time from " + strings.Join(t.config.Endpoints, ", ")
	}
	return out
}

// secureDial dials, and shakes hands.
func (t *Target) secureDial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := (&tls.Dialer{Config: t.config.TLS}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, handshake(bare(err))
	}
	return conn, nil
}

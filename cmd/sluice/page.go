package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
)

// pageServer serves the status page of one project, or what else comes to an address.
type pageServer struct {
	what     string
	address  string
	listener net.Listener
	server   *http.Server
}

// listenStatus opens the status page of the first project; an empty address is no page.
func listenStatus(ctx context.Context, address string, daemons []*daemon) (*pageServer, error) {
	if address == "" || len(daemons) == 0 {
		return nil, nil
	}
	handler, err := status.New(status.Config{View: daemons[0].reconciler.View, Version: version, Commands: daemons[0].commands, Done: ctx.Done()})
	if err != nil {
		return nil, err
	}
	var protocols http.Protocols // a tab's stream must not use up the few connections that HTTP/1.1 has
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return listenFor("the status page", address, &http.Server{
		Handler: handler, Protocols: &protocols, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
	})
}

func listenFor(what, address string, server *http.Server) (*pageServer, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, usageError(fmt.Errorf("listen for %s: %w", what, err))
	}
	return &pageServer{what: what, address: listener.Addr().String(), listener: listener, server: server}, nil
}

// serve ends with ctx, after the requests under way.
func (s *pageServer) serve(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- s.server.Serve(s.listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve %s: %w", s.what, err)
	case <-ctx.Done():
	}
	grace, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	err := s.server.Shutdown(grace)
	if served := <-done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

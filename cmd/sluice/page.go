package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// pageServer serves the status page, or what else comes to an address.
type pageServer struct {
	what     string
	address  string
	listener net.Listener
	server   *http.Server
	tls      bool // as it was at first: the server gives itself a configuration once it serves
}

// listenStatus opens the status page of every project; an empty address is no page.
func listenStatus(ctx context.Context, op schema.Operator, daemons []*daemon, reload func() (bool, time.Time)) (*pageServer, error) {
	if op.Listen == "" || len(daemons) == 0 {
		return nil, nil
	}
	var repositories []string
	for _, d := range daemons {
		repositories = append(repositories, d.name)
	}
	var projects []status.Project
	for i, name := range pageNames(repositories) {
		projects = append(projects, daemons[i].shown(name))
	}
	cfg := status.Config{Version: version, Commands: daemons[0].commands, Badges: op.Badges, Values: op.ShowValues, Done: ctx.Done(), Reload: reload}
	return listenPage(op, cfg, projects)
}

// shown is a project as the page has it.
func (d *daemon) shown(name string) status.Project {
	starting := func() schema.Starting { return d.now().reconciler.Starting() }
	return status.Project{Name: name, View: d.view, Starting: starting, Content: func(ctx context.Context, commit schema.Hash, path string) (map[string][]byte, error) {
		return filesAt(ctx, d.now().repo, commit, path)
	}}
}

// contentOf reads files for the pages that show keys, from the mirror and not from the network.
func contentOf(repo *gitrepo.Repo) status.Content {
	return func(ctx context.Context, commit schema.Hash, path string) (map[string][]byte, error) {
		return filesAt(ctx, repo, commit, path)
	}
}

// unnamed are the letters that a project's name has none of, so that it stands in an address as it is.
var unnamed = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// pageNames are the names of projects on the page: the last part of their repository's address, with the parts before it where
// several end alike.
func pageNames(repositories []string) []string {
	out := make([]string, len(repositories))
	for parts := 1; parts <= 8; parts++ {
		count := map[string]int{}
		for i, repository := range repositories {
			if out[i] == "" {
				count[pageName(repository, parts)]++
			}
		}
		for i, repository := range repositories {
			if name := pageName(repository, parts); out[i] == "" && count[name] == 1 && !slices.Contains(out, name) {
				out[i] = name
			}
		}
	}
	for i := range out {
		if out[i] == "" {
			out[i] = fmt.Sprintf("%s-%d", pageName(repositories[i], 1), i+1)
		}
	}
	return out
}

func pageName(repository string, parts int) string {
	segments := strings.FieldsFunc(strings.TrimSuffix(strings.TrimSuffix(repository, "/"), ".git"), func(r rune) bool { return r == '/' || r == ':' })
	name := strings.Trim(unnamed.ReplaceAllString(strings.Join(segments[max(0, len(segments)-parts):], "-"), "-"), "-.")
	return cmp.Or(name, "project")
}

// listenPage opens a page for those who may look at it.
func listenPage(op schema.Operator, cfg status.Config, projects []status.Project) (*pageServer, error) {
	if !op.Access.Public && !op.Access.Asks() && !ofThisHost(op.Listen) {
		return nil, &failure{
			code: exitUsage, err: fmt.Errorf("the page at %s would be open to everybody who reaches it", op.Listen),
			hint: "listen at 127.0.0.1, or say in the operator's file who may look: access: {header: X-Forwarded-User, networks: [10.0.0.0/8]}, or {public: true}",
		}
	}
	access := status.Access{
		Header: op.Access.Header, Networks: op.Access.Networks, Certificate: op.Access.ClientCAFile != "", Groups: op.Access.GroupsHeader, Visible: op.Access.Visible,
		ThisHost: !op.Access.Public && !op.Access.Asks(),
	}
	handler, err := status.NewProjects(cfg, projects, access)
	if err != nil {
		return nil, err
	}
	var protocols http.Protocols // a tab's stream must not use up the few connections that HTTP/1.1 has
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{
		Handler: status.NewLimit(access, nil).Guard(handler), Protocols: &protocols, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
	}
	if server.TLSConfig, err = pageTLS(op.Access); err != nil {
		return nil, &failure{code: exitUsage, err: err, hint: "correct access: in the operator's file"}
	}
	return listenFor("the status page", op.Listen, server)
}

// ofThisHost reports whether nobody else can reach an address.
func ofThisHost(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// pageTLS is nil where the page speaks no TLS. A proxy's word and a client certificate each let somebody look where both are
// asked for, so a certificate is verified where there is one and not demanded.
func pageTLS(access schema.PageAccess) (*tls.Config, error) {
	if access.CertFile == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(access.CertFile, access.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("the page's certificate: %w", err)
	}
	out := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	if access.ClientCAFile == "" {
		return out, nil
	}
	text, err := os.ReadFile(access.ClientCAFile)
	if err != nil {
		return nil, fmt.Errorf("read whose certificates may look: %w", err)
	}
	out.ClientCAs, out.ClientAuth = x509.NewCertPool(), tls.VerifyClientCertIfGiven
	if !out.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", access.ClientCAFile)
	}
	return out, nil
}

func listenFor(what, address string, server *http.Server) (*pageServer, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, usageError(fmt.Errorf("listen for %s: %w", what, err))
	}
	return &pageServer{what: what, address: listener.Addr().String(), listener: listener, server: server, tls: server.TLSConfig != nil}, nil
}

func (s *pageServer) url() string {
	if s.tls {
		return "https://" + s.address
	}
	return "http://" + s.address
}

// serve ends with ctx, after the requests under way. The log is told what the server itself has to say, unless it was told where to.
func (s *pageServer) serve(ctx context.Context, log *slog.Logger) error {
	if s.server.ErrorLog == nil {
		s.server.ErrorLog = mishaps{log}.logger()
	}
	done := make(chan error, 1)
	go func() {
		if s.tls {
			done <- s.server.ServeTLS(s.listener, "", "")
			return
		}
		done <- s.server.Serve(s.listener)
	}()
	select {
	case err := <-done:
		return fmt.Errorf("serve %s: %w", s.what, err)
	case <-ctx.Done():
	}
	grace, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	err := s.server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.server.Close() // a browser that connected ahead, and asked nothing yet, is not waited for
	}
	if served := <-done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

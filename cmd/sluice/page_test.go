package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/status"
	"github.com/sluice-gitops/sluice/schema"
)

// TestAPageForEverybodyIsAskedFor: an address that others reach needs a word about who may look.
func TestAPageForEverybodyIsAskedFor(t *testing.T) {
	projects := []status.Project{{Name: "config", View: func() *schema.View { return nil }}}
	for _, row := range []struct {
		sentence string
		op       schema.Operator
		opens    bool
	}{
		{"this host alone", schema.Operator{Listen: "127.0.0.1:0"}, true},
		{"this host alone, by name", schema.Operator{Listen: "localhost:0"}, true},
		{"every interface", schema.Operator{Listen: ":0"}, false},
		{"every interface, by number", schema.Operator{Listen: "0.0.0.0:0"}, false},
		{"every interface, and everybody may look", schema.Operator{Listen: ":0", Access: schema.PageAccess{Public: true}}, true},
		{"every interface, and a proxy asks", schema.Operator{Listen: ":0", Access: schema.PageAccess{Header: "X-User"}}, true},
		{"TLS alone asks nobody", schema.Operator{Listen: ":0", Access: schema.PageAccess{CertFile: "/c", KeyFile: "/k"}}, false},
		{"a certificate that is not there", schema.Operator{Listen: "127.0.0.1:0", Access: schema.PageAccess{CertFile: "/nowhere", KeyFile: "/nowhere"}}, false},
	} {
		page, err := listenPage(row.op, status.Config{}, projects)
		if (err == nil) != row.opens {
			t.Errorf("%s: %v", row.sentence, err)
		}
		if err != nil && exitCode(err) != exitUsage {
			t.Errorf("%s: exit %d, want %d", row.sentence, exitCode(err), exitUsage)
		}
		if page != nil {
			page.listener.Close()
		}
	}
}

// TestAPageForHoldersOfACertificate lets in who has one of the right authority, and nobody else.
func TestAPageForHoldersOfACertificate(t *testing.T) {
	dir := t.TempDir()
	ours, theirs := newAuthority(t, dir, "ours"), newAuthority(t, dir, "theirs")
	op := schema.Operator{Listen: "127.0.0.1:0", Access: schema.PageAccess{CertFile: ours.pem, KeyFile: ours.pem, ClientCAFile: ours.pem}}
	page, err := listenPage(op, status.Config{}, []status.Project{{Name: "config", View: func() *schema.View { return nil }}})
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = page.serve(t.Context(), slog.New(slog.DiscardHandler)) }()
	ask := func(certificates ...tls.Certificate) int {
		client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ours.pool, Certificates: certificates}, ForceAttemptHTTP2: true}}
		defer client.CloseIdleConnections()
		resp, err := client.Get(page.url())
		if err != nil {
			return 0
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := ask(ours.pair); got != http.StatusOK {
		t.Errorf("with a certificate: %d", got)
	}
	if got := ask(); got != http.StatusForbidden {
		t.Errorf("without: %d", got)
	}
	if got := ask(theirs.pair); got == http.StatusOK {
		t.Errorf("with another authority's: %d", got)
	}
	if !strings.HasPrefix(page.url(), "https://") {
		t.Errorf("the page is at %s", page.url())
	}
}

// TestNamesOfProjectsOnThePage are short, and tell projects apart.
func TestNamesOfProjectsOnThePage(t *testing.T) {
	for _, row := range []struct{ repositories, want []string }{
		{[]string{"https://git.example.com/acme/config.git"}, []string{"config"}},
		{[]string{"https://git.example.com/acme/config.git", "git@git.example.com:acme/shop.git", "/srv/repos/zoo/"}, []string{"config", "shop", "zoo"}},
		{[]string{"https://git.example.com/acme/config.git", "https://git.example.com/shop/config.git"}, []string{"acme-config", "shop-config"}},
		{[]string{"https://a.example/c.git", "https://a.example/c.git", "ssh://b.example/x/c?<y>"}, []string{"c-1", "c-2", "c-y"}},
		{[]string{"///", ".."}, []string{"project-1", "project-2"}},
	} {
		if got := pageNames(row.repositories); !slices.Equal(got, row.want) {
			t.Errorf("%q: %q, want %q", row.repositories, got, row.want)
		}
	}
}

// authority is a certificate that signs itself, in one file with its key.
type authority struct {
	pem  string
	pair tls.Certificate
	pool *x509.CertPool
}

func newAuthority(t *testing.T, dir, name string) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for kind, data := range map[string][]byte{"CERTIFICATE": der, "PRIVATE KEY": secret} {
		if err := pem.Encode(&text, &pem.Block{Type: kind, Bytes: data}); err != nil {
			t.Fatal(err)
		}
	}
	a := authority{pem: filepath.Join(dir, name+".pem"), pool: x509.NewCertPool()}
	if err := os.WriteFile(a.pem, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	a.pool.AppendCertsFromPEM(text.Bytes())
	if a.pair, err = tls.LoadX509KeyPair(a.pem, a.pem); err != nil {
		t.Fatal(err)
	}
	return a
}

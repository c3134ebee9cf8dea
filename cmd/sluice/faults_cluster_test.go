package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/schema"
)

// clusterLines is a project whose apps are delivered to two places of one Kubernetes cluster.
const clusterLines = `version: 1
layout: directory
targets: {inplace: {}, rolling: {mode: rolling, name: "{app}-rolling"}}
stages:
  - name: development
  - name: production
stage_local: [local.yaml]
`

// kube is a kube-apiserver as people see it, and the network before it: TLS ends there, so that requests can be looked at.
type kube struct {
	*real.KubernetesServer
	http     *http.Client
	token    string
	identity *tls.Config // of the network
	upstream *tls.Config // towards the server
	ca       string      // file: who signed for the network
}

func newKube(t *testing.T, dir string) *kube {
	t.Helper()
	k := &kube{KubernetesServer: real.Kubernetes(t), ca: filepath.Join(dir, "wire-ca.pem")}
	k.token = strings.TrimSpace(k.Token())
	text, err := os.ReadFile(k.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	k.upstream = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, ServerName: "127.0.0.1"}
	k.http = &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: k.upstream.Clone(), MaxIdleConnsPerHost: 16}}
	t.Cleanup(k.http.CloseIdleConnections)
	if err := k.identify(); err != nil {
		t.Fatal(err)
	}
	return k
}

// identify makes the certificate by which the network stands for the server.
func (k *kube) identify() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "wire"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		return err
	}
	k.identity = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return os.WriteFile(k.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
}

// target is a line of the operator's file for a place, through a wire.
func (k *kube) target(name string, w *wire) string {
	return fmt.Sprintf("%s: {kind: configmap, endpoints: [%q], settings: {timeout: 2s, ca_file: %s, token_file: %s}}", name, "https://"+w.address, k.ca, k.TokenFile)
}

// configMap is what we look at of one.
type configMap struct {
	Data       map[string]string `json:"data"`
	BinaryData map[string][]byte `json:"binaryData"`
}

// do asks the API; a missing object is fs.ErrNotExist.
func (k *kube) do(ctx context.Context, method, path, kind string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, k.URL+"/api/v1/namespaces"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+k.token)
	request.Header.Set("Content-Type", kind)
	answer, err := k.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return nil, err
	case answer.StatusCode == http.StatusNotFound:
		return nil, fs.ErrNotExist
	case answer.StatusCode/100 != 2:
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text)
	}
	return text, nil
}

func (k *kube) get(ctx context.Context, name string) (configMap, error) {
	var m configMap
	text, err := k.do(ctx, http.MethodGet, "/development/configmaps/"+name, "", nil)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	return m, err
}

// objectOf is the object of an app at a place that changes.
func objectOf(root, app string) string {
	return app + map[string]string{"inplace": "-config", "rolling": "-rolling"}[root]
}

// read is what a plain client reads: one object, or the one that the pointer names.
func (k *kube) read(ctx context.Context, root, app string) (m configMap, head integrations.Head, err error) {
	if m, err = k.get(ctx, objectOf(root, app)); err != nil {
		return m, head, err
	}
	if root == "rolling" && m.Data["current"] != "" {
		if m, err = k.get(ctx, m.Data["current"]); err != nil {
			return m, head, err
		}
	}
	head, err = integrations.DecodeHead([]byte(m.Data[".sluice.json"]))
	return m, head, err
}

// source is the object for a program with the provider, as a mounted volume would show it.
type source struct {
	k         *kube
	root, app string
}

func (s source) Head(ctx context.Context) ([]byte, provider.Position, error) {
	m, _, err := s.k.read(ctx, s.root, s.app)
	if err != nil && !errors.Is(err, integrations.ErrHead) {
		return nil, "", err
	}
	return []byte(m.Data[".sluice.json"]), provider.Position(m.Data[".sluice.document"]), nil
}

// Document is the one that was read with the head: one object is one moment.
func (s source) Document(_ context.Context, _ provider.Part, at provider.Position) ([]byte, error) {
	return []byte(at), nil
}

// whole is whether an object is one release: signed, with the document that the head names and the same values in its keys.
func (m configMap) whole(head integrations.Head, keys provider.Keys) (value string, err error) {
	if err := head.Verify(keys[head.Key]); err != nil {
		return "", fmt.Errorf("%w: %w", errUntrue, err)
	}
	document := []byte(m.Data[".sluice.document"])
	if schema.DigestOf(document) != head.Doc {
		return "", fmt.Errorf("%w: its document is another", errUntrue)
	}
	if value, err = valueOf(document); err != nil {
		return "", err
	}
	for key, text := range m.Data {
		if strings.HasPrefix(key, ".sluice.") {
			continue
		}
		for line := range strings.Lines(text) {
			if line != "value: "+value+"\n" {
				return "", fmt.Errorf("torn: %s says %q, the document %s", key, line, value)
			}
		}
	}
	return value, nil
}

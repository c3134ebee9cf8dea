package etcd

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// clientConfig reads how to reach the cluster. Servers are always verified; a password never goes over a plain
// connection to another machine.
func clientConfig(settings map[string]string) (clientv3.Config, error) {
	config := clientv3.Config{
		Username:          settings["username"],
		DialKeepAliveTime: 10 * time.Second, DialKeepAliveTimeout: 5 * time.Second,
		Logger: zap.NewNop(), // errors are returned, and logged where they are handled
	}
	if (config.Username == "") != (settings["password_file"] == "") {
		return config, errors.New("username and password_file belong together")
	}
	secure := 0
	for text := range strings.SplitSeq(settings["endpoints"], ",") {
		endpoint := strings.TrimSpace(text)
		encrypted, err := checkEndpoint(endpoint, config.Username != "")
		if err != nil {
			return config, err
		}
		if encrypted {
			secure++
		}
		config.Endpoints = append(config.Endpoints, endpoint)
	}
	if secure == 0 {
		if settings["ca_file"]+settings["cert_file"]+settings["key_file"] != "" {
			return config, errors.New("certificates are given, but no endpoint is https")
		}
		return config, nil
	}
	if secure < len(config.Endpoints) {
		return config, errors.New("endpoints are partly https and partly http")
	}
	var err error
	config.TLS, err = tlsConfig(settings)
	return config, err
}

// checkEndpoint reports whether the endpoint is encrypted.
func checkEndpoint(endpoint string, password bool) (encrypted bool, err error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return false, fmt.Errorf("endpoint %q: want https://host:port", endpoint)
	}
	if u.Scheme == "https" {
		return true, nil
	}
	ip := net.ParseIP(u.Hostname())
	if password && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return false, fmt.Errorf("endpoint %q: a password needs https", endpoint)
	}
	return false, nil
}

func tlsConfig(settings map[string]string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if name := settings["ca_file"]; name != "" {
		pem, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file %s: no certificate in it", name)
		}
	}
	cert, key := settings["cert_file"], settings["key_file"]
	if (cert == "") != (key == "") {
		return nil, errors.New("cert_file and key_file belong together")
	}
	if cert == "" {
		return config, nil
	}
	load := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("read client certificate: %w", err)
		}
		return &pair, nil
	}
	if _, err := load(); err != nil {
		return nil, err
	}
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	return config, nil
}

// withPassword reads the password file, one line.
func withPassword(config clientv3.Config, name string) (clientv3.Config, error) {
	if name == "" {
		return config, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return config, fmt.Errorf("read password_file: %w", err)
	}
	config.Password = strings.TrimRight(string(text), "\r\n")
	if config.Password == "" || strings.ContainsAny(config.Password, "\r\n") {
		return config, fmt.Errorf("password_file %s: want one line", name)
	}
	return config, nil
}

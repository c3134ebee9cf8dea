package otlp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
)

// options are the settings as the client takes them.
func (c Config) options() ([]otlptracehttp.Option, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, errors.New("traces: the endpoint is no URL like http://127.0.0.1:4318")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	out := []otlptracehttp.Option{
		otlptracehttp.WithEndpointURL(u.String()), otlptracehttp.WithTimeout(patience), otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
	}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("traces: read whom to trust: %w", err)
		}
		trusted := x509.NewCertPool()
		if !trusted.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("traces: %s holds no certificate", c.CAFile)
		}
		if u.Scheme != "https" {
			return nil, errors.New("traces: ca_file is for an endpoint of https")
		}
		out = append(out, otlptracehttp.WithTLSClientConfig(&tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}))
	}
	if c.HeadersFile == "" {
		return out, nil
	}
	if u.Scheme != "https" && !thisMachine(u.Hostname()) {
		return nil, errors.New("traces: headers go over https, or to this machine")
	}
	headers, err := readHeaders(c.HeadersFile)
	if err != nil {
		return nil, err
	}
	return append(out, otlptracehttp.WithHeaders(headers)), nil
}

// readHeaders reads "Name: value" lines. What a line holds is never repeated: it may be a token.
func readHeaders(file string) (map[string]string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("traces: read the headers: %w", err)
	}
	out := map[string]string{}
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		name, value, ok := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !ok || name == "" || strings.ContainsAny(name, " \t") {
			return nil, fmt.Errorf("traces: %s:%d is no header; write Name: value", file, i+1)
		}
		out[name] = strings.TrimSpace(value)
	}
	return out, nil
}

func thisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

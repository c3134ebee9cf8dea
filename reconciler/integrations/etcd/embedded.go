package etcd

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// Embedded is an etcd server of one member inside this process, on the loopback interface, without authentication: for
// the demo, for a first try and for tests. Whoever can log in to the machine can write to it.
type Embedded struct {
	server *embed.Etcd
	lock   *os.File // held while the server uses the directory
}

// EmbeddedOptions says how to run an embedded server. The zero value is for data that is to be kept.
type EmbeddedOptions struct {
	// Listen is the loopback address that clients connect to; "127.0.0.1:0" by default, any free port.
	Listen string
	// Quick gives up durability and patience: no fsync, elections in tenths of a second. For tests and the demo.
	Quick bool
}

// StartEmbedded runs a server on the data in dir, which it makes, and returns when it serves.
func StartEmbedded(dir string, options EmbeddedOptions) (*Embedded, error) {
	config, err := embeddedConfig(dir, options)
	if err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, fmt.Errorf("start embedded etcd in %s: %w", dir, err)
	}
	server, err := embed.StartEtcd(config)
	if err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("start embedded etcd in %s: %w", dir, err)
	}
	select {
	case <-server.Server.ReadyNotify():
		return &Embedded{server, lock}, nil
	case err = <-server.Err():
	case <-server.Server.StopNotify():
		err = errors.New("it stopped")
	case <-time.After(time.Minute):
		err = errors.New("not ready after a minute")
	}
	server.Close()
	_ = lock.Close()
	return nil, fmt.Errorf("start embedded etcd in %s: %w", dir, err)
}

func embeddedConfig(dir string, options EmbeddedOptions) (*embed.Config, error) {
	listen := options.Listen
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	endpoint := "http://" + listen
	if _, err := checkEndpoint(endpoint, true); err != nil { // as with a password: loopback only
		return nil, fmt.Errorf("embedded etcd listens on the loopback interface only: %s", listen)
	}
	client, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	peer := url.URL{Scheme: "http", Host: "127.0.0.1:0"} // nobody ever dials it
	config := embed.NewConfig()
	config.Name, config.Dir = "sluice", dir
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{*client}, []url.URL{*client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	// Web pages are kept out: no HTTP gateway, no foreign origins, no foreign host names.
	config.EnableGRPCGateway = false
	config.CORS = nil
	config.HostWhitelist = map[string]struct{}{"localhost": {}, "127.0.0.1": {}}
	config.AutoCompactionMode, config.AutoCompactionRetention = "periodic", "1h"
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	if options.Quick {
		config.UnsafeNoFsync = true
		config.TickMs, config.ElectionMs = 10, 100
	}
	return config, nil
}

// Endpoint is where clients connect.
func (e *Embedded) Endpoint() string { return "http://" + e.server.Clients[0].Addr().String() }

// Err tells when the server failed after it had started.
func (e *Embedded) Err() <-chan error { return e.server.Err() }

// Close stops the server and waits until its data is closed.
func (e *Embedded) Close() {
	e.server.Close()
	<-e.server.Server.StopNotify()
	_ = e.lock.Close()
}

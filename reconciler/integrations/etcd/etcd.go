// Package etcd is the target that keeps each cell in an etcd cluster.
//
//	<root>/<stage>/<app>/head              the signed head, with the document inside: one key, one revision, one event
//	<root>/<stage>/<app>/rel/<doc>/…       the document in parts, where it is too large for that
//	<root>/<stage>/<app>/kv/…              a mirror in plain keys, where the stage asks for one
//	<root>/.sluice/<project>/checkpoint    the newest signed checkpoint of the project's ledger
//
// The root is /config, unless the operator's entry or the stage says otherwise. A reader gets the key, verifies the
// head and has everything, or the digest of what it joins; it never sees a mixture. Writes compare the key's revision with
// the one that was judged, so that a lower sequence number never follows a higher one, and never carry a lease.
//
// What is ours beside the head is listed in rel/.inventory, so that nothing is deleted because of its name alone. The key
// consumers/ is for the applications' own reports. Anything else below the cell is foreign: reported, and removed only
// where the stage says so and it came after us. The parent's README.md has the limits.
package etcd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
)

// Integration is the line for the list of integrations.
func Integration() integrations.Integration {
	return integrations.Integration{Name: "etcd", Target: func(_ context.Context, s integrations.Spec) (integrations.Target, error) {
		return New(s)
	}}
}

// Target is one etcd cluster that holds cells.
type Target struct {
	spec    integrations.Spec
	config  clientv3.Config
	root    string        // the operator's; stages may only go below it
	fixed   bool          // the operator wrote a root
	timeout time.Duration // of one request
	inline  int           // largest document that is put into a head

	silent atomic.Int64 // when a question was asked twice in vain, Unix nanoseconds

	unreached unreached

	mu     sync.Mutex       // guards client and closed
	client *clientv3.Client // made by the first call: logging in needs a cluster that answers
	closed bool
}

// New reads the operator's settings and connects to nothing, so that a reconciler starts while etcd is down.
//
//	endpoints       https://a:2379,https://b:2379
//	root            /config; stages may then only choose a root below it
//	ca_file         who signed the servers' certificates; the system's authorities by default
//	cert_file       client certificate, read again for each connection; with key_file
//	key_file
//	username        with password_file
//	password_file
//	timeout         of one request, 5s
//	inline          largest document in bytes that is put into the head itself, 262144; larger ones lie in parts
func New(spec integrations.Spec) (*Target, error) {
	known := []string{"endpoints", "root", "ca_file", "cert_file", "key_file", "username", "password_file", "timeout", "inline"}
	if err := errors.Join(spec.Check(), spec.Only(known...)); err != nil {
		return nil, err
	}
	t := &Target{spec: spec, root: DefaultRoot, timeout: 5 * time.Second, inline: MaxInline}
	if root, ok := spec.Settings["root"]; ok {
		if err := CheckRoot(root); err != nil {
			return nil, fmt.Errorf("target %s: %w", spec.Name, err)
		}
		t.root, t.fixed = root, true
	}
	if text, ok := spec.Settings["timeout"]; ok {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return nil, fmt.Errorf("target %s: timeout %q: want a duration like 5s", spec.Name, text)
		}
		t.timeout = d
	}
	if text, ok := spec.Settings["inline"]; ok {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > MaxInline {
			return nil, fmt.Errorf("target %s: inline %q: want a number of bytes up to %d", spec.Name, text, MaxInline)
		}
		t.inline = n
	}
	var err error
	if t.config, err = clientConfig(spec.Settings); err != nil {
		return nil, fmt.Errorf("target %s: %w", spec.Name, err)
	}
	t.config.DialTimeout = t.timeout
	return t, nil
}

// Close ends the connections. Calls that are under way fail.
func (t *Target) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	if t.client == nil {
		return nil
	}
	err := t.client.Close()
	t.client = nil
	return err
}

// connected returns the client, and makes it if nobody has.
func (t *Target) connected() (*clientv3.Client, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, errors.New("the target is closed")
	}
	if t.client != nil {
		return t.client, nil
	}
	config, err := withPassword(t.config, t.spec.Settings["password_file"])
	if err != nil {
		return nil, err
	}
	t.client, err = clientv3.New(config)
	return t.client, err
}

// Package etcd reads configuration that the target "etcd" keeps.
//
//	<place>/head                      the head, with the document inside up to a limit
//	<place>/rel/<digest>/blob/<nnnn>  the parts of a larger one
//	<place>/consumers/<instance>      what this program reports, under a lease
//
//	connection := etcd.Connect(clientv3.Config{Endpoints: endpoints, Username: "pay", Password: password})
//	defer connection.Close()
//	p, err := provider.Open(ctx, provider.Options{Source: connection.Source("/config/production/pay"), …})
//
// The place is /config/<stage>/<app> unless the operator chose another root. The program needs to read the place and, to
// report, to write its own key and to grant a lease. It never writes anything else.
package etcd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/provider"
)

const (
	consumerTTL  = 60 // seconds that a report outlives its program
	closeTimeout = 2 * time.Second
)

// Source is the place of one app in one stage.
type Source struct {
	client func(context.Context) (*clientv3.Client, error)
	place  string

	mu     sync.Mutex // guards the two below
	lease  clientv3.LeaseID
	cancel context.CancelFunc // ends keeping the lease alive
}

// New reads the place with the caller's client, which stays the caller's to close. The client's own settings decide about
// TLS and who the program logs in as; give it a DialTimeout and keepalives. With a user such a client cannot be made while etcd
// is down: [Connect] makes it when it is needed.
func New(client *clientv3.Client, place string) *Source {
	return newSource(func(context.Context) (*clientv3.Client, error) { return client, nil }, place)
}

func newSource(client func(context.Context) (*clientv3.Client, error), place string) *Source {
	return &Source{client: client, place: strings.TrimSuffix(place, "/")}
}

// Place is where the target keeps an app in a stage below a root, "/config" by default.
func Place(root, stage, app string) string { return root + "/" + stage + "/" + app }

// Head implements [provider.Source] by a linearizable read.
func (s *Source) Head(ctx context.Context) ([]byte, provider.Position, error) {
	client, err := s.client(ctx)
	if err != nil {
		return nil, "", s.fail("head", err)
	}
	hurry(client)
	response, err := client.Get(ctx, s.place+"/head")
	if err != nil {
		return nil, "", s.fail("head", err)
	}
	at := provider.Position(strconv.FormatInt(response.Header.Revision, 10))
	if len(response.Kvs) == 0 {
		return nil, at, s.fail("head", fs.ErrNotExist)
	}
	return response.Kvs[0].Value, at, nil
}

// Document implements [provider.Source]: all parts at the revision at which the head was read, so that one whose parts are
// being swept is read whole or not at all, however often the history is compacted.
func (s *Source) Document(ctx context.Context, part provider.Part, at provider.Position) ([]byte, error) {
	revision, err := strconv.ParseInt(string(at), 10, 64)
	if err != nil || part.Blobs == 0 {
		return nil, s.fail("rel", fmt.Errorf("position %q, %d parts", at, part.Blobs))
	}
	client, err := s.client(ctx)
	if err != nil {
		return nil, s.fail("rel", err)
	}
	prefix := s.place + "/rel/" + strings.TrimPrefix(part.Doc, "sha256:") + "/blob/"
	all := []clientv3.OpOption{clientv3.WithPrefix(), clientv3.WithLimit(int64(part.Blobs) + 1)}
	response, err := client.Get(ctx, prefix, append(all, clientv3.WithRev(revision))...)
	if errors.Is(err, rpctypes.ErrCompacted) {
		// The parts never change and are kept for a day, so what is there now is as good: the digest says whether it is all.
		response, err = client.Get(ctx, prefix, all...)
	}
	if err != nil {
		return nil, s.fail("rel", err)
	}
	if len(response.Kvs) != part.Blobs {
		return nil, s.fail("rel", fmt.Errorf("%d parts, want %d: %w", len(response.Kvs), part.Blobs, fs.ErrNotExist))
	}
	var document bytes.Buffer
	for _, kv := range response.Kvs {
		document.Write(kv.Value)
	}
	return document.Bytes(), nil
}

// Watch implements [provider.Watcher]. It begins right after the revision that was read, and asks for a leader, so that it
// does not hang silently on a member that is cut off. It ends when no server can be reached any more.
func (s *Source) Watch(ctx context.Context, after provider.Position) error {
	revision, err := strconv.ParseInt(string(after), 10, 64)
	if err != nil {
		return s.fail("head", fmt.Errorf("position %q", after))
	}
	client, err := s.client(ctx)
	if err != nil {
		return s.fail("watch", err)
	}
	ctx, cancel := context.WithCancelCause(clientv3.WithRequireLeader(ctx))
	defer cancel(nil)
	go func() { // ends with the context
		if lost(ctx, client) {
			cancel(errLost)
		}
	}()
	for response := range client.Watch(ctx, s.place+"/head", clientv3.WithRev(revision+1)) {
		if err := response.Err(); err != nil {
			return s.fail("watch", err)
		}
		if len(response.Events) > 0 {
			return nil
		}
	}
	if errors.Is(context.Cause(ctx), errLost) {
		return s.fail("watch", errLost)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.fail("watch", errors.New("the channel closed"))
}

// Report implements [provider.Reporter]. The key is under a lease that this program keeps alive, and another of its own if
// that was lost; the configuration itself never is.
func (s *Source) Report(ctx context.Context, r provider.Report) error {
	text, err := json.Marshal(r)
	if err != nil {
		return s.fail("consumers", err)
	}
	if strings.ContainsAny(r.Instance, "/\x00") || r.Instance == "" || len(r.Instance) > 200 {
		return s.fail("consumers", fmt.Errorf("instance %q: want a name without slashes", r.Instance))
	}
	client, err := s.client(ctx)
	if err != nil {
		return s.fail("consumers", err)
	}
	key := s.place + "/consumers/" + r.Instance
	for range 2 {
		lease, err := s.leased(ctx, client)
		if err != nil {
			return s.fail("consumers", err)
		}
		_, err = client.Put(ctx, key, string(text), clientv3.WithLease(lease))
		if !errors.Is(err, rpctypes.ErrLeaseNotFound) {
			return s.fail("consumers", err)
		}
		s.forget() // it ran out while nobody could reach the server
	}
	return s.fail("consumers", rpctypes.ErrLeaseNotFound)
}

// leased returns the lease, and grants one if there is none.
func (s *Source) leased(ctx context.Context, client *clientv3.Client) (clientv3.LeaseID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease != 0 {
		return s.lease, nil
	}
	grant, err := client.Grant(ctx, consumerTTL)
	if err != nil {
		return 0, err
	}
	alive, cancel := context.WithCancel(context.Background())
	answers, err := client.KeepAlive(alive, grant.ID)
	if err != nil {
		cancel()
		return 0, err
	}
	s.lease, s.cancel = grant.ID, cancel
	go func() { // ends with the lease, with Close, or with the client
		for range answers {
		}
	}()
	return s.lease, nil
}

func (s *Source) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		s.cancel()
	}
	s.lease, s.cancel = 0, nil
}

// Close takes the report back. The client stays open.
func (s *Source) Close() error {
	s.mu.Lock()
	lease := s.lease
	s.mu.Unlock()
	s.forget()
	if lease == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	client, err := s.client(ctx)
	if err != nil {
		return s.fail("consumers", err)
	}
	_, err = client.Revoke(ctx, lease)
	if errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return nil
	}
	return s.fail("consumers", err)
}

// fail names the key, and gives errors the classes that package provider knows.
func (s *Source) fail(key string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, rpctypes.ErrPermissionDenied), errors.Is(err, rpctypes.ErrAuthFailed), errors.Is(err, rpctypes.ErrUserEmpty):
		err = fmt.Errorf("%w: %w", fs.ErrPermission, err)
	}
	return fmt.Errorf("etcd: %s/%s: %w", s.place, key, err)
}

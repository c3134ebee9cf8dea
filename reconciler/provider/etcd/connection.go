package etcd

import (
	"context"
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Connection is a client that is made by the first request. A client of a user logs in while it is made, so that a program
// which makes one before it opens its provider does not start while etcd is down, whatever its cache holds. A login that failed
// is tried again by the next request.
type Connection struct {
	config clientv3.Config
	life   context.Context // of the client: it outlives the request that made it
	end    context.CancelFunc

	turn    chan struct{} // taken by who looks at what is below, or logs in
	client  *clientv3.Client
	refused error // what the servers said to the last login that they answered
}

// Connect connects to nothing yet. It takes the config as it is; give it keepalives. Close it after the providers.
func Connect(config clientv3.Config) *Connection {
	c := &Connection{config: config, turn: make(chan struct{}, 1)}
	c.life, c.end = context.WithCancel(context.Background())
	return c
}

// Source reads a place with the connection, which many sources may share.
func (c *Connection) Source(place string) *Source { return newSource(c.made, place) }

var errClosed = errors.New("the connection is closed")

// made returns the client. Who waits for another one's login waits no longer than its own context.
func (c *Connection) made(ctx context.Context) (*clientv3.Client, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c.life.Err() != nil {
		return nil, errClosed
	}
	if c.client != nil {
		return c.client, nil
	}
	client, err := c.login(ctx)
	switch {
	case err == nil:
		c.client, c.refused = client, nil
	case ctx.Err() == nil:
		c.refused = err
	case c.refused != nil: // a wrong password does not become a silence because the time was over in the middle of a try
		err = fmt.Errorf("%w, and before: %w", err, c.refused)
	}
	return client, err
}

// login makes the client: it lives as long as the connection, and until it is made no longer than ctx.
func (c *Connection) login(ctx context.Context) (*clientv3.Client, error) {
	config := c.config
	var end context.CancelFunc
	config.Context, end = context.WithCancel(c.life)
	made := context.AfterFunc(ctx, end)
	client, err := clientv3.New(config)
	if made() {
		if err != nil {
			end()
		}
		return client, err
	}
	if err == nil {
		_ = client.Close() // it is of no use without its context
	}
	return nil, ctx.Err()
}

// Close ends the connection, and requests that are under way.
func (c *Connection) Close() error {
	c.end()
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	if c.client == nil {
		return nil
	}
	client := c.client
	c.client = nil
	if err := client.Close(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

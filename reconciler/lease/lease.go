// Package lease lets one of several reconcilers of a project work while the others look on, by an election at an etcd cluster.
//
// It saves work and races, and nothing depends on it: every append to the ledger is compared and swapped, and every write to a
// target carries the ledger's sequence number. A leader that was paused and wakes up late is refused by those, not by this. That
// is why a cluster that cannot be asked stops nobody: then each reconciler works as if it were alone.
package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

// DefaultTTL is how long a leader that says nothing keeps the others waiting.
const DefaultTTL = 15 * time.Second

// Config is an election. Key and Client are required.
type Config struct {
	// Client is called when the cluster is needed, so that a reconciler starts while it is down.
	Client func() (*clientv3.Client, error)
	Key    string        // the candidates' keys are below it, each under its lease; never a key of configuration
	Name   string        // of this process, for people
	TTL    time.Duration // DefaultTTL by default; whole seconds
	Log    *slog.Logger  // discards by default
}

// Election is this process's part in it. Its zero value never leads.
type Election struct {
	cfg     Config
	changed chan struct{}

	mu   sync.Mutex // guards what follows
	lead context.Context
	free bool // the cluster cannot be asked: who can work does
}

// New makes a part that begins with Run.
func New(cfg Config) (*Election, error) {
	if cfg.Client == nil || cfg.Key == "" {
		return nil, errors.New("lease: an election needs a client and a key")
	}
	if cfg.TTL < time.Second {
		cfg.TTL = DefaultTTL
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Election{cfg: cfg, changed: make(chan struct{}, 1)}, nil
}

// Leading reports whether this process is to work now. The context ends when it leads no more; it is nil where the cluster
// cannot be asked, so that nothing says when that ends.
func (e *Election) Leading() (lead context.Context, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.lead, e.lead != nil || e.free
}

// Changed receives when Leading may answer otherwise than before.
func (e *Election) Changed() <-chan struct{} { return e.changed }

// standing is what an election has come to: lead is nil for whoever does not lead.
type standing struct {
	lead context.Context
	free bool
}

func (e *Election) set(now standing) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lead == nil && now.lead == nil && e.free == now.free {
		return
	}
	e.lead, e.free = now.lead, now.free
	select {
	case e.changed <- struct{}{}:
	default:
	}
}

// Run takes part until ctx ends, and then steps back, so that another one need not wait.
func (e *Election) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := e.term(ctx)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			if _, was := e.Leading(); !was {
				e.cfg.Log.Warn("the election cannot be held; working as if alone, which the fence at the targets makes safe", "error", err)
			}
			e.set(standing{free: true})
			select {
			case <-ctx.Done():
			case <-time.After(e.cfg.TTL / 3):
			}
		}
	}
	e.set(standing{})
}

// term is one lease: waiting to lead, and leading for as long as it lasts. An error is that the cluster could not be asked.
func (e *Election) term(ctx context.Context) error {
	client, err := e.cfg.Client()
	if err != nil {
		return err
	}
	session, err := e.session(ctx, client)
	if err != nil {
		return err
	}
	defer e.end(client, session)
	e.set(standing{})
	alive, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-session.Done():
			stop()
		case <-alive.Done():
		}
	}()
	if err := e.campaign(alive, client, session.Lease()); err != nil {
		if alive.Err() != nil {
			return nil // the lease is over: whether the cluster is, the next one finds out
		}
		return fmt.Errorf("take part in the election: %w", err)
	}
	e.cfg.Log.Info("leads", "name", e.cfg.Name)
	e.set(standing{lead: alive})
	to := e.favoured(alive, client)
	e.set(standing{})
	switch {
	case to != "":
		stop()
		e.cfg.Log.Info("hands over", "name", e.cfg.Name, "to", to)
	case ctx.Err() == nil:
		e.cfg.Log.Warn("leads no more", "name", e.cfg.Name)
	}
	return nil
}

// campaign puts a key under the lease and waits until every older one is gone. The library's own would, when it is called off,
// wait for a cluster that is away to come back.
func (e *Election) campaign(ctx context.Context, client *clientv3.Client, id clientv3.LeaseID) error {
	ours := fmt.Sprintf("%s/%016x", e.cfg.Key, id)
	if _, err := client.Put(ctx, ours, e.cfg.Name, clientv3.WithLease(id)); err != nil {
		return err
	}
	oldest := append(clientv3.WithFirstCreate(), clientv3.WithLimit(1))
	for before := ""; ; {
		response, err := client.Get(ctx, e.cfg.Key+"/", oldest...)
		if err != nil {
			return err
		}
		if len(response.Kvs) == 0 {
			return errors.New("the candidate's key is gone")
		}
		leader := string(response.Kvs[0].Key)
		if leader == ours {
			return nil
		}
		if leader != before {
			e.cfg.Log.Info("looks on", "leader", string(response.Kvs[0].Value))
		}
		before = leader
		if err := gone(ctx, client, leader, response.Header.Revision, looksAgain*e.cfg.TTL); err != nil {
			return err
		}
	}
}

// looksAgain is after how many TTLs whoever waits looks by himself.
const looksAgain = 4

// gone waits until a key changes, or nobody can say so, or for as long as it is trusted that somebody would: servers that came back from a
// backup tell nothing to a watch that had got further than they are.
func gone(of context.Context, client *clientv3.Client, key string, revision int64, most time.Duration) error {
	ctx, cancel := context.WithTimeout(clientv3.WithRequireLeader(of), most)
	defer cancel()
	for response := range client.Watch(ctx, key, clientv3.WithRev(revision+1)) {
		if len(response.Events) > 0 {
			return nil
		}
	}
	return of.Err() // a watch that ended by itself, or that nothing came of: the next look says more
}

func (e *Election) session(ctx context.Context, client *clientv3.Client) (*concurrency.Session, error) {
	limited, cancel := context.WithTimeout(ctx, e.cfg.TTL/3)
	defer cancel()
	granted, err := client.Grant(limited, int64(e.cfg.TTL/time.Second))
	if err != nil {
		return nil, fmt.Errorf("get a lease: %w", err)
	}
	session, err := concurrency.NewSession(client, concurrency.WithLease(granted.ID), concurrency.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("keep the lease: %w", err)
	}
	return session, nil
}

// end gives the lease back, also when ctx has ended.
func (e *Election) end(client *clientv3.Client, session *concurrency.Session) {
	session.Orphan()
	limited, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = client.Revoke(limited, session.Lease()) // else it runs out by itself
}

package etcd

import (
	"context"
	"fmt"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	existingPage    = 500             // keys that one request asks for
	existingTimeout = 5 * time.Second // of one request
)

// ReadExisting reads every key below a prefix, to which a slash belongs, as it is at one moment, with the settings of [New] that say
// where the servers are and who asks. Nothing is written. What a target of ours wrote, and what a lease will take away, is left.
func ReadExisting(ctx context.Context, settings map[string]string, prefix string) (integrations.Existing, error) {
	prefix = strings.TrimRight(prefix, "/") + "/"
	config, err := ReaderConfig(settings)
	if err != nil {
		return integrations.Existing{}, &integrations.Error{Key: prefix, Class: integrations.ErrInvalid, Err: err}
	}
	asked := &Target{config: config, timeout: existingTimeout}
	config.Context = ctx
	client, err := clientv3.New(config) // a user is logged in
	if err != nil {
		return integrations.Existing{}, asked.fail(prefix, err)
	}
	defer client.Close()
	e := existing{prefix: prefix, ours: map[string]bool{}}
	from, moment := prefix, int64(0)
	for {
		answer, err := page(ctx, client, from, prefix, moment)
		if err != nil {
			return integrations.Existing{}, asked.fail(prefix, err)
		}
		moment = answer.Header.Revision
		for _, kv := range answer.Kvs {
			e.key(string(kv.Key), kv.Value, kv.Lease != 0)
			from = string(kv.Key) + "\x00"
		}
		if err := e.tooMuch(); err != nil {
			return integrations.Existing{}, err
		}
		if !answer.More {
			return e.found(), nil
		}
	}
}

// page asks for the next keys as they were when the first page was read.
func page(ctx context.Context, client *clientv3.Client, from, prefix string, moment int64) (*clientv3.GetResponse, error) {
	limited, cancel := context.WithTimeout(ctx, existingTimeout)
	defer cancel()
	return client.Get(limited, from, clientv3.WithRange(clientv3.GetPrefixRangeEnd(prefix)), clientv3.WithLimit(existingPage), clientv3.WithRev(moment))
}

// existing is what has been read so far.
type existing struct {
	prefix string
	size   int
	items  []integrations.Item
	left   []integrations.Left
	ours   map[string]bool // directories of apps with a head
}

func (e *existing) key(key string, value []byte, leased bool) {
	if dir, ok := strings.CutSuffix(key, "/head"); ok {
		if _, err := integrations.DecodeHead(value); err == nil {
			e.ours[dir] = true
			e.left = append(e.left, integrations.Left{Place: key, Why: "a head: sluice delivers there already"})
			return
		}
	}
	if leased {
		e.left = append(e.left, integrations.Left{Place: key, Why: "a lease will take it away: it is no configuration"})
		return
	}
	e.items = append(e.items, integrations.Item{Place: key, Name: strings.TrimPrefix(key, e.prefix), Value: append([]byte{}, value...)})
	e.size += len(key) + len(value)
}

func (e *existing) tooMuch() error {
	if len(e.items)+len(e.left) <= integrations.MaxExisting && e.size <= integrations.MaxExistingBytes {
		return nil
	}
	return &integrations.Error{Key: e.prefix, Class: integrations.ErrTooLarge, Why: fmt.Sprintf("more than %d keys or %d bytes; take it in parts, with longer prefixes", integrations.MaxExisting, integrations.MaxExistingBytes)}
}

// found leaves what lies where our own keys are, beside a head.
func (e *existing) found() integrations.Existing {
	out := integrations.Existing{Left: e.left}
	for _, item := range e.items {
		if e.own(item.Place) {
			out.Left = append(out.Left, integrations.Left{Place: item.Place, Why: "beside a head: sluice's own, or a report of a program"})
			continue
		}
		out.Items = append(out.Items, item)
	}
	return out
}

func (e *existing) own(key string) bool {
	if strings.Contains(key, "/.sluice/") { // checkpoints: no stage is called so
		return true
	}
	for _, reserved := range []string{"/" + mirrorDir, "/rel/", "/consumers/"} {
		if dir, _, ok := strings.Cut(key, reserved); ok && e.ours[dir] {
			return true
		}
	}
	return false
}

// Mirror is what a stage with that mirror (files or leaves) writes below kv/ of an app, by name, without the marker.
func Mirror(mode string, files map[string][]byte) (map[string]string, error) {
	keys, err := mirrorOf(mode, integrations.Release{Files: files}, "")
	delete(keys, completeName)
	return keys, err
}

// Fits is [Target.Fits] of a target that nobody has opened: name is the target's, root the operator's or empty.
func Fits(name, root string, want integrations.Release) schema.Verdict {
	t := &Target{spec: integrations.Spec{Name: name}, root: DefaultRoot, inline: MaxInline}
	if root != "" {
		t.root, t.fixed = root, true
	}
	return t.Fits(want)
}

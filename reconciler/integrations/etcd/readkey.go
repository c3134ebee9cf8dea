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

// LiveKey is a key as it is now.
type LiveKey struct {
	Value       []byte // nil: it is not there
	ModRevision int64
	Lease       int64
}

// ReadKey reads one key with the settings of a target. It needs no log key, and looks at nothing else.
func ReadKey(ctx context.Context, settings map[string]string, key string) (LiveKey, error) {
	config, err := clientConfig(settings)
	if err != nil {
		return LiveKey{}, err
	}
	if config, err = withPassword(config, settings["password_file"]); err != nil {
		return LiveKey{}, err
	}
	t := &Target{config: config, timeout: 5 * time.Second}
	t.config.DialTimeout = t.timeout
	limited, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	client, err := clientv3.New(t.config)
	if err != nil {
		return LiveKey{}, t.fail(key, err)
	}
	defer client.Close()
	answer, err := client.Get(limited, key)
	if err != nil {
		return LiveKey{}, t.fail(key, err)
	}
	if len(answer.Kvs) == 0 {
		return LiveKey{}, nil
	}
	kv := answer.Kvs[0]
	return LiveKey{Value: append([]byte{}, kv.Value...), ModRevision: kv.ModRevision, Lease: kv.Lease}, nil
}

// PlainText is a value of a file as a mirror of leaves has it; value is its canonical JSON.
func PlainText(value string) string { return plainText(value) }

// Writes reports whether a target with these settings, in a stage with those, would ever write a key for the cell: below another
// root, or below kv/ where the stage asks for no mirror, it would not.
func Writes(settings, stage map[string]string, cell schema.Cell, key string) (bool, error) {
	t := &Target{root: DefaultRoot}
	if root, ok := settings["root"]; ok {
		t.root, t.fixed = root, true
	}
	p, err := t.placeOf(&integrations.Release{Cell: cell, Settings: stage})
	if err != nil {
		return false, err
	}
	return strings.HasPrefix(key, p.dir) && (p.mode != "" || !strings.HasPrefix(key, p.dir+mirrorDir)), nil
}

// MayHaveRoot reports whether a target in a stage with these settings may write below a root. Where they name none it is the
// operator's, which may be any; and no other kind of target has settings of etcd's.
func MayHaveRoot(stage map[string]string, root string) bool {
	if own, ok := stage["root"]; ok {
		return root == own
	}
	return checkSettings(stage) == nil && CheckRoot(root) == nil
}

// Part is what a key below rel/DIGEST/ holds of a document that lies in parts; nil where the document has no such part. It
// follows from the document alone.
func Part(document []byte, name string) ([]byte, error) {
	list, parts := integrations.CutDocument(document)
	if name == "manifest" {
		return list.Encode()
	}
	for n, part := range parts {
		if name == fmt.Sprintf("blob/%04d", n) {
			return part, nil
		}
	}
	return nil, nil
}

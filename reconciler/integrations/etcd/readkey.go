package etcd

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
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

package etcd

import (
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Dial makes a client for a program that reads what a target wrote, with those settings of [New] that say where the servers
// are and who asks. Nothing is asked yet: the servers may be down.
func Dial(settings map[string]string) (*clientv3.Client, error) {
	config, err := clientConfig(settings)
	if err == nil {
		config, err = withPassword(config, settings["password_file"])
	}
	if err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	config.DialTimeout = 5 * time.Second
	client, err := clientv3.New(config)
	if err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	return client, nil
}

package etcd

import (
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// ReaderConfig is how a program that reads what a target wrote reaches the servers, with those settings of [New] that say where
// they are and who asks. Nobody is asked yet: the servers may be down.
func ReaderConfig(settings map[string]string) (clientv3.Config, error) {
	config, err := clientConfig(settings)
	if err == nil {
		config, err = withPassword(config, settings["password_file"])
	}
	if err != nil {
		return clientv3.Config{}, fmt.Errorf("etcd: %w", err)
	}
	config.DialTimeout = 5 * time.Second
	return config, nil
}

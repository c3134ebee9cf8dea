package etcd

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/sluice-gitops/sluice/schema"
)

// ReadDocument reads a head as an application without our library would: one key with the document inside, or with parts
// beside it. It checks nothing.
func ReadDocument(ctx context.Context, endpoint, key string) ([]byte, error) {
	var document []byte
	err := plain(ctx, endpoint, func(ctx context.Context, c *clientv3.Client) error {
		answer, err := c.Get(ctx, key)
		if err != nil {
			return err
		}
		if len(answer.Kvs) == 0 {
			return fmt.Errorf("%s is not there", key)
		}
		var head struct {
			Doc    schema.Digest `json:"doc"`
			Inline []byte        `json:"inline"`
			Blobs  int           `json:"blobs"`
		}
		if err := json.Unmarshal(answer.Kvs[0].Value, &head); err != nil {
			return fmt.Errorf("%s is no head: %w", key, err)
		}
		document = head.Inline
		if head.Blobs == 0 {
			return nil
		}
		dir := place{dir: strings.TrimSuffix(key, "head")}.generation(head.Doc) + "blob/"
		parts, err := c.Get(ctx, dir, clientv3.WithPrefix(), clientv3.WithRev(answer.Header.Revision))
		if err != nil {
			return err
		}
		for _, part := range parts.Kvs {
			document = append(document, part.Value...)
		}
		return nil
	})
	return document, err
}

// Put writes a key by hand, as somebody with credentials could.
func Put(ctx context.Context, endpoint, key string, value []byte) error {
	return plain(ctx, endpoint, func(ctx context.Context, c *clientv3.Client) error {
		_, err := c.Put(ctx, key, string(value))
		return err
	})
}

func plain(ctx context.Context, endpoint string, do func(context.Context, *clientv3.Client) error) error {
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	return do(ctx, c)
}

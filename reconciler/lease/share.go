package lease

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Favourite is the candidate that an election wants, of those that take part: by the key and the names alone, so that all agree,
// many elections fall to different ones, and one that leaves or comes changes few of them. Empty without a candidate.
func Favourite(key string, names []string) string {
	best, most := "", ""
	for _, name := range names {
		sum := sha256.Sum256([]byte(key + "\x00" + name))
		if rank := string(sum[:]); best == "" || rank > most {
			best, most = name, rank
		}
	}
	return best
}

// favoured waits for as long as this process leads, or until another candidate has been the favourite at two looks in a row, and
// returns that one: whoever started first would lead everything else. A look costs a read in each TTL; one that fails says nothing.
func (e *Election) favoured(lead context.Context, client *clientv3.Client) string {
	tick := time.NewTicker(e.cfg.TTL)
	defer tick.Stop()
	last := ""
	for {
		select {
		case <-lead.Done():
			return ""
		case <-tick.C:
		}
		now := Favourite(e.cfg.Key, e.candidates(lead, client))
		if now != "" && now != e.cfg.Name && now == last {
			return now
		}
		last = now
	}
}

// candidates are the names of those that take part now.
func (e *Election) candidates(ctx context.Context, client *clientv3.Client) []string {
	limited, cancel := context.WithTimeout(ctx, e.cfg.TTL/3)
	defer cancel()
	response, err := client.Get(limited, strings.TrimSuffix(e.cfg.Key, "/")+"/", clientv3.WithPrefix())
	if err != nil {
		return nil
	}
	var names []string
	for _, kv := range response.Kvs {
		names = append(names, string(kv.Value))
	}
	return names
}

package real

import (
	"fmt"
	"strings"
	"testing"
)

// EtcdCluster starts a cluster of n members with more flags, and returns when all of them are healthy.
func EtcdCluster(t testing.TB, n int, more ...string) []*EtcdServer {
	t.Helper()
	var members []string
	urls := make([][2]string, n)
	for i := range urls {
		urls[i] = [2]string{"http://" + FreeAddress(t), "http://" + FreeAddress(t)}
		members = append(members, fmt.Sprintf("m%d=%s", i, urls[i][1]))
	}
	var servers []*EtcdServer
	for i, u := range urls {
		s := member(t, "etcd", fmt.Sprintf("m%d", i), u[0], u[1], strings.Join(members, ","), more...)
		s.start()
		servers = append(servers, s)
	}
	for _, s := range servers {
		s.awaitHealth()
	}
	return servers
}

// RestartAll does it to all at once: a member alone of a cluster that was killed does not become healthy.
func RestartAll(servers []*EtcdServer) {
	for _, s := range servers {
		s.Kill()
	}
	for _, s := range servers {
		s.start()
	}
	for _, s := range servers {
		s.awaitHealth()
	}
}

package etcd

import (
	"context"
	"errors"

	clientv3 "go.etcd.io/etcd/client/v3"
)

var errLost = errors.New("no server can be reached")

// lost waits until no server can be reached, and reports false where the context ends first. The client's watch does not tell: it
// waits in silence until they are back; and where they came back with less history, as from a backup, for as long as it takes
// them to get as far as they were, whatever changes meanwhile.
func lost(ctx context.Context, client *clientv3.Client) bool {
	connection := client.ActiveConnection()
	state := connection.GetState()
	return state.String() != "READY" || connection.WaitForStateChange(ctx, state)
}

// hurry makes a client that could not reach anybody try again now: who asks has waited by himself, and the client's own pauses
// grow to two minutes.
func hurry(client *clientv3.Client) {
	if connection := client.ActiveConnection(); connection.GetState().String() == "TRANSIENT_FAILURE" {
		connection.ResetConnectBackoff()
	}
}

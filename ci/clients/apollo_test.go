package clients

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/apolloconfig/agollo/v5"
	"github.com/apolloconfig/agollo/v5/env/config"
	"github.com/apolloconfig/agollo/v5/storage"

	"github.com/sluice-gitops/sluice/reconciler/agent"
	"github.com/sluice-gitops/sluice/reconciler/agent/apollo"
	"github.com/sluice-gitops/sluice/reconciler/integrations/integrationstest"
	"github.com/sluice-gitops/sluice/reconciler/provider"
	"github.com/sluice-gitops/sluice/reconciler/provider/etcd"
)

const accessKey = "5b4f3a7c0d1e4e0fa2a4c3b9d8e7f601"

// serve runs the agent on what the target wrote, for clients of Apollo that sign.
func (w *world) serve(t *testing.T) (address string) {
	t.Helper()
	handler := apollo.New(apollo.Options{Stage: "production", Apps: []string{"pay"}, Keys: apollo.Keys{"pay": {accessKey}}})
	published := make(chan struct{}, 100)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := agent.Run(ctx, agent.Options{
			Provider: provider.Options{
				Source:  etcd.New(w.client, etcd.Place("/config", "production", "pay")),
				Project: "5f0c66d1", Stage: "production", App: "pay",
				Keys: provider.Keys{"log-1": integrationstest.PublicKey()},
			},
			Publish: func(s *provider.Snapshot) { handler.Publish("pay", s); published <- struct{}{} },
		})
		done <- err
	}()
	select {
	case <-published:
	case err := <-done:
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		handler.Close()
		server.Close()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

// listener tells a test what agollo tells a program.
type listener struct{ changes chan *storage.ChangeEvent }

func (l listener) OnChange(event *storage.ChangeEvent)     { l.changes <- event }
func (l listener) OnNewestChange(*storage.FullChangeEvent) {}

// port waits for the change of the port in the namespace application and returns the new one; an empty want is any.
func (l listener) port(t *testing.T, old, want string) string {
	t.Helper()
	for event := range l.changes {
		if event.Namespace != "application" {
			continue // app.yaml changes too
		}
		change := event.Changes["server.port"]
		if change == nil || change.OldValue != old || want != "" && change.NewValue != want || len(event.Changes) != 1 {
			t.Fatalf("agollo tells of %+v, want the port from %s to %s alone", event.Changes, old, want)
		}
		return fmt.Sprint(change.NewValue)
	}
	return ""
}

func start(t *testing.T, address, cluster, secret, namespaces string) (agollo.Client, error) {
	t.Helper()
	client, err := agollo.StartWithConfig(func() (*config.AppConfig, error) {
		return &config.AppConfig{
			AppID: "pay", Cluster: cluster, IP: address, NamespaceName: namespaces, Secret: secret, MustStart: true,
			IsBackupConfig: false, BackupConfigPath: t.TempDir(),
		}, nil
	})
	if err == nil {
		t.Cleanup(client.Close)
	}
	return client, err
}

// TestAgollo: agollo starts, gets a change by its long poll, and is refused without the right access key or in another stage.
func TestAgollo(t *testing.T) {
	w := newWorld(t)
	w.admit(t, 1, "none", app("8080"))
	address := w.serve(t)
	client, err := start(t, address, "default", accessKey, "application,db,logging.xml,app.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ namespace, key, want string }{
		{"application", "server.port", "8080"},
		{"application", "server.host", "pay.example.com"},
		{"application", "hosts[1]", "b"},
		{"application", "rate", "1.10"},
		{"db", "url", "jdbc:postgresql://db/pay"},
		{"logging.xml", "content", "<level>info</level>\n"},
		{"app.yaml", "server.port", "8080"}, // agollo reads the YAML itself
	} {
		if value, err := client.GetConfigCache(row.namespace).Get(row.key); err != nil || fmt.Sprint(value) != row.want {
			t.Errorf("%s: %s is %v, %v, want %s", row.namespace, row.key, value, err, row.want)
		}
	}
	if port := client.GetIntValue("server.port", 0); port != 8080 {
		t.Errorf("the port is %d", port)
	}
	changes := listener{make(chan *storage.ChangeEvent, 100)}
	client.AddChangeListener(changes)
	w.admit(t, 2, "none", app("9090"))
	changes.port(t, "8080", "9090")
	// The next one comes while agollo has just asked again: told of the one before, and waiting for no other.
	w.admit(t, 3, "none", app("9091"))
	changes.port(t, "9090", "9091")
	// Two at once: however many of them it is told of, it ends with the last.
	w.admit(t, 4, "none", app("9092"))
	w.admit(t, 5, "none", app("9093"))
	if seen := changes.port(t, "9091", ""); seen != "9093" {
		changes.port(t, seen, "9093")
	}
	if port := client.GetIntValue("server.port", 0); port != 9093 {
		t.Errorf("the port is %d", port)
	}
	for sentence, row := range map[string]struct{ cluster, secret string }{
		"another access key": {"default", "5b4f3a7c0d1e4e0fa2a4c3b9d8e7f602"},
		"no access key":      {"default", ""},
		"another stage":      {"staging", accessKey},
	} {
		if _, err := start(t, address, row.cluster, row.secret, "application"); err == nil {
			t.Errorf("%s: agollo starts", sentence)
		}
	}
}

package main

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/hook"
	"github.com/sluice-gitops/sluice/schema"
)

// webhookPath is where GitLab sends its webhooks to.
const webhookPath = "/gitlab"

// webhooks is the receiver with the address it has; nil where none is asked for.
type webhooks struct {
	receiver *hook.Receiver
	page     *pageServer
}

// listenWebhooks opens the receiver. Without a secret that it could check it does not start: anybody could send to it.
func listenWebhooks(settings *schema.Webhook, daemons []*daemon, wakes []chan struct{}, log *slog.Logger) (*webhooks, error) {
	if settings == nil {
		return nil, nil
	}
	cfg := hook.Config{Instances: settings.Instances, Log: log, Keys: hook.Files{
		Secret: settings.SecretFile, Signing: settings.SigningKeyFiles, RequireSignature: settings.RequireSignature,
	}}
	for i, d := range daemons {
		cfg.Projects = append(cfg.Projects, hook.Project{
			Path: d.forgeProject, Number: func() int64 { return d.now().forge.Number() }, Own: []string{d.ledgerRef}, Wake: func() { wake(wakes[i]) },
		})
	}
	receiver, err := hook.New(cfg)
	if err != nil {
		return nil, &failure{code: exitUsage, err: err, hint: "correct webhook: in the operator's file, or take it out: without webhooks, polling finds the same"}
	}
	mux := http.NewServeMux()
	mux.Handle(webhookPath, receiver)
	page, err := listenFor("webhooks", settings.Listen, webhookServer(mux))
	if err != nil {
		return nil, err
	}
	return &webhooks{receiver: receiver, page: page}, nil
}

// webhookServer gives nobody long: GitLab sends a request in one piece, and one that is late is found by the next poll.
func webhookServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 2 * time.Second, ReadTimeout: 3 * time.Second, WriteTimeout: 5 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // what strangers do wrong is theirs
	}
}

// wake asks for a look soon. One that was asked for already is one with it.
func wake(project chan<- struct{}) {
	select {
	case project <- struct{}{}:
	default:
	}
}

func (w *webhooks) server() *pageServer {
	if w == nil {
		return nil
	}
	return w.page
}

// counts tells the metrics what came; nil where nothing can come.
func (w *webhooks) counts() func() map[string]uint64 {
	if w == nil {
		return nil
	}
	return w.receiver.Counts
}

func (w *webhooks) close() {
	if w != nil {
		w.receiver.Close()
	}
}

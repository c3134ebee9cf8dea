package main

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/otlp"
	"github.com/sluice-gitops/sluice/schema"
)

// serviceName is who logs and sends traces, as OpenTelemetry's variable has it.
func (a *app) serviceName() string { return cmp.Or(a.environ("OTEL_SERVICE_NAME"), "sluice") }

// openTraces is nil where no collector is named.
func (a *app) openTraces(op schema.Operator, log *slog.Logger) (*otlp.Exporter, error) {
	if op.Traces == nil {
		return nil, nil
	}
	host, err := os.Hostname()
	if err != nil {
		host = "" // it is left out
	}
	traces, err := otlp.New(otlp.Config{
		Endpoint: op.Traces.Endpoint, HeadersFile: op.Traces.HeadersFile, CAFile: op.Traces.CAFile,
		Service: a.serviceName(), Version: version, Host: host, Log: log,
	})
	if err != nil {
		return nil, &failure{code: exitUsage, err: err, hint: "correct traces: in the operator's file, or --traces"}
	}
	return traces, nil
}

// closeTraces sends what waits; a collector that is down holds the end up for no longer than that.
func closeTraces(traces *otlp.Exporter, log *slog.Logger) {
	if traces == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := traces.Close(ctx); err != nil {
		log.Warn("the last traces were not sent", "error", err)
	}
}

func spanCounts(traces *otlp.Exporter) func() (uint64, uint64) {
	if traces == nil {
		return nil
	}
	return traces.Counts
}

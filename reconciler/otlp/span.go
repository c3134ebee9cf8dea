package otlp

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	resourcev1 "go.opentelemetry.io/proto/otlp/resource/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/sluice-gitops/sluice/schema"
)

// spanOf writes a span as the protocol has it; nil where its names are none.
func spanOf(s schema.Span) *tracev1.Span {
	trace, err := hex.DecodeString(s.Trace)
	id, err2 := hex.DecodeString(s.ID)
	parent, err3 := hex.DecodeString(s.Parent)
	if err != nil || err2 != nil || err3 != nil || len(trace) != 16 || len(id) != 8 {
		return nil
	}
	out := &tracev1.Span{
		TraceId: trace, SpanId: id, ParentSpanId: parent, Name: s.Name, Kind: tracev1.Span_SPAN_KIND_INTERNAL,
		StartTimeUnixNano: uint64(s.Began.UnixNano()), EndTimeUnixNano: uint64(s.Ended.UnixNano()),
	}
	for _, key := range slices.Sorted(maps.Keys(s.Texts)) {
		if s.Texts[key] != "" {
			out.Attributes = append(out.Attributes, text("sluice."+key, s.Texts[key]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Counts)) {
		out.Attributes = append(out.Attributes, &commonv1.KeyValue{Key: "sluice." + key, Value: &commonv1.AnyValue{Value: &commonv1.AnyValue_IntValue{IntValue: s.Counts[key]}}})
	}
	if s.Failed != "" {
		out.Status = &tracev1.Status{Code: tracev1.Status_STATUS_CODE_ERROR, Message: clean(s.Failed)}
	}
	return out
}

func (c Config) resource() *resourcev1.Resource {
	out := &resourcev1.Resource{Attributes: []*commonv1.KeyValue{text("service.name", c.Service)}}
	for key, value := range map[string]string{"service.version": c.Version, "host.name": c.Host} {
		if value != "" {
			out.Attributes = append(out.Attributes, text(key, value))
		}
	}
	return out
}

func (c Config) scope() *commonv1.InstrumentationScope {
	return &commonv1.InstrumentationScope{Name: "github.com/sluice-gitops/sluice", Version: c.Version}
}

func text(key, value string) *commonv1.KeyValue {
	return &commonv1.KeyValue{Key: key, Value: &commonv1.AnyValue{Value: &commonv1.AnyValue_StringValue{StringValue: clean(value)}}}
}

// clean makes text written by others fit to be sent: the protocol takes UTF-8 alone, and collectors print what they get.
func clean(s string) string {
	s = schema.Printable(strings.ToValidUTF8(s, "�"))
	if runes := []rune(s); len(runes) > 1000 {
		return string(runes[:999]) + "…"
	}
	return s
}

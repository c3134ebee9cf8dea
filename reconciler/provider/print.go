package provider

import (
	"fmt"
	"log/slog"
	"reflect"
)

// What is printed by mistake shows no value: providers, bindings, snapshots, documents and heads print what they are called,
// whatever the verb, also in a log. The JSON of a head is what is signed, and has everything. Format of a snapshot and of a
// document is for the value too, which somebody may have copied.

// String names the app and the stage, and the snapshot that runs.
func (p *Provider) String() string {
	if p == nil {
		return "no provider"
	}
	return fmt.Sprintf("provider of %s in %s: %s", p.opts.App, p.opts.Stage, p.Snapshot())
}

// Format writes what String returns, whatever the verb.
func (p *Provider) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }

// LogValue is what String returns.
func (p *Provider) LogValue() slog.Value { return slog.StringValue(p.String()) }

// String names the type.
func (b *Binding[T]) String() string { return "binding of " + reflect.TypeFor[T]().String() }

// Format writes what String returns, whatever the verb.
func (b *Binding[T]) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(b.String())) }

// LogValue is what String returns.
func (b *Binding[T]) LogValue() slog.Value { return slog.StringValue(b.String()) }

// String names the snapshot: app, stage, entry, origin and digest.
func (s *Snapshot) String() string {
	if s == nil {
		return "no snapshot"
	}
	return fmt.Sprintf("snapshot of %s in %s, entry %d, %s, %s", s.head.App, s.head.Stage, s.Seq(), s.origin, s.Document)
}

// Format writes what String returns, whatever the verb.
func (s Snapshot) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue is what String returns.
func (s *Snapshot) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText writes what String returns; encoding/json and others use it.
func (s Snapshot) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String names the document by its digest.
func (d *Document) String() string {
	if d == nil {
		return "no document"
	}
	return "document " + d.digest
}

// Format writes what String returns, whatever the verb.
func (d Document) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(d.String())) }

// LogValue is what String returns.
func (d *Document) LogValue() slog.Value { return slog.StringValue(d.String()) }

// String names whose head it is, of which entry, and its document by the digest.
func (b Body) String() string {
	return fmt.Sprintf("head of %s in %s, entry %d, document %s", b.App, b.Stage, b.Seq, b.Doc)
}

// Format writes what String returns, whatever the verb.
func (b Body) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(b.String())) }

// LogValue is what String returns.
func (b Body) LogValue() slog.Value { return slog.StringValue(b.String()) }

// String names the part's document by its digest.
func (p Part) String() string { return "document " + p.Doc }

// Format writes what String returns, whatever the verb.
func (p Part) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }

// LogValue is what String returns.
func (p Part) LogValue() slog.Value { return slog.StringValue(p.String()) }

// String names the canary's document by its digest.
func (c Canary) String() string { return "canary document " + c.Doc }

// Format writes what String returns, whatever the verb.
func (c Canary) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue is what String returns.
func (c Canary) LogValue() slog.Value { return slog.StringValue(c.String()) }

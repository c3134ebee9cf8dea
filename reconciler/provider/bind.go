package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Binding is the configuration as a Go type. Load costs one atomic load and allocates nothing.
type Binding[T any] struct {
	p    *Provider
	how  bindOptions
	live atomic.Pointer[T]

	mu    sync.Mutex // guards asked and told
	next  int
	asked map[int]func(context.Context, *T, *T, Changes) error
	told  map[int]func(*T, *T, Changes)
}

// BindOption says how configuration becomes a type.
type BindOption func(*bindOptions)

type bindOptions struct {
	strict bool
	files  []string
}

// Strict makes a key that the type does not have an error.
func Strict() BindOption { return func(o *bindOptions) { o.strict = true } }

// Files names the files to bind. The maps of a later one are laid over those of the ones before, key by key; lists and
// other values are replaced whole. A name that ends in "?" may be missing. Without Files the one parsed file there is, is bound.
func Files(names ...string) BindOption {
	return func(o *bindOptions) { o.files = append(o.files, names...) }
}

// Bind makes a T of the configuration and keeps it new. From then on a snapshot that makes no T is rejected: the program
// keeps what it has. So it does where it is just starting: if what the source holds makes no T, and what the cache has does,
// within Options.Start, it runs the latter, as if it had not been restarted. The tags are described in the package's documentation.
func Bind[T any](p *Provider, options ...BindOption) (*Binding[T], error) {
	b := &Binding[T]{p: p, how: howOf(options), asked: map[int]func(context.Context, *T, *T, Changes) error{}, told: map[int]func(*T, *T, Changes){}}
	if err := checkType(reflect.TypeFor[T](), map[reflect.Type]bool{}); err != nil {
		return nil, fmt.Errorf("bind configuration: %w", err)
	}
	if err := b.attach(); err != nil {
		if err = p.refused(err, b); err != nil {
			return nil, fmt.Errorf("bind configuration: %w", err)
		}
	}
	return b, nil
}

func (b *Binding[T]) attach() error {
	p := b.p
	p.swap.Lock()
	defer p.swap.Unlock()
	snap := p.snap.Load()
	value, err := decodeTo[T](snap.Document, b.how)
	if err != nil {
		return fmt.Errorf("%w: entry %d: %w", ErrRejected, snap.Seq(), err)
	}
	b.live.Store(value)
	p.bindings = append(p.bindings, b)
	p.snap.Store(snap.with(b, value))
	p.doubted.CompareAndSwap(snap.Seq(), 0) // the program found a type that fits
	return nil
}

func (b *Binding[T]) fits(d *Document) error {
	_, err := decodeTo[T](d, b.how)
	return err
}

// with is the snapshot with what one more binding made of it. Whoever holds the one before loses nothing.
func (s *Snapshot) with(b, value any) *Snapshot {
	next := *s
	next.bound = map[any]any{b: value}
	maps.Copy(next.bound, s.bound)
	return &next
}

func howOf(options []BindOption) bindOptions {
	var how bindOptions
	for _, o := range options {
		o(&how)
	}
	return how
}

// Fits makes an Options.Check of a type: a configuration that makes no T is not taken, also not by Open, which then goes
// on to the cache if it may.
func Fits[T any](options ...BindOption) func(*Snapshot) error {
	how, wrong := howOf(options), checkType(reflect.TypeFor[T](), map[reflect.Type]bool{})
	return func(s *Snapshot) error {
		if wrong != nil {
			return wrong
		}
		_, err := decodeTo[T](s.Document, how)
		return err
	}
}

// Decode makes a T of a document, as Bind does.
func Decode[T any](d *Document, options ...BindOption) (*T, error) {
	if err := checkType(reflect.TypeFor[T](), map[reflect.Type]bool{}); err != nil {
		return nil, err
	}
	return decodeTo[T](d, howOf(options))
}

func decodeTo[T any](d *Document, how bindOptions) (*T, error) {
	name, tree, err := d.merged(how.files)
	if err != nil {
		return nil, err
	}
	if kind := reflect.TypeFor[T]().Kind(); tree == nil && (kind == reflect.Struct || kind == reflect.Map) {
		tree = map[string]any{} // an empty file sets nothing
	}
	value := new(T)
	decoder := decoder{strict: how.strict, file: name}
	decoder.value(nil, tree, reflect.ValueOf(value).Elem())
	if len(decoder.errs) > 0 {
		return nil, errors.Join(decoder.errs...)
	}
	return value, nil
}

// merged returns the values of the files, and what to call them in messages.
func (d *Document) merged(names []string) (string, any, error) {
	if len(names) == 0 {
		parsed := d.Parsed()
		if len(parsed) != 1 {
			return "", nil, fmt.Errorf("%d files have values (%s): say with Files which to bind, as in Files(\"app.yaml\", \"local.yaml?\")", len(parsed), strings.Join(parsed, ", "))
		}
		names = parsed
	}
	var tree any
	var found []string
	for _, name := range names {
		name, optional := strings.CutSuffix(name, "?")
		value, ok := d.values[name]
		if !ok && optional {
			continue
		}
		if !ok {
			return "", nil, fmt.Errorf("%s: no such file with values; there are: %s", name, strings.Join(d.Parsed(), ", "))
		}
		tree = overlay(tree, value, len(found) == 0)
		found = append(found, name)
	}
	return strings.Join(found, "+"), tree, nil
}

// overlay lays one value over another. An empty file changes nothing.
func overlay(under, over any, first bool) any {
	if first {
		return over
	}
	a, ok := under.(map[string]any)
	b, ok2 := over.(map[string]any)
	if over == nil {
		return under
	}
	if !ok || !ok2 {
		return over
	}
	out := make(map[string]any, len(a)+len(b))
	maps.Copy(out, a)
	for name, value := range b {
		if have, ok := out[name]; ok && value != nil {
			value = overlay(have, value, false)
		}
		out[name] = value
	}
	return out
}

// Load returns the value of the snapshot that runs. It is shared and replaced, never changed: do not write to it.
func (b *Binding[T]) Load() *T { return b.live.Load() }

// At returns what the binding made of a snapshot, so that several bindings, or a binding and single keys, are read of one
// release. It is nil for a snapshot that was taken before the binding was made.
func (b *Binding[T]) At(s *Snapshot) *T {
	value, _ := s.bound[b].(*T)
	return value
}

// OnChange asks the function before a new snapshot is taken. An error rejects the snapshot: what runs goes on running, and
// Healthy and the report to the reconciler say so; it is asked again when the source is next read. It is not asked where no key changes. It may prepare (open a
// connection with the new address) but must not yet use what it prepared, because another one may still refuse: do that
// in [Binding.AfterChange]. The context ends with the call, after Options.Callback, or at Close. stop takes it back.
func (b *Binding[T]) OnChange(ask func(ctx context.Context, old, new *T, changes Changes) error) (stop func()) {
	if ask == nil {
		panic("provider: OnChange of no function") // here, and not as a refusal of each release
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	id := b.next
	b.next++
	b.asked[id] = ask
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.asked, id)
	}
}

// AfterChange tells the function that a new snapshot runs. The next one waits until it returns, and Healthy says so after
// Options.Callback.
func (b *Binding[T]) AfterChange(tell func(old, new *T, changes Changes)) (stop func()) {
	if tell == nil {
		panic("provider: AfterChange of no function")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	id := b.next
	b.next++
	b.told[id] = tell
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.told, id)
	}
}

func (b *Binding[T]) prepare(ctx context.Context, next *Snapshot, changes Changes) (value any, err error) {
	new, err := decodeTo[T](next.Document, b.how)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	ids := slices.Sorted(maps.Keys(b.asked))
	b.mu.Unlock()
	if len(changes) == 0 {
		return new, nil
	}
	for _, id := range ids {
		b.mu.Lock()
		ask, ok := b.asked[id]
		b.mu.Unlock()
		if !ok {
			continue
		}
		if err := guarded(func() error { return ask(ctx, b.Load(), new, changes) }); err != nil {
			return nil, err
		}
	}
	return new, nil
}

func (b *Binding[T]) commit(value any) { b.live.Store(value.(*T)) }

func (b *Binding[T]) notify(old, new any, changes Changes) {
	b.mu.Lock()
	var tell []func(*T, *T, Changes)
	for _, id := range slices.Sorted(maps.Keys(b.told)) {
		tell = append(tell, b.told[id])
	}
	b.mu.Unlock()
	before, _ := old.(*T)
	for _, f := range tell {
		f(before, new.(*T), changes)
	}
}

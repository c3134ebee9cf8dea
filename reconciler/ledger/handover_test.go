package ledger_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// ledgerAt reads a ledger that nobody vouches for.
func (w *world) ledgerAt(tip schema.Hash) *ledger.Ledger {
	w.t.Helper()
	l, err := ledger.Unverified(w.t.Context(), w.objects, tip)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// rotated is a ledger whose key "log" was replaced by "next", which has signed since.
func rotated(t testing.TB) *world {
	w := grown(t)
	next := keyOf("next")
	l, err := ledger.Open(t.Context(), w.objects, w.ledger.Tip(), options(w.key, next))
	if err != nil {
		t.Fatal(err)
	}
	w.ledger = l
	w.append(nil, ledger.Entry{Kind: ledger.KeyRotate, Order: &ledger.Order{LogKey: next.line() + " a comment"}})
	w.key = next
	w.append(nil, ledger.Entry{Kind: ledger.Observe, Ref: main, New: hash(4)})
	return w
}

func TestTheHeadNamesTheKeyThatSigns(t *testing.T) {
	w := rotated(t)
	if got := w.ledger.Head().Signer; got == nil || got.Seq != 7 || got.Key != keyOf("next").line() {
		t.Errorf("signer %+v, want the key of entry 7", got)
	}
	for n, tip := range w.tips {
		if _, err := ledger.Open(t.Context(), w.objects, tip, options(keyOf("log"), keyOf("next"))); err != nil {
			t.Errorf("with both keys, after append %d: %v", n+1, err)
		}
	}
	if _, err := ledger.Open(t.Context(), w.objects, w.ledger.Tip(), options(keyOf("next"))); err != nil {
		t.Errorf("with the new key alone: %v", err)
	}
}

// TestAReplacedKeySignsNoMore: whoever has the old key, and the trust still names it, gets nothing into the ledger of a
// reconciler that has seen the new one.
func TestAReplacedKeySignsNoMore(t *testing.T) {
	old, both := keyOf("log"), options(keyOf("log"), keyOf("next"))
	back := ledger.Entry{Kind: ledger.KeyRotate, Order: &ledger.Order{LogKey: old.line()}}
	tests := []struct {
		name  string
		steal func(*world) schema.Hash
		want  schema.Code
	}{
		{"an entry", func(w *world) schema.Hash { return w.steal(nil, nil) }, ledger.LogSignature},
		{"an entry that brings it back", func(w *world) schema.Hash {
			return w.steal(func(e *ledger.Entry) { e.Kind, e.Order, e.Ref, e.New = back.Kind, back.Order, "", schema.Hash{} }, nil)
		}, ledger.LogSignature},
		{"an entry that brings it back, and one after it", func(w *world) schema.Hash {
			w.ledger = w.ledgerAt(w.steal(func(e *ledger.Entry) { e.Kind, e.Order, e.Ref, e.New = back.Kind, back.Order, "", schema.Hash{} }, nil))
			return w.steal(nil, nil)
		}, ledger.LogSignature},
		{"a head that forgot the rotation", func(w *world) schema.Hash {
			w.ledger = w.ledgerAt(w.steal(nil, nil))
			w.tips = append(w.tips, w.ledger.Tip())
			return w.forge(old, func(fs files) {
				head := string(w.objects[fs["head.json"]].Data)
				cut := strings.Index(head, `,"signer"`)
				fs["head.json"] = w.objects.put(schema.BlobObject, []byte(head[:cut]+"}\n"))
			})
		}, ledger.LogSignature},
	}
	for _, tt := range tests {
		w := rotated(t)
		o := both
		o.Before = w.ledger
		w.key = old
		tip := tt.steal(w)
		_, err := ledger.Open(t.Context(), w.objects, tip, o)
		doubted(t, tt.name, err, tt.want)
		if r := verify(t, w.objects, tip, verifyOptions()); !r.Violated() {
			t.Errorf("%s: the audit finds nothing", tt.name)
		}
	}
}

func TestAHeadThatNamesASignerNobodyPutThere(t *testing.T) {
	w := rotated(t)
	o := options(keyOf("log"), keyOf("next"))
	o.Before = w.ledger
	w.append(nil, ledger.Entry{Kind: ledger.Observe, Ref: main, New: hash(5)})
	_, err := ledger.Open(t.Context(), w.objects, w.rewrite("head.json", `"signer":{"seq":7`, `"signer":{"seq":6`), o)
	doubted(t, "another entry", err, ledger.StateMismatch)
}

// TestARotationNeedsTheTrustToNameBothKeys: the log key alone cannot hand over to a key of its thief (RULES R23).
func TestARotationNeedsTheTrustToNameBothKeys(t *testing.T) {
	log, next := keyOf("log").line(), keyOf("next").line()
	for name, tt := range map[string]struct {
		trust  []string
		proven bool
	}{
		"both":            {[]string{log, next}, true},
		"the old one":     {[]string{log}, false},
		"the new one":     {[]string{next}, false},
		"another as well": {[]string{keyOf("other").line(), next, log}, true},
	} {
		w := rotated(t)
		o := verifyOptions()
		o.Named = func(context.Context, *ledger.Ledger) ([]string, error) { return tt.trust, nil }
		r := verify(t, w.objects, w.ledger.Tip(), o)
		if r.Proven() != tt.proven || !tt.proven && !hasFinding(r, ledger.LogSignature, ledger.Violated) {
			t.Errorf("%s: proven %v, want %v:\n%s", name, r.Proven(), tt.proven, findings(r))
		}
	}
	w := rotated(t)
	o := verifyOptions()
	o.Named = func(context.Context, *ledger.Ledger) ([]string, error) { return nil, errors.New("away") }
	if r := verify(t, w.objects, w.ledger.Tip(), o); r.Proven() || r.Violated() {
		t.Errorf("a trust that cannot be read: want unprovable:\n%s", findings(r))
	}
}

// TestAKeyThatTheTrustDropsSignsNoMore: version 1 named two, a later one names one of them.
func TestAKeyThatTheTrustDropsSignsNoMore(t *testing.T) {
	w := grown(t)
	log, other := keyOf("log"), keyOf("other")
	l, err := ledger.Open(t.Context(), w.objects, w.ledger.Tip(), options(log, other))
	if err != nil {
		t.Fatal(err)
	}
	w.ledger = l
	w.append(nil, ledger.Entry{Kind: ledger.Control, Ref: main, New: hash(4), App: schema.Control.App,
		Seal: &ledger.Seal{Trust: 2, Commit: hash(4), Control: schema.DigestOf(control)}})
	o := verifyOptions()
	o.LogKeys = []string{log.line(), other.line()}
	o.Named = func(_ context.Context, l *ledger.Ledger) ([]string, error) {
		if l.Head().Control.Trust == 2 {
			return []string{log.line()}, nil
		}
		return o.LogKeys, nil
	}
	if r := verify(t, w.objects, w.ledger.Tip(), o); !r.Proven() {
		t.Fatalf("before:\n%s", findings(r))
	}
	w.key = other
	w.append(nil, ledger.Entry{Kind: ledger.Observe, Ref: main, New: hash(5)})
	if r := verify(t, w.objects, w.ledger.Tip(), o); !hasFinding(r, ledger.LogSignature, ledger.Violated) {
		t.Errorf("by the dropped key:\n%s", findings(r))
	}
}

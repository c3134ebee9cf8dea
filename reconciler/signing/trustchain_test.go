package signing_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

func TestTheFirstVersion(t *testing.T) {
	c := newCouncil(t)
	all := func(t *schema.Trust) {
		for i, k := range t.Keys {
			if k.Principal == "dave" || k.Principal == "sluice-bot" {
				t.Keys[i] = c.proved(k, k.Principal, 1)
			}
		}
	}
	first := func(edit func(*schema.Trust), signers ...string) signing.TrustVersion {
		tr := c.trust
		tr.Keys = slices.Clone(tr.Keys)
		if edit != nil {
			edit(&tr)
		}
		return c.signed(c.load(tr), signers...)
	}
	for _, row := range []struct {
		sentence string
		version  signing.TrustVersion
		code     schema.Code
	}{
		{"all roots signed, all others proved", first(all, "alice", "bob", "carol"), "ok"},
		{"the robot has no proof", first(nil, "alice", "bob", "carol"), "trust-proof"},
		{"a root neither signed nor proved", first(all, "alice", "bob"), "trust-proof"},
		{"one root alone", first(all, "alice"), "trust-threshold"},
		{"a second version", c.next(c.trust, all, "alice", "bob", "carol"), "trust-sequence"},
	} {
		u := signing.CheckFirst(row.version, noon)
		has := slices.ContainsFunc(u.Findings, func(f signing.UpdateFinding) bool { return f.Code == row.code })
		if u.OK != (row.code == "ok") || !u.OK && !has {
			t.Errorf("%s: got %+v, want %s", row.sentence, u, row.code)
		}
	}
}

func TestASolePersonNeedsNobodyElse(t *testing.T) {
	c := newCouncil(t)
	sole := c.trust
	sole.Root.Threshold, sole.Root.Admin, sole.Root.Roots = 1, 1, []string{"alice"}
	sole.Principals = []schema.Principal{c.trust.Principals[0]}
	sole.Keys = []schema.Key{c.keyOf("alice", "alice")}
	v1 := c.signed(c.load(sole), "alice")
	if u := signing.CheckFirst(v1, noon); !u.OK {
		t.Errorf("version 1: got %+v", u)
	}
	v2 := c.next(v1.Trust, renewed, "alice")
	if u := signing.CheckUpdate(v1.Trust, v2, noon, 1); !u.OK {
		t.Errorf("version 2: got %+v", u)
	}
}

func TestChain(t *testing.T) {
	c := newCouncil(t)
	two := []string{"alice", "bob"}
	v1 := c.load(c.trust)
	v2 := c.next(v1.Trust, renewed, two...)
	v3 := c.next(v2.Trust, func(t *schema.Trust) { t.Root.ExpiresAt = noon.AddDate(3, 0, 0) }, two...)
	weak := c.next(v2.Trust, renewed, "alice")
	at := func(v signing.TrustVersion, days int) signing.TrustStep {
		return signing.TrustStep{TrustVersion: v, At: noon.AddDate(0, 0, days)}
	}
	anchor := v1.Trust.RootDigest
	for _, row := range []struct {
		sentence string
		chain    []signing.TrustStep
		judged   int
		code     schema.Code
	}{
		{"from the anchor on", []signing.TrustStep{at(v1, 0), at(v2, 10), at(v3, 20)}, 3, "ok"},
		{"the anchor alone", []signing.TrustStep{at(v1, 0)}, 1, "ok"},
		{"nothing", nil, 1, "anchor-missing"},
		{"without the first", []signing.TrustStep{at(v2, 10), at(v3, 20)}, 1, "anchor-mismatch"},
		{"without the second", []signing.TrustStep{at(v1, 0), at(v3, 20)}, 2, "trust-sequence"},
		{"with one that too few signed, and more after it", []signing.TrustStep{at(v1, 0), at(v2, 10), at(weak, 20), at(v3, 30)}, 3, "trust-threshold"},
		{"back in time", []signing.TrustStep{at(v1, 10), at(v2, 5)}, 2, "trust-sequence"},
		{"accepted after it had run out", []signing.TrustStep{at(v1, 0), at(v2, 900)}, 2, "root-expired"},
	} {
		got := signing.CheckChain(anchor, row.chain)
		last := got[len(got)-1]
		if len(got) != row.judged || last.OK != (row.code == "ok") || !last.OK && last.Code != row.code {
			t.Errorf("%s: got %d: %+v, want %d and %s", row.sentence, len(got), last, row.judged, row.code)
		}
	}
	if got := signing.CheckChain(anchor, []signing.TrustStep{at(c.load(newCouncil(t).trust), 0)}); got[0].OK {
		t.Error("another project's first version was taken for the anchor's")
	}
	forged := at(v1, 0)
	forged.Trust.Root.Threshold = 1
	forged.Trust.RootDigest = anchor
	forged.Root = append(bytes.Clone(v1.Root), "# "...)
	if got := signing.CheckChain(anchor, []signing.TrustStep{forged}); got[0].OK {
		t.Error("other bytes under the anchor's digest were taken for it")
	}
}

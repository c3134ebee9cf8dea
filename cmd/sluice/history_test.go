package main

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

func TestTimeToRestoreIsFromLiveToLive(t *testing.T) {
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	var seq int64
	at := func(minutes int, e ledger.Entry) ledger.Entry {
		seq++
		e.Seq, e.At, e.Stage, e.App = seq, start.Add(time.Duration(minutes)*time.Minute), "production", "pay"
		return e
	}
	let := func(kind ledger.Kind, required ...string) ledger.Entry {
		return ledger.Entry{Kind: kind, Decision: &ledger.Decision{Required: required}}
	}
	apply := func(admission int64, target, result string) ledger.Entry {
		return ledger.Entry{Kind: ledger.Apply, Delivery: &ledger.Delivery{Target: target, Admission: admission, Result: result}}
	}
	for _, r := range []struct {
		sentence string
		entries  func() []ledger.Entry
		want     map[int64]time.Duration
	}{
		{"from when the bad one was live until the good one is", func() []ledger.Entry {
			return []ledger.Entry{at(0, let(ledger.Admit, "etcd")), at(1, apply(1, "etcd", "ok")), at(10, let(ledger.Rollback, "etcd")), at(12, apply(3, "etcd", "ok"))}
		}, map[int64]time.Duration{3: 11 * time.Minute}},
		{"every required target has to have it", func() []ledger.Entry {
			return []ledger.Entry{at(0, let(ledger.Admit)), at(10, let(ledger.Rollback, "etcd", "files")), at(12, apply(2, "etcd", "ok")), at(13, apply(2, "files", "failed")), at(20, apply(2, "files", "ok"))}
		}, map[int64]time.Duration{2: 20 * time.Minute}},
		{"a repair later on is no second one", func() []ledger.Entry {
			return []ledger.Entry{at(0, let(ledger.Admit)), at(5, let(ledger.Rollback, "etcd")), at(6, apply(2, "etcd", "ok")), at(60, apply(2, "etcd", "ok"))}
		}, map[int64]time.Duration{2: 6 * time.Minute}},
		{"it is not live yet", func() []ledger.Entry {
			return []ledger.Entry{at(0, let(ledger.Admit)), at(5, let(ledger.Rollback, "etcd"))}
		}, map[int64]time.Duration{}},
		{"what was sealed has no time", func() []ledger.Entry {
			return []ledger.Entry{at(5, let(ledger.Rollback, "etcd")), at(6, apply(1, "etcd", "ok"))}
		}, map[int64]time.Duration{}},
		{"break-glass goes back as well", func() []ledger.Entry {
			return []ledger.Entry{at(0, let(ledger.Admit)), at(5, let(ledger.BreakGlass))}
		}, map[int64]time.Duration{2: 5 * time.Minute}},
		{"of two in a row the one that held has it, from the first that failed", func() []ledger.Entry {
			return []ledger.Entry{at(0, let(ledger.Admit)), at(10, let(ledger.Rollback, "etcd")), at(12, apply(2, "etcd", "ok")), at(20, let(ledger.Rollback, "etcd")), at(25, apply(4, "etcd", "ok"))}
		}, map[int64]time.Duration{4: 25 * time.Minute}},
		{"also where the first was never live", func() []ledger.Entry {
			return []ledger.Entry{at(0, let(ledger.Admit)), at(10, let(ledger.Rollback, "etcd")), at(20, let(ledger.BreakGlass))}
		}, map[int64]time.Duration{3: 20 * time.Minute}},
		{"back from what held for a day is another matter", func() []ledger.Entry {
			return []ledger.Entry{at(0, let(ledger.Admit)), at(10, let(ledger.Rollback)), at(10+24*60, let(ledger.Rollback))}
		}, map[int64]time.Duration{2: 10 * time.Minute, 3: 24 * time.Hour}},
		{"going on is no restoring", func() []ledger.Entry {
			return []ledger.Entry{at(0, let(ledger.Admit)), at(5, let(ledger.Admit))}
		}, map[int64]time.Duration{}},
	} {
		seq = 0
		if got := restores(r.entries()); !maps.Equal(got, r.want) {
			t.Errorf("%s: got %v, want %v", r.sentence, got, r.want)
		}
	}
}

func TestLastedIsAsCoarseAsNeeded(t *testing.T) {
	for d, want := range map[time.Duration]string{1234 * time.Millisecond: "1.2s", 90*time.Second + 400*time.Millisecond: "1m30s"} {
		if got := lasted(d); got != want {
			t.Errorf("%s: got %s, want %s", d, got, want)
		}
	}
}

func TestHistorySaysWhatWasObserved(t *testing.T) {
	for _, row := range []struct {
		kind ledger.Kind
		code schema.Code
		want string
	}{
		{ledger.Observe, ledger.Adopted, "observe [adopted]"},
		{ledger.Observe, ledger.Overwritten, "observe [overwritten]"},
		{ledger.Taint, ledger.Reviewed, "taint [reviewed]"},
		{ledger.Taint, "", "taint"},
	} {
		line := historyLine(ledger.Entry{Kind: row.kind, Code: row.code, Stage: "gray", App: "pay", Order: &ledger.Order{By: []string{"ann"}}})
		if got := strings.Split(line, "\t")[3]; got != row.want {
			t.Errorf("%s %s: got %q, want %q", row.kind, row.code, got, row.want)
		}
	}
}

func TestHistoryNamesWhatDrifted(t *testing.T) {
	key := func(name string) ledger.DriftKey {
		return ledger.DriftKey{Op: "changed", Key: "/config/production/pay/" + name, Before: "sha256:aa", After: schema.DigestOf([]byte("hunter2")), Revision: 7}
	}
	for _, row := range []struct {
		sentence string
		keys     []ledger.DriftKey
		want     string
	}{
		{"one key", []ledger.DriftKey{key("head#a.yaml")}, "changed /config/production/pay/head#a.yaml  revision 7  is " + brief(string(schema.DigestOf([]byte("hunter2"))))},
		{"who wrote it", []ledger.DriftKey{{Op: "foreign", Key: "prod/pay-config/note", By: "kubectl"}}, "foreign prod/pay-config/note  by kubectl"},
		{"a name that a terminal obeys", []ledger.DriftKey{{Op: "foreign", Key: "/a\x1b[2J"}}, `foreign /a\x1b[2J`},
		{"many", []ledger.DriftKey{key("kv/a"), key("kv/b"), key("kv/c"), key("kv/d"), key("kv/e")}, ", 2 more: sluice audit show 41"},
		{"none: what was delivered", nil, ""},
	} {
		e := ledger.Entry{Seq: 41, Kind: ledger.Drift, Delivery: &ledger.Delivery{Target: "etcd", Result: "repaired", Keys: row.keys}}
		got := historyLine(e)
		if !strings.HasSuffix(got, row.want) || row.want == "" && !strings.HasSuffix(got, "\t") || strings.Count(got, "/config/") > maxHistoryKeys {
			t.Errorf("%s: got %q, want %q", row.sentence, got, row.want)
		}
	}
}

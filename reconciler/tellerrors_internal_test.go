package reconciler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// plainLog writes lines without the time.
func plainLog(to *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func TestErrorsAreToldOnceWhileTheyStayTheSame(t *testing.T) {
	down := func(app string) error {
		return fmt.Errorf("deliver %s in production: %w", app, &integrations.Error{Target: "etcd", Key: "/config/production/" + app + "/head",
			Class: integrations.ErrUnavailable, Err: errors.New("http://127.0.0.1:1: connection refused")})
	}
	name := fmt.Errorf("deliver PAY in production: %w", &integrations.Error{Target: "k8s", Key: "production/PAY", Class: integrations.ErrInvalid, Err: errors.New("name")})
	const refused = `level=WARN msg="delivery failed" target=etcd code=target-unavailable reason="unavailable: http://127.0.0.1:1: connection refused"`
	const wrong = `level=WARN msg="delivery failed" target=k8s code=target-invalid reason="invalid: name" count=1 first="deliver PAY in production"`
	r := &Reconciler{}
	for _, row := range []struct {
		sentence string
		err      error
		want     []string
	}{
		{"a first pass without errors says nothing", nil, nil},
		{"one line for each cause, whatever the number of cells", errors.Join(errors.New("fetch"), errors.Join(down("pay"), down("shop"), name)),
			[]string{`level=ERROR msg="pass ended with errors" error=fetch`, refused + ` count=2 first="deliver pay in production"`, wrong}},
		{"the same is not said again", errors.Join(errors.New("fetch"), errors.Join(down("pay"), down("shop"), name)), nil},
		{"what is new is", errors.Join(down("pay"), down("shop"), down("web"), name), []string{refused + ` count=1 first="deliver web in production"`}},
		{"what is over and comes back is said again", errors.Join(errors.New("fetch"), name), []string{`level=ERROR msg="pass ended with errors" error=fetch`}},
		{"the end of all is said", nil, []string{`level=INFO msg="pass ended without errors again"`}},
		{"once", nil, nil},
		{"two causes in one line stay one", fmt.Errorf("push: %w: %w", ErrMoved, errors.New("hook")), []string{`level=ERROR msg="pass ended with errors" error="push: ` + ErrMoved.Error() + `: hook"`}},
	} {
		var out bytes.Buffer
		r.cfg.Log = plainLog(&out)
		r.tellErrors(row.err)
		var got []string
		if out.Len() > 0 {
			got = strings.Split(strings.TrimSpace(out.String()), "\n")
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s:\ngot  %s\nwant %s", row.sentence, strings.Join(got, "\n     "), strings.Join(row.want, "\n     "))
		}
	}
}

func TestWhatALostLeadLeavesUndoneIsNoError(t *testing.T) {
	undone := errors.Join(fmt.Errorf("fetch: %w", context.Canceled), errors.New("push: signal: killed"))
	for _, row := range []struct {
		sentence string
		err      error
		cut      bool
		levels   []string
		again    bool
	}{
		{"nothing went wrong", nil, true, nil, false},
		{"another may lead", undone, true, []string{"INFO"}, false},
		{"nobody else leads", undone, false, []string{"ERROR", "ERROR"}, false},
		{"another may lead, and the ledger is in doubt", errors.Join(undone, ErrDoubt), true, []string{"ERROR", "ERROR", "ERROR"}, false},
		{"another was first", fmt.Errorf("append: %w", ErrMoved), true, []string{"INFO"}, true},
	} {
		var out bytes.Buffer
		r := &Reconciler{cfg: Config{Log: plainLog(&out)}}
		again := r.tellTurn(row.err, row.cut)
		var levels []string
		for line := range strings.Lines(out.String()) {
			level, _, _ := strings.Cut(strings.TrimPrefix(line, "level="), " ")
			levels = append(levels, level)
		}
		if again != row.again || !slices.Equal(levels, row.levels) {
			t.Errorf("%s: looks again %v, told\n%s", row.sentence, again, out.String())
		}
	}
}

func TestDeliveriesAreLogged(t *testing.T) {
	entry := func(kind ledger.Kind, code schema.Code, d ledger.Delivery) ledger.Entry {
		d.Target, d.Admission = "k8s", 7
		return ledger.Entry{Seq: 9, Kind: kind, Stage: "production", App: "pay", Code: code, Delivery: &d}
	}
	keys := []ledger.DriftKey{{Key: "app.yaml", Op: "changed", By: "mallory"}, {Key: "b", Op: "deleted", By: "mallory"}, {Key: "c", Op: "foreign", By: "eve"}, {Key: "d", Op: "changed"}}
	for _, row := range []struct {
		sentence string
		entry    ledger.Entry
		want     string
	}{
		{"what was applied", entry(ledger.Apply, "", ledger.Delivery{Result: ledger.ResultOK}),
			`level=INFO msg=applied seq=9 stage=production app=pay target=k8s admission=7`},
		{"what was not is a warning, and is not called applied", entry(ledger.Apply, "too-large", ledger.Delivery{Result: ledger.ResultFailed}),
			`level=WARN msg="could not apply" seq=9 stage=production app=pay code=too-large target=k8s admission=7`},
		{"drift names its keys and who wrote them", entry(ledger.Drift, "", ledger.Delivery{Keys: keys}),
			`level=WARN msg="found drift" seq=9 stage=production app=pay target=k8s admission=7 count=4 keys="app.yaml changed, b deleted, c foreign, and 1 more" by="mallory, eve"`},
		{"a target that does not tell who", entry(ledger.Drift, "", ledger.Delivery{Keys: keys[3:]}),
			`level=WARN msg="found drift" seq=9 stage=production app=pay target=k8s admission=7 count=1 keys="d changed"`},
		{"a target that was lost", entry(ledger.TargetDown, "target-unavailable", ledger.Delivery{}),
			`level=WARN msg="lost a target" seq=9 stage=production app=pay code=target-unavailable target=k8s admission=7`},
	} {
		var out bytes.Buffer
		p := &pass{Reconciler: &Reconciler{cfg: Config{Log: plainLog(&out)}}}
		p.logEntry(row.entry)
		if got := strings.TrimSpace(out.String()); got != row.want {
			t.Errorf("%s:\ngot  %s\nwant %s", row.sentence, got, row.want)
		}
	}
}

package admin

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// check is the answer about one thing that a reconciler depends on.
type check struct {
	name string
	bad  string // why it does not work; empty where it does
	note string // said of one that works
	// counts says that without it the process does not know what it shows. What else is down is told, and takes the page out
	// of no load balancer: people look at it just then.
	counts bool
}

// livez fails where a restart may help: the loop hangs. That others are down is no reason.
func (c Config) livez(w http.ResponseWriter, _ *http.Request) {
	if err := c.Alive(); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// Alive returns why a restart may help; nil while every loop goes on.
func (c Config) Alive() error {
	now := time.Now()
	if c.Now != nil {
		now = c.Now()
	}
	for _, p := range c.Projects {
		v := p.View()
		if v == nil || v.Pulse == nil {
			continue // the first look at a large repository takes its time
		}
		if silent := now.Sub(v.At); silent > patience(*v) {
			return fmt.Errorf("%s: no pass ended for %s", p.Name, silent.Round(time.Second))
		}
	}
	return nil
}

// patience is how long a pass may take until the loop counts as hanging.
func patience(v schema.View) time.Duration {
	return max(10*time.Minute, 10*v.Pulse.Every, 10*v.Pulse.Took)
}

// readyz answers 200 while what is shown says something about now. With ?verbose it has a line for each check, and each can be
// asked for alone.
func (c Config) readyz(w http.ResponseWriter, r *http.Request) {
	checks := c.checks()
	if name := r.PathValue("check"); name != "" {
		i := slices.IndexFunc(checks, func(have check) bool { return have.name == name })
		if i < 0 {
			http.Error(w, "there is no such check", http.StatusNotFound)
			return
		}
		checks = []check{checks[i]}
		checks[0].counts = true
	}
	status := http.StatusOK
	for _, have := range checks {
		if have.bad != "" && have.counts {
			status = http.StatusServiceUnavailable
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	if status == http.StatusOK && !r.URL.Query().Has("verbose") {
		fmt.Fprintln(w, "ok")
		return
	}
	for _, have := range checks {
		have.write(w)
	}
}

// write prints a line as Kubernetes does.
func (c check) write(w io.Writer) {
	switch {
	case c.bad == "":
		fmt.Fprintf(w, "[+]%s ok%s\n", c.name, after(": ", c.note))
	case c.counts:
		fmt.Fprintf(w, "[-]%s failed: %s\n", c.name, c.bad)
	default:
		fmt.Fprintf(w, "[-]%s failed, still ready: %s\n", c.name, c.bad)
	}
}

func after(between, text string) string {
	if text == "" {
		return ""
	}
	return between + text
}

func (c Config) checks() []check {
	var out []check
	if len(c.Projects) == 0 {
		out = append(out, check{name: "projects", bad: "none is watched", counts: true})
	}
	for _, p := range c.Projects {
		for _, have := range p.checks(c.Now()) {
			if len(c.Projects) > 1 {
				have.name = cmp.Or(p.Short, p.Name) + ":" + have.name
			}
			out = append(out, have)
		}
	}
	if c.Reload != nil {
		out = append(out, reloadCheck(c.Reload()))
	}
	if c.Stopping != nil && c.Stopping() {
		out = append(out, check{name: "shutdown", bad: "the process is ending", counts: true})
	}
	return out
}

// reloadCheck fails while the operator's file on the disk is another than what is in force: a restart would not start.
func reloadCheck(ok bool, at time.Time) check {
	in := "in force since " + at.UTC().Format(time.RFC3339)
	if !ok {
		return check{name: "config", bad: "the operator's file was read again and not taken over, the log says why; the former one is " + in}
	}
	return check{name: "config", note: in}
}

func (p Project) checks(now time.Time) []check {
	v := p.View()
	if v == nil {
		return []check{{name: "git", bad: "not looked at yet", counts: true}}
	}
	out := []check{gitCheck(*v, now), ledgerCheck(*v)}
	if v.Pulse != nil { // who only reads the ledger asks nobody else, and says nothing of them
		out = append(out, forgeCheck(*v, now))
	}
	if v.Outside.Witnesses > 0 {
		out = append(out, witnessCheck(*v))
	}
	if p.Targets != nil {
		for _, name := range p.Targets() {
			out = append(out, targetCheck(*v, name))
		}
	}
	if v.Journal != nil {
		past := check{name: "past", note: fmt.Sprintf("%d entries", v.Journal.Read)}
		if v.Journal.Read < v.Ledger.Size {
			past.bad = fmt.Sprintf("%d of %d entries are read", v.Journal.Read, v.Ledger.Size)
		}
		out = append(out, past)
	}
	if v.Pulse != nil {
		out = append(out, check{name: "lease", note: map[bool]string{true: "this process works", false: "another process works"}[v.Pulse.Leads]})
	}
	return out
}

func gitCheck(v schema.View, now time.Time) check {
	c := check{name: "git", counts: true}
	switch {
	case v.Looked.IsZero():
		c.bad = "not read yet"
	case v.Stale(now):
		c.bad = "last read " + v.Looked.UTC().Format(time.RFC3339)
	default:
		c.note = "read " + v.Looked.UTC().Format(time.RFC3339)
		return c
	}
	for _, code := range v.ProblemCodes {
		if !code.OfLedger() { // Git answered, and what it had was not taken over: the ledger's check says why
			c.bad += " [" + string(code) + "]"
		}
	}
	return c
}

// ledgerCheck fails also while there is none that was read: that nothing speaks against it says nothing then.
func ledgerCheck(v schema.View) check {
	c := coded(v.ProblemCodes, "ledger", true, schema.Code.OfLedger)
	switch {
	case c.bad != "" || v.Ledger.Size > 0 || v.Pulse == nil:
	case v.Looked.IsZero():
		c.bad = "not read yet"
	default:
		c.bad = "there is none: the project is not sealed"
	}
	return c
}

// coded fails while the last pass met a problem whose code is of that.
func coded(codes []schema.Code, name string, counts bool, of func(schema.Code) bool) check {
	c := check{name: name, counts: counts}
	for _, code := range codes {
		if of(code) {
			c.bad += after(" ", string(code))
		}
	}
	c.bad = strings.TrimSpace(c.bad)
	return c
}

// forgeCheck is of when the forge was last asked: a pass that cannot fetch does not ask it, and that is no good sign.
func forgeCheck(v schema.View, now time.Time) check {
	c := coded(forgeCodes(v), "forge", false, schema.Code.OfForge)
	switch asked := v.Outside.ForgeAsked; {
	case c.bad != "":
	case asked.IsZero():
		c.bad = "not asked yet"
	case v.StaleAfter > 0 && now.Sub(asked) > v.StaleAfter:
		c.bad = "last asked " + asked.UTC().Format(time.RFC3339)
	}
	return c
}

// forgeCodes are what the forge was found to have in the last pass that asked it, and what this one met.
func forgeCodes(v schema.View) []schema.Code {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(v.ProblemCodes, v.Outside.ForgeCodes))))
}

// witnessCheck fails while one does not answer, or a quorum is missing.
func witnessCheck(v schema.View) check {
	c := coded(v.ProblemCodes, "witnesses", false, func(c schema.Code) bool {
		return strings.HasPrefix(string(c), "witness") || c == "log-unwitnessed" || c == "log-stale"
	})
	if n := len(v.Outside.Silent); n > 0 {
		c.bad = strings.TrimSpace(fmt.Sprintf("%d of %d do not answer: %s %s", n, v.Outside.Witnesses, strings.Join(v.Outside.Silent, ", "), c.bad))
	}
	return c
}

// targetCheck fails while the target could not be written or verified for some cell.
func targetCheck(v schema.View, name string) check {
	c := check{name: "target:" + name}
	total, failing, codes := 0, 0, map[schema.Code]bool{}
	for t := range targetViews(v) {
		if t.Name != name {
			continue
		}
		total++
		if t.Code != "" && t.Code != "drift" && t.Code != "drift-contested" { // also where the content makes no release
			failing++
			codes[t.Code] = true
		}
	}
	c.note = fmt.Sprintf("%d cells", total)
	if p := v.Pulse; p != nil && p.Leads && v.Compared.IsZero() { // who does not lead compares nothing
		c.bad = "not looked at yet"
	}
	if failing > 0 {
		c.bad = fmt.Sprintf("%d of %d cells", failing, total)
		for _, code := range slices.Sorted(maps.Keys(codes)) {
			c.bad += " " + string(code)
		}
	}
	for _, s := range v.Silent {
		if s.Target == name {
			c.bad = strings.TrimSpace(fmt.Sprintf("no answer since %s, %d cells not compared target-unavailable", s.Since.UTC().Format(time.RFC3339), s.Cells))
		}
	}
	return c
}

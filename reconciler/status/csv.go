package status

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// table makes the lines of a table to be saved, the names of its columns first, or a problem where they would not be all.
type table func(req asked) ([][]string, *problem)

// saves answers with a table as RFC 4180 writes it, of everything that is known and not of a page of it. It has the filters of
// the page that it is a link of.
func (s *site) saves(name string, make table, known ...filter) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := s.cfg.View()
		if v == nil {
			s.problem(w, r, problem{Title: "nothing is known yet", Status: http.StatusServiceUnavailable, Detail: startingText(s.cfg)})
			return
		}
		q, torn := readAddress(r.URL.RawQuery)
		req := asked{ctx: r.Context(), cfg: s.cfg, view: *v, now: s.cfg.Now(), path: r.PathValue, q: q, torn: torn}
		if wrong := req.refused(known); wrong != nil {
			s.problem(w, r, *wrong)
			return
		}
		lines, trouble := make(req)
		if trouble != nil {
			s.problem(w, r, *trouble)
			return
		}
		var b bytes.Buffer
		out := csv.NewWriter(&b)
		for _, line := range lines {
			for i := range line {
				line[i] = plainCell(line[i])
			}
			if err := out.Write(line); err != nil {
				s.broken(w, r, err)
				return
			}
		}
		out.Flush()
		w.Header().Set("Content-Disposition", `attachment; filename="`+savedAs(name, *v)+`"`)
		s.send(w, r, "text/csv; charset=utf-8", answerOf(b.Bytes()))
	}
}

// pastTable is a table of what happened. While the ledger is being read there is none: a part of it would look like all of it.
func pastTable(make func(req asked) [][]string) table {
	return func(req asked) ([][]string, *problem) {
		if j := req.view.Journal; j == nil || j.Read < req.view.Ledger.Size {
			return nil, &problem{Title: "not everything is read yet", Status: http.StatusServiceUnavailable, Detail: notRead(req.view)}
		}
		return make(req), nil
	}
}

// savedAs is the name of a file to be saved. Where older entries are not kept here it says so: nothing else of the file could.
func savedAs(name string, v schema.View) string {
	if first := firstKept(v); name != "apps.csv" && first > 1 {
		return fmt.Sprintf("%s-from-entry-%d.csv", strings.TrimSuffix(name, ".csv"), first)
	}
	return name
}

// plainCell keeps text written by others from being a formula where the table is opened.
func plainCell(text string) string {
	text = safe(text)
	if text != "" && strings.ContainsRune("=+-@", rune(text[0])) {
		return "'" + text
	}
	return text
}

func recordsTable(req asked) [][]string {
	out := [][]string{{"entry", "time", "kind", "app", "stage", "from", "to", "result", "code", "revision", "merge_request", "written_by", "approved_by", "signed_by", "brought_in_by", "missing", "digest"}}
	q := readPastQuery(req.q)
	for _, r := range slices.Backward(req.view.Journal.Records) {
		if !q.wants(r, req.view.At) {
			continue
		}
		var missing []string
		for _, code := range r.Missing {
			missing = append(missing, string(code))
		}
		request := ""
		if r.MergeRequest != 0 {
			request = strconv.FormatInt(r.MergeRequest, 10)
		}
		out = append(out, []string{strconv.FormatInt(r.Seq, 10), r.At.UTC().Format(time.RFC3339), r.Kind, string(r.App), string(r.Stage), string(r.From), string(r.To), r.Result, string(r.Code),
			string(r.Becomes), request, strings.Join(r.Authors, " "), strings.Join(r.Approvers, " "), strings.Join(signersOf(r), " "), r.Operator, strings.Join(missing, " "), string(r.Digest)})
	}
	return out
}

func transitionsTable(req asked) [][]string {
	out := [][]string{{"window", "from", "to", "count", "not_let_in", "allowed", "p50_seconds", "p95_seconds"}}
	window := req.q.Get("window")
	if windows[window] == 0 {
		window = "30d"
	}
	result := req.q.Get("result")
	took := map[[2]schema.StageName][]time.Duration{}
	if result == "" || result == schema.Passed {
		took = tookAlong(req.view, windows[window])
	}
	counts, _ := countTransitions(req.view, windows[window], result)
	nodes := slices.Concat([]schema.StageName{schema.DraftNode}, req.view.Stages, []schema.StageName{schema.ArchiveNode})
	for _, from := range nodes {
		for _, to := range nodes {
			edge := [2]schema.StageName{from, to}
			if c, ok := counts[edge], allowed(req.view, from, to); ok || !c.none() {
				p50, p95 := "", ""
				if all := took[edge]; len(all) > 0 {
					p50, p95 = strconv.Itoa(wholeSeconds(quantile(all, 0.5))), strconv.Itoa(wholeSeconds(quantile(all, 0.95)))
				}
				out = append(out, []string{window, string(from), string(to), strconv.Itoa(c.N), strconv.Itoa(c.Refused), strconv.FormatBool(ok), p50, p95})
			}
		}
	}
	return out
}

// wholeSeconds takes what began for a whole one: of a limit that holds, none is cut off.
func wholeSeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

func appsTable(req asked) ([][]string, *problem) {
	out := [][]string{{"app", "stage", "state", "revision", "entry", "merge_request", "since", "missing", "instances_running", "instances", "owner", "labels"}}
	stale := req.view.Stale(req.now)
	for _, app := range matching(req.view, req.readQuery()) {
		for i := range app.Cells {
			c := &app.Cells[i]
			line := []string{string(app.App), string(c.Cell.Stage), string(shown(*c, stale)), "", "", "", "", "", "", "", app.Owner, strings.Join(labelsOf(app), " ")}
			if c.Seq > 0 {
				line[3], line[4] = string(c.Revision), strconv.FormatInt(c.Seq, 10)
			}
			if c.MergeRequest != 0 {
				line[5] = strconv.FormatInt(c.MergeRequest, 10)
			}
			if at := sinceOf(c); !at.IsZero() {
				line[6] = at.UTC().Format(time.RFC3339)
			}
			if c.Held != nil {
				var missing []string
				for _, m := range c.Held.Verdict.Missing() {
					if code := string(m.Code); code != "" && !slices.Contains(missing, code) {
						missing = append(missing, code)
					}
				}
				line[7] = strings.Join(missing, " ")
			}
			if c.Instances != nil && !stale {
				line[8], line[9] = strconv.Itoa(runningNow(*c.Instances, *c)), strconv.Itoa(c.Instances.Total+c.Instances.Unread)
			}
			out = append(out, line)
		}
	}
	return out, nil
}

// others are the addresses where a program finds what a page shows: as JSON, and as a table if there is one. They carry what the
// page was asked.
func others(path string, q url.Values, known []filter) (json, table string) {
	whole := func(path string) string {
		kept := url.Values{}
		for name, values := range q {
			is := func(f filter) bool { return f.name == name }
			if slices.ContainsFunc(known, is) && name != "still" && name != "before" && name != "after" && len(values) > 0 && values[0] != "" && len(values[0]) < 200 {
				kept[name] = values[:1]
			}
		}
		return address(path, kept)
	}
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "":
		return "/view.json", ""
	case "apps":
		return whole("/api/v1/apps"), whole("/apps.csv")
	case "app":
		return "/api/v1/apps/" + escaped(rest), ""
	case "cell":
		return "/api/v1/cells/" + escaped(rest), ""
	case "values":
		return "/api/v1/values/" + escaped(rest), ""
	case "diff":
		return whole("/api/v1/diff"), ""
	case "promotions", "audit":
		if rest != "" {
			return "/api/v1/records/" + escaped(rest), ""
		}
		return whole("/api/v1/records"), whole("/audit.csv")
	case "transitions":
		return whole("/api/v1/transitions"), whole("/transitions.csv")
	case "policies", "health":
		return "/api/v1/" + first, ""
	}
	return "", ""
}

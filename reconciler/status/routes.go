package status

import (
	"net/http"
	"slices"
)

// handler answers for one project, as one viewer may see it.
func (s *site) handler() http.Handler {
	return s.mux(s.routes())
}

func (s *site) mux(routes []route) *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc(r.pattern, r.answer)
	}
	return mux
}

var templateNames = []string{
	"overview.html", "matrix.html", "app.html", "promotions.html", "transitions.html", "audit.html", "record.html", "policies.html",
	"health.html", "error.html", "missing.html", "projects.html", "diff.html",
}

type route struct {
	pattern string
	answer  http.HandlerFunc
}

// routes is the whole list: a test walks it with every method.
func (s *site) routes() []route {
	return []route{
		{"/{$}", s.shows("overview.html", overviewPage)},
		{"/apps", s.shows("matrix.html", matrixPage, append(slices.Clone(appFilters), standing)...)},
		{"/app/{app...}", s.shows("app.html", appPage)},
		{"/cell/{stage}/{app...}", s.shows("app.html", cellPage)},
		{"/diff", s.shows("diff.html", diffPage, diffFilters...)},
		{"/values/{stage}/{app...}", s.shows("diff.html", valuesPage, keyFilters...)},
		{"/promotions", s.shows("promotions.html", promotionsPage, pastFilters...)},
		{"/promotions/{seq}", s.shows("record.html", promotionPage)},
		{"/transitions", s.shows("transitions.html", transitionsPage, stepFilters...)},
		{"/audit", s.shows("audit.html", auditPage, pastFilters...)},
		{"/audit/{seq}", s.shows("record.html", recordPage)},
		{"/policies", s.shows("policies.html", policiesPage)},
		{"/health", s.shows("health.html", healthPage)},
		{"/wall", s.shows("overview.html", wallPage)},
		{"/errors/{code}", s.shows("error.html", errorPage)},
		{"/apps.csv", s.saves("apps.csv", appsTable, appFilters...)},
		{"/audit.csv", s.saves("audit.csv", pastTable(recordsTable), pastFilters...)},
		{"/transitions.csv", s.saves("transitions.csv", pastTable(transitionsTable), stepFilters...)},
		{"/view.json", s.viewJSON},
		{"/healthz", s.healthz},
		{"/api/v1/apps", s.api(listApps, limited(appFilters)...)},
		{"/api/v1/apps/{app...}", s.api(oneAppJSON)},
		{"/api/v1/cells/{stage}", s.noSuchAddress}, // else the mux leads on to what there is not
		{"/api/v1/values/{stage}", s.noSuchAddress},
		{"/api/v1/cells/{stage}/{app...}", s.api(oneCellJSON)},
		{"/api/v1/records", s.api(listRecords, limited(pastFilters)...)},
		{"/api/v1/records/{seq}", s.api(oneRecordJSON)},
		{"/api/v1/transitions", s.api(listTransitions, stepFilters...)},
		{"/api/v1/policies", s.api(listPolicies)},
		{"/api/v1/checkpoint", s.api(checkpointJSON)},
		{"/api/v1/diff", s.api(diffJSON, limited(diffFilters)...)},
		{"/api/v1/values/{stage}/{app...}", s.api(valuesJSON, limited(keyFilters)...)},
		{"/api/v1/health", s.api(healthJSON)},
		{"/api/v1/version", s.api(versionJSON)},
		{"/api/v1/projects", s.projectsJSON},
		{"/api/v1/events", s.events},
		{"/api/v1/openapi.yaml", s.file("templates/openapi.yaml", "application/yaml")},
		{"/api", s.noSuchAddress},
		{"/api/", s.noSuchAddress},
		{"/feed.atom", s.feed},
		{"/badge/{stage}/{app...}", s.badges},
		{"/style.css", s.file("templates/style.css", "text/css; charset=utf-8")},
		{"/live.js", s.file("templates/live.js", "text/javascript; charset=utf-8")},
		{"/icon.svg", s.file("templates/icon.svg", "image/svg+xml")},
		{"/", s.missing},
	}
}

// policy lets a page load its own style, script and picture and nothing else, send a filter to itself and be framed by nobody.
// A script may write text and never markup.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

func readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			if forPrograms(r.URL.Path) {
				writeProblem(w, r, problem{Title: "this page only reads: GET and HEAD", Status: http.StatusMethodNotAllowed})
				return
			}
			http.Error(w, "this page only reads: GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

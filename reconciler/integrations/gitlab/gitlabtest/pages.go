package gitlabtest

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
)

//go:embed templates
var templateFiles embed.FS

// page is what the frame around every page shows.
type page struct {
	Title   string
	Crumbs  []crumb
	Refusal string
	Now     string
}

type crumb struct{ Text, URL string }

// pager renders the pages for people.
type pager struct {
	s         *Server
	templates *template.Template
}

// pageHandler serves the pages. Forms from other sites are refused: whoever
// browses must not be made to act here by a page elsewhere.
func (s *Server) pageHandler() (http.Handler, error) {
	templates, err := template.ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	static, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /-/style.css", http.StripPrefix("/-/", http.FileServerFS(static)))
	mux.HandleFunc("GET /-/avatar/{name}", avatar)
	mux.Handle("/", &pager{s, templates})
	return http.NewCrossOriginProtection().Handler(mux), nil
}

// ServeHTTP makes the page under the lock and sends it after.
func (g *pager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "bad form", http.StatusBadRequest)
		return
	}
	answer := &heldAnswer{header: http.Header{}, status: http.StatusOK}
	g.s.mu.Lock()
	g.serve(answer, r)
	g.s.mu.Unlock()
	answer.send(w)
}

func (g *pager) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	path, rest, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/-/")
	if path == "" {
		g.show(w, http.StatusOK, "projects.html", g.projects())
		return
	}
	p := g.s.project(path)
	if p == nil {
		http.NotFound(w, r)
		return
	}
	if err := g.s.sync(p, nil); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	g.serveProject(w, r, p, rest)
}

// serveProject takes the part of the path behind the project.
func (g *pager) serveProject(w http.ResponseWriter, r *http.Request, p *project, rest string) {
	parts := strings.Split(rest, "/")
	switch {
	case rest == "":
		g.show(w, http.StatusOK, "project.html", g.project(p))
	case parts[0] == "commit" && len(parts) == 2:
		g.serveCommit(w, r, p, parts[1])
	case parts[0] == "merge_requests" && len(parts) == 1:
		g.show(w, http.StatusOK, "mergerequests.html", g.mergeRequests(p, r.URL.Query().Get("state")))
	case parts[0] == "merge_requests" && len(parts) <= 3:
		iid, err := strconv.Atoi(parts[1])
		if err != nil || iid < 1 || iid > len(p.mrs) {
			http.NotFound(w, r)
			return
		}
		g.serveMergeRequest(w, r, p, p.mrs[iid-1], append(parts, "")[2])
	default:
		http.NotFound(w, r)
	}
}

// serveMergeRequest shows a merge request or does what a button asks for. A
// refusal is shown on the page, with the status the API would answer.
func (g *pager) serveMergeRequest(w http.ResponseWriter, r *http.Request, p *project, mr *mergeRequest, verb string) {
	if r.Method == http.MethodGet && verb == "" {
		g.show(w, http.StatusOK, "mergerequest.html", g.mergeRequest(p, mr, r.URL.Query().Get("as"), ""))
		return
	}
	if r.Method != http.MethodPost || verb == "" {
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	as := r.FormValue("as")
	user := g.s.user(as)
	if user == nil {
		g.show(w, http.StatusForbidden, "mergerequest.html", g.mergeRequest(p, mr, "", "choose whom to act as"))
		return
	}
	place, err := g.act(p, mr, user, verb, r.FormValue("body"))
	var refused *Error
	if errors.As(err, &refused) {
		g.show(w, refused.Status, "mergerequest.html", g.mergeRequest(p, mr, as, fmt.Sprint(refused.Message)+" "+why(verb, refused, user)))
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, fmt.Sprintf("/%s/-/merge_requests/%d?as=%s", p.Path, place, template.URLQueryEscaper(as)), http.StatusSeeOther)
}

// act does what a button asks for and says which merge request to show next.
func (g *pager) act(p *project, mr *mergeRequest, user *User, verb, body string) (int, error) {
	s := g.s
	switch verb {
	case "approve":
		return mr.IID, s.approve(p, mr, user, "")
	case "unapprove":
		return mr.IID, s.unapprove(p, mr, user)
	case "merge":
		return mr.IID, s.accept(p, mr, user, MergeOptions{SHA: mr.SHA})
	case "rebase":
		return mr.IID, s.rebase(p, mr, user)
	case "close", "reopen":
		return mr.IID, s.update(p, mr, user, changes{stateEvent: verb})
	case "note":
		_, _, err := s.note(p, mr, user, NewNote{Body: body})
		return mr.IID, err
	case "revert":
		opened, err := s.revert(p, mr, user)
		if err != nil {
			return mr.IID, err
		}
		return opened.IID, nil
	}
	return mr.IID, notFound("")
}

// why puts the bare refusals of the API into words.
func why(verb string, refused *Error, user *User) string {
	switch {
	case verb == "approve" && refused.Status == http.StatusUnauthorized:
		return fmt.Sprintf("(%s may not approve this merge request, or has done so already)", user.Username)
	case verb == "unapprove" && refused.Status == http.StatusNotFound:
		return fmt.Sprintf("(%s has not approved this merge request)", user.Username)
	case verb == "merge" && refused.Status == http.StatusUnauthorized:
		return fmt.Sprintf("(%s may not merge into the target branch)", user.Username)
	case verb == "merge" && refused.Status == http.StatusMethodNotAllowed:
		return "(it cannot be merged as it stands)"
	}
	return ""
}

func (g *pager) serveCommit(w http.ResponseWriter, r *http.Request, p *project, name string) {
	view, err := g.commit(p, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	g.show(w, http.StatusOK, "commit.html", view)
}

func (g *pager) show(w http.ResponseWriter, status int, name string, view any) {
	var out bytes.Buffer
	if err := g.templates.ExecuteTemplate(&out, name, view); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	out.WriteTo(w)
}

// avatar is a picture with the first letter of a name.
func avatar(w http.ResponseWriter, r *http.Request) {
	letter := "?"
	for _, c := range r.PathValue("name") {
		letter = strings.ToUpper(string(c))
		break
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle cx="20" cy="20" r="20" fill="#57606a"/>`+
		`<text x="20" y="27" font-family="sans-serif" font-size="20" fill="#fff" text-anchor="middle">%s</text></svg>`, template.HTMLEscapeString(letter))
}

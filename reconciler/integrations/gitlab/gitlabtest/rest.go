package gitlabtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// object is a JSON object of the API.
type object = map[string]any

// userHeader tells who asked, for Server.Requests.
const userHeader = "X-Gitlab-Meta-User"

const maxBody = 4 << 20 // bytes of an API request

// call is one API request: who asks, for what. Handlers run under Server.mu.
type call struct {
	s      *Server
	w      http.ResponseWriter
	r      *http.Request
	user   *User
	p      *project
	mr     *mergeRequest
	params url.Values // query and body together
}

// reply is the answer to a call: a status and what goes into the JSON body, nil
// for none.
type reply struct {
	status int
	body   any
}

func ok(body any) (reply, error)      { return reply{http.StatusOK, body}, nil }
func created(body any) (reply, error) { return reply{http.StatusCreated, body}, nil }

// handler answers a call or refuses with an *Error.
type handler func(*call) (reply, error)

// apiHandler is the table of routes. {id} takes an escaped path too.
func (s *Server) apiHandler() http.Handler {
	mux := http.NewServeMux()
	add := func(pattern string, h handler) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.Handle(method+" /api/v4"+path, s.serveAPI(h))
	}
	s.projectRoutes(add)
	s.mergeRequestRoutes(add)
	s.approvalRoutes(add)
	s.noteRoutes(add)
	s.commitRoutes(add)
	s.statusRoutes(add)
	s.pipelineRoutes(add)
	s.protectedRoutes(add)
	s.hookRoutes(add)
	mux.Handle("/api/v4/", s.serveAPI(func(*call) (reply, error) { return reply{}, notFound("") }))
	return mux
}

// serveAPI authenticates, finds project and merge request, and writes the answer.
func (s *Server) serveAPI(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		c := &call{s: s, w: w, r: r}
		if err := c.parse(); err != nil {
			c.write(reply{}, refuse(http.StatusBadRequest, "400 Bad Request"))
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		c.write(c.answer(h))
	})
}

// parse collects the parameters of query, form and JSON body.
func (c *call) parse() error {
	c.params = c.r.URL.Query()
	if !strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/json") {
		if err := c.r.ParseForm(); err != nil {
			return err
		}
		for key, values := range c.r.PostForm {
			c.params[key] = values
		}
		return nil
	}
	var body map[string]any
	err := json.NewDecoder(c.r.Body).Decode(&body)
	if err != nil && !errors.Is(err, io.EOF) { // clients send no body as JSON too
		return err
	}
	for key, value := range body {
		c.params[key] = flatten(value)
	}
	return nil
}

// flatten turns a JSON value into parameter values, as Rails sees a form.
func flatten(value any) []string {
	switch v := value.(type) {
	case nil:
		return []string{""}
	case []any:
		out := []string{}
		for _, item := range v {
			out = append(out, flatten(item)...)
		}
		return out
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}
	case map[string]any:
		b, _ := json.Marshal(v) // came from JSON
		return []string{string(b)}
	}
	return []string{fmt.Sprint(value)}
}

func (c *call) answer(h handler) (reply, error) {
	if err := c.authenticate(); err != nil {
		return reply{}, err
	}
	if id := c.r.PathValue("id"); id != "" {
		c.p = c.s.projectByKey(id)
		if moved := c.s.projectMoved(id); c.p == nil && moved != nil && moved.visible(c.user) {
			return c.movedTo(moved), nil
		}
		if c.p == nil || !c.p.visible(c.user) {
			return reply{}, notFound("Project")
		}
		if err := c.s.sync(c.p, nil); err != nil {
			return reply{}, err
		}
	}
	if text := c.r.PathValue("iid"); text != "" {
		iid, err := strconv.Atoi(text)
		if err != nil || iid < 1 || iid > len(c.p.mrs) {
			return reply{}, notFound("")
		}
		c.mr = c.p.mrs[iid-1]
	}
	return h(c)
}

// authenticate finds the account of the token and asks whether its scopes cover
// the request.
func (c *call) authenticate() error {
	token := c.r.Header.Get("PRIVATE-TOKEN")
	if bearer, found := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer "); found && token == "" {
		token = bearer
	}
	c.user = c.s.userByToken(token)
	if c.user == nil && c.s.expired(token) {
		return &Error{Status: http.StatusUnauthorized, Message: expiredToken{}}
	}
	if c.user == nil {
		return unauthorized()
	}
	c.w.Header().Set(userHeader, c.user.Username)
	read := c.r.Method == http.MethodGet || c.r.Method == http.MethodHead
	switch {
	case c.user.State != "active":
		return refuse(http.StatusForbidden, "403 Forbidden - Your account has been blocked.")
	case !read && c.archived():
		return forbidden()
	case !c.user.may("api") && !(read && c.user.may("read_api")):
		return &Error{Status: http.StatusForbidden, Message: insufficientScope{}}
	}
	return nil
}

// insufficientScope and expiredToken mark the refusals whose body is not
// {"message": …}.
type (
	insufficientScope struct{}
	expiredToken      struct{}
)

// archived says whether the request would write to an archived project.
// Webhooks are settings and stay open.
func (c *call) archived() bool {
	p := c.s.projectByKey(c.r.PathValue("id"))
	return p != nil && p.Archived && p.visible(c.user) && c.r.PathValue("hook") == "" && !strings.HasSuffix(c.r.URL.Path, "/hooks")
}

func (c *call) write(answer reply, err error) {
	if err != nil {
		answer = c.refusal(err)
	}
	h := c.w.Header()
	h.Set("X-Request-Id", newToken()[6:])
	h.Set("X-Runtime", "0.010000")
	if limit := c.s.opts.RateLimit; limit > 0 {
		h.Set("RateLimit-Name", "throttle_authenticated_api")
		h.Set("RateLimit-Limit", strconv.Itoa(limit))
		h.Set("RateLimit-Observed", "1")
		h.Set("RateLimit-Remaining", strconv.Itoa(limit-1))
		h.Set("RateLimit-Reset", strconv.FormatInt(c.s.now().Unix()+60, 10))
	}
	h.Set("Cache-Control", "max-age=0, private, must-revalidate")
	if answer.status == http.StatusNoContent {
		c.w.WriteHeader(answer.status)
		return
	}
	h.Set("Content-Type", "application/json")
	body, err := json.Marshal(answer.body)
	if err != nil {
		c.s.log.Error("answer is no JSON", "path", c.r.URL.Path, "error", err)
		answer.status, body = http.StatusInternalServerError, []byte(`{"message":"500 Internal Server Error"}`)
	}
	c.w.WriteHeader(answer.status)
	c.w.Write(body)
}

func (c *call) refusal(err error) reply {
	var e *Error
	if !errors.As(err, &e) {
		c.s.log.Error("request failed", "path", c.r.URL.Path, "error", err)
		return reply{http.StatusInternalServerError, object{"message": "500 Internal Server Error"}}
	}
	if _, scope := e.Message.(insufficientScope); scope {
		return reply{e.Status, object{"error": "insufficient_scope", "scope": "api",
			"error_description": "The request requires higher privileges than provided by the access token."}}
	}
	if _, expired := e.Message.(expiredToken); expired {
		return reply{e.Status, object{"error": "invalid_token",
			"error_description": "Token is expired. You can either do re-authorization or token refresh."}}
	}
	return reply{e.Status, object{"message": e.Message}}
}

// movedTo sends a request for a renamed project to its number.
func (c *call) movedTo(p *project) reply {
	_, rest, _ := strings.Cut(strings.TrimPrefix(c.r.URL.EscapedPath(), "/api/v4/projects/"), "/")
	place := c.s.url + "/api/v4/projects/" + strconv.Itoa(p.ID)
	if rest != "" {
		place += "/" + rest
	}
	if c.r.URL.RawQuery != "" {
		place += "?" + c.r.URL.RawQuery
	}
	c.w.Header().Set("Location", place)
	return reply{http.StatusMovedPermanently, object{"message": "Moved Permanently"}}
}

// require refuses below a role.
func (c *call) require(level AccessLevel) error {
	if c.p.level(c.user) < level {
		return forbidden()
	}
	return nil
}

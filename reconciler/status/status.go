package status

import (
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

//go:embed templates/*.html templates/style.css templates/icon.svg templates/live.js templates/openapi.yaml
var files embed.FS

// Config says what the page shows.
type Config struct {
	// View returns what was last published, nil before the first look. It is called for every request and must be cheap.
	View func() *schema.View
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Version is the binary's version, for the footer.
	Version string
	// Commands are the names of the binary's commands: the page advises no other ones.
	Commands []string
	// Starting says what goes on before there is a view; nil says nothing.
	Starting func() schema.Starting
	// Content reads the files of a cell, for the pages that show keys; nil shows none.
	Content Content
	// Values shows the values of keys that do not look like secrets; without it keys are shown alone.
	Values bool
	// Badges lets anybody who reaches the page have pictures of states.
	Badges bool
	// Reload returns whether the operator's file was taken over when it was last read, and when that was last so; nil where it is not
	// read again.
	Reload func() (ok bool, at time.Time)
	// Done ends the streams when the process is to end; nil ends none.
	Done <-chan struct{}
	// Log is told of answers that could not be made; nil is slog.Default.
	Log *slog.Logger

	above   bool   // it is the list of projects and none of them
	base    string // what the project's addresses begin with; empty where there is no other
	name    string // of the project
	project string // the same where there are others
	private bool   // it depends on who looks
	origin  func(*http.Request) string
	peers   func() []peer
}

// site answers requests. It holds no state but the last pages it made and what changed lately, and no way to change anything.
type site struct {
	cfg       Config
	templates map[string]*template.Template
	changes   *changes

	mu   sync.Mutex // guards last
	last rendered
	sums kept
}

// New makes the page of one project, for everybody who reaches it. Every route only reads: other methods than GET and HEAD are refused before any route is looked up.
func New(cfg Config) (http.Handler, error) {
	if cfg.View == nil {
		return nil, fmt.Errorf("status page: no view to show")
	}
	return NewProjects(cfg, []Project{{Name: "project", View: cfg.View, Starting: cfg.Starting, Content: cfg.Content}}, Access{})
}

// parse reads the templates for a project whose addresses begin with base.
func parse(base string) (map[string]*template.Template, error) {
	out := map[string]*template.Template{}
	funcs := template.FuncMap{"at": func(address string) string { return at(base, address) }, "code": codeLink}
	for _, name := range templateNames {
		t, err := template.New(name).Funcs(funcs).ParseFS(files, "templates/layout.html", "templates/parts.html", "templates/"+name)
		if err != nil {
			return nil, fmt.Errorf("status page: %w", err)
		}
		out[name] = t
	}
	return out, nil
}

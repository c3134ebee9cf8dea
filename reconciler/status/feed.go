package status

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// atomFeed is a feed as RFC 4287 writes it.
type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomEntry struct {
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Link    atomLink `xml:"link"`
	Summary string   `xml:"summary,omitempty"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

// feedKind is what a feed is served as.
const feedKind = "application/atom+xml"

// feed tells the newest decisions to who follows many things. Its links are whole addresses, for who reads it elsewhere; its ids are the
// ledger's, and stay when the page moves.
func (s *site) feed(w http.ResponseWriter, r *http.Request) {
	if wrong := unasked(r); wrong != nil {
		s.problem(w, r, *wrong)
		return
	}
	v := s.cfg.View()
	if v == nil || v.Journal == nil {
		s.problem(w, r, problem{Title: "nothing is known yet", Status: http.StatusServiceUnavailable})
		return
	}
	id, base := "urn:sluice:"+safe(v.Project), s.cfg.origin(r)+s.cfg.base
	updated := v.Ledger.At
	if updated.IsZero() {
		updated = v.At // there is no entry that may be seen
	}
	out := atomFeed{ID: id, Title: "sluice " + safe(title(*v)), Updated: updated.UTC().Format(time.RFC3339), Author: "sluice",
		Links: []atomLink{{"self", feedKind, base + "/feed.atom"}, {"alternate", "text/html", base + "/promotions"}}}
	for _, record := range slices.Backward(v.Journal.Records) {
		if len(out.Entries) == 50 {
			break
		}
		if !isDecision(record) {
			continue
		}
		view := recordOf(*v, record)
		out.Entries = append(out.Entries, atomEntry{ID: fmt.Sprintf("%s:%d", id, record.Seq), Title: strings.Join(strings.Fields(view.Where+": "+view.Text+" "+view.Code+" "+view.Result), " "),
			Updated: record.At.UTC().Format(time.RFC3339), Link: atomLink{"alternate", "text/html", fmt.Sprintf("%s/promotions/%d", base, record.Seq)}, Summary: view.People})
	}
	body, err := xml.MarshalIndent(out, "", " ")
	if err != nil {
		s.broken(w, r, err)
		return
	}
	s.send(w, r, feedKind+"; charset=utf-8", answerOf(append([]byte(xml.Header), body...)))
}

// badge is a small picture with two words. Anybody who may ask for it reads a state without a login, so it is off by default.
type badge struct {
	Label, Message, Color           string
	LabelWidth, MessageWidth, Width int
}

// badgeColors are dark enough for white letters.
var badgeColors = map[tone]string{good: "#1a6e34", busy: "#1a56a0", wait: "#8a5300", bad: "#b3261e", quiet: "#5b6470"}

var badgePicture = template.Must(template.New("badge").Parse(`<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="20" role="img" aria-label="{{.Label}}: {{.Message}}"><title>{{.Label}}: {{.Message}}</title>` +
	`<rect width="{{.Width}}" height="20" rx="3" fill="#3b424a"/><rect x="{{.LabelWidth}}" width="{{.MessageWidth}}" height="20" rx="3" fill="{{.Color}}"/>` +
	`<g fill="#fff" text-anchor="start" font-family="DejaVu Sans,Verdana,sans-serif" font-size="11"><text x="6" y="14">{{.Label}}</text><text x="{{.LabelWidth}}" dx="6" y="14">{{.Message}}</text></g></svg>
`))

// badges answers as a picture, or in the form of shields.io. What is not known is grey and says so, with 200: a picture that is
// missing says nothing.
func (s *site) badges(w http.ResponseWriter, r *http.Request) {
	if !s.cfg.Badges {
		s.problem(w, r, problem{Title: "badges are off", Status: http.StatusNotFound, Detail: "the operator's file turns them on with badges: true"})
		return
	}
	name, form := r.PathValue("app"), ""
	for _, ending := range []string{".svg", ".json"} {
		if rest, ok := strings.CutSuffix(name, ending); ok {
			name, form = rest, ending
		}
	}
	if form == "" {
		s.problem(w, r, problem{Title: "a badge ends in .svg or .json", Status: http.StatusNotFound})
		return
	}
	b := badgeOf(s.cfg.View(), s.cfg.Now(), schema.Cell{Stage: schema.StageName(r.PathValue("stage")), App: schema.App(name)})
	if form == ".json" {
		body, err := json.Marshal(map[string]any{"schemaVersion": 1, "label": b.Label, "message": b.Message, "color": b.Color})
		if err != nil {
			s.broken(w, r, err)
			return
		}
		s.send(w, r, "application/json", answerOf(body))
		return
	}
	var out strings.Builder
	if err := badgePicture.Execute(&out, b); err != nil {
		s.broken(w, r, err)
		return
	}
	s.send(w, r, "image/svg+xml", answerOf([]byte(out.String())))
}

func badgeOf(v *schema.View, now time.Time, cell schema.Cell) badge {
	b := badge{Label: brief(string(cell.Stage)), Message: "unknown", Color: badgeColors[quiet]}
	if v != nil && doubtText(*v) != "" {
		b.Message, b.Color = "ledger in doubt", badgeColors[bad]
	} else if v != nil {
		if c, ok := v.Cell(cell); ok {
			state := shown(c, v.Stale(now))
			b.Message = safe(string(state))
			if look := lookOf(state); state != unknown && (v.Alone == nil || look.Tone != good) { // nobody is known to look after it
				b.Color = badgeColors[look.Tone]
			}
			if c.Seq > 0 && c.Revision != schema.None && state != unknown {
				b.Message += " " + brief(c.Revision.String())
			}
			if v.Alone != nil && state != unknown {
				b.Message += fmt.Sprintf(" as of #%d", v.Ledger.Size)
			}
		}
	}
	b.LabelWidth, b.MessageWidth = wide(b.Label), wide(b.Message)
	b.Width = b.LabelWidth + b.MessageWidth
	return b
}

// wide is how many pixels a text takes at 11 px, rather too many.
func wide(text string) int { return 12 + 7*len([]rune(text)) }

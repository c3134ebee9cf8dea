package gitlabtest

import (
	"html"
	"regexp"
	"slices"
	"strings"
)

// Fired is something that text set off at the forge: a quick action, or a
// mention, which notifies somebody. A test that writes other people's text into
// notes wants this list to stay empty.
type Fired struct {
	Project string
	IID     int
	User    string // who wrote the text
	Text    string // "/approve", "/label ~x", "@ann"
	// Done says whether it had an effect: a command may be one that the user
	// may not give, and a mention may name nobody.
	Done bool
}

// Fired is what texts of descriptions and notes have set off so far, oldest first.
func (s *Server) Fired() []Fired {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.fired)
}

// command is one quick action in a text.
type command struct{ name, arg string }

// quickActions are GitLab's names for what can be done to a merge request.
// Those that do nothing here are taken out of the text all the same.
var quickActions = regexp.MustCompile(`(?i)^/(approve|unapprove|merge|close|reopen|rebase|draft|ready|title|target_branch|` +
	`label|labels|unlabel|remove_label|relabel|assign_reviewer|reviewer|request_review|unassign_reviewer|remove_reviewer|` +
	`assign|unassign|reassign|reassign_reviewer|milestone|remove_milestone|done|todo|subscribe|unsubscribe|lock|unlock|` +
	`react|award|estimate|spend|copy_metadata|submit_review|clear_health_status|cc|tableflip|shrug)(?: +(.*))?$`)

// extract takes the quick actions out of a text. A line is one when it begins
// with a slash and a known name, in any case; not after a space, nor in fenced
// code, a >>> quote or a block of HTML.
func extract(text string) (rest string, commands []command) {
	var kept []string
	fence := ""
	for line := range strings.SplitSeq(text, "\n") {
		bare := strings.TrimRight(line, " \t\r")
		m := quickActions.FindStringSubmatch(bare)
		if fence == "" && m != nil {
			commands = append(commands, command{strings.ToLower(m[1]), strings.TrimSpace(m[2])})
			continue
		}
		fence = fenced(fence, bare)
		kept = append(kept, line)
	}
	if commands == nil {
		return text, nil
	}
	return strings.TrimSpace(strings.Join(kept, "\n")), commands
}

// fenced is the block a line leaves open: the text that ends it, "" for none.
func fenced(open, line string) string {
	switch {
	case open != "":
		if strings.HasPrefix(line, open) {
			return ""
		}
		return open
	case strings.HasPrefix(line, "```"):
		return "```"
	case line == ">>>":
		return ">>>"
	case htmlBlock.MatchString(line):
		return "</" + htmlBlock.FindStringSubmatch(line)[1] + ">"
	}
	return ""
}

var (
	htmlBlock  = regexp.MustCompile(`^<([a-zA-Z][a-zA-Z0-9]*)[^>]*>$`)
	mention    = regexp.MustCompile(`(?:^|[^\w/\\` + "`" + `])@([a-zA-Z0-9_][a-zA-Z0-9_.-]*)`)
	inlineCode = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`|<(?:code|pre)>.*?</(?:code|pre)>")
)

// mentions are the names a text notifies. Entities are text to GitLab when it
// looks for names, a backslash before the @ is not.
func mentions(text string) []string {
	var out []string
	text = html.UnescapeString(inlineCode.ReplaceAllString(comments(text), " "))
	for _, m := range mention.FindAllStringSubmatch(text, -1) {
		out = append(out, strings.TrimRight(m[1], ".-"))
	}
	return out
}

// obey carries out the quick actions of a text in the name of whoever wrote it,
// records its mentions, and returns what is left. Callers hold mu.
func (s *Server) obey(p *project, mr *mergeRequest, user *User, text, head string) (string, []string) {
	rest, commands := extract(text)
	var summary []string
	for _, c := range commands {
		said := s.perform(p, mr, user, c, head)
		if said != "" {
			summary = append(summary, said)
		}
		s.fired = append(s.fired, Fired{p.Path, mr.IID, user.Username, strings.TrimSpace("/" + c.name + " " + c.arg), said != ""})
	}
	for _, name := range mentions(rest) {
		s.fired = append(s.fired, Fired{p.Path, mr.IID, user.Username, "@" + name, name == "all" || s.user(name) != nil})
	}
	return rest, summary
}

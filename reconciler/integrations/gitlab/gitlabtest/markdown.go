package gitlabtest

import (
	"html/template"
	"regexp"
	"strings"
)

// markdown shows the little of Markdown that notes use: paragraphs, lists,
// tables, fenced and indented code, headings, bold, code, links, entities, and
// <details>. Everything else is escaped and shown as it stands.
func markdown(text string) template.HTML {
	m := &marker{}
	for line := range strings.Lines(comments(text)) {
		m.line(strings.TrimRight(line, "\r\n"))
	}
	m.end()
	return template.HTML(m.out.String()) // every piece of text went through inline or escape
}

// marker writes HTML line by line; open is the block it is in.
type marker struct {
	out  strings.Builder
	open string // "", p, ul, table, pre
}

// comments drops HTML comments, which GitLab does not show either.
func comments(text string) string {
	for {
		from := strings.Index(text, "<!--")
		if from < 0 {
			return text
		}
		to := strings.Index(text[from:], "-->")
		if to < 0 {
			return text[:from]
		}
		text = text[:from] + text[from+to+3:]
	}
}

func (m *marker) line(line string) {
	trimmed := strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(trimmed, "```"):
		if m.open == "pre" {
			m.end()
			return
		}
		m.begin("pre")
	case m.open == "pre":
		m.out.WriteString(escape(line) + "\n")
	case m.open != "p" && m.open != "ul" && strings.HasPrefix(line, "    ") && trimmed != "":
		m.begin("pre class=indented")
		m.out.WriteString(escape(line[4:]) + "\n")
	case trimmed == "":
		m.end()
	case strings.HasPrefix(trimmed, "<"):
		m.tags(trimmed)
	case strings.HasPrefix(trimmed, "|"):
		m.row(trimmed)
	case strings.HasPrefix(trimmed, "- ") || strings.HasPrefix(trimmed, "* "):
		m.begin("ul")
		m.out.WriteString("<li>" + inline(trimmed[2:]) + "</li>")
	case strings.HasPrefix(trimmed, "#"):
		m.end()
		m.out.WriteString("<h3>" + inline(strings.TrimLeft(trimmed, "# ")) + "</h3>")
	default:
		if m.open == "p" {
			m.out.WriteString("<br>")
		}
		m.begin("p")
		m.out.WriteString(inline(trimmed))
	}
}

// tags lets a short list of tags through and escapes all else.
func (m *marker) tags(line string) {
	m.end()
	allowed := regexp.MustCompile(`</?(details|summary|ul|li)>`)
	for line != "" {
		at := allowed.FindStringIndex(line)
		if at == nil {
			m.out.WriteString(inline(line))
			return
		}
		m.out.WriteString(inline(line[:at[0]]) + line[at[0]:at[1]])
		line = line[at[1]:]
	}
}

func (m *marker) row(line string) {
	first := m.open != "table"
	m.begin("table")
	if strings.Trim(line, "|-: ") == "" && (first || strings.Contains(line, "-")) {
		return // the line under the head, or a head of empty cells
	}
	cell := "td"
	if first {
		cell = "th"
	}
	m.out.WriteString("<tr>")
	for _, text := range strings.Split(strings.Trim(line, "|"), "|") {
		m.out.WriteString("<" + cell + ">" + inline(strings.TrimSpace(text)) + "</" + cell + ">")
	}
	m.out.WriteString("</tr>")
}

func (m *marker) begin(block string) {
	if m.open == block {
		return
	}
	m.end()
	m.out.WriteString("<" + block + ">")
	m.open = block
}

func (m *marker) end() {
	if tag, _, _ := strings.Cut(m.open, " "); tag != "" {
		m.out.WriteString("</" + tag + ">")
	}
	m.open = ""
}

var (
	entity  = regexp.MustCompile(`&amp;(#[0-9]{1,6}|[a-z]{2,6});`)
	codeTag = regexp.MustCompile(`&lt;code&gt;(.*?)&lt;/code&gt;`)
)

// inline escapes text and then marks code, bold and links to web addresses.
func inline(text string) string {
	text = entity.ReplaceAllString(escape(text), "&$1;")
	text = codeTag.ReplaceAllString(text, "<code>$1</code>")
	text = regexp.MustCompile("`([^`]+)`").ReplaceAllString(text, "<code>$1</code>")
	text = regexp.MustCompile(`\*\*([^*]+)\*\*`).ReplaceAllString(text, "<strong>$1</strong>")
	return regexp.MustCompile(`\[([^\]]*)\]\((https?://[^\s()"<>]+|/[^\s()"<>]*)\)`).ReplaceAllString(text, `<a href="$2" rel="nofollow noreferrer">$1</a>`)
}

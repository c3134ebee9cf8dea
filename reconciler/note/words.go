package note

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// String is the state as a note says it.
func (s state) String() string {
	return [...]string{"admitted", "as admitted already", "taken back or replaced", "may enter", "not judged", "waits", "refused"}[s]
}

func outcome(o schema.Outcome) string {
	switch o {
	case schema.Allow:
		return "yes"
	case schema.Hold:
		return "waits"
	}
	return "refused"
}

// headline is the verdict in one sentence.
func (s Subject) headline() string {
	open := slices.DeleteFunc(slices.Clone(s.Cells), func(c Cell) bool { return c.Settled })
	switch {
	case s.Empty():
		return "this merge request changes no app any more"
	case s.Control != nil && len(s.Cells) == 0:
		return s.sentence("the change of the control files", s.Control.state(), s.Control.Verdict, s.Control.Admitted, Cell{})
	case len(open) == 0 && len(s.Cells) == 1:
		return place(s.Cells[0]) + " is as admitted already, so nothing is asked"
	case len(open) == 0:
		return "everything is as admitted already, so nothing is asked"
	case len(open) == 1 && s.Control == nil:
		c := open[0]
		return s.sentence(place(c), c.state(), c.Verdict, c.Admitted, c) + c.enforced()
	}
	return s.sums(open)
}

// enforced says what the gate would do if its stage enforced it; empty where that is no other than what is done.
func (c Cell) enforced() string {
	if c.LetIn == "" || c.state() != ready && c.state() != entered {
		return ""
	}
	word := "hold"
	if c.Verdict.Outcome == schema.Deny {
		word = "refuse"
	}
	return fmt.Sprintf("; by the mode %s of its stage alone: enforced, its gate would %s it", c.LetIn, word)
}

// below is what a change waits for that is on top of another one.
const below = "what is below it on the branch"

func (s Subject) sentence(what string, is state, v schema.Verdict, entry int64, c Cell) string {
	switch is {
	case entered:
		text := fmt.Sprintf("%s is admitted, by entry %d of the ledger", what, entry)
		if c.Live {
			text += ", and live"
		}
		return text
	case replaced:
		return what + " was taken back or replaced before it entered"
	case above:
		return what + " is not judged: " + c.Below.lies()
	case ready:
		if s.Merged {
			return what + " enters with the next look"
		}
		return what + " may enter: merge it, and it does"
	case refused:
		return what + " is refused: " + strings.Join(wants(v, schema.Deny), "; ")
	}
	left := wants(v, schema.Hold)
	if c.Pending {
		left = append(left, below)
	}
	return what + " waits: " + strings.Join(left, "; ")
}

// sums counts several changes by what is said of them.
func (s Subject) sums(open []Cell) string {
	n := map[state]int{}
	for _, c := range open {
		n[c.state()]++
	}
	total := len(open)
	if s.Control != nil {
		n[s.Control.state()]++
		total++
	}
	var parts []string
	for _, is := range []state{refused, waits, above, ready, entered, replaced} {
		word := is.String()
		if is == waits && n[is] != 1 {
			word = "wait"
		}
		switch n[is] {
		case 0:
		case total:
			return fmt.Sprintf("%d changes, all of them: %s", total, is)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n[is], word))
		}
	}
	return fmt.Sprintf("%d changes: %s", total, strings.Join(parts, ", "))
}

// wants is what keeps a verdict from being better than an outcome, a few words for each policy.
func wants(v schema.Verdict, is schema.Outcome) []string {
	var out []string
	for _, part := range missing(v) {
		if part.Outcome != is {
			continue
		}
		for _, w := range want(part) {
			if !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	return out
}

func want(part schema.Verdict) []string {
	if asks := askedOf(part); part.Policy == "approvals" && (asks.observed > 0 || asks.signed > 0) {
		return asks.words()
	}
	text := Prose(part.Policy)
	if code := first(part); code != "" && string(code) != part.Policy {
		if info, known := schema.Explain(code); known {
			text = Prose(info.Title)
		} else {
			text += " " + Code(string(code))
		}
	}
	if part.Earliest != nil {
		text += " until " + stamp(*part.Earliest)
	}
	return []string{text}
}

func first(v schema.Verdict) schema.Code {
	for _, leaf := range leaves(v) {
		if leaf.Code != "" {
			return leaf.Code
		}
	}
	return ""
}

// reason is all that a policy misses, each reason once.
func reason(part schema.Verdict) string {
	var out []string
	add := func(text string) {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	for _, leaf := range leaves(part) {
		if leaf.Code == "choice" {
			add(choices(leaf))
			continue
		}
		add(Prose(leaf.Code.Message(shown(leaf))))
		if leaf.Policy != "approvals" {
			continue
		}
		for _, given := range leaf.Parts { // approvals that do not count
			if given.Outcome != schema.Allow {
				add(Prose(given.Code.Message(shown(given))))
			}
		}
	}
	text := strings.Join(out, "; ")
	if part.Earliest != nil {
		text += "; earliest " + stamp(*part.Earliest)
	}
	return text
}

// choices are the ways of which some are enough, each with what it misses.
func choices(v schema.Verdict) string {
	var ways []string
	for _, way := range v.Parts {
		if way.Outcome != schema.Allow {
			ways = append(ways, reason(way))
		}
	}
	return Prose(v.Code.Message(shown(v))) + ": " + strings.Join(ways, ", or ")
}

func stamp(t time.Time) string {
	t = t.UTC()
	if t.Truncate(time.Minute) != t {
		t = t.Truncate(time.Minute).Add(time.Minute) // not before that
	}
	return t.Format("2006-01-02 15:04") + " UTC"
}

// asks is what a gate still wants of people.
type asks struct {
	observed, signed  int // that are missing
	eligible, signers []string
}

// askedOf reads what a part wants of people: the approvals policy, also as one of several ways.
func askedOf(part schema.Verdict) asks {
	var a asks
	var read func(schema.Verdict)
	read = func(v schema.Verdict) {
		if v.Outcome == schema.Allow {
			return
		}
		a.observed = max(a.observed, lack(v, "need", "have"))
		a.signed = max(a.signed, lack(v, "need_signed", "have_signed"))
		if v.Args["eligible"] != "" {
			a.eligible = list(v.Args["eligible"])
		}
		if v.Args["eligible_signed"] != "" {
			a.signers = list(v.Args["eligible_signed"])
		}
		for _, p := range v.Parts {
			read(p)
		}
	}
	read(part)
	return a
}

func lack(v schema.Verdict, need, have string) int {
	n, err := strconv.Atoi(v.Args[need])
	if err != nil {
		return 0
	}
	had, _ := strconv.Atoi(v.Args[have]) // none is 0
	return max(0, n-had)
}

func (a asks) words() []string {
	switch {
	case a.signed == 0 && a.observed == 0:
		return nil
	case a.signed == 0:
		return []string{count(a.observed, "approval", "approvals")}
	case a.signed >= a.observed:
		return []string{count(a.signed, "approval", "approvals") + " by signature"}
	}
	return []string{fmt.Sprintf("%d approvals, %d of them by signature", a.observed, a.signed)}
}

func bang(iid int64) string { return "!" + strconv.FormatInt(iid, 10) }

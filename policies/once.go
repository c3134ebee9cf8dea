package policies

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// seat is one of the people that a policy asks for: whoever may sit there.
type seat []string

// mostWays bounds in how many ways a choice is looked at. Past it a choice may hold that would be open, and lets nothing in.
const mostWays = 1000

// ways are the seats that an allowing verdict rests on, once for each way in which it does; none where it does not allow. One without
// seats rests on nobody.
func ways(p Policy, v schema.Verdict) [][]seat {
	if v.Outcome != schema.Allow {
		return nil
	}
	switch p := p.(type) {
	case Composed:
		return p.ways(p.Need, v.Parts)
	case When:
		return Composed{Of: p.Then}.ways(len(v.Parts), v.Parts) // it has no parts where it is not for the change
	}
	return [][]seat{seats(v)}
}

// seats reads from a verdict which approvals it counted, so that there is one rule and not two. A signature may fill a seat of either kind.
func seats(v schema.Verdict) []seat {
	var out []seat
	if v.Policy == "approvals" && v.Args["need"] != "" {
		signed, _ := strconv.Atoi(v.Args["need_signed"])
		observed, _ := strconv.Atoi(v.Args["need"])
		out = append(out, slices.Repeat([]seat{strings.Split(v.Args["signed_by"], ", ")}, signed)...)
		return append(out, slices.Repeat([]seat{strings.Split(v.Args["by"], ", ")}, max(0, observed-signed))...)
	}
	for _, part := range v.Parts {
		out = append(out, seats(part)...)
	}
	return out
}

// ways are those of every choice of so many of the parts that ask anything.
func (c Composed) ways(need int, parts []schema.Verdict) [][]seat {
	need = min(need, asking(parts))
	var out [][]seat
	var choose func(from, need int, taken []seat)
	choose = func(from, need int, taken []seat) {
		if need == 0 {
			out = append(out, taken)
			return
		}
		for i := from; i+need <= len(parts); i++ {
			if idle(parts[i]) {
				continue
			}
			for _, way := range ways(c.Of[i], parts[i]) {
				if len(out) == mostWays {
					return
				}
				choose(i+1, need-1, slices.Concat(taken, way))
			}
		}
	}
	choose(0, need, nil)
	return out
}

// once holds what allows only as long as somebody counts in two of several policies that are asked for.
func (c Composed) once(v schema.Verdict, need, asked int) schema.Verdict {
	if c.Name != "at_least" || need < 2 {
		return v
	}
	have := need
	for have > 0 && !slices.ContainsFunc(c.ways(have, v.Parts), seated) {
		have--
	}
	if have == need {
		return v
	}
	v.Outcome, v.Code, v.Earliest = schema.Hold, "counted-twice", soonest(v.Parts, need-have)
	v.Args = map[string]string{"have": number(have), "need": number(need), "of": number(asked), "by": list(c.several(v.Parts))}
	return v
}

// several are the people who count in more than one of the policies.
func (c Composed) several(parts []schema.Verdict) []string {
	seen, twice := map[string]bool{}, []string(nil)
	for i, part := range parts {
		here := map[string]bool{}
		for _, s := range slices.Concat(ways(c.Of[i], part)...) {
			for _, who := range s {
				here[who] = true
			}
		}
		for who := range here {
			if seen[who] {
				twice = append(twice, who)
			}
			seen[who] = true
		}
	}
	slices.Sort(twice) // a verdict is the same each time it is asked for
	return twice
}

// seated reports whether there is another person for every seat.
func seated(all []seat) bool {
	sits := map[string]int{}
	for i := range all {
		if !sit(all, i, sits, map[string]bool{}) {
			return false
		}
	}
	return true
}

// sit finds somebody for a seat. Who sits elsewhere moves where there is another for that seat: a matching along augmenting paths.
func sit(all []seat, i int, sits map[string]int, asked map[string]bool) bool {
	for _, who := range all[i] {
		if who == "" || asked[who] {
			continue
		}
		asked[who] = true
		if at, taken := sits[who]; !taken || sit(all, at, sits, asked) {
			sits[who] = i
			return true
		}
	}
	return false
}

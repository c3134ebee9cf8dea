package schema

import "strconv"

// Refusal is what is known of why a target does not take a delivery, in names and numbers: a target's own words may hold values, and
// those are nowhere but in Git and at targets.
type Refusal struct {
	What  string `json:"what,omitempty"`  // the field, key or quota that the target named
	Size  int64  `json:"size,omitempty"`  // bytes that were to be written
	Limit int64  `json:"limit,omitempty"` // bytes that the target takes
}

// Args adds it to the arguments of a code's sentence.
func (r *Refusal) Args(args map[string]string) {
	if r == nil {
		return
	}
	for name, n := range map[string]int64{"size": r.Size, "limit": r.Limit} {
		if n > 0 {
			args[name] = strconv.FormatInt(n, 10)
		}
	}
	if r.What != "" {
		args["what"] = r.What
	}
}

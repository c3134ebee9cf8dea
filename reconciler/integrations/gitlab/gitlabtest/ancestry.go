package gitlabtest

import (
	"errors"
	"os/exec"
)

// Questions of ancestry are answered here where every commit on the way is loose, and left to git where one is not.

// ancestors are a commit and all that it descends from. It says false where only git knows them.
func (r repository) ancestors(tip string) (map[string]bool, bool) {
	seen, todo := map[string]bool{}, []string{tip}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[at] {
			continue
		}
		if !r.known(at) {
			return nil, false
		}
		seen[at] = true
		todo = append(todo, r.read[at].parents...)
	}
	return seen, true
}

// above are the commits from a tip down to, and without, the first one of below, and that one ("" where history began first).
// It says false where a merge lies between: what is below it, and in which order git tells it, is git's to say.
func (r repository) above(tip string, below map[string]bool) (list []string, first string, line bool) {
	list = []string{}
	for !below[tip] {
		if !r.known(tip) {
			return nil, "", false
		}
		list = append(list, tip)
		parents := r.read[tip].parents
		if len(parents) == 0 {
			return list, "", true
		}
		if len(parents) > 1 {
			return nil, "", false
		}
		tip = parents[0]
	}
	return list, tip, true
}

// ancestor says whether a is b or an ancestor of b.
func (r repository) ancestor(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	key := [2]string{a, b}
	answer, known := r.descends[key]
	if known {
		return answer
	}
	if of, ok := r.ancestors(b); ok && r.known(a) {
		answer = of[a]
	} else {
		_, err := r.run("merge-base", "--is-ancestor", a, b)
		var exit *exec.ExitError
		if answer = err == nil; !answer && !(errors.As(err, &exit) && exit.ExitCode() == 1) {
			return false // of what is not there yet, nothing is remembered
		}
	}
	r.descends[key] = answer
	return answer
}

// mergeBase is the best common ancestor, "" when the histories share nothing.
func (r repository) mergeBase(a, b string) string {
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		if of, ok := r.ancestors(pair[0]); ok {
			if _, base, line := r.above(pair[1], of); line {
				return base
			}
		}
	}
	base, err := r.run("merge-base", a, b)
	if err != nil {
		return ""
	}
	return base
}

// revList are the commits reachable from tip and not from base, newest first.
func (r repository) revList(base, tip string) ([]string, error) {
	below, ok := map[string]bool{}, true
	if base != "" {
		below, ok = r.ancestors(base)
	}
	if list, _, line := r.above(tip, below); ok && line {
		return list, nil
	}
	return r.gitRevList(base, tip)
}

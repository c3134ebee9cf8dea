package gitrepo

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// Asked says how old a remote's answer about a ref may be.
type Asked struct {
	// Clone says that the remote is somebody's clone on this machine, which knows of the ref what it fetched last.
	Clone bool
	// At is when that was; zero where nothing there tells.
	At time.Time
}

// Asked says when the remote itself last asked for what it showed of a ref. Of a remote on another machine nothing is known, and a
// repository that takes the ref from nowhere is where it is written.
func (r *Repo) Asked(ref string, tip schema.Hash) (Asked, error) {
	if r.remote == nil || r.remote.url.Scheme != "file" {
		return Asked{}, nil
	}
	own, err := findGitDir(r.remote.url.Path)
	if err != nil {
		return Asked{}, fmt.Errorf("look when %s last fetched: %w", r.remote, err)
	}
	dir := own
	if text, err := os.ReadFile(filepath.Join(own, "commondir")); err == nil {
		dir = resolve(own, strings.TrimSpace(string(text)))
	}
	config, err := os.ReadFile(filepath.Join(dir, "config"))
	if err != nil && !notExist(err) {
		return Asked{}, fmt.Errorf("look when %s last fetched: %w", r.remote, err)
	}
	if !strings.HasPrefix(ref, "refs/remotes/") && !fetches(string(config), ref) {
		return Asked{}, nil
	}
	out := Asked{Clone: true}
	for _, at := range []time.Time{fetchedAt(own, ref, tip), fetchedAt(dir, ref, tip), movedAt(dir, ref), clonedAt(dir, ref)} {
		if at.After(out.At) {
			out.At = at
		}
	}
	return out, nil
}

// fetches reports whether a repository's configuration takes a ref over from a remote of its own.
func fetches(config, ref string) bool {
	section := ""
	for line := range strings.SplitSeq(config, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = strings.ToLower(strings.Trim(line, "[]"))
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(section, "remote ") || !strings.EqualFold(strings.TrimSpace(key), "fetch") {
			continue
		}
		_, to, _ := strings.Cut(strings.Trim(strings.TrimSpace(value), `"`), ":")
		if before, after, many := strings.Cut(to, "*"); to == ref || many && strings.HasPrefix(ref, before) && strings.HasSuffix(ref, after) {
			return true
		}
	}
	return false
}

// fetchedAt is when the last fetch that brought what the ref holds ended: Git writes then what came, also where it was known before.
func fetchedAt(dir, ref string, tip schema.Hash) time.Time {
	path := filepath.Join(dir, "FETCH_HEAD")
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return time.Time{}
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if strings.HasPrefix(line, tip.String()+"\t") && strings.Contains(line, "\tbranch '"+branchOf(ref)+"' of ") {
			return info.ModTime()
		}
	}
	return time.Time{}
}

// branchOf is the branch that a ref of a clone follows.
func branchOf(ref string) string {
	if rest, ok := strings.CutPrefix(ref, "refs/remotes/"); ok {
		_, name, _ := strings.Cut(rest, "/")
		return name
	}
	return strings.TrimPrefix(ref, "refs/heads/")
}

// movedAt is when the clone's ref last went to another commit.
func movedAt(dir, ref string) time.Time {
	at, _ := lastLogged(dir, ref)
	return at
}

// clonedAt is when the clone was made, where nothing else was logged there since.
func clonedAt(dir, ref string) time.Time {
	rest, ok := strings.CutPrefix(ref, "refs/remotes/")
	if !ok {
		return time.Time{}
	}
	remote, _, _ := strings.Cut(rest, "/")
	at, why := lastLogged(dir, "refs/remotes/"+remote+"/HEAD")
	if !strings.HasPrefix(why, "clone:") {
		return time.Time{}
	}
	return at
}

// lastLogged reads the last line of a ref's log.
func lastLogged(dir, ref string) (at time.Time, why string) {
	text, err := os.ReadFile(filepath.Join(dir, "logs", filepath.FromSlash(ref)))
	if err != nil {
		return time.Time{}, ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	who, why, _ := strings.Cut(lines[len(lines)-1], "\t")
	fields := strings.Fields(who)
	if len(fields) < 2 {
		return time.Time{}, ""
	}
	seconds, err := strconv.ParseInt(fields[len(fields)-2], 10, 64)
	if err != nil {
		return time.Time{}, ""
	}
	return time.Unix(seconds, 0), why
}

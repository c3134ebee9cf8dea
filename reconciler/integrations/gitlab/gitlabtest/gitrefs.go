package gitlabtest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/sluice-gitops/sluice/schema"
)

// Clients of protocol 0 get every ref in the answer to their first request, and the reconciler asks on every pass. What git
// can do is asked of git, once; the refs are listed here where they are plain.

// abilities are the capabilities that git told, by all they depend on. They are kept only if the answer they stood in was,
// byte for byte, the one that is made here.
var abilities sync.Map // of string, to string

// shownRef is a line of the answer.
type shownRef struct{ sha, name string }

// listRefs answers the first request of a fetch or push of protocol 0.
func (s *Server) listRefs(w http.ResponseWriter, r *http.Request, p *project) {
	service := r.URL.Query().Get("service")
	s.mu.Lock()
	refs, head, plain := p.repo.shown(service)
	s.mu.Unlock()
	if !plain {
		s.tellRefs(w, r, p)
		return
	}
	key := strings.Join([]string{s.git.path, service, head, fmt.Sprint(refs[0].name == "HEAD")}, "\x00")
	if able, known := abilities.Load(key); known {
		smartHeader(w.Header(), service+"-advertisement")
		w.Write(refsAnswer(service, refs, able.(string))) // a client that left is not our trouble
		return
	}
	answer := &heldAnswer{header: http.Header{}, status: http.StatusOK}
	s.tellRefs(answer, r, p)
	_, after, _ := strings.Cut(answer.body.String(), "\x00")
	able, _, _ := strings.Cut(after, "\n")
	if bytes.Equal(answer.body.Bytes(), refsAnswer(service, refs, able)) {
		abilities.Store(key, able)
	}
	answer.send(w)
}

func refsAnswer(service string, refs []shownRef, able string) []byte {
	var out bytes.Buffer
	out.WriteString(serviceLine(service))
	for i, ref := range refs {
		line := ref.sha + " " + ref.name
		if i == 0 {
			line += "\x00" + able
		}
		fmt.Fprintf(&out, "%04x%s\n", len(line)+5, line)
	}
	out.WriteString("0000")
	return out.Bytes()
}

// shown are the refs that a service tells, at least one line, and what HEAD names. It says false where only git knows.
// Callers hold Server.mu.
func (r repository) shown(service string) (list []shownRef, head string, plain bool) {
	config, err := os.ReadFile(filepath.Join(r.dir, "config"))
	head = r.ref("HEAD")
	if err != nil || string(config) != repositoryConfig || !strings.HasPrefix(head, "ref: refs/heads/") {
		return nil, "", false
	}
	for _, odd := range []string{"packed-refs", "shallow", "objects/info/alternates"} {
		if _, err := os.Stat(filepath.Join(r.dir, filepath.FromSlash(odd))); !errors.Is(err, fs.ErrNotExist) {
			return nil, "", false
		}
	}
	hidden, fetch := []string{"refs/keep-around", "refs/merge-requests"}, service == "git-upload-pack"
	if fetch {
		hidden = hidden[:1]
	}
	if list, err = r.looseRefs(hidden); err != nil {
		return nil, "", false
	}
	if fetch {
		if list, plain = r.peeled(list); !plain {
			return nil, "", false
		}
		if sha := r.ref(strings.TrimPrefix(head, "ref: ")); sha != "" {
			list = slices.Insert(list, 0, shownRef{sha, "HEAD"})
		}
	}
	if len(list) == 0 {
		list = []shownRef{{nullSHA, "capabilities^{}"}}
	}
	return list, head, true
}

var errNotPlain = errors.New("left to git")

// looseRefs are all refs but those below hidden folders, in git's order.
func (r repository) looseRefs(hidden []string) ([]shownRef, error) {
	var list []shownRef
	err := filepath.WalkDir(filepath.Join(r.dir, "refs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(r.dir, path)
		name := filepath.ToSlash(below)
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(hidden, name):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		sha := r.ref(name)
		if !looseName.MatchString(name) || !fullSHA.MatchString(sha) {
			return errNotPlain
		}
		list = append(list, shownRef{sha, name})
		return nil
	})
	slices.SortFunc(list, func(a, b shownRef) int { return strings.Compare(a.name, b.name) })
	return list, err
}

// peeled adds to the refs what tags among them are of.
func (r repository) peeled(refs []shownRef) (list []shownRef, plain bool) {
	for _, ref := range refs {
		list = append(list, ref)
		if r.known(ref.sha) {
			continue
		}
		kind, data, ok := r.object(ref.sha)
		rest, named := strings.CutPrefix(string(data), "object ")
		of, rest, _ := strings.Cut(rest, "\n")
		if !ok || kind != schema.TagObject || !named || !fullSHA.MatchString(of) || !strings.HasPrefix(rest, "type commit\n") {
			return nil, false
		}
		list = append(list, shownRef{of, ref.name + "^{}"})
	}
	return list, true
}

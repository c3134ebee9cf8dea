package team

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// writer writes objects into a bare repository.
type writer struct {
	ctx  context.Context
	repo *gitrepo.Repo // to read from
	dir  string
}

// put writes an object, if it is not there yet.
func (w *writer) put(kind schema.ObjectKind, data []byte) (schema.Hash, error) {
	return gitlabtest.WriteObject(w.dir, kind, data)
}

// edited returns a commit's tree as it was, and as it is with the files of c.
func (w *writer) edited(parent schema.Hash, c Commit) (was, is schema.Hash, err error) {
	changes := map[string]*string{} // nil removes
	for path, data := range c.Files {
		changes[path] = &data
	}
	for _, path := range c.Remove {
		for file := range c.Files {
			if file == path || strings.HasPrefix(file, path+"/") {
				return was, is, errGit
			}
		}
		changes[path] = nil
	}
	if !parent.IsZero() {
		info, err := w.repo.Commit(w.ctx, parent)
		if err != nil {
			return was, is, err
		}
		was = info.Tree
	}
	is, _, err = w.tree(was, changes)
	return was, is, err
}

// tree writes a tree with changes of files below it, and says whether anything is left in it.
func (w *writer) tree(was schema.Hash, changes map[string]*string) (is schema.Hash, left bool, err error) {
	old, err := w.repo.Tree(w.ctx, was)
	if err != nil {
		return is, false, err
	}
	entries := map[string]schema.TreeEntry{}
	for _, e := range old {
		entries[e.Name] = e
	}
	below := map[string]map[string]*string{}
	for path, data := range changes {
		if name, rest, deeper := strings.Cut(path, "/"); deeper {
			if below[name] == nil {
				below[name] = map[string]*string{}
			}
			below[name][rest] = data
		} else if err := w.file(entries, name, data); err != nil {
			return is, false, err
		}
	}
	for name, changes := range below {
		e := entries[name]
		if !e.IsZero() && !e.IsDir() {
			return is, false, errGit
		}
		id, left, err := w.tree(e.ID, changes)
		if err != nil {
			return is, false, err
		}
		if entries[name] = (schema.TreeEntry{Name: name, Mode: schema.TreeMode, ID: id}); !left {
			delete(entries, name)
		}
	}
	is, err = w.put(schema.TreeObject, treeText(entries))
	return is, len(entries) > 0, err
}

// file writes a file into the entries of a tree, or removes an entry.
func (w *writer) file(entries map[string]schema.TreeEntry, name string, data *string) error {
	e, there := entries[name]
	switch {
	case data == nil && there:
		delete(entries, name)
		return nil
	case !there:
		e.Mode = schema.Regular
	case e.Mode != schema.Regular && e.Mode != schema.Executable:
		return errGit
	}
	if data == nil {
		return errGit
	}
	id, err := w.put(schema.BlobObject, []byte(*data))
	entries[name] = schema.TreeEntry{Name: name, Mode: e.Mode, ID: id}
	return err
}

// treeText is a tree in git's order, in which a folder's name ends with a slash.
func treeText(entries map[string]schema.TreeEntry) []byte {
	var keys []string
	for name, e := range entries {
		if e.IsDir() {
			name += "/"
		}
		keys = append(keys, name)
	}
	slices.Sort(keys)
	var out []byte
	for _, key := range keys {
		e := entries[strings.TrimSuffix(key, "/")]
		out = fmt.Appendf(out, "%s %s\x00", e.Mode, e.Name)
		out = append(out, e.ID[:]...)
	}
	return out
}

// signature is the person at this time, as a commit has it.
func (p *Person) signature() string {
	return fmt.Sprintf("%s <%s> %d +0000", p.user.Name, p.user.Email, p.team.cfg.Now().Unix())
}

// commitText is the commit, signed as git has it done.
func (p *Person) commitText(c Commit, parent, tree schema.Hash) ([]byte, error) {
	head := fmt.Sprintf("tree %s\n", tree)
	if !parent.IsZero() {
		head += fmt.Sprintf("parent %s\n", parent)
	}
	head += fmt.Sprintf("author %[1]s\ncommitter %[1]s\n", p.signature())
	body := "\n" + c.Message + "\n"
	if c.Unsigned {
		return []byte(head + body), nil
	}
	signer, err := signing.LoadSSHSigner(p.key)
	if err != nil {
		return nil, err
	}
	armored, err := signer.Sign(signing.GitNamespace, []byte(head+body))
	if err != nil {
		return nil, err
	}
	lines := strings.ReplaceAll(strings.TrimSuffix(string(armored), "\n"), "\n", "\n ")
	return []byte(head + "gpgsig " + lines + "\n" + body), nil
}

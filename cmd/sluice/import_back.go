package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/agent/properties"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/integrations/configmap"
	"github.com/sluice-gitops/sluice/reconciler/integrations/etcd"
	"github.com/sluice-gitops/sluice/schema"
)

// unlike compares, key by key, what was read with what would be there after a delivery: the document that programs get, and the keys
// that a mirror of the same form, or an object of the same kind, has.
func unlike(r importRules, kind string, keys []importKey, release integrations.Release) schema.Diagnostics {
	if d := undelivered(release); len(d) > 0 {
		return d
	}
	after, name, err := delivered(r, kind, release)
	if err != nil {
		at := r.project.CellPath(r.stage, release.Cell.App)
		return schema.Diagnostics{importFinding(at, "import-unlike", "path", at, "why", err.Error())}
	}
	var found schema.Diagnostics
	for _, key := range keys {
		value, ok := after[name(key.name)]
		delete(after, name(key.name))
		switch {
		case !ok:
			found = append(found, unlikeKey(key, "its name would be another"))
		case value != string(key.Value):
			found = append(found, unlikeKey(key, "its value would be another"))
		}
	}
	for extra := range after {
		at := r.project.CellPath(r.stage, release.Cell.App) + "/" + extra
		found = append(found, importFinding(at, "import-unlike", "path", at, "why", "no such key was read"))
	}
	return found
}

func unlikeKey(key importKey, why string) schema.Diagnostic {
	place := schema.Printable(key.Place)
	return importFinding(place, "import-unlike", "path", place, "why", why)
}

// undelivered compares the files with those of the document as it would be delivered.
func undelivered(release integrations.Release) schema.Diagnostics {
	files, err := integrations.DocumentFiles(release.Document)
	same := func(a, b schema.File) bool { return a.Path == b.Path && a.Mode == b.Mode && a.Digest == b.Digest }
	if err == nil && !slices.EqualFunc(files, release.Manifest, same) {
		err = fmt.Errorf("the document holds other files")
	}
	if err == nil {
		return nil
	}
	at := release.Cell.String()
	return schema.Diagnostics{importFinding(at, "import-unlike", "path", at, "why", err.Error())}
}

// delivered are the keys as programs would find them, and how a key that was read is called there.
func delivered(r importRules, kind string, release integrations.Release) (map[string]string, func(string) string, error) {
	same := func(name string) string { return name }
	switch {
	case r.as == asProperties:
		all, err := properties.Parse(release.Files[r.file])
		return all, func(name string) string { return strings.ReplaceAll(name, "/", ".") }, err
	case r.as != asFiles:
		all, err := etcd.Mirror("leaves", release.Files)
		return all, func(name string) string { return r.file + pointerTo(name) }, err
	case kind == "configmap":
		objects, err := configmap.Keys(release.Files)
		all := map[string]string{}
		for key, value := range objects {
			all[key] = string(value)
		}
		return all, same, err
	case kind == "etcd":
		all, err := etcd.Mirror("files", release.Files)
		return all, same, err
	}
	all := map[string]string{}
	for path, data := range release.Files {
		all[path] = string(data)
	}
	return all, same, nil
}

// pointerTo is the JSON Pointer of a key whose parts are maps in a file.
func pointerTo(name string) string { return "/" + strings.ReplaceAll(name, "~", "~0") }

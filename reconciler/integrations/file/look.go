package file

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/schema"
)

// Look goes through a directory that this target fills, or a copy of one: every cell below one of the stages, and the files
// that lie beside it. It follows no link but ours and changes nothing.
func Look(dir string, stages []schema.StageName) iter.Seq2[integrations.Held, error] {
	return func(yield func(integrations.Held, error) bool) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			yield(integrations.Held{}, fmt.Errorf("look at the target's directory: %w", err))
			return
		}
		defer root.Close()
		err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			_, stage, rest, ok := integrations.PlaceOf(stages, name)
			if !ok || !isCell(root, name) {
				return nil
			}
			for _, held := range look(root, dir, name, schema.Cell{Stage: stage, App: schema.App(rest)}) {
				if !yield(held, nil) {
					return errStop
				}
			}
			return fs.SkipDir
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(integrations.Held{}, fmt.Errorf("look at the target's directory: %w", err))
		}
	}
}

var errStop = errors.New("stop")

func isCell(root *os.Root, name string) bool {
	for _, mark := range []string{ownDir, current} {
		if _, err := root.Lstat(path.Join(name, mark)); err == nil {
			return true
		}
	}
	return false
}

// look reads one cell.
func look(root *os.Root, dir, name string, cell schema.Cell) []integrations.Held {
	held := integrations.Held{Place: filepath.Join(dir, filepath.FromSlash(name), current), Cell: cell}
	at, err := root.OpenRoot(name)
	if err != nil {
		held.Problem = err.Error()
		return []integrations.Held{held}
	}
	defer at.Close()
	if err := read(at, &held); err != nil {
		held.Problem = err.Error()
	}
	out := []integrations.Held{held}
	others, err := list(at, ".")
	if err != nil {
		out[0].Problem = err.Error()
	}
	for _, f := range others {
		out = append(out, integrations.Held{Place: filepath.Join(dir, filepath.FromSlash(name), filepath.FromSlash(f.Path)), Cell: cell, Foreign: true})
	}
	return out
}

// read fills in head, files and document of the generation that current names.
func read(cell *os.Root, held *integrations.Held) error {
	target, err := link(cell)
	if err != nil {
		return err
	}
	if held.Head, err = marker(cell, target); err != nil {
		return err
	}
	if !generationLink.MatchString(target) {
		return nil
	}
	have, err := list(cell, target)
	if err != nil {
		return err
	}
	have = slices.DeleteFunc(have, func(f schema.File) bool { return isOwn(f.Path) })
	var documents []schema.DocumentFile
	for _, f := range have {
		data, _, err := readFile(cell, path.Join(target, f.Path))
		if err != nil {
			return err
		}
		documents = append(documents, schema.DocumentFile{Path: f.Path, Mode: f.Mode, Data: data})
	}
	if held.Files, err = schema.NewManifest(have); err != nil || len(have) == 0 {
		return err
	}
	document, found := schema.NewDocument(documents)
	if err := found.Err(); err != nil {
		return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	held.Document = document.Encode()
	return beside(cell, target, held)
}

// beside holds the document that readers verify to the head, where the files are what the head names: else they say it.
func beside(cell *os.Root, target string, held *integrations.Held) error {
	head, err := integrations.DecodeHead(held.Head)
	if err != nil || schema.DigestOf(held.Document) != head.Doc {
		return nil //nolint:nilerr // told when the head is judged
	}
	document, _, err := readFile(cell, path.Join(target, documentName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a release from before targets had it
	}
	if err == nil && string(document) != string(held.Document) {
		return errors.New(documentName + " is not the one that the head names")
	}
	return err
}

package integrations

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// Held is one place of a target as it was copied for an audit: a cell's configuration, or something beside one.
type Held struct {
	Place string      // key or path, for people
	Cell  schema.Cell // as the place says
	// Foreign says that it is something beside a cell, and nothing below is set.
	Foreign  bool
	Head     []byte // the marker as it was read; nil if there is none
	Document []byte // the configuration in the form that heads name; nil if there is none
	Files    schema.Manifest
	Problem  string // why document and files could not be read
}

// PlaceOf finds the cell that a path or key is below: its root, and what follows the name of a stage.
func PlaceOf(stages []schema.StageName, path string) (root string, stage schema.StageName, rest string, ok bool) {
	segments := strings.Split(path, "/")
	i := slices.IndexFunc(segments, func(s string) bool { return slices.Contains(stages, schema.StageName(s)) })
	if i < 0 || i+1 >= len(segments) {
		return "", "", "", false
	}
	return strings.Join(segments[:i], "/"), schema.StageName(segments[i]), strings.Join(segments[i+1:], "/"), true
}

// DocumentFiles lists the files of an encoded document, which has to be in its only form.
func DocumentFiles(encoded []byte) (schema.Manifest, error) {
	var d struct {
		Files map[string]struct {
			Mode   schema.Mode `json:"mode"`
			Base64 string      `json:"base64"`
		} `json:"files"`
	}
	if err := json.Unmarshal(encoded, &d); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	var files []schema.DocumentFile
	var list []schema.File
	for path, f := range d.Files {
		data, err := base64.StdEncoding.DecodeString(f.Base64)
		if err != nil {
			return nil, fmt.Errorf("document, file %s: %w", path, err)
		}
		files = append(files, schema.DocumentFile{Path: path, Mode: f.Mode, Data: data})
		list = append(list, schema.File{Path: path, Mode: f.Mode, Digest: schema.DigestOf(data)})
	}
	slices.SortFunc(files, func(a, b schema.DocumentFile) int { return strings.Compare(a.Path, b.Path) })
	again, found := schema.NewDocument(files)
	if err := found.Err(); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	if string(again.Encode()) != string(encoded) {
		return nil, fmt.Errorf("document: its values are not those of its files")
	}
	return schema.NewManifest(list)
}

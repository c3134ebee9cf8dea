package policies

import (
	"crypto/sha256"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// reading keeps what was read of files while one gate is asked, so that each file is parsed once and not by every policy. It
// is a memory and no fact: a nil one reads anew, and the answers are the same.
type reading map[fileRead]*parsed

// fileRead is a file by what it is called and what it holds: a file that did not change is read once for both sides.
type fileRead struct {
	path    string
	content [sha256.Size]byte
}

type parsed struct {
	document schema.Document
	err      error
	value    any
	valued   bool // value is there
	leaves   map[string]schema.Leaf
	found    schema.Diagnostics
	flat     bool // leaves and found are there
}

func (r reading) file(path string, data []byte) *parsed {
	if r == nil {
		return parse(path, data)
	}
	key := fileRead{path, sha256.Sum256(data)}
	p, ok := r[key]
	if !ok {
		p = parse(path, data)
		r[key] = p
	}
	return p
}

func parse(path string, data []byte) *parsed {
	document, found := schema.NewDocument([]schema.DocumentFile{{Path: path, Mode: schema.Regular, Data: data}})
	return &parsed{document: document, err: found.Err()}
}

// decode reads a file into JSON's values, with the literal of every number. They are shared: nobody changes them.
func (r reading) decode(path string, data []byte) (any, error) {
	p := r.file(path, data)
	if p.err != nil {
		return nil, p.err
	}
	if !p.valued {
		p.value, p.valued = p.document.Value(path)
	}
	if !p.valued {
		return nil, fmt.Errorf("%s: is neither YAML nor JSON", path)
	}
	return p.value, nil
}

// flatten is [schema.Flatten].
func (r reading) flatten(path string, data []byte) (map[string]schema.Leaf, schema.Diagnostics) {
	p := r.file(path, data)
	if p.flat {
		return p.leaves, p.found
	}
	p.flat = true
	if p.err != nil { // the document refuses more than what cannot be parsed
		p.leaves, p.found = schema.Flatten(path, data)
		return p.leaves, p.found
	}
	p.leaves = p.document.Flatten(path)
	return p.leaves, nil
}

package main

import (
	"strconv"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// placeOfLeaf is where an answer about an app's files points to: the file and line that it names, else the app's directory; with the
// key, as a JSON Pointer, where it is about a value.
func placeOfLeaf(dir string, files map[string][]byte, leaf schema.Verdict) (at schema.Position, key string) {
	path := leaf.Args["path"]
	switch {
	case path == "":
		return schema.Position{File: dir}, ""
	case leaf.Policy == "schema", leaf.Policy == "tags":
		return placeOf(dir, path, files[path], leaf.Args["at"]), leaf.Args["at"]
	case leaf.Policy == "secrets":
		return lineOf(dir+"/"+path, leaf.Args["at"]), ""
	}
	return schema.Position{File: dir + "/" + path}, ""
}

// placeOf finds the line of a JSON Pointer in a file of an app: the value's, or that of the first value below it. A value that is
// missing is shown at what it would stand in.
func placeOf(dir, path string, data []byte, pointer string) schema.Position {
	leaves, _ := schema.Flatten(path, data)
	pointer = strings.TrimSuffix(pointer, "/")
	at := firstBelow(leaves, pointer)
	for at.Line == 0 && pointer != "" {
		pointer = pointer[:max(0, strings.LastIndexByte(pointer, '/'))]
		at = firstBelow(leaves, pointer)
	}
	at.File = dir + "/" + path
	return at
}

func firstBelow(leaves map[string]schema.Leaf, pointer string) (at schema.Position) {
	for key, leaf := range leaves {
		if key != pointer && !strings.HasPrefix(key, pointer+"/") {
			continue
		}
		if at.Line == 0 || leaf.Position.Line < at.Line || leaf.Position.Line == at.Line && leaf.Position.Column < at.Column {
			at.Line, at.Column = leaf.Position.Line, leaf.Position.Column
		}
	}
	return at
}

// lineOf reads the place that a verdict gives as LINE:COLUMN.
func lineOf(file, at string) schema.Position {
	out := schema.Position{File: file}
	line, column, _ := strings.Cut(at, ":")
	out.Line, _ = strconv.Atoi(line)
	out.Column, _ = strconv.Atoi(column)
	return out
}

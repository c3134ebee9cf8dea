package schema

import (
	"bytes"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// LintFile checks one file of an app, by its path relative to the app: its name, and for YAML and JSON that every parser
// reads the same in it (THREATS 70-75). What it finds makes the file undeliverable.
func LintFile(path string, data []byte) Diagnostics {
	found := checkFile(DocumentFile{Path: path, Mode: Regular, Data: data})
	_, ds := parseFile(path, data)
	return append(found, ds...)
}

// lfsPointer begins a file whose content is elsewhere.
var lfsPointer = []byte("version https://git-lfs.github.com/spec/v1\n")

func checkFile(f DocumentFile) Diagnostics {
	if why := badFilePath(f.Path); why != "" {
		return Diagnostics{FindingIn(f.Path, "name", args{"name": Printable(f.Path), "why": why})}
	}
	switch {
	case f.Mode != Regular && f.Mode != Executable:
		return Diagnostics{FindingIn(f.Path, "unsupported-entry", args{"path": f.Path, "detail": "mode " + string(f.Mode)})}
	case bytes.HasPrefix(f.Data, lfsPointer):
		return Diagnostics{FindingIn(f.Path, "unsupported-entry", args{"path": f.Path, "detail": "a pointer of Git LFS, not its content"})}
	}
	return nil
}

// badFilePath says why a path cannot be delivered; empty if it can.
func badFilePath(name string) string {
	switch {
	case name == "", len(name) > 1024:
		return "want 1 to 1024 bytes"
	case !utf8.ValidString(name):
		return "it is not UTF-8"
	case path.Clean(name) != name, strings.HasPrefix(name, "/"), name == "..", strings.HasPrefix(name, "../"), name == ".":
		return "it is not a clean path below the app"
	case strings.Contains(name, `\`):
		return "it has a backslash"
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "it has a character that cannot be seen"
	}
	for segment := range strings.SplitSeq(name, "/") {
		if len(segment) > 255 {
			return "a part of it is longer than 255 bytes"
		}
	}
	return ""
}

// FindingIn is a finding about a file as a whole, with the message of its code.
func FindingIn(file string, code Code, args map[string]string) Diagnostic {
	return Diagnostic{Position: Position{File: file}, Width: 1, Code: code, Message: code.Message(args)}
}

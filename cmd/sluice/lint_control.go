package main

import (
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// lintControl reads the schemas and lists of the checkout by themselves, whether a gate names them or not.
func lintControl(root fs.FS) (schema.Diagnostics, error) {
	control, err := controlFiles(root)
	if err != nil {
		return nil, err
	}
	var found schema.Diagnostics
	for _, file := range slices.Sorted(maps.Keys(control)) {
		if strings.HasPrefix(file, schema.SchemaDir+"/") {
			found = append(found, schema.AdviceOnKeywords(file, control[file])...)
		} else {
			found = append(found, schema.AdviceOnTwice(file, control[file])...)
		}
	}
	return found, nil
}

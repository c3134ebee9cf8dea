package schema

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// RetirementDir is where retirement records lie among the control files.
const RetirementDir = ".sluice/retired"

// Retirement is an app's retirement record, .sluice/retired/APP.yaml: without one in force an app does not leave the last stage.
type Retirement struct {
	Reason    string
	Owner     string        // who answers questions about it afterwards
	Retention time.Duration // how long its history has to be kept from its archiving on; 0 is the project's
}

// RetirementFile is where the record of an app lies.
func RetirementFile(app App) string { return RetirementDir + "/" + string(app) + ".yaml" }

// LoadRetirements reads every retirement record among control files, whose paths are from the top.
func LoadRetirements(files map[string][]byte) (map[App]Retirement, Diagnostics) {
	records, found := map[App]Retirement{}, Diagnostics(nil)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		name, ok := strings.CutPrefix(path, RetirementDir+"/")
		app, isRecord := strings.CutSuffix(name, ".yaml")
		if !ok || !isRecord {
			continue // .gitkeep, a README
		}
		record, more := LoadRetirement(path, files[path])
		found = append(found, more...)
		records[App(app)] = record
	}
	if len(found) > 0 {
		return nil, found
	}
	return records, nil
}

// LoadRetirement reads a retirement record. file is the name that diagnostics show; with diagnostics there is none.
func LoadRetirement(file string, data []byte) (Retirement, Diagnostics) {
	src := newSource(file, data)
	v := readYAML(src, data, yamlRules{})
	if v == nil {
		return Retirement{}, src.findings()
	}
	o, ok := src.object(v, retirementShape, "")
	if !ok {
		return Retirement{}, src.findings()
	}
	r := Retirement{Reason: o.text("reason"), Owner: o.text("owner"), Retention: o.duration("retention")}
	for _, name := range []string{"reason", "owner"} {
		if v, path := o.get(name); v != nil && v.kind == stringValue && strings.TrimSpace(v.text) == "" {
			src.badValue(v, path, "", "it is empty")
		}
	}
	if len(src.found) > 0 {
		return Retirement{}, src.findings()
	}
	return r, nil
}

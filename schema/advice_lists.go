package schema

import "strconv"

// AdviceOnTwice says which names stand in a list twice: who takes one of them out believes that it is gone.
func AdviceOnTwice(file string, data []byte) Diagnostics {
	src := newSource(file, data)
	v := readYAML(src, data, yamlRules{})
	if v == nil || v.kind != listValue || len(src.found) > 0 {
		return nil
	}
	first := map[string]span{}
	for _, item := range v.items {
		if item.kind != stringValue {
			continue
		}
		if at, ok := first[item.text]; ok {
			src.report(item.at, "listed-twice", "", args{"name": item.text, "line": strconv.Itoa(at.line)})
			continue
		}
		first[item.text] = item.at
	}
	return src.findings()
}

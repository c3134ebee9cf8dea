package schema

import (
	"maps"
	"slices"
	"strings"
)

// keywordHolds is where a keyword of JSON Schema has schemas in it.
type keywordHolds int

const (
	holdsData  keywordHolds = iota // none
	holdsOne                       // it is one, or a list of some
	holdsNamed                     // a map of some, by names that are no keywords
)

// schemaKeywords are those of all versions of JSON Schema. Nothing writes to it.
var schemaKeywords = func() map[string]keywordHolds {
	out := map[string]keywordHolds{}
	for holds, names := range map[keywordHolds]string{
		holdsData: "$schema $id id $ref $anchor $dynamicRef $dynamicAnchor $recursiveRef $recursiveAnchor $vocabulary $comment type enum const multipleOf " +
			"maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems maxContains minContains " +
			"maxProperties minProperties required dependentRequired format contentEncoding contentMediaType title description default deprecated " +
			"readOnly writeOnly examples",
		holdsOne: "allOf anyOf oneOf not if then else items prefixItems additionalItems unevaluatedItems contains additionalProperties " +
			"unevaluatedProperties propertyNames contentSchema",
		holdsNamed: "properties patternProperties dependentSchemas dependencies $defs definitions",
	} {
		for name := range strings.FieldsSeq(names) {
			out[name] = holds
		}
	}
	return out
}()

// AdviceOnKeywords says which words of a JSON Schema are none of its keywords: it passes over them, so one that is misspelt checks nothing.
// Annotations begin with x-.
func AdviceOnKeywords(file string, data []byte) Diagnostics {
	v, found := parseFile(file, data)
	if v == nil || len(found) > 0 {
		return nil
	}
	r := keywordReader{src: newSource(file, data), refs: map[string]bool{}}
	r.references(v)
	r.schema(v, "")
	return r.src.findings()
}

type keywordReader struct {
	src  *source
	refs map[string]bool // JSON Pointers in the file that references of it lead through
}

// references notes where references lead: what lies there is a schema, whatever it is called.
func (r keywordReader) references(v *value) {
	if ref, ok := v.field("$ref"); ok && ref.value.kind == stringValue {
		if pointer, ok := strings.CutPrefix(ref.value.text, "#/"); ok {
			for i := range pointer {
				if pointer[i] == '/' {
					r.refs["/"+pointer[:i]] = true
				}
			}
			r.refs["/"+pointer] = true
		}
	}
	for _, m := range v.fields {
		r.references(m.value)
	}
	for _, item := range v.items {
		r.references(item)
	}
}

func (r keywordReader) schema(v *value, pointer string) {
	for _, m := range v.fields {
		holds, known := schemaKeywords[m.key]
		at := pointer + "/" + escapePointer(m.key)
		switch {
		case !known && !strings.HasPrefix(m.key, "x-") && !r.refs[at]:
			r.src.report(m.at, "schema-keyword", didYouMean(m.key, slices.Sorted(maps.Keys(schemaKeywords))), args{"word": m.key})
		case holds == holdsOne:
			r.schema(m.value, at)
			for _, item := range m.value.items {
				r.schema(item, at)
			}
		case holds == holdsNamed:
			for _, named := range m.value.fields {
				r.schema(named.value, at+"/"+escapePointer(named.key))
			}
		}
	}
}

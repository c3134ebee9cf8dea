package schema

import (
	"slices"
	"strings"
)

// form is one way in which a field may be written, in the words of JSON Schema.
type form = map[string]any

// The forms that texts have. Regular expressions of JSON Schema look neither ahead nor back, so what may not be is written with not.
var (
	lineForm     = form{"type": "string", "pattern": `^[^\n\t]+$`}
	durationForm = form{"type": "string", "pattern": `^\+?(0|[0-9]{1,5}d|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`}
	lastingForm  = form{"type": "string", "pattern": durationForm["pattern"], "allOf": []any{form{"pattern": "[1-9]"}}}
	globForm     = form{"type": "string", "pattern": `^[^\n\t]+$`, "not": form{"anyOf": []any{form{"pattern": `(^|/)(\.\.?)?(/|$)`}, form{"pattern": choosing.String()}}}}
	readForm     = form{"allOf": []any{globForm}, "pattern": `\.(yaml|yml|json)$|[*?\]](l|ml|aml|yaml|yml|n|on|son|json)?$|\\[^/]*$`}
	segmentForm  = form{"type": "string", "pattern": `^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`, "not": form{"enum": words("head", "rel", "kv", "consumers")}}
	stageForm    = form{"type": "string", "pattern": segmentForm["pattern"], "not": form{"enum": words("head", "rel", "kv", "consumers", "draft", "archived")}}
	branchForm   = form{"type": "string", "minLength": 1, "not": form{"pattern": "[\\x00-\\x20\\x7f~^:?*\\[\\\\]|\\.\\.|@\\{|//|^[/-]|[/.]$|^(@|HEAD)$|^refs/|^sluice/|(^|/)\\.|\\.lock(/|$)"}}
	placeForm    = form{"type": "string", "minLength": 1, "not": form{"pattern": "[\\x00-\\x20\\x7f*?\\[\\\\]|(^|/)(\\.\\.?)?(/|$)|^(?i:\\.sluice|\\.git|sluice\\.yaml)(/|$)"}}
	schemaForm   = form{"allOf": []any{placeForm}, "pattern": `\.json$`}
	fieldForm    = form{"type": "string", "pattern": `^[^\n\t]+$`, "not": form{"anyOf": []any{form{"pattern": `^[^#]*(^|/)(\.\.?)?(/|#|$)`}, form{"pattern": `^[^#]+#(|[^\\]*\.\.[^\\]*|\..*|/.*|\$[.\[].*)$`}}}}
	exceptForm   = form{"type": "string", "pattern": `^[^\n\t]+$`, "not": form{"pattern": `^[^#]*(^|/)(\.\.?)?(/|#|$)|^[^#]*#$`}}
	keyForm      = form{"not": form{"pattern": `^$|^\.|(^|[^\\])\.\.|[^\\]\.$|^\\$|[^\\]\\$`}}
	settingForm  = form{"type": words("string", "number", "boolean")}
	labelForm    = form{"type": "string", "pattern": labelText.String()}
)

// jsonRefined narrows fields that FORMAT.md describes in words, by heading and field. Nothing writes to it.
var jsonRefined = map[string][]any{
	"sluice.yaml: branch":                        {branchForm},
	"sluice.yaml: apps.patterns":                 {listOf(globForm, 1)},
	"sluice.yaml: apps.about[].match":            {globForm},
	"sluice.yaml: apps.about[].owner":            {form{"type": "string", "pattern": ownerText.String()}},
	"sluice.yaml: apps.about[].labels":           {form{"type": "object", "propertyNames": form{"pattern": labelName.String()}, "additionalProperties": labelForm}},
	"sluice.yaml: stage_local":                   {form{"type": "array", "items": form{"allOf": []any{globForm}, "not": form{"pattern": `^(\*\*/)*(\*\*?|\?\*)$`}}, "uniqueItems": true, "maxItems": maxPatterns}},
	"sluice.yaml: stages":                        {form{"const": "default"}},
	"sluice.yaml: stages[].name":                 {stageForm},
	"sluice.yaml: stages[].place":                {placeForm},
	"sluice.yaml: stages[].branch":               {branchForm},
	"sluice.yaml: stages[].after":                {stageForm, form{"type": "array", "items": stageForm, "uniqueItems": true}},
	"sluice.yaml: stages[].targets":              {form{"type": "array", "items": segmentForm, "uniqueItems": true}},
	"sluice.yaml: stages[].gray.steps[].percent": {form{"type": "number", "minimum": 0, "maximum": 99.99}},
	"sluice.yaml: stages[].gray.steps[].for":     {durationForm},
	"sluice.yaml: stages[].gates.rollback":       {form{"allOf": []any{ref("policies")}, "items": form{"not": form{"anyOf": oneOf("soak", "health", "breaker")}}}},
	"sluice.yaml: rollback_window":               {lastingForm},
	"sluice.yaml: retention":                     {lastingForm},

	"Policies: approvals":         {form{"type": "integer", "minimum": 0, "maximum": maxApprovals}},
	"Policies: approvals.roles":   {listOf(form{"enum": words("approver", "release", "admin", "root")}, 1)},
	"Policies: approvals.paths":   {listOf(globForm, 1)},
	"Policies: approvals.owners":  {form{"type": "array", "items": segmentForm, "minItems": 1, "uniqueItems": true}},
	"Policies: secrets.allow":     {listOf(exceptForm, 0)},
	"Policies: soak":              {durationForm},
	"Policies: soak.for":          {durationForm},
	"Policies: soak.in":           {stageForm},
	"Policies: health.for":        {durationForm},
	"Policies: health.in":         {stageForm},
	"Policies: duties.merger":     {listOf(form{"enum": words("author", "approver")}, 0)},
	"Policies: duties.exclusive":  {listOf(form{"type": "array", "items": form{"enum": words("approver", "release", "admin", "root", "author")}, "minItems": 2, "uniqueItems": true}, 1)},
	"Policies: freeze.override":   {confirmForm()},
	"Policies: window.override":   {confirmForm()},
	"Policies: guardrails":        {listOf(form{"enum": words(GuardrailNames...)}, 1)},
	"Policies: pipeline":          {listOf(lineForm, 1)},
	"Policies: limits.bytes":      {form{"type": "integer", "minimum": 1, "maximum": mostBytes}},
	"Policies: limits.file":       {form{"type": "integer", "minimum": 1, "maximum": mostBytes}},
	"Policies: limits.line":       {form{"type": "integer", "minimum": 1, "maximum": mostBytes}},
	"Policies: schema":            {schemaForm, form{"type": "object", "minProperties": 1, "propertyNames": readForm, "additionalProperties": schemaForm}},
	"Policies: breaker.fields":    {listOf(fieldForm, 1)},
	"Policies: breaker.durations": {listOf(fieldForm, 1)},
	"Policies: breaker.sets":      {listOf(fieldForm, 1)},
	"Policies: breaker.confirm":   {confirmForm()},
	"Policies: breaker.window":    {lastingForm},
	"Policies: breaker.restore":   {lastingForm},
	"Policies: critical.fields":   {listOf(fieldForm, 1)},
	"Policies: critical.confirm":  {confirmForm()},
	"Policies: expression":        {lineForm},
	"Policies: tags":              {form{"type": "object", "minProperties": 1, "propertyNames": readForm, "additionalProperties": tagsForm()}},
	"Policies: whitelist":         {segmentForm},
	"Policies: all":               {ref("parts")},
	"Policies: any":               {ref("parts")},
	"Policies: at_least.n":        {form{"type": "integer", "minimum": 1, "maximum": largestGate}},
	"Policies: at_least.of":       {ref("parts")},
	"Policies: when.apps":         {listOf(globForm, 1)},
	"Policies: when.files":        {listOf(globForm, 1)},
	"Policies: when.kinds":        {listOf(form{"enum": words("edit", "promote", "rollback", "tune", "retire")}, 1)},
	"Policies: when.then":         {ref("parts")},
}

// jsonDemands are what a map asks for beside its fields. Nothing writes to it.
var jsonDemands = map[string]form{
	"sluice.yaml: apps":         {"not": form{"required": words("depth", "patterns")}, "anyOf": oneOf("depth", "patterns", "about")},
	"sluice.yaml: apps.about[]": {"anyOf": oneOf("owner", "labels")},
	"Policies: approvals":       {"anyOf": oneOf("observed", "signed")},
	"Policies: freeze":          {"anyOf": oneOf("weekly", "dates")},
	"Policies: window":          {"anyOf": oneOf("weekly", "dates")},
	"Policies: when":            {"anyOf": oneOf("apps", "files", "kinds")},
}

// jsonLeast are the lists of maps that may not be empty. Nothing writes to it.
var jsonLeast = []string{"sluice.yaml: stages", "sluice.yaml: stages[].gray.steps", "tests/NAME.yaml: cases"}

func words(texts ...string) []any {
	out := make([]any, len(texts))
	for i, text := range texts {
		out[i] = text
	}
	return out
}

func listOf(item form, least int) form {
	return form{"type": "array", "items": item, "minItems": least}
}

func oneOf(names ...string) []any {
	var out []any
	for _, name := range names {
		out = append(out, form{"required": words(name)})
	}
	return out
}

// confirmForm are approvals of somebody, whose policy says itself about what.
func confirmForm() form {
	return form{"allOf": []any{ref("approvals")}, "not": form{"anyOf": []any{form{"const": 0}, form{"type": "object", "required": words("paths")}}}}
}

// tagsForm are the rules of one pattern: words of a list, some of which want a value.
func tagsForm() form {
	var bare, valued, numbers []string
	for word, want := range tagWords {
		switch want {
		case "list": // below, by its name
		case "":
			bare = append(bare, word)
		case "number":
			numbers = append(numbers, word)
		default:
			valued = append(valued, word)
		}
	}
	rule := "((" + alternatives(bare) + ")|(" + alternatives(valued) + ")= *[^, ][^,]*|" + TagWhitelist + "=[a-z0-9][-a-z0-9]*|(" + alternatives(numbers) + `)=-?[0-9][-+.eE0-9]*)`
	return form{"type": "object", "minProperties": 1, "propertyNames": keyForm, "additionalProperties": form{"type": "string", "pattern": "^" + rule + "(," + rule + ")*$"}}
}

func alternatives(list []string) string {
	slices.Sort(list)
	return strings.Join(list, "|")
}

package schema

// Code is a stable kebab-case name for an answer or an error. One registry serves verdicts, errors, explain and pages (RULES R33).
type Code string

// Package schema holds the nouns of sluice and the formats of its files.
//
// Every other package speaks in these types: an app's configuration in a stage is a [Cell], its promoted files are
// named by a [Revision], everything in it by a [Content], and what a policy answers is a [Verdict]. The package is
// pure: it parses bytes it is given and reads nothing itself. FORMAT.md beside it documents every field.
package schema

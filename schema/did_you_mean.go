package schema

// DidYouMean is the hint `did you mean "…"?` for a word that is close to a known one; empty if none is.
func DidYouMean(word string, known []string) string { return didYouMean(word, known) }

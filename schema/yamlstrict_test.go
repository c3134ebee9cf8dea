package schema

import "testing"

// TestWhatDoesNotBeginAsANumberIsNone puts together all short texts that numbers are made of: the expressions are asked about those alone
// that begin as one.
func TestWhatDoesNotBeginAsANumberIsNone(t *testing.T) {
	numbers := 0
	var try func(text string)
	try = func(text string) {
		if jsonNumber.MatchString(text) || otherNumber.MatchString(text) {
			numbers++
			if !beginsAsNumber(text) {
				t.Errorf("%q is a number", text)
			}
		}
		if len(text) == 4 {
			return
		}
		for _, c := range "-+.019_xobaFeEinIN" {
			try(text + string(c))
		}
	}
	try("")
	if numbers == 0 {
		t.Error("no number was tried")
	}
}

package status

import (
	"strings"
	"testing"
)

// TestANameIsHiddenHoweverItIsWritten: whatever cannot be in a name ends one, so no sign that people put around a name lets it through.
func TestANameIsHiddenHoweverItIsWritten(t *testing.T) {
	hidden := words{}
	hidden.add("secretapp")
	hidden.add("pay/vault")
	for _, name := range []string{"secretapp", "SecretApp", "pay/vault"} {
		for _, around := range []string{"%", "“%”", "‘%’", "«%»", "%#db.password", "%!", "_%_", "*%*", "**%**", "~%~", "%?", "%…", "%–or", "%—or", "%\u00a0is", "%&b", `a\%`, "%.yaml", "%.", "a.%", "${%}", "^%^", "%%20", "%+b", "/%/app.yaml", "config/%",
			"--%", "%-", "- %", "%’s", "%\u200b", "\u200e%", "日本%語", "é%é"} {
			text := "same leak as " + strings.Replace(around, "%", name, 1) + " again"
			if got := hidden.text(text); got != notShown {
				t.Errorf("%q is shown as %q", text, got)
			}
		}
	}
	for _, text := range []string{"secretapps", "secretapp-two", "my-secretapp", "pay", "vault", "pay/vaults", "pay vault"} {
		if got := hidden.text(text); got != text {
			t.Errorf("%q names nothing that is hidden, and is shown as %q", text, got)
		}
	}
}

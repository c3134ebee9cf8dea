package diff_test

import (
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/diff"
)

// TestMaskHidesKeysThatAreSecrets: who writes a token as a key has written it in the clear as well.
func TestMaskHidesKeysThatAreSecrets(t *testing.T) {
	token := "ghp_" + strings.Repeat("aB3dE5gH", 4) + "jK7m"
	for _, key := range []string{token, "https://app:" + token + "@db.example.com/x", "with.dots." + token} {
		edits, _ := diff.Keys(map[string][]byte{"a.yaml": []byte("users: {}\n")}, map[string][]byte{"a.yaml": []byte("users: {'" + key + "': {max: 1}}\n")})
		for _, e := range diff.Mask(edits) {
			if strings.Contains(e.Key+e.Pointer+e.From+e.To, token) {
				t.Errorf("%s is shown: %+v", key, e)
			}
		}
		if last := diff.Mask(edits)[len(edits)-1]; !strings.Contains(last.Key, diff.Hidden) || !strings.HasSuffix(last.Key, ".max") || !strings.HasSuffix(last.Pointer, "/max") {
			t.Errorf("%s: nothing says that there is a key: %+v", key, last)
		}
	}
	plain := diff.Edit{Op: "add", File: "a.yaml", Key: "limits.max", Pointer: "/limits/max", To: "1"}
	if got := diff.Mask([]diff.Edit{plain})[0]; got != plain {
		t.Errorf("a plain key: %+v", got)
	}
}

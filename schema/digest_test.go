package schema

import "testing"

func TestShortForms(t *testing.T) {
	digest := string(DigestOf([]byte("a")))
	for in, want := range map[string]string{
		digest: "r:ca978112", "none": "none", "": "none", "sha256:12": "r:invalid",
		"invalid:46cd9d7e65b2c5bc99c6b876f4367c33e78e1519": "r:invalid",
	} {
		if got := Revision(in).String(); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}

package signing

import "github.com/sluice-gitops/sluice/schema"

// Fingerprint names a key by what it is, as the verdicts on its signatures do; empty for one that cannot be read.
func Fingerprint(key schema.Key) string { return fingerprint(key) }

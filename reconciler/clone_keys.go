package reconciler

import "crypto/ed25519"

// HeadKeys are the log keys in force by the names that heads give to them.
func (c *Clone) HeadKeys() map[string]ed25519.PublicKey { return logKeys(c.Trust) }

// Package signing says who signed a commit or a statement, and makes the signatures of sluice's own keys.
//
// Git's own verdict on a commit is not a policy: it follows the clock of whoever committed, accepts weak algorithms and
// two signatures, and warns where it should refuse. So sluice reads the raw bytes itself, with one strict grammar, and
// judges a signature against the people of the trust directory. The answer is a [schema.CommitVerdict], a pure function
// of the bytes, the trust and the [Acceptance], so that an audit gets it again years later.
//
// A [Keyring] is built once per version of the trust; it is immutable and may be used from many goroutines:
//
//	ring, problems := signing.NewKeyring(trust)
//	verdict := ring.Commit(id, raw, signing.Acceptance{At: now})
//	if !verdict.OK() { … verdict.Code, verdict.Detail … }
//
// A new version of the trust directory is judged by [CheckUpdate], all versions from the anchor on by [CheckChain]; what
// people sign beside commits, by [CheckRequest] and [CheckApproval].
//
// Nothing that comes from the repository is trusted here: not the object's name, not the dates, not the names of people.
// The keyring answers who signed; whether that person may is the policies' question.
package signing

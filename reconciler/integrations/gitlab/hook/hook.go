// Package hook receives GitLab's webhooks. They are hints: the only thing that one can do is to let its project be looked at
// soon, by the pass that would have come anyway. Nothing in a payload is believed, no address in it is ever asked, and what
// gets lost costs an interval.
//
// Whether a request is GitLab's is decided by [Keys.Verify], of values alone; [Receiver] is the HTTP around it.
package hook

// Outcome says what became of a request. There are no others than [Outcomes], so it can label a metric.
type Outcome string

// What becomes of a request that is GitLab's.
const (
	Accepted  Outcome = "accepted"  // the project is looked at soon
	Duplicate Outcome = "duplicate" // it was accepted before
	Ignored   Outcome = "ignored"   // of a kind, or about a ref, that changes nothing here
)

// Why a request is refused.
const (
	Busy         Outcome = "busy" // too many are being read
	BadMethod    Outcome = "bad-method"
	BadType      Outcome = "bad-content-type"
	TooLarge     Outcome = "too-large"
	Unsigned     Outcome = "unsigned" // neither a signature nor a token that could be checked
	BadSignature Outcome = "bad-signature"
	Stale        Outcome = "stale" // signed more than five minutes away from now
	BadToken     Outcome = "bad-token"
	NoKeys       Outcome = "no-keys" // the secret's file cannot be read now
	BadInstance  Outcome = "bad-instance"
	Malformed    Outcome = "malformed"
	BadProject   Outcome = "bad-project" // none that is watched; answered as delivered, for GitLab's whole group may share a hook
)

// meaning is how an outcome is answered, and what the operator can do about it; nothing, where there is nothing to do.
type meaning struct {
	status int
	fix    string
}

// meanings are those of all outcomes.
var meanings = map[Outcome]meaning{
	Accepted: {202, ""}, Duplicate: {200, ""}, Ignored: {200, ""},
	Busy:         {503, "nothing: the next poll finds what changed"},
	BadMethod:    {405, "look who asks: GitLab sends POST"},
	BadType:      {415, "look who asks: GitLab sends application/json"},
	TooLarge:     {413, "nothing: the next poll finds what changed"},
	Unsigned:     {401, "give the webhook in GitLab the signing token or the secret token that webhook: names"},
	BadSignature: {401, "compare the webhook's signing token in GitLab with signing_key_files"},
	Stale:        {401, "compare the clocks; if they are right, somebody sends an old request again"},
	BadToken:     {401, "compare the webhook's secret token in GitLab with secret_file"},
	NoKeys:       {503, "make the files readable that webhook: names"},
	BadInstance:  {403, "correct instances: or take it out"},
	Malformed:    {400, "look who asks: GitLab sends an object with its project"},
	// GitLab sends no more to a hook that is answered 4xx a few times, and a group's hook tells of all its projects.
	BadProject: {200, "take the webhook out of that project, or add the project to the operator's file; a group's webhook tells of all its projects, and nothing is wrong with that"},
}

// Outcomes are all of them, for whoever counts.
func Outcomes() []Outcome {
	out := make([]Outcome, 0, len(meanings))
	for o := range meanings {
		out = append(out, o)
	}
	return out
}

// refused says whether nothing came of a request that the operator may want to know of.
func (o Outcome) refused() bool { return meanings[o].fix != "" }

package gitrepo

// AwaitAhead waits until the way to the remote for the next push is open.
func (r *Repo) AwaitAhead() {
	if ready := r.ahead.ready; ready != nil {
		ready <- <-ready
	}
}

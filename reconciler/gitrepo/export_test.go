package gitrepo

// AwaitAhead waits until the way to the remote for the next push is open; false if nobody opens one.
func (r *Repo) AwaitAhead() bool {
	r.ahead.mu.Lock()
	ready := r.ahead.ready
	r.ahead.mu.Unlock()
	if ready == nil {
		return false
	}
	o := <-ready
	ready <- o
	return o.err == nil
}

// SendsThin reports whether differences are pushed.
func (r *Repo) SendsThin() bool { return !r.noThin.Load() }

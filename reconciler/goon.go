package reconciler

import "maps"

// GoOnFrom takes over what is counted since the process started from the reconciler that worked in this one's place before. That
// one has ended, and this one has not begun.
func (r *Reconciler) GoOnFrom(before *Reconciler) {
	before.spans.mu.Lock()
	took := maps.Clone(before.spans.took)
	before.spans.mu.Unlock()
	r.spans.mu.Lock()
	defer r.spans.mu.Unlock()
	r.spans.took = took
	r.pulse.Passes, r.pulse.Failed = before.pulse.Passes, before.pulse.Failed
}

package gitrepo

import "github.com/sluice-gitops/sluice/schema"

// Beside returns the same repository with objects that lie elsewhere: more is asked for what the repository does not have.
// What it answers is hashed like everything that is read.
func (r *Repo) Beside(more func(schema.Hash) (schema.ObjectKind, []byte, bool)) *Repo {
	next := *r
	next.more = more
	return &next
}

// elsewhere looks for an object that the repository does not have; missing is what it says then.
func (r *Repo) elsewhere(id schema.Hash, missing error) (schema.ObjectKind, []byte, error) {
	if r.more == nil {
		return "", nil, missing
	}
	kind, data, ok := r.more(id)
	if !ok {
		return "", nil, missing
	}
	if err := verify(id, kind, data); err != nil {
		return "", nil, err
	}
	return kind, data, nil
}

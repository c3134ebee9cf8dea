package status

import (
	"context"

	"github.com/sluice-gitops/sluice/schema"
)

// Content reads the files below a path of the repository at a commit, by their names there; none where there is no such path.
type Content func(ctx context.Context, commit schema.Hash, path string) (map[string][]byte, error)

package gitrepo_test

import (
	"context"
	"fmt"
	"os"

	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo/gitrepotest"
	"github.com/sluice-gitops/sluice/schema"
)

func Example() {
	ctx := context.Background()
	origin, _ := os.MkdirTemp("", "origin")
	dir, _ := os.MkdirTemp("", "mirror")
	defer os.RemoveAll(origin)
	defer os.RemoveAll(dir)
	if _, err := gitrepotest.Large(origin, 2, 2); err != nil {
		fmt.Println(err)
		return
	}

	repo, err := gitrepo.Open(ctx, dir, gitrepo.Remote{URL: origin})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer repo.Close()
	seen, err := repo.Fetch(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	tip, err := repo.Commit(ctx, seen.Refs[seen.Head])
	if err != nil {
		fmt.Println(err)
		return
	}
	err = repo.DiffDirs(ctx, schema.Hash{}, tip.Tree, 3, func(c gitrepo.Change) error {
		files, problems, err := repo.Files(ctx, c.New.ID)
		fmt.Println(c.Path, len(files), len(problems))
		return err
	})
	fmt.Println(err)
	// Output:
	// stages/development/app-00000 1 0
	// stages/development/app-00001 1 0
	// stages/testing/app-00000 1 0
	// stages/testing/app-00001 1 0
	// <nil>
}

package main

import (
	"errors"
	"io/fs"

	"github.com/sluice-gitops/sluice/reconciler/agent"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// readerError says what to do about what kept an agent from handing a release on: each cause has its own way out.
func readerError(err error) error {
	refused := errors.Is(err, provider.ErrRejected)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, provider.ErrUnavailable) && errors.Is(err, fs.ErrPermission):
		return &failure{code: exitForbidden, err: err, hint: "the source does not let this user read the place of the app"}
	case errors.Is(err, provider.ErrUnavailable) && errors.Is(err, integrations.ErrUnavailable):
		return &failure{code: exitUnavailable, err: err, hint: "bring it back and run the agent again; with --cache it starts with the last that it knew"}
	case errors.Is(err, agent.ErrDirectory) && errors.Is(err, provider.ErrBackwards):
		return &failure{code: exitTampered, err: err, hint: "the source has an old copy, which no rollback is: find out who put it there. What is in the directory stays"}
	case errors.Is(err, agent.ErrDirectory) && refused:
		return &failure{code: exitNo, err: err, hint: "mend the directory; what was there before is still there"}
	case errors.Is(err, agent.ErrDirectory):
		return &failure{code: exitUsage, err: err, hint: "give --out a directory of its own for each app and stage, which this user can write to"}
	case errors.Is(err, agent.ErrEnvironment) && refused:
		return &failure{code: exitNo, err: err, hint: "--env names files of the app that have keys; --env-prefix keeps names apart"}
	case errors.Is(err, agent.ErrReload):
		return &failure{code: exitNo, err: err, hint: "the files are switched, and programs were not told: mend the command and run the agent again, it is owed"}
	}
	return err
}

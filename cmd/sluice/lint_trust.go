package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

func lintRetirements(root fs.FS) schema.Diagnostics {
	below, err := readTree(root, schema.RetirementDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return schema.Diagnostics{{Position: schema.Position{File: schema.RetirementDir}, Code: "unreadable", Message: err.Error()}}
	}
	files := map[string][]byte{}
	for path, data := range below {
		files[schema.RetirementDir+"/"+path] = data
	}
	_, found := schema.LoadRetirements(files)
	return found
}

// lintSealed reports whether the clone knows a ledger, of which a trust directory is a part from its first entry on.
func (a *app) lintSealed(ctx context.Context) bool {
	for _, at := range []string{"refs/remotes/origin/", "refs/heads/"} {
		if _, err := a.git(ctx, "rev-parse", "--verify", "--quiet", at+schema.DefaultLedgerBranch); err == nil {
			return true
		}
	}
	return false
}

// noteUnsealed says of a project that enforces its gates that nothing is enforced yet: who reads "no findings" may think that it is.
func (a *app) noteUnsealed(ctx context.Context, root fs.FS, project schema.Project, sealed bool) {
	enforces := slices.ContainsFunc(project.Stages, func(s schema.Stage) bool { return !s.Mode.Weak() })
	if _, err := fs.Stat(root, schema.TrustDir); errors.Is(err, fs.ErrNotExist) && enforces && !sealed {
		fmt.Fprintf(a.errs, "sluice: there is no %s here: nobody's signature counts and nothing is sealed; sluice init writes it, sluice init --seal begins\n", schema.TrustDir)
		return
	}
	if _, err := a.git(ctx, "rev-parse", "--git-dir"); err == nil && enforces && !sealed {
		fmt.Fprintf(a.errs, "sluice: this clone has no branch %s: nothing is sealed yet (sluice init --seal), or it was not fetched\n", schema.DefaultLedgerBranch)
	}
}

// lintTrust reads the trust directory. Without one the project is not begun, or the checkout is of a stage's branch, unless it is asked for.
func lintTrust(root fs.FS, asked bool) schema.Diagnostics {
	const dir = schema.TrustDir
	files, err := readTree(root, dir)
	if errors.Is(err, fs.ErrNotExist) && asked {
		return schema.Diagnostics{schema.FindingIn(dir+"/"+schema.RootFile, "trust-file-missing", map[string]string{"path": schema.RootFile})}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return schema.Diagnostics{{Position: schema.Position{File: dir}, Code: "trust-unreadable", Message: err.Error()}}
	}
	trust, found := schema.LoadTrust(files)
	for i := range found {
		if !strings.HasPrefix(found[i].Position.File, dir) {
			found[i].Position.File = dir + "/" + found[i].Position.File
		}
	}
	if len(found) > 0 {
		return found
	}
	_, problems := signing.NewKeyring(trust)
	for _, problem := range problems {
		found = append(found, keyFinding(dir, problem))
	}
	return found
}

func keyFinding(dir string, problem error) schema.Diagnostic {
	d := schema.Diagnostic{Position: schema.Position{File: dir}, Code: "trust-unreadable", Message: problem.Error()}
	var bad *signing.KeyError
	if errors.As(problem, &bad) {
		d.Position.File, d.Code, d.Message = dir+"/"+bad.Path, bad.Code, bad.Problem
	}
	return d
}

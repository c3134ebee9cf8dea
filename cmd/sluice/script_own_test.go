package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest"
)

// ownKey is where a script's own project is kept, for those that change more than scripts can share.
type ownKey struct{}

// ownProject makes a project of the script's own, with a forge, and an etcd or a directory as its target: own SLUICE.YAML [DIRECTORY].
// OWN is its directory, with the clones of its people; OPERATOR is the reconciler's file, and log_keys has what programs believe.
func ownProject(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: own SLUICE.YAML [DIRECTORY]")
	}
	target := ""
	if len(args) == 2 {
		target = fmt.Sprintf("directory: {kind: file, directory: %s}", ts.MkAbs(args[1]))
	} else {
		etcdScript(ts, false, nil)
		target = fmt.Sprintf("etcd: {kind: etcd, endpoints: [%q]}", ts.Getenv("ETCD"))
	}
	program, err := exec.LookPath("sluice") // testscript.Main put it there
	ts.Check(err)
	made, err := newProject(context.Background(), ts.MkAbs("own"), program, ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Defer(func() { ts.Check(made.forge.Close()) })
	*ts.Value(ownKey{}).(*project) = *made
	operator, err := made.operatorFile("state", target)
	ts.Check(err)
	for _, name := range []string{"ann", "bob", "carol"} {
		ts.Check(made.team.Person(name).Fetch(context.Background()))
	}
	ts.Setenv("OWN", made.dir)
	ts.Setenv("OPERATOR", operator)
	ts.Setenv("SLUICE_ANCHOR", string(made.team.Anchor()))
	ts.Setenv("PROJECT", made.team.Root().Project)
	ts.Check(os.WriteFile(ts.MkAbs("log_keys"), []byte(strings.Join(made.team.Root().LogKeys, "\n")), 0o644))
}

// forgeScript does at the own project's forge what people do there: forge approve NUMBER NAME…, forge merge NUMBER NAME.
func forgeScript(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: forge approve|merge NUMBER NAME…")
	}
	own := ts.Value(ownKey{}).(*project)
	iid, err := strconv.Atoi(args[1])
	ts.Check(err)
	for _, name := range args[2:] {
		if args[0] == "approve" {
			ts.Check(own.team.Person(name).Approve(iid))
		} else {
			ts.Check(own.team.Person(name).Merge(iid, gitlabtest.MergeOptions{RemoveSource: true}))
		}
	}
}

// comes has the reconciler pass until the app's status in this clone is as wanted: comes REGEXP. It waits for nothing but work:
// programs that report, and steps that stand for their time.
func comes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: comes REGEXP")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for deadline := time.Now().Add(2 * time.Minute); ; {
		_ = ts.Exec("sluice", "run", "--once", "--config", ts.Getenv("OPERATOR"))
		passed := ts.ReadFile("stdout") + ts.ReadFile("stderr")
		ts.Check(ts.Exec("git", "fetch", "-q", "origin"))
		_ = ts.Exec("sluice", "status", "payments")
		if got := ts.ReadFile("stdout"); want.MatchString(got) {
			return
		} else if time.Now().After(deadline) {
			ts.Fatalf("two minutes long the status does not come to %s:\n%s\nthe last pass said:\n%s", args[0], got, passed)
		}
	}
}

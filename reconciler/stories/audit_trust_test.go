package stories_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// TestTheAuditJudgesByTheTrustOfTheTime appends new versions of the trust: what was let in before stays right, whoever left
// since; what rests on a key that was stolen by then is named.
func TestTheAuditJudgesByTheTrustOfTheTime(t *testing.T) {
	th := plundered(t)
	honest := th.rewrite(func(*ledger.Entry, func([]byte) schema.Digest) {})
	for _, r := range []struct {
		sentence string
		change   func(*schema.Trust)
		unsigned bool
		want     []string
	}{
		{sentence: "an approver loses every role after the admission", change: func(next *schema.Trust) { person(next, "bob").Roles = nil }},
		{sentence: "an author's key is retired after the admission", change: func(next *schema.Trust) { revoke(th, next, "eve", "retired", 0) }},
		{"a key was stolen before it signed: what it let in, and what that brought further on", func(next *schema.Trust) { revoke(th, next, "eve", "compromised", 2) }, false, []string{"tainted#3", "tainted#5", "tainted#7"}},
		{"a key was stolen after all that", func(next *schema.Trust) { revoke(th, next, "eve", "compromised", 8) }, false, nil},
		{"a version that its roots did not sign", func(next *schema.Trust) { person(next, "bob").Roles = nil }, true, []string{"trust-threshold#10"}},
		{"a version skipped", func(next *schema.Trust) { next.Root.Version = 3 }, false, []string{"trust-sequence#10"}},
	} {
		t.Run(r.sentence, func(t *testing.T) {
			report := th.audit(th.control(honest, r.change, !r.unsigned))
			if got := codes(report); !slices.Equal(got, r.want) {
				t.Errorf("findings %v, want %v:\n%v", got, r.want, report.Findings)
			}
			tainted := len(r.want) > 0 && strings.HasPrefix(r.want[0], "tainted")
			if report.Proven() != (r.want == nil || tainted) || report.Doubtful() != tainted {
				t.Errorf("proven %t and doubtful %t, want %t and %t", report.Proven(), report.Doubtful(), r.want == nil || tainted, tainted)
			}
		})
	}
}

func person(t *schema.Trust, id string) *schema.Principal {
	return &t.Principals[slices.IndexFunc(t.Principals, func(p schema.Principal) bool { return p.ID == id })]
}

func revoke(th *thief, t *schema.Trust, who, reason string, after int64) {
	i := slices.IndexFunc(t.Keys, func(k schema.Key) bool { return k.Principal == who })
	t.Keys[i].Revoked = &schema.Revocation{Reason: reason, At: th.clock.Now().UTC(), DistrustAfterEntry: after}
}

// control appends the next version of the trust directory, committed and, if asked, signed by the root.
func (th *thief) control(l *ledger.Ledger, change func(*schema.Trust), signed bool) *ledger.Ledger {
	th.t.Helper()
	clone, err := reconciler.OpenClone(th.ctx, th.reads, l.Tip(), th.team.Anchor())
	th.must(err)
	next := clone.Trust
	next.Root.Version, next.Root.Prev = 2, clone.Trust.RootDigest
	next.Principals, next.Keys = slices.Clone(next.Principals), slices.Clone(next.Keys)
	change(&next)
	files := next.Files()
	if signed {
		signature, err := signing.SignRoot(th.signer("ann"), files[schema.RootFile])
		th.must(err)
		files[schema.SignatureFile("ann", schema.SSHKey)] = signature
	}
	commit := th.commitTrust(files)
	info, err := th.repo.Commit(th.ctx, commit)
	th.must(err)
	manifest, contents, err := reconciler.ControlFiles(th.ctx, th.repo, info.Tree)
	th.must(err)
	e := ledger.Entry{Kind: ledger.Control, At: l.Head().At, Seal: &ledger.Seal{Trust: next.Root.Version, Commit: commit, Control: schema.DigestOf(manifest.Encode())}}
	extra := [][]byte{manifest.Encode()}
	for _, data := range contents {
		extra = append(extra, data)
		e.Evidence = append(e.Evidence, schema.DigestOf(data))
	}
	return th.append(l, []ledger.Entry{e}, extra)
}

// commitTrust commits the files of a trust directory on top of main, with no ref to it.
func (th *thief) commitTrust(files map[string][]byte) schema.Hash {
	th.t.Helper()
	dir := filepath.Join(th.dir, "audit.git")
	index := filepath.Join(th.t.TempDir(), "index")
	git := func(stdin []byte, args ...string) string {
		cmd := exec.CommandContext(th.ctx, "git", append([]string{"-C", dir}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_INDEX_FILE="+index, "GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@example.com", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@example.com")
		cmd.Stdin = bytes.NewReader(stdin)
		out, err := cmd.Output()
		if err != nil {
			th.t.Fatalf("git %s: %v", strings.Join(args, " "), err)
		}
		return strings.TrimSpace(string(out))
	}
	git(nil, "read-tree", "refs/heads/main")
	for path, data := range files {
		blob := git(data, "hash-object", "-w", "--stdin")
		git(nil, "update-index", "--add", "--cacheinfo", fmt.Sprintf("100644,%s,%s/%s", blob, schema.TrustDir, path))
	}
	id, err := schema.ParseHash(git(nil, "commit-tree", "-p", "refs/heads/main", "-m", "trust", git(nil, "write-tree")))
	th.must(err)
	return id
}

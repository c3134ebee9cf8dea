package gitlab

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// projectSettings is what we read of a project. The whole answer is not kept: to a maintainer it tells the token that runners
// register with.
type projectSettings struct {
	ID            int64  `json:"id"`
	Path          string `json:"path_with_namespace"`
	Archived      bool   `json:"archived"`
	DefaultBranch string `json:"default_branch"`
	MergeMethod   string `json:"merge_method"`
	SquashOption  string `json:"squash_option"`
	MustSucceed   *bool  `json:"only_allow_merge_if_pipeline_succeeds"`
	SkippedIsGood *bool  `json:"allow_merge_on_skipped_pipeline"` // null: not set
}

// settings are the rails that the project itself tells.
func (l *guardLook) settings(context.Context, []schema.GuardedRef) error {
	p := l.project
	l.add(p.place(l.c.cfg.Project), p.method(), p.pipeline())
	return nil
}

// place compares the project with what the operator calls it.
func (p projectSettings) place(asked string) schema.GuardRail {
	number, err := strconv.ParseInt(asked, 10, 64)
	switch {
	case p.Archived:
		return rail(schema.RailArchived, "", schema.GuardFail, "project-archived", "%s is archived", p.Path)
	case err == nil && number == p.ID:
		return rail(schema.RailArchived, "", schema.GuardOK, "", "project %d, %s", p.ID, p.Path)
	case !strings.EqualFold(asked, p.Path):
		return rail(schema.RailArchived, "", schema.GuardWarn, "project-renamed", "%s", p.Path)
	}
	return rail(schema.RailArchived, "", schema.GuardOK, "", "%s, project %d; the number outlives a rename", p.Path, p.ID)
}

// method says what becomes of people's signatures. A merge button or a squash makes a commit that nobody signed; sluice looks
// through it at what people signed, so only what always squashes warns.
func (p projectSettings) method() schema.GuardRail {
	names := map[string]string{"merge": "merge commit", "rebase_merge": "semi-linear merge commit", "ff": "fast-forward"}
	squashes := map[string]string{"never": "no squashing", "default_off": "squashing where chosen", "default_on": "squashing unless chosen otherwise", "always": "always squashed"}
	method, squash := names[p.MergeMethod], squashes[p.SquashOption]
	switch {
	case method == "" || squash == "":
		return rail(schema.RailMergeMethod, "", schema.GuardUnknown, "guardrail-unread", "merge method %q, squash option %q", p.MergeMethod, p.SquashOption)
	case p.SquashOption == "always" || p.SquashOption == "default_on":
		return rail(schema.RailMergeMethod, "", schema.GuardWarn, "merge-method", "%s, %s: squashed commits are signed by nobody", method, squash)
	case p.MergeMethod == "ff":
		return rail(schema.RailMergeMethod, "", schema.GuardOK, "", "%s, %s: what people signed is what lands", method, squash)
	}
	return rail(schema.RailMergeMethod, "", schema.GuardOK, "", "%s, %s: what people signed lands below a commit of the forge's", method, squash)
}

func (p projectSettings) pipeline() schema.GuardRail {
	skipped := p.SkippedIsGood != nil && *p.SkippedIsGood
	switch {
	case p.MustSucceed == nil:
		return rail(schema.RailPipeline, "", schema.GuardUnknown, "guardrail-unread", "the forge does not say")
	case !*p.MustSucceed:
		return rail(schema.RailPipeline, "", schema.GuardWarn, "pipeline-optional", "a failed pipeline stops no merge")
	case skipped:
		return rail(schema.RailPipeline, "", schema.GuardWarn, "pipeline-optional", "a skipped pipeline counts as good")
	}
	return rail(schema.RailPipeline, "", schema.GuardOK, "", "a merge needs a good pipeline")
}

// approvalSettings are Premium's.
type approvalSettings struct {
	Reset           *bool `json:"reset_approvals_on_push"`
	FixedRules      *bool `json:"disable_overriding_approvers_per_merge_request"`
	AuthorMay       *bool `json:"merge_requests_author_approval"`
	CommittersBlock *bool `json:"merge_requests_disable_committers_approval"`
}

// approvals reads what the forge enforces of approvals. On CE and without a licence the question is not there: nothing is
// enforced, and a gate that relies on it does not open.
func (l *guardLook) approvals(ctx context.Context, _ []schema.GuardedRef) error {
	var s approvalSettings
	a, err := l.below(ctx, "read the approval settings", "approvals", &s)
	if errors.Is(err, ErrMissing) {
		l.add(rail(schema.RailApprovals, "", schema.GuardOK, "", "this edition enforces no approvals; sluice counts them by its own rule"))
		return nil
	}
	if err != nil {
		return l.unread(err, approvalRails(s)...)
	}
	l.out.Raw = append(l.out.Raw, a.raw())
	l.add(approvalRails(s)...)
	return nil
}

func approvalRails(s approvalSettings) []schema.GuardRail {
	return []schema.GuardRail{
		setting(schema.RailReset, s.Reset, true, "approvals-kept", "a push removes approvals", "approvals stay after a push"),
		setting(schema.RailNoAuthor, s.AuthorMay, false, "author-approval", "authors may not approve", "authors may approve their own merge requests"),
		setting(schema.RailNoCommitter, s.CommittersBlock, true, "committer-approval", "committers may not approve", "committers may approve"),
		setting(schema.RailRulesFixed, s.FixedRules, true, "approval-rules-open", "rules are the project's", "each merge request may change its rules"),
	}
}

func setting(name string, is *bool, want bool, code schema.Code, up, down string) schema.GuardRail {
	switch {
	case is == nil:
		return rail(name, "", schema.GuardUnknown, "guardrail-unread", "the forge does not say")
	case *is == want:
		return rail(name, "", schema.GuardOK, "", up)
	}
	return rail(name, "", schema.GuardWarn, code, down)
}

// pushRule is Premium's too; null is none.
func (l *guardLook) pushRule(ctx context.Context, _ []schema.GuardedRef) error {
	var rule *struct {
		RejectUnsigned *bool `json:"reject_unsigned_commits"`
	}
	_, err := l.below(ctx, "read the push rule", "push_rule", &rule)
	switch {
	case errors.Is(err, ErrMissing):
		return nil // not in this edition: there is nothing to switch on
	case err != nil:
		return l.unread(err, schema.GuardRail{Name: schema.RailPushRule})
	case rule != nil && rule.RejectUnsigned != nil && *rule.RejectUnsigned:
		l.add(rail(schema.RailPushRule, "", schema.GuardOK, "", "unsigned commits are refused"))
	default:
		l.add(rail(schema.RailPushRule, "", schema.GuardWarn, "unsigned-accepted", "unsigned commits are taken"))
	}
	return nil
}

// Skews of the clock that are told of; past the larger one, policies that look at time hold (RULES R37).
const (
	skewWarn = time.Minute
	skewFail = 5 * time.Minute
)

// clock compares this machine's clock with GitLab's.
func (l *guardLook) clock(context.Context, []schema.GuardedRef) error {
	theirs := l.date.date()
	skew := theirs.Sub(l.c.cfg.Now()).Round(time.Second)
	switch {
	case theirs.IsZero():
		l.add(rail(schema.RailClock, "", schema.GuardUnknown, "guardrail-unread", "the forge does not say what time it is"))
	case skew.Abs() > skewFail:
		l.add(rail(schema.RailClock, "", schema.GuardFail, "clock", "the forge's clock is %s off", skew))
	case skew.Abs() > skewWarn:
		l.add(rail(schema.RailClock, "", schema.GuardWarn, "clock", "the forge's clock is %s off", skew))
	default:
		l.add(rail(schema.RailClock, "", schema.GuardOK, "", "as the forge's"))
	}
	return nil
}

// version is asked for at the instance.
func (l *guardLook) version(ctx context.Context, _ []schema.GuardedRef) error {
	ask := request{doing: "read the version", path: "version"}
	var v struct {
		Version string `json:"version"`
	}
	a, err := l.c.ask(ctx, ask)
	if err == nil {
		err = l.c.decode(ask.doing, a, &v)
	}
	if err != nil {
		return l.unread(err, schema.GuardRail{Name: schema.RailVersion})
	}
	number, _, _ := strings.Cut(v.Version, "-")
	parts := strings.SplitN(number+".0", ".", 3)
	major, errMajor := strconv.Atoi(parts[0])
	minor, errMinor := strconv.Atoi(parts[1])
	switch {
	case errMajor != nil || errMinor != nil:
		l.add(rail(schema.RailVersion, "", schema.GuardUnknown, "guardrail-unread", "GitLab calls itself %q", v.Version))
	default:
		recent := major > 15 || major == 15 && minor >= 7
		l.add(heldRail(schema.RailVersion, "", recent, schema.GuardWarn, "forge-old", "GitLab %s", v.Version))
	}
	return nil
}

package gitlab

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-gitops/sluice/schema"
)

// Guards reads the guard rails that gates may rely on, of the branches that hold stages: three requests, and one more for
// each further hundred of branch rules. What the token may not see is unknown; where GitLab does not answer, or not in full,
// that is an error.
func (c *Client) Guards(ctx context.Context, refs []schema.GuardedRef) (schema.Guards, error) {
	l, err := c.look(ctx)
	if err != nil {
		return schema.Guards{}, err
	}
	for _, part := range []func(context.Context, []schema.GuardedRef) error{l.settings, l.branches, l.approvals} {
		if err := part(ctx, refs); err != nil {
			return schema.Guards{}, err
		}
	}
	return l.out, nil
}

// Health reads the guard rails and all else that GitLab tells of how sluice is set up there: the token, the reconciler's own
// branches, push rules, webhooks, version and clock. It takes up to ten requests. Only where the project itself cannot be
// read is there an error; what else is not told is unknown.
func (c *Client) Health(ctx context.Context, refs []schema.GuardedRef) (schema.Guards, error) {
	l, err := c.look(ctx)
	if err != nil {
		return schema.Guards{}, err
	}
	l.tolerant = true
	for _, part := range []func(context.Context, []schema.GuardedRef) error{
		l.version, l.clock, l.token, l.settings, l.branches, l.approvals, l.pushRule, l.hooks,
	} {
		if err := part(ctx, refs); err != nil {
			return schema.Guards{}, err
		}
	}
	return l.out, nil
}

// guardLook is one look at the guard rails.
type guardLook struct {
	c        *Client
	id       int64
	out      schema.Guards
	project  projectSettings
	date     answer // the project's answer, for its date
	tolerant bool   // what cannot be read is unknown and no error
}

// look reads the project, which everything else hangs on.
func (c *Client) look(ctx context.Context) (*guardLook, error) {
	l := &guardLook{c: c, out: schema.Guards{Host: c.host, At: c.cfg.Now().UTC()}}
	var err error
	if l.id, err = c.projectID(ctx); err != nil {
		return nil, err
	}
	l.out.ProjectID = l.id
	ask := request{doing: "read the project's settings", path: fmt.Sprintf("projects/%d", l.id)}
	if l.date, err = c.ask(ctx, ask); err != nil {
		if e := (*Error)(nil); errors.As(err, &e) && e.Kind == ErrMissing {
			e.Kind = ErrNotFound
			c.adviseMissing(e)
		}
		return nil, err
	}
	if err := c.decode(ask.doing, l.date, &l.project); err != nil {
		return nil, err
	}
	if l.project.ID != l.id || l.project.Path == "" {
		return nil, c.incomplete(ask.doing, l.date, ErrIncomplete, "the answer is about project %d", l.project.ID)
	}
	return l, nil
}

func (l *guardLook) add(rails ...schema.GuardRail) { l.out.Rails = append(l.out.Rails, rails...) }

// below asks for something below the project and decodes it.
func (l *guardLook) below(ctx context.Context, doing, rest string, into any) (answer, error) {
	ask := request{doing: doing, path: fmt.Sprintf("projects/%d/%s", l.id, rest)}
	a, err := l.c.ask(ctx, ask)
	if err == nil {
		err = l.c.decode(doing, a, into)
	}
	return a, err
}

// unread turns what may not be seen into rails that are unknown. Any other error is one, unless all is to be told.
func (l *guardLook) unread(err error, rails ...schema.GuardRail) error {
	if !l.tolerant && !errors.Is(err, ErrForbidden) && !errors.Is(err, ErrMissing) {
		return err
	}
	for _, r := range rails {
		r.State = schema.GuardUnknown
		r.Seen, r.Code = unseen(err), "guardrail-unread"
		l.add(r)
	}
	return nil
}

// unseen says in a few words why something was not seen.
func unseen(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return "no answer"
	}
	if e.Status >= 400 {
		return fmt.Sprintf("GitLab answered %d for %s", e.Status, e.Request)
	}
	return printable(e.Kind.Error())
}

func rail(name, subject string, state schema.GuardState, code schema.Code, seen string, args ...any) schema.GuardRail {
	if len(args) > 0 {
		seen = fmt.Sprintf(seen, args...)
	}
	return schema.GuardRail{Name: name, Subject: subject, State: state, Code: code, Seen: printable(seen)}
}

// heldRail is a rail that is up or down.
func heldRail(name, subject string, up bool, otherwise schema.GuardState, code schema.Code, seen string, args ...any) schema.GuardRail {
	if up {
		return rail(name, subject, schema.GuardOK, "", seen, args...)
	}
	return rail(name, subject, otherwise, code, seen, args...)
}

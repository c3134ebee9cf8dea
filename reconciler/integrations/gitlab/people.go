package gitlab

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/sluice-gitops/sluice/schema"
)

// account is a user as GitLab shows one inside other answers.
type account struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
	State    string `json:"state"`
	Bot      bool   `json:"bot"`
}

// robots are the names that GitLab gives to the users behind project, group and service accounts. People cannot take
// them; answers that do not say bot are told by them.
var robots = regexp.MustCompile(`^((project|group)_[0-9]+_bot(_[0-9a-f]+)?[0-9]*|service_account_.*)$`)

func (a account) basic() schema.Account {
	return schema.Account{ID: a.ID, Username: a.Username, State: a.State, Bot: a.Bot || robots.MatchString(a.Username)}
}

// person replaces what an answer showed of somebody by what is true now: the account's state and the access level in
// the project, inherited ones included. These answers are not kept as evidence: to an administrator's token they tell
// addresses and sign-ins, and what counts of them stands in the account itself.
func (r *reading) person(ctx context.Context, who *schema.Account) error {
	if who.ID == 0 {
		return nil // nobody: not merged yet
	}
	if known, ok := r.people[who.ID]; ok {
		*who = known
		return nil
	}
	if err := r.user(ctx, who); err != nil {
		return err
	}
	if err := r.member(ctx, who); err != nil {
		return err
	}
	r.people[who.ID] = *who
	return nil
}

// user reads the account. One that GitLab no longer has is "deleted", which is not active.
func (r *reading) user(ctx context.Context, who *schema.Account) error {
	ask := request{doing: fmt.Sprintf("read user %d", who.ID), path: fmt.Sprintf("users/%d", who.ID)}
	a, err := r.c.ask(ctx, ask)
	if errors.Is(err, ErrMissing) {
		who.State = "deleted"
		return nil
	}
	if err != nil {
		return err
	}
	var now account
	if err := r.c.decode(ask.doing, a, &now); err != nil {
		return err
	}
	if now.ID != who.ID || now.State == "" {
		return r.c.incomplete(ask.doing, a, ErrIncomplete, "the answer is about user %d", now.ID)
	}
	*who = now.basic()
	return nil
}

// member reads the access level; who is no member has none. That the project itself went out of sight shows when the
// merge request is read again.
func (r *reading) member(ctx context.Context, who *schema.Account) error {
	ask := request{doing: fmt.Sprintf("read the role of user %d", who.ID), path: fmt.Sprintf("projects/%d/members/all/%d", r.project, who.ID)}
	a, err := r.c.ask(ctx, ask)
	if errors.Is(err, ErrMissing) {
		who.AccessLevel = 0
		return nil
	}
	if err != nil {
		return err
	}
	var member struct {
		ID    int64 `json:"id"`
		Level *int  `json:"access_level"`
	}
	if err := r.c.decode(ask.doing, a, &member); err != nil {
		return err
	}
	if member.ID != who.ID || member.Level == nil {
		return r.c.incomplete(ask.doing, a, ErrIncomplete, "the answer is about user %d", member.ID)
	}
	who.AccessLevel = *member.Level
	return nil
}

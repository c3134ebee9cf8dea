package gitlabtest

import "maps"

func (s *Server) approvalRoutes(add func(string, handler)) {
	const one = "/projects/{id}/merge_requests/{iid}"
	add("GET "+one+"/approvals", func(c *call) (reply, error) { return ok(c.s.approvalsObject(c.p, c.mr, c.user)) })
	add("GET "+one+"/approval_state", (*call).approvalState)
	add("POST "+one+"/approve", (*call).postApprove)
	add("POST "+one+"/unapprove", (*call).postUnapprove)
	add("PUT "+one+"/reset_approvals", (*call).putResetApprovals)
	add("GET /projects/{id}/approvals", (*call).projectApprovals)
}

func (c *call) postApprove() (reply, error) {
	if err := c.s.approve(c.p, c.mr, c.user, c.string("sha")); err != nil {
		return reply{}, err
	}
	return created(c.s.approvalsObject(c.p, c.mr, c.user))
}

func (c *call) postUnapprove() (reply, error) {
	if err := c.s.unapprove(c.p, c.mr, c.user); err != nil {
		return reply{}, err
	}
	return created(c.s.approvalsObject(c.p, c.mr, c.user))
}

// putResetApprovals is for bots of the project only.
func (c *call) putResetApprovals() (reply, error) {
	if !c.user.Bot || c.p.level(c.user) < Developer {
		return reply{}, unauthorized()
	}
	c.mr.Approvals = nil
	c.s.touch(c.mr)
	return reply{202, nil}, nil
}

// approvalsObject has the shape of the tier. Beware of "approved": on CE it
// means somebody approved, on EE without a licence it is always true.
func (s *Server) approvalsObject(p *project, mr *mergeRequest, u *User) object {
	by := []object{}
	for _, a := range mr.Approvals {
		one := object{"user": s.userNamed(a.User)}
		if !s.opts.HideApprovedAt {
			one["approved_at"] = stamp(a.At)
		}
		by = append(by, one)
	}
	out := object{"user_has_approved": mr.approvedBy(u), "user_can_approve": s.canApprove(p, mr, u),
		"approved": len(mr.Approvals) > 0, "approved_by": by}
	if s.opts.Tier == CE {
		return out
	}
	premium, required, left := s.opts.Tier == Premium, 0, s.approvalsLeft(p, mr)
	rules := []object{}
	if premium {
		required = p.ApprovalsRequired
	}
	if left > 0 {
		rules = append(rules, object{"id": p.ID, "name": "All Members", "rule_type": "any_approver"})
	}
	maps.Copy(out, object{
		"id": mr.ID, "iid": mr.IID, "project_id": p.ID, "title": mr.Title, "description": mr.Description, "state": mr.State,
		"created_at": stamp(mr.CreatedAt), "updated_at": stamp(mr.UpdatedAt), "merge_status": s.mergeStatus(p, mr),
		"approved": left == 0, "approvals_required": required, "approvals_left": left, "require_password_to_approve": false,
		"suggested_approvers": []object{}, "approvers": []object{}, "approver_groups": []object{}, "approval_rules_left": rules,
		"has_approval_rules": premium, "merge_request_approvers_available": premium, "multiple_approval_rules_available": premium,
	})
	return out
}

func (c *call) approvalState() (reply, error) {
	if c.s.opts.Tier != Premium {
		return reply{}, notFound("")
	}
	by, eligible := []any{}, []any{}
	for _, a := range c.mr.Approvals {
		by = append(by, c.s.userNamed(a.User))
	}
	for _, u := range c.s.users {
		if c.p.level(u) >= Developer && (u.Username != c.mr.Author || c.p.AuthorApproval) {
			eligible = append(eligible, c.s.userObject(u))
		}
	}
	return ok(object{"approval_rules_overwritten": false, "rules": []object{{
		"id": c.p.ID, "name": "All Members", "rule_type": "any_approver", "report_type": nil, "section": nil,
		"eligible_approvers": eligible, "approvals_required": c.p.ApprovalsRequired, "users": []any{}, "groups": []any{},
		"contains_hidden_groups": false, "approved_by": by, "source_rule": nil, "overridden": false,
		"approved": c.s.approvalsLeft(c.p, c.mr) == 0,
	}}})
}

func (c *call) projectApprovals() (reply, error) {
	if c.s.opts.Tier != Premium {
		return reply{}, notFound("")
	}
	return ok(object{"approvals_before_merge": c.p.ApprovalsRequired, "reset_approvals_on_push": c.p.ResetApprovalsOnPush,
		"selective_code_owner_removals": false, "disable_overriding_approvers_per_merge_request": !c.p.OverridingApprovers,
		"merge_requests_author_approval":             c.p.AuthorApproval,
		"merge_requests_disable_committers_approval": c.p.DisableCommittersApproval,
		"require_password_to_approve":                false, "require_reauthentication_to_approve": false})
}

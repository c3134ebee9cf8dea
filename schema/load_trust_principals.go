package schema

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	emailShape = regexp.MustCompile(`^[^\s@<>"]+@[^\s@<>"]+$`)
	hostShape  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?$`)
)

func (r *trustReader) readPrincipals() {
	src, v := r.open(PrincipalsFile)
	if v == nil {
		return
	}
	defer func() { r.done(src) }()
	r.people = people{src: src, at: map[string]span{}}
	o, ok := src.object(v, principalsShape, "")
	if !ok {
		return
	}
	all, path := o.get("principals")
	if all == nil || all.kind != mapValue {
		src.wrongType(v, path, "a map of people by id")
		return
	}
	for _, m := range all.fields {
		if err := CheckSegment(m.key); err != nil {
			src.report(m.at, "bad-value", "", args{"field": path, "why": err.Error()})
			continue
		}
		r.people.at[m.key] = m.at
		r.trust.Principals = append(r.trust.Principals, r.principal(m, join(path, m.key)))
	}
	slices.SortFunc(r.trust.Principals, func(a, b Principal) int { return strings.Compare(a.ID, b.ID) })
	r.checkUnique(src, all)
}

func (r *trustReader) principal(m member, path string) Principal {
	p := Principal{ID: m.key}
	o, ok := r.src.object(m.value, principalShape, path)
	if !ok {
		return p
	}
	p.Name = o.text("name")
	p.Emails = o.texts("emails")
	items, rolesPath := o.list("roles")
	for i, item := range items {
		if role, ok := r.role(item, at(rolesPath, i)); ok {
			p.Roles = append(p.Roles, role)
		}
	}
	items, forgePath := o.list("forge")
	for i, item := range items {
		if account, ok := r.account(item, at(forgePath, i)); ok {
			p.Forge = append(p.Forge, account)
		}
	}
	return p
}

// role reads "approver:production", or the same with the apps it is limited to.
func (r *trustReader) role(v *value, path string) (Role, bool) {
	if v.kind == stringValue {
		return r.roleName(v, path)
	}
	o, ok := r.src.object(v, roleShape, path)
	if !ok {
		return Role{}, false
	}
	name, namePath := o.get("role")
	if name == nil {
		return Role{}, false
	}
	role, ok := r.roleName(name, namePath)
	items, appsPath := o.list("apps")
	for i, item := range items {
		text := r.src.text(item, at(appsPath, i))
		if _, err := ParsePatterns([]string{text}); text != "" && err != nil {
			r.src.badValue(item, at(appsPath, i), "", err.Error())
		}
		role.Apps = append(role.Apps, text)
	}
	if v, path := o.get("apps"); v != nil && len(items) == 0 {
		r.src.badValue(v, path, "leave apps out for all apps", "want at least one pattern")
	}
	if len(role.Apps) > 0 && (role.Name == RoleRoot || role.Name == RoleAdmin) {
		r.src.badValue(v, path, "", string(role.Name)+" is for the whole project and cannot be limited to apps")
	}
	return role, ok
}

func (r *trustReader) roleName(v *value, path string) (Role, bool) {
	text := r.src.text(v, path)
	name, stage, staged := strings.Cut(text, ":")
	names := []string{string(RoleRoot), string(RoleAdmin), string(RoleAuthor), string(RoleApprover), string(RoleRelease), string(RoleBot)}
	switch {
	case text == "":
		return Role{}, false
	case !slices.Contains(names, name):
		r.src.report(v.at, "unknown-role", didYouMean(name, names), args{"role": text})
	case (name == string(RoleApprover)) != staged:
		r.src.report(v.at, "unknown-role", "write approver:STAGE; the other roles have no stage", args{"role": text})
	case staged && CheckSegment(stage) != nil:
		r.src.report(v.at, "unknown-role", "a stage is written like approver:production", args{"role": text})
	default:
		return Role{Name: RoleName(name), Stage: StageName(stage)}, true
	}
	return Role{}, false
}

func (r *trustReader) account(v *value, path string) (ForgeAccount, bool) {
	o, ok := r.src.object(v, accountShape, path)
	if !ok {
		return ForgeAccount{}, false
	}
	a := ForgeAccount{Host: o.text("host"), UserID: o.whole("user_id", 1, 1<<53, 0)}
	if a.Host != "" && !IsForgeHost(a.Host) {
		host, hostPath := o.get("host")
		r.src.badValue(host, hostPath, "", fmt.Sprintf("%q is not a host like gitlab.example.com", a.Host))
	}
	return a, a.Host != "" && a.UserID > 0
}

// checkUnique refuses what would make two principals of one person, or one of two: a shared account or address.
func (r *trustReader) checkUnique(src *source, all *value) {
	owner := map[string]string{}
	claim := func(p Principal, what string, code Code) {
		if other, taken := owner[what]; taken {
			src.report(r.people.at[p.ID], code, "", args{"what": what, "person": p.ID, "other": other})
			return
		}
		owner[what] = p.ID
	}
	for _, p := range r.trust.Principals {
		for _, f := range p.Forge {
			claim(p, fmt.Sprintf("account %d on %s", f.UserID, f.Host), "duplicate-account")
		}
		for _, e := range p.Emails {
			if !emailShape.MatchString(e) {
				src.report(r.people.at[p.ID], "bad-value", "", args{"field": "principals." + p.ID + ".emails", "why": fmt.Sprintf("%q is not an address", e)})
			}
			claim(p, "address "+strings.ToLower(e), "duplicate-account")
		}
	}
}

// IsForgeHost reports whether a text may be the host of a forge's accounts: without scheme, path or upper case.
func IsForgeHost(host string) bool { return hostShape.MatchString(host) }

package schema

import "slices"

// checkFiles compares the rest of the directory with what the roots signed.
func (r *trustReader) checkFiles() {
	digest, err := TrustFilesDigest(r.files)
	if err != nil || digest == r.trust.Root.Files {
		return // err: paths of a map are unique
	}
	src := newSource(TrustDir+"/"+RootFile, r.files[RootFile])
	at := span{line: 1, column: 1}
	if m, ok := r.root.field("files"); ok {
		at = m.value.at
	}
	src.report(at, "trust-files", "", args{"want": string(r.trust.Root.Files), "got": string(digest)})
	r.done(src)
}

// checkPeople compares root.yaml, principals.yaml and the keys with one another.
func (r *trustReader) checkPeople() {
	r.checkRoots()
	r.checkAdmins()
	owner := map[string]string{}
	for _, line := range r.trust.Root.LogKeys {
		if _, blob, err := sshBlob(line); err == nil {
			owner[blob] = "the log"
		}
	}
	hasKey := map[string]bool{}
	for _, k := range slices.Concat(r.trust.ForgeKeys, r.trust.Keys) {
		id := string(k.Data)
		if _, blob, err := sshBlob(id); err == nil && k.Format == SSHKey {
			id = blob
		}
		src := newSource(TrustDir+"/"+k.Path, nil)
		if k.Principal != "" {
			hasKey[k.Principal] = true
			if _, known := r.trust.Principal(k.Principal); !known {
				src.report(span{}, "unknown-principal", "", args{"person": k.Principal})
			}
		}
		if other, taken := owner[id]; taken {
			src.report(span{}, "ambiguous-key", "", args{"key": k.Path, "other": other})
		}
		owner[id] = k.Path
		r.done(src)
	}
	r.checkKeys(hasKey)
}

// checkRoots asks that root.yaml and the role root name the same people, and that each of them is a person.
func (r *trustReader) checkRoots() {
	src := newSource(TrustDir+"/"+RootFile, r.files[RootFile])
	m, _ := r.root.field("roots")
	for i, id := range r.trust.Root.Roots {
		where := m.value.items[i].at
		if p, ok := r.trust.Principal(id); !ok {
			src.report(where, "unknown-principal", "", args{"person": id})
		} else if !hasRole(p, RoleRoot) {
			src.report(where, "trust-roots", "", args{"person": id, "why": "has not the role root in principals.yaml"})
		}
	}
	r.done(src)
	for _, p := range r.trust.Principals {
		if hasRole(p, RoleRoot) && !slices.Contains(r.trust.Root.Roots, p.ID) {
			r.blame(p, "trust-roots", args{"person": p.ID, "why": "has the role root but is not named in root.yaml"})
		}
		if hasRole(p, RoleBot) && len(p.Roles) > 1 {
			r.blame(p, "trust-bot", args{"person": p.ID})
		}
	}
}

// checkAdmins asks that enough people can change the control files.
func (r *trustReader) checkAdmins() {
	admins := 0
	for _, p := range r.trust.Principals {
		if hasRole(p, RoleAdmin) {
			admins++
		}
	}
	if admins >= r.trust.Root.Admin {
		return
	}
	src := newSource(TrustDir+"/"+RootFile, r.files[RootFile])
	where := span{line: 1, column: 1}
	if m, ok := r.root.field("admin"); ok {
		where = m.value.at
	}
	src.report(where, "trust-admins", "", args{"need": count(r.trust.Root.Admin), "have": count(admins)})
	r.done(src)
}

// checkKeys asks that each root can sign.
func (r *trustReader) checkKeys(hasKey map[string]bool) {
	for _, p := range r.trust.Principals {
		if hasRole(p, RoleRoot) && !hasKey[p.ID] {
			r.blame(p, "trust-roots", args{"person": p.ID, "why": "has no key in keys/" + p.ID})
		}
	}
}

func (r *trustReader) blame(p Principal, code Code, a args) {
	src := newSource(TrustDir+"/"+PrincipalsFile, r.files[PrincipalsFile])
	src.report(r.people.at[p.ID], code, "", a)
	r.done(src)
}

func hasRole(p Principal, role RoleName) bool {
	return slices.ContainsFunc(p.Roles, func(r Role) bool { return r.Name == role })
}

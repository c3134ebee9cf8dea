package gitlabtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

func (s *Server) commitRoutes(add func(string, handler)) {
	add("GET /projects/{id}/repository/commits", (*call).listCommits)
	add("GET /projects/{id}/repository/commits/{sha}", (*call).getCommit)
	add("GET /projects/{id}/repository/commits/{sha}/signature", (*call).getSignature)
	add("GET /projects/{id}/repository/branches", (*call).listBranches)
	add("GET /projects/{id}/repository/branches/{branch}", (*call).getBranch)
	add("POST /projects/{id}/repository/branches", (*call).createBranch)
	add("DELETE /projects/{id}/repository/branches/{branch}", (*call).deleteBranch)
}

func (c *call) listCommits() (reply, error) {
	ref := c.string("ref_name")
	if ref == "" {
		ref = c.p.DefaultBranch
	}
	tip := c.p.repo.commit(ref)
	if tip == "" {
		return reply{}, notFound("Tree")
	}
	shas, err := c.p.repo.revList("", tip)
	if err != nil {
		return reply{}, err
	}
	list, err := c.p.repo.commits(paginateUncounted(c, shas))
	if err != nil {
		return reply{}, err
	}
	out := []object{}
	for _, one := range list {
		out = append(out, c.s.commitObject(c.p, one))
	}
	return ok(out)
}

// commit reads the commit a call names, by SHA, branch or tag.
func (c *call) commit() (commit, error) {
	sha := c.p.repo.commit(c.r.PathValue("sha"))
	if sha == "" || c.p.lags(sha) {
		return commit{}, notFound("Commit")
	}
	list, err := c.p.repo.commits([]string{sha})
	if err != nil {
		return commit{}, err
	}
	return list[0], nil
}

func (c *call) getCommit() (reply, error) {
	found, err := c.commit()
	if err != nil {
		return reply{}, err
	}
	added, removed, err := c.p.repo.stats(found.sha)
	if err != nil {
		return reply{}, err
	}
	out := c.s.commitObject(c.p, found)
	maps.Copy(out, object{"project_id": c.p.ID, "status": nil, "last_pipeline": nil,
		"stats": object{"additions": added, "deletions": removed, "total": added + removed}})
	for _, pipe := range slices.Backward(c.p.pipelines) {
		if pipe.sha == found.sha {
			out["status"], out["last_pipeline"] = pipe.status, c.s.pipelineObject(c.p, pipe)
			break
		}
	}
	return ok(out)
}

// getSignature knows no keys: an unsigned commit answers as in GitLab, a signed
// one as signed by a key GitLab does not know.
func (c *call) getSignature() (reply, error) {
	found, err := c.commit()
	if err != nil {
		return reply{}, err
	}
	header, err := c.p.repo.signatureOf(found.sha)
	if err != nil {
		return reply{}, err
	}
	status := "unknown_key"
	if c.s.opts.SignCommit != nil && found.committer.email == forgeEmail {
		status = "verified_system"
	}
	switch {
	case header == "":
		return reply{}, notFound("GPG Signature")
	case strings.Contains(header, "SSH SIGNATURE"):
		return ok(object{"signature_type": "SSH", "verification_status": status, "key": nil, "commit_source": "gitaly"})
	case strings.Contains(header, "SIGNED MESSAGE"):
		return ok(object{"signature_type": "X509", "verification_status": "unverified", "x509_certificate": nil, "commit_source": "gitaly"})
	}
	return ok(object{"signature_type": "PGP", "verification_status": status, "gpg_key_id": nil, "gpg_key_primary_keyid": "",
		"gpg_key_user_name": nil, "gpg_key_user_email": nil, "gpg_key_subkey_id": nil, "commit_source": "gitaly"})
}

// signatureOf is the first line of a commit's signature, "" without one.
func (r repository) signatureOf(sha string) (string, error) {
	_, raw, loose := r.object(sha)
	if !loose {
		text, err := r.run("cat-file", "commit", sha)
		if err != nil {
			return "", err
		}
		raw = []byte(text)
	}
	headers, _, _ := strings.Cut(string(raw), "\n\n")
	for line := range strings.Lines(headers) {
		if text, found := strings.CutPrefix(line, "gpgsig "); found {
			return strings.TrimSpace(text), nil
		}
	}
	return "", nil
}

func (c *call) listBranches() (reply, error) {
	out, err := c.p.repo.run("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")
	if err != nil {
		return reply{}, err
	}
	var names []string
	for _, name := range strings.Fields(out) {
		if strings.Contains(name, c.string("search")) {
			names = append(names, name)
		}
	}
	list := []object{}
	for _, name := range paginate(c, names) {
		one, err := c.s.branchObject(c.p, c.user, name)
		if err != nil {
			return reply{}, err
		}
		list = append(list, one)
	}
	return ok(list)
}

func (c *call) getBranch() (reply, error) {
	name := c.r.PathValue("branch")
	if tip := c.p.repo.tip(name); tip == "" || c.p.lags(tip) {
		return reply{}, notFound("Branch")
	}
	out, err := c.s.branchObject(c.p, c.user, name)
	if err != nil {
		return reply{}, err
	}
	return ok(out)
}

func (s *Server) branchObject(p *project, u *User, name string) (object, error) {
	tip := p.repo.tip(name)
	list, err := p.repo.commits([]string{tip})
	if err != nil {
		return nil, err
	}
	developers := &User{Username: "", State: "active"}
	asDeveloper := &project{Project: p.snapshot(), repo: p.repo}
	asDeveloper.Members = map[string]AccessLevel{"": Developer}
	return object{"name": name, "commit": s.commitObject(p, list[0]), "default": name == p.DefaultBranch,
		"merged":              name != p.DefaultBranch && p.repo.ancestor(tip, p.repo.tip(p.DefaultBranch)),
		"protected":           len(p.rules(name)) > 0,
		"developers_can_push": asDeveloper.canPush(developers, name), "developers_can_merge": asDeveloper.canMerge(developers, name),
		"can_push": p.canPush(u, name), "web_url": s.url + "/" + p.Path + "/-/tree/" + name}, nil
}

func (c *call) createBranch() (reply, error) {
	name, from := c.string("branch"), c.p.repo.commit(c.string("ref"))
	switch {
	case !c.p.canPush(c.user, name):
		return reply{}, forbidden()
	case from == "":
		return reply{}, refuse(http.StatusBadRequest, "Invalid reference name: %s", c.string("ref"))
	}
	if _, err := c.p.repo.run("check-ref-format", "--branch", name); err != nil {
		return reply{}, refuse(http.StatusBadRequest, "Branch name is invalid")
	}
	if err := c.p.repo.update("refs/heads/"+name, from, nullSHA); err != nil {
		return reply{}, refuse(http.StatusBadRequest, "Branch already exists")
	}
	out, err := c.s.branchObject(c.p, c.user, name)
	if err != nil {
		return reply{}, err
	}
	return created(out)
}

func (c *call) deleteBranch() (reply, error) {
	name := c.r.PathValue("branch")
	tip := c.p.repo.tip(name)
	switch {
	case tip == "":
		return reply{}, notFound("Branch")
	case name == c.p.DefaultBranch || len(c.p.rules(name)) > 0 && c.p.level(c.user) < Maintainer || c.p.level(c.user) < Developer:
		return reply{}, forbidden()
	}
	if err := c.p.repo.update("refs/heads/"+name, nullSHA, tip); err != nil {
		return reply{}, err
	}
	if err := c.s.sync(c.p, c.user); err != nil {
		return reply{}, err
	}
	return noContent()
}

// stats counts the lines a commit adds and removes against its first parent.
func (r repository) stats(sha string) (added, removed int, err error) {
	out, err := r.run("show", "--numstat", "--format=", "--first-parent", sha)
	for line := range strings.Lines(out) {
		var a, b int
		if n, _ := fmt.Sscan(line, &a, &b); n == 2 { // binary files have dashes
			added, removed = added+a, removed+b
		}
	}
	return added, removed, err
}

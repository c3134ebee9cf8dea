package stories_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations/gitlab/gitlabtest/team"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// rules opens a merge request that changes control files: "rules ann local=limits.yaml". Its number is the next one.
// Words are edits of sluice.yaml (editRules), "unsigned", and whole files: "CODEOWNERS=text".
func (w *world) rules(words []string) []string {
	author := w.team.Person(words[0])
	w.must(author.Fetch(w.ctx))
	text, err := author.Read(w.ctx, "origin/main", "sluice.yaml")
	w.must(err)
	c := team.Commit{Files: map[string]string{}, Message: fmt.Sprintf("rules: %.200s", strings.Join(words[1:], " ")), Start: "origin/main"}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		switch {
		case word == "unsigned":
			c.Unsigned = true
		case name == "CODEOWNERS" || name == ".gitlab-ci.yml" || strings.HasPrefix(name, ".sluice/"):
			c.Files[name] = value + "\n"
		case name == "as": // the project file as it was
			var err error
			text, err = author.Read(w.ctx, w.labels[value].String(), "sluice.yaml")
			w.must(err)
		default:
			text = w.editRules(text, name, value)
		}
	}
	c.Files["sluice.yaml"] = text + "\n"
	return w.proposeControl(author, c)
}

func (w *world) proposeControl(author *team.Person, c team.Commit) []string {
	c.Allow = true // what was in force may be there already
	branch := fmt.Sprintf("control-%d", len(w.heads)+1)
	iid, err := author.Propose(w.ctx, "main", branch, c.Message, c)
	w.must(err)
	w.heads[iid] = branch
	return []string{fmt.Sprintf("!%d", iid)}
}

// back brings every control file back to what it was: "back LABEL". Its merge request is the next number.
func (w *world) back(words []string) []string {
	ann := w.team.Person("ann")
	w.must(ann.Fetch(w.ctx))
	c := team.Commit{Files: map[string]string{}, Message: "back", Start: "origin/main"}
	for _, path := range reconciler.ControlPaths {
		was, err := ann.Git(w.ctx, "ls-tree", "-r", "--name-only", w.labels[words[0]].String(), "--", path)
		w.must(err)
		is, err := ann.Git(w.ctx, "ls-tree", "-r", "--name-only", "origin/main", "--", path)
		w.must(err)
		for _, file := range strings.Fields(was) {
			data, err := ann.Read(w.ctx, w.labels[words[0]].String(), file)
			w.must(err)
			c.Files[file] = data + "\n"
		}
		for _, file := range strings.Fields(is) {
			if _, stays := c.Files[file]; !stays {
				c.Remove = append(c.Remove, file)
			}
		}
	}
	return w.proposeControl(ann, c)
}

// rulesHidden opens a merge request of three commits: an unsigned change, its way back, and another change: "rules-hidden ann".
func (w *world) rulesHidden(words []string) []string {
	author := w.team.Person(words[0])
	w.must(author.Fetch(w.ctx))
	text, err := author.Read(w.ctx, "origin/main", "sluice.yaml")
	w.must(err)
	commit := func(message, more string) team.Commit {
		return team.Commit{Files: map[string]string{"sluice.yaml": text + "\n" + more}, Message: message}
	}
	bad := commit("bad", "# bad\n")
	bad.Unsigned = true
	branch := fmt.Sprintf("control-%d", len(w.heads)+1)
	iid, err := author.Propose(w.ctx, "main", branch, "hidden", bad, commit("back", ""), commit("good", "# good\n"))
	w.must(err)
	w.heads[iid] = branch
	return []string{fmt.Sprintf("!%d", iid)}
}

// editRules changes the project file of a story.
func (w *world) editRules(text, name, value string) string {
	last := "  - name: production\n"
	switch name {
	case "local": // another stage-local pattern
		return replaced(w, text, "stage_local: [", "stage_local: ["+value+", ")
	case "after": // production comes after these stages alone; _ stands for a space
		return replaced(w, text, last, last+"    after: "+spaced(value)+"\n")
	case "insert": // a stage before production
		return replaced(w, text, last, "  - name: "+value+"\n    gates: {promote: []}\n"+last)
	case "gate": // production's promotions are asked one policy more; _ stands for a space
		return replaced(w, text, "{soak: 1h}]", "{soak: 1h}, {"+spaced(value)+"}]")
	case "asks": // production's promotions are asked these policies alone; _ stands for a space
		return replaced(w, text, "[{approvals: {observed: 2, signed: 1}}, {soak: 1h}]", "["+spaced(value)+"]")
	case "gray": // a new revision widens in the stage gray; _ stands for a space
		return replaced(w, text, "  - name: gray\n", "  - name: gray\n    gray: {"+spaced(value)+"}\n")
	case "edits": // edits are asked one policy; _ stands for a space
		before, rest, _ := strings.Cut(text, "- name: development\n")
		_, after, _ := strings.Cut(rest, "\n")
		return before + "- name: development\n    gates: {promote: [{" + spaced(value) + "}]}\n" + after
	case "drop": // the stage before production
		at := strings.Index(text, "  - name: "+value)
		return text[:at] + text[strings.Index(text, last):]
	case "move": // the stage's directory gets another name
		return replaced(w, text, last, last+"    place: moved\n")
	case "depth":
		if at := strings.Index(text, "apps: {depth: "); at >= 0 {
			was, rest, _ := strings.Cut(text[at:], "}")
			return text[:at] + strings.TrimRight(was, "0123456789") + value + "}" + rest
		}
		return text + "\napps: {depth: " + value + "}"
	case "broken":
		return text + "\nno_such_field: true"
	case "note":
		return text + "\n# " + value
	case "rollback_window", "retention", "atomic":
		return text + "\n" + name + ": " + value
	case "mode": // of a stage: "mode=staging:observe"
		stage, mode, _ := strings.Cut(value, ":")
		name := "- name: " + stage + "\n"
		for _, was := range []string{"warn", "observe", "enforce"} {
			text = strings.Replace(text, name+"    mode: "+was+"\n", name, 1)
		}
		return replaced(w, text, name, name+"    mode: "+mode+"\n")
	case "settings": // of the target that the story has; _ stands for a space
		at := strings.Index(text, "targets:\n")
		line, _, _ := strings.Cut(text[at+len("targets:\n"):], "\n")
		target, _, _ := strings.Cut(line, ": ")
		return replaced(w, text, line+"\n", target+": {"+spaced(value)+"}\n")
	case "owner": // of all apps
		before, _, _ := strings.Cut(text, "\napps: {about: ")
		return before + "\napps: {about: [{match: '*', owner: " + value + "}]}"
	case "provenance":
		return text + "\nprovenance: {unit: " + value + "}"
	}
	w.t.Fatalf("rules: unknown edit %q", name)
	return ""
}

// spaced reads _ as a space, and __ as _.
func spaced(value string) string { return strings.NewReplacer("__", "_", "_", " ").Replace(value) }

func replaced(w *world, text, old, new string) string {
	if strings.Count(text, old) != 1 {
		w.t.Fatalf("rules: %q occurs %d times", old, strings.Count(text, old))
	}
	return strings.Replace(text, old, new, 1)
}

// sealStage asks for a new stage to be sealed as it lies there: "seal-stage ann pre".
func (w *world) sealStage(words []string) []string {
	clone, repo := w.openLedger()
	defer repo.Close()
	refs, err := repo.Refs(w.ctx)
	w.must(err)
	stage, ok := clone.Project.Stage(stageNamed(words[1]))
	if !ok {
		return []string{"no such stage"}
	}
	sealing, err := reconciler.SealStage(w.ctx, gitrepo.Mirror{Repo: repo}, clone.Ledger, stage.Name, refs[clone.Project.Ref(stage)])
	if err != nil {
		return []string{"refused: " + err.Error()}
	}
	statement, err := sealing.Statement()
	w.must(err)
	signature, err := w.signer(words[0]).Sign(reconciler.RequestNamespace, statement)
	w.must(err)
	message := string(statement) + "\n" + string(signature)
	request, err := schema.ParseRequest([]byte(message))
	w.must(err)
	who := w.team.Person(words[0])
	w.must(who.Fetch(w.ctx))
	w.must(who.PushTag(w.ctx, request.TagName(words[0]), "origin/main", message))
	return nil
}

// clear removes what lies in a place of a target: "clear files gray/payments".
func (w *world) clear(words []string) []string {
	stage, app, _ := strings.Cut(words[1], "/")
	w.must(os.RemoveAll(filepath.Join(w.targets[words[0]].dir, string(stageNamed(stage)), app)))
	return nil
}

// moved puts files where production lies after "rules ann move=prod": "move ann prod a=r1".
func (w *world) moved(words []string) []string {
	author := w.team.Person(words[0])
	w.must(author.Fetch(w.ctx))
	c, _ := w.edit(words[1], words[2:])
	files := map[string]string{}
	for path, data := range c.Files {
		files["moved"+strings.TrimPrefix(path, "stages/production")] = data
	}
	c.Files, c.Start, c.Message = files, "origin/main", "move"
	branch := fmt.Sprintf("change-%d", len(w.heads)+1)
	iid, err := author.Propose(w.ctx, "main", branch, "move", c)
	w.must(err)
	w.heads[iid] = branch
	return []string{fmt.Sprintf("!%d", iid)}
}

// misplace puts a control file on a stage's branch, with an edit beside it: "misplace ann prod a=r2".
func (w *world) misplace(words []string) []string {
	author, target := w.team.Person(words[0]), w.branch(words[1])
	w.must(author.Fetch(w.ctx))
	c, _ := w.edit(words[1], words[2:])
	c.Files["sluice.yaml"], c.Start = "version: 1\n", "origin/"+target
	branch := fmt.Sprintf("change-%d", len(w.heads)+1)
	iid, err := author.Propose(w.ctx, target, branch, "with a control file", c)
	w.must(err)
	w.heads[iid] = branch
	return []string{fmt.Sprintf("!%d", iid)}
}

// agree lets people approve by signature what is on the default branch and not in force: "agree bob,carol".
func (w *world) agree(words []string) []string {
	clone, repo := w.openLedger()
	defer repo.Close()
	refs, err := repo.Refs(w.ctx)
	w.must(err)
	mirror := gitrepo.Mirror{Repo: repo}
	info, err := mirror.Commit(w.ctx, refs["refs/heads/main"])
	w.must(err)
	manifest, _, err := reconciler.ControlFiles(w.ctx, mirror, info.Tree)
	w.must(err)
	head := clone.Ledger.Head()
	_, raw, err := clone.Ledger.Entry(w.ctx, head.Size)
	w.must(err)
	statement, err := schema.ApprovalStatement{
		Project: head.Project, Made: w.clock.Now().UTC().Truncate(time.Second), Trust: clone.Trust.Root.Version,
		Seen: schema.Seen{Size: head.Size, Entry: schema.DigestOf(raw)},
		Cells: []schema.ApprovedCell{{
			Cell: schema.Control, Ref: "refs/heads/main", From: schema.Content(head.Control.Manifest), To: manifest.Content(), Gate: clone.Trust.RootDigest,
		}},
	}.Statement()
	w.must(err)
	for _, name := range strings.Split(words[0], ",") {
		signature, err := w.signer(name).Sign(signing.ApprovalNamespace, statement)
		w.must(err)
		message := string(statement) + "\n" + string(signature)
		request, err := schema.ParseRequest([]byte(message))
		w.must(err)
		who := w.team.Person(name)
		w.must(who.Fetch(w.ctx))
		w.must(who.PushTag(w.ctx, request.TagName(name), "origin/main", message))
	}
	return nil
}

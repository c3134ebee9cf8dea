package stories_test

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// sign lets people approve by their own signatures, as sluice approve does: "sign bob,carol 5 prod/a [tag-of=eve]" what merge
// request 5 brings, "sign bob - prod/a" what stands on the stage's ref. tag-of puts the signature under another name.
func (w *world) sign(words []string) []string {
	stage, app, _ := strings.Cut(words[2], "/")
	cell := schema.Cell{Stage: stageNamed(stage), App: schema.App(app)}
	for _, name := range strings.Split(words[0], ",") {
		statement := w.approval(words[1], cell)
		text, err := statement.Statement()
		w.must(err)
		as := name
		for _, word := range words[3:] {
			if other, ok := strings.CutPrefix(word, "tag-of="); ok {
				as = other
			}
		}
		w.pushRequest(name, as, signing.ApprovalNamespace, text)
	}
	return nil
}

// approval is what somebody looks at now: a cell's step from what is admitted to what a merge request or the ref holds.
func (w *world) approval(request string, cell schema.Cell) schema.ApprovalStatement {
	clone, repo := w.openLedger()
	defer repo.Close()
	refs, err := repo.Refs(w.ctx)
	w.must(err)
	stage, _ := clone.Project.Stage(cell.Stage)
	commit := refs[clone.Project.Ref(stage)]
	statement := schema.ApprovalStatement{Project: clone.Trust.Root.Project, Made: w.clock.Now().UTC().Truncate(time.Second), Trust: clone.Trust.Root.Version}
	if request != "-" {
		mr, err := w.forge.MergeRequest("acme/config", w.number(request))
		w.must(err)
		commit, err = schema.ParseHash(mr.SHA)
		w.must(err)
		host, err := w.team.Host()
		w.must(err)
		project, err := w.forge.Project("acme/config")
		w.must(err)
		statement.Head = commit
		statement.MergeRequest = &schema.MergeRequestName{Host: host, ProjectID: int64(project.ID), IID: int64(mr.IID)}
	}
	change, err := clone.Change(w.ctx, gitrepo.Mirror{Repo: repo}, cell, schema.Hash{}, commit, w.clock.Now())
	w.must(err)
	statement.Cells = []schema.ApprovedCell{{Cell: cell, Ref: change.Ref, From: change.Change.From.Content, To: change.Change.To.Content, Gate: change.Gate}}
	statement.Seen = w.seenNow(clone)
	return statement
}

// seenNow is the end of the ledger that people look at.
func (w *world) seenNow(clone *reconciler.Clone) schema.Seen {
	size := clone.Ledger.Head().Size
	_, raw, err := clone.Ledger.Entry(w.ctx, size)
	w.must(err)
	return schema.Seen{Size: size, Entry: schema.DigestOf(raw)}
}

// pushRequest signs a statement and pushes the tag: name's signature, under as.
func (w *world) pushRequest(name, as, namespace string, statement []byte) {
	signature, err := w.signer(name).Sign(namespace, statement)
	w.must(err)
	message := string(statement) + "\n" + string(signature)
	request, err := schema.ParseRequest([]byte(message))
	w.must(err)
	person := w.team.Person(name)
	w.must(person.Fetch(w.ctx))
	w.must(person.PushTag(w.ctx, request.TagName(as), "origin/main", message))
}

// ask lets people sign one request together: "ask rita,rolf break-glass prod/a until=4h review=72h", "ask rita suspend prod
// until=2h", "ask rita resume prod", "ask ann taint prod/a r2", "ask ann acknowledge prod/a r2", "ask ann review prod/a rX",
// "ask ann accept-ref dev", "ask ann,rolf expunge #7".
func (w *world) ask(words []string) []string {
	clone, repo := w.openLedger()
	defer repo.Close()
	refs, err := repo.Refs(w.ctx)
	w.must(err)
	now := w.clock.Now().UTC().Truncate(time.Second)
	s := schema.RequestStatement{
		Kind: words[1], Project: clone.Trust.Root.Project, Made: now, Seen: w.seenNow(clone), Reason: "INC-7: as agreed",
	}
	stage, app, _ := strings.Cut(words[2], "/")
	s.Cell = schema.Cell{Stage: stageNamed(stage), App: schema.App(app)}
	for _, word := range words[3:] {
		name, value, _ := strings.Cut(word, "=")
		d, _ := time.ParseDuration(value)
		switch name {
		case "until":
			s.Until = now.Add(d)
		case "review":
			s.Review = now.Add(d)
		case "made":
			s.Made = now.Add(d)
		}
	}
	w.fill(&s, words, clone, refs, repo)
	text, err := s.Statement()
	w.must(err)
	w.asked = text
	return w.join(words)
}

// join lets others sign what was asked last: "join rolf".
func (w *world) join(words []string) []string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(string(w.asked), "sluice-request v1 "), "\n")
	for _, name := range strings.Split(words[0], ",") {
		w.pushRequest(name, name, signing.NamespaceOf(kind), w.asked)
	}
	return nil
}

// fill adds what the kind of request is about.
func (w *world) fill(s *schema.RequestStatement, words []string, clone *reconciler.Clone, refs map[string]schema.Hash, repo *gitrepo.Repo) {
	switch words[1] {
	case "taint", "acknowledge", "review":
		s.Kind, s.Acknowledged, s.Reviewed = schema.KindTaint, words[1] == "acknowledge", words[1] == "review"
		for revision, name := range w.names {
			if name == words[3] {
				s.Revision = revision
			}
		}
	case "adopt":
		s.Overwrite = slices.Contains(words, "overwrite")
	case "accept-ref":
		s.Cell, s.Ref = schema.Cell{}, "refs/heads/"+w.branch(words[2])
		s.Old, s.New = clone.Ledger.Refs().Seen[s.Ref], refs[s.Ref]
	case "expunge":
		s.Cell = schema.Cell{}
		seq, err := strconv.ParseInt(strings.TrimPrefix(words[2], "#"), 10, 64)
		w.must(err)
		e, _, err := clone.Ledger.Entry(w.ctx, seq)
		w.must(err)
		s.Blobs = e.Evidence[:1]
		if slices.Contains(words, "manifest") {
			s.Blobs = []schema.Digest{e.Decision.Manifest}
		}
	case "break-glass":
		stage, _ := clone.Project.Stage(s.Cell.Stage)
		s.Ref = clone.Project.Ref(stage)
		s.New = refs[s.Ref]
		change, err := clone.Change(w.ctx, gitrepo.Mirror{Repo: repo}, s.Cell, schema.Hash{}, s.New, w.clock.Now())
		w.must(err)
		s.From, s.To = change.Change.From.Content, change.Change.To.Content
	}
}

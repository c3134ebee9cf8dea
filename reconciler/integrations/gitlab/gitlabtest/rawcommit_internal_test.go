package gitlabtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// TestACommitIsWrittenAsGitWritesIt: an id is of the bytes, so what commit-tree writes has the same.
func TestACommitIsWrittenAsGitWritesIt(t *testing.T) {
	r, tree := emptyRepository(t)
	at := time.Unix(1_700_000_000, 0).UTC()
	ann := signature{"Ann", "ann@example.com", at}
	first, err := r.commitTree(tree, nil, "first", ann, ann)
	if err != nil {
		t.Fatal(err)
	}
	named := func(name, email string) signature { return signature{name, email, at} }
	for _, row := range []struct {
		sentence string
		parents  []string
		message  string
		author   signature
		plain    bool
	}{
		{"a first commit", nil, "title\n\nbody\n", ann, true},
		{"without a last newline", []string{first}, "title", ann, true},
		{"an empty message", []string{first}, "", ann, true},
		{"blank lines around", []string{first}, "\n\n title \n\n\n", ann, true},
		{"a zone east", []string{first}, "m", signature{"Ann", "a@b", at.In(time.FixedZone("", 5*3600+1800))}, true},
		{"a zone west", []string{first}, "m", signature{"Ann", "a@b", at.In(time.FixedZone("", -3*3600-1800))}, true},
		{"the epoch", []string{first}, "m", signature{"Ann", "a@b", time.Unix(0, 0).UTC()}, true},
		{"a name in other letters", []string{first}, "m", named("Änn Ö", "a@b"), true},
		{"a parent twice", []string{first, first}, "m", ann, false},
		{"a name with a dot at its end", []string{first}, "m", named("Ann B.", "a@b"), false},
		{"a name with brackets", []string{first}, "m", named("A<n>n", "a@b"), false},
		{"an address in brackets", []string{first}, "m", named("Ann", "<a@b>"), false},
		{"a message in Latin-1", []string{first}, "caf\xe9", ann, false},
	} {
		data, plain := rawCommit(tree, row.parents, row.message, row.author, ann)
		if plain != row.plain {
			t.Errorf("%s: plain %v, want %v", row.sentence, plain, row.plain)
		}
		if !plain {
			continue
		}
		args := []string{"commit-tree", tree}
		for _, p := range row.parents {
			args = append(args, "-p", p)
		}
		want, err := r.git.run(r.dir, row.message, []string{
			"GIT_AUTHOR_NAME=" + row.author.name, "GIT_AUTHOR_EMAIL=" + row.author.email, "GIT_AUTHOR_DATE=" + gitDate(row.author.at),
			"GIT_COMMITTER_NAME=" + ann.name, "GIT_COMMITTER_EMAIL=" + ann.email, "GIT_COMMITTER_DATE=" + gitDate(ann.at),
		}, args...)
		if got := schema.ObjectID(schema.CommitObject, data).String(); err != nil || got != want {
			t.Errorf("%s: got %s, git writes %s (%v)\n%s", row.sentence, got, want, err, data)
		}
	}
	if out, err := r.run("fsck", "--strict"); err != nil {
		t.Errorf("git fsck: %v\n%s", err, out)
	}
}

// TestACommitReadsAsGitReadsIt holds what is read here to what git log tells of the same bytes.
func TestACommitReadsAsGitReadsIt(t *testing.T) {
	r, tree := emptyRepository(t)
	head := "tree " + tree + "\n"
	const author, committer = "author Ann <ann@example.com> 1700000000 +0530\n", "committer Bob B <bob@example.com> 1700000001 -0330\n"
	for _, row := range []struct {
		sentence, text string
		plain          bool
	}{
		{"a title and a body", head + author + committer + "\ntitle\n\nbody\nof lines\n", true},
		{"a title of two lines", head + author + committer + "\none  \n two\t\n \nbody", true},
		{"blank lines before", head + author + committer + "\n\n \t\n title\n", true},
		{"nothing said", head + author + committer + "\n", true},
		{"a signature", head + author + committer + "gpgsig -----BEGIN SSH SIGNATURE-----\n author x\n \n -----END SSH SIGNATURE-----\n\ntitle\n", true},
		{"an address that is empty", head + "author Ann <> 1700000000 +0000\n" + committer + "\ntitle\n", true},
		{"another coding", head + author + committer + "encoding ISO-8859-1\n\ncaf\xe9\n", false},
		{"a coding in letters that fit", head + author + committer + "encoding ISO-8859-1\n\ncafe\n", false},
		{"no coding named", head + author + committer + "\ncaf\xe9\n", false},
		{"no name", head + "author  <ann@example.com> 1700000000 +0000\n" + committer + "\ntitle\n", false},
		{"a zone that is none", head + "author Ann <ann@example.com> 1700000000 +9999\n" + committer + "\ntitle\n", false},
		{"a name with a bracket", head + "author A>nn <ann@example.com> 1700000000 +0000\n" + committer + "\ntitle\n", false},
		{"no time", head + "author Ann <ann@example.com>\n" + committer + "\ntitle\n", false},
		{"no message at all", head + author + committer, false},
	} {
		id, err := WriteObject(r.dir, schema.CommitObject, []byte(row.text))
		if err != nil {
			t.Fatal(err)
		}
		got, plain := parseRawCommit(id.String(), []byte(row.text))
		if plain != row.plain {
			t.Errorf("%s: plain %v, want %v", row.sentence, plain, row.plain)
		}
		if !plain {
			continue
		}
		by := r.forgetful()
		if err := by.readCommits([]string{id.String()}); err != nil {
			t.Fatal(err)
		}
		want := by.read[id.String()]
		if !slices.EqualFunc([]commit{got}, []commit{want}, sameCommit) {
			t.Errorf("%s: got %+v, git tells %+v", row.sentence, got, want)
		}
	}
}

func sameCommit(a, b commit) bool {
	return a.sha == b.sha && a.tree == b.tree && a.title == b.title && a.message == b.message && slices.Equal(a.parents, b.parents) &&
		sameSignature(a.author, b.author) && sameSignature(a.committer, b.committer)
}

func sameSignature(a, b signature) bool {
	return a.name == b.name && a.email == b.email && a.at.Format(time.RFC3339) == b.at.Format(time.RFC3339)
}

// TestWhatIsNoCommitIsRefused: what a signer spoils, git refuses.
func TestWhatIsNoCommitIsRefused(t *testing.T) {
	r, tree := emptyRepository(t)
	who := signature{"Ann", "ann@example.com", time.Unix(1, 0)}
	data, _ := rawCommit(tree, nil, "m", who, who)
	if _, err := r.writeCommit([]byte(strings.Replace(string(data), "tree ", "tee ", 1))); err == nil {
		t.Error("bytes that are no commit are written")
	}
	if id, err := r.writeCommit(data); err != nil || r.commit(id) != id {
		t.Errorf("a commit is not written: %v", err)
	}
}

package signing_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	treeLine      = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
	parentLine    = "parent 1111111111111111111111111111111111111111\n"
	authorLine    = "author Ann Lee <ann@example.com> 1768478400 +0530\n"
	committerLine = "committer Bot <bot@example.com> 1768478401 -0800\n"
	sigLines      = "gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----\n"
	people        = authorLine + committerLine
)

func TestParseCommitReads(t *testing.T) {
	mergetag := "mergetag object 1111111111111111111111111111111111111111\n type commit\n tag v1\n \n text\n"
	raw := treeLine + parentLine + strings.ReplaceAll(parentLine, "1", "2") + people + "encoding ISO-8859-1\n" + mergetag + sigLines +
		"\nadd a timeout\n\nCo-authored-by: Bob <bob@example.com>\nco-AUTHORED-by:Eve<eve@example.com>\n"
	got, err := signing.ParseCommit([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if got.Tree.String() != "4b825dc642cb6eb9a060e54bf8d69288fbee4904" || len(got.Parents) != 2 || got.Parents[1].Short() != "22222222" {
		t.Errorf("tree %s, parents %v", got.Tree, got.Parents)
	}
	if got.Author.Name != "Ann Lee" || got.Author.Email != "ann@example.com" || got.Author.Time.Format(time.RFC3339) != "2026-01-15T17:30:00+05:30" {
		t.Errorf("author %+v", got.Author)
	}
	if got.Committer.Name != "Bot" || got.Committer.Time.Format(time.RFC3339) != "2026-01-15T04:00:01-08:00" {
		t.Errorf("committer %+v", got.Committer)
	}
	if got.Encoding != "ISO-8859-1" || !strings.HasPrefix(got.Message, "add a timeout\n\n") {
		t.Errorf("encoding %q, message %q", got.Encoding, got.Message)
	}
	if want := []schema.Identity{{Name: "Bob", Email: "bob@example.com"}, {Name: "Eve", Email: "eve@example.com"}}; !reflect.DeepEqual(got.CoAuthors, want) {
		t.Errorf("co-authors %v, want %v", got.CoAuthors, want)
	}
	if want := "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"; string(got.Signature) != want {
		t.Errorf("signature %q, want %q", got.Signature, want)
	}
	if want := strings.Replace(raw, sigLines, "", 1); string(got.Payload) != want {
		t.Errorf("payload %q, want %q", got.Payload, want)
	}
	if back := signing.SignedCommit(got.Payload, got.Signature); string(back) != raw {
		t.Errorf("SignedCommit gives %q, want %q", back, raw)
	}
}

func TestParseCommitAllows(t *testing.T) {
	for _, row := range []struct{ name, raw string }{
		{"a root commit", treeLine + people + "\nfirst\n"},
		{"no message", treeLine + people + "\n"},
		{"a message without a final newline", treeLine + people + "\nx"},
		{"a message that looks like headers", treeLine + people + "\n" + treeLine + sigLines},
		{"a name without letters", treeLine + "author  <> 0 +0000\n" + committerLine + "\n"},
		{"a name that is not UTF-8", treeLine + "author Andr\xe9 <a@example.com> 1 +0000\n" + committerLine + "\n"},
		{"the last second that can be written", treeLine + "author A <a> 253402300799 +0000\n" + committerLine + "\n"},
	} {
		if _, err := signing.ParseCommit([]byte(row.raw)); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

func TestParseCommitRefuses(t *testing.T) {
	const bad, many = signing.CodeMalformedObject, signing.CodeMultipleSignatures
	end := "\nmessage\n"
	for _, row := range []struct {
		name string
		raw  string
		code schema.Code
		line int
	}{
		{"nothing", "", bad, 1},
		{"only an empty line", "\n", bad, 1},
		{"no empty line after the headers", treeLine + people, bad, 4},
		{"a header cut off", "tree 4b825d", bad, 1},
		{"a NUL byte in the message", treeLine + people + "\na\x00b", bad, 5},
		{"a NUL byte in a header", treeLine + "author A\x00 <a> 1 +0000\n" + committerLine + end, bad, 2},
		{"no tree", people + end, bad, 1},
		{"two trees", treeLine + treeLine + people + end, bad, 2},
		{"a short tree", "tree 4b825d\n" + people + end, bad, 1},
		{"a tree in upper case", strings.ToUpper(treeLine[:len(treeLine)-1]) + "\n" + people + end, bad, 1},
		{"a tree id in upper case", "tree " + strings.ToUpper(treeLine[5:]) + people + end, bad, 1},
		{"a tree with two spaces", strings.Replace(treeLine, " ", "  ", 1) + people + end, bad, 1},
		{"a tree with a carriage return", strings.Replace(treeLine, "\n", "\r\n", 1) + people + end, bad, 1},
		{"a tree of SHA-256 length", "tree " + strings.Repeat("a", 64) + "\n" + people + end, bad, 1},
		{"a tree that goes on", treeLine + " more\n" + people + end, bad, 1},
		{"a parent before the tree", parentLine + treeLine + people + end, bad, 1},
		{"a parent after the author", treeLine + authorLine + parentLine + committerLine + end, bad, 3},
		{"no author", treeLine + committerLine + end, bad, 2},
		{"two authors", treeLine + authorLine + authorLine + committerLine + end, bad, 3},
		{"the committer before the author", treeLine + committerLine + authorLine + end, bad, 2},
		{"no committer", treeLine + authorLine + end, bad, 3},
		{"two committers", treeLine + people + committerLine + end, bad, 4},
		{"an author without an address", treeLine + "author A 1 +0000\n" + committerLine + end, bad, 2},
		{"an author with two addresses", treeLine + "author A <a> <b> 1 +0000\n" + committerLine + end, bad, 2},
		{"an author with an address that does not end", treeLine + "author A <a 1 +0000\n" + committerLine + end, bad, 2},
		{"an author whose name touches the address", treeLine + "author A<a> 1 +0000\n" + committerLine + end, bad, 2},
		{"an author with > in the name", treeLine + "author A> <a> 1 +0000\n" + committerLine + end, bad, 2},
		{"an author without a time", treeLine + "author A <a>\n" + committerLine + end, bad, 2},
		{"an author without a zone", treeLine + "author A <a> 1\n" + committerLine + end, bad, 2},
		{"a time before 1970", treeLine + "author A <a> -1 +0000\n" + committerLine + end, bad, 2},
		{"a time with a leading zero", treeLine + "author A <a> 01 +0000\n" + committerLine + end, bad, 2},
		{"a time after the year 9999", treeLine + "author A <a> 253402300800 +0000\n" + committerLine + end, bad, 2},
		{"a time beyond 64 bits", treeLine + "author A <a> 99999999999999999999 +0000\n" + committerLine + end, bad, 2},
		{"a zone without a sign", treeLine + "author A <a> 1 0000\n" + committerLine + end, bad, 2},
		{"a zone of five digits", treeLine + "author A <a> 1 +00000\n" + committerLine + end, bad, 2},
		{"text after the zone", treeLine + "author A <a> 1 +0000 \n" + committerLine + end, bad, 2},
		{"an encoding of two words", treeLine + people + "encoding a b\n" + end, bad, 4},
		{"two encodings", treeLine + people + "encoding a\nencoding a\n" + end, bad, 5},
		{"an encoding after the signature", treeLine + people + sigLines + "encoding a\n" + end, bad, 7},
		{"an unknown header", treeLine + people + "change-id abc\n" + end, bad, 4},
		{"a header in upper case", treeLine + people + "Encoding a\n" + end, bad, 4},
		{"a header without a value", treeLine + people + "encoding\n" + end, bad, 4},
		{"a merge tag after the signature", treeLine + people + sigLines + "mergetag a\n" + end, bad, 7},
		{"a continuation at the start", " x\n" + treeLine + people + end, bad, 1},
		{"a signature before the author", treeLine + sigLines + people + end, bad, 2},
		{"two signatures", treeLine + people + sigLines + sigLines + end, many, 7},
		{"a signature for each kind of id", treeLine + people + sigLines + strings.Replace(sigLines, "gpgsig", "gpgsig-sha256", 1) + end, many, 7},
		{"a signature for SHA-256 ids alone", treeLine + people + strings.Replace(sigLines, "gpgsig", "gpgsig-sha256", 1) + end, bad, 4},
		{"a header that git would add to the signature", treeLine + people + "gpgsigx junk\n" + sigLines + end, bad, 4},
		{"64 KiB of headers", treeLine + people + strings.Repeat("mergetag "+strings.Repeat("x", 1000)+"\n", 70) + end, bad, 68},
		{"one header of 64 KiB", treeLine + "author " + strings.Repeat("x", 1<<17), bad, 2},
	} {
		_, err := signing.ParseCommit([]byte(row.raw))
		var syntax *signing.ObjectError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: got %v, want an error with a code", row.name, err)
			continue
		}
		if syntax.Code != row.code || syntax.Line != row.line {
			t.Errorf("%s: got %s in line %d (%v), want %s in line %d", row.name, syntax.Code, syntax.Line, err, row.code, row.line)
		}
	}
}

func TestIdentityIsShort(t *testing.T) {
	p := signing.Person{Name: strings.Repeat("é", 5000), Email: "a\xff@example.com"}
	got := p.Identity()
	if len(got.Name) != 256 || got.Email != "a\uFFFD@example.com" {
		t.Errorf("got a name of %d bytes and %q, want 256 bytes and valid UTF-8", len(got.Name), got.Email)
	}
}

// FuzzParseCommit holds that every commit that is read can be written again from its parts, byte for byte.
func FuzzParseCommit(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(testdata(f, "commits", v.Name))
	}
	f.Add([]byte(treeLine + people + sigLines + sigLines + "\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		c, err := signing.ParseCommit(raw)
		if !bytes.Equal(before, raw) {
			t.Fatal("the raw bytes were changed")
		}
		if err != nil {
			var syntax *signing.ObjectError
			if !errors.As(err, &syntax) || syntax.Line < 1 {
				t.Fatalf("error without a code or line: %v", err)
			}
			return
		}
		whole := c.Payload
		if c.Signature != nil {
			whole = signing.SignedCommit(c.Payload, c.Signature)
		}
		if !bytes.Equal(whole, raw) {
			t.Fatalf("written again as %q, want %q", whole, raw)
		}
		if again, err := signing.ParseCommit(c.Payload); err != nil || again.Signature != nil {
			t.Fatalf("the payload is no unsigned commit: %v", err)
		}
	})
}

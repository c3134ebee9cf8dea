package signing_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

const (
	objectLine = "object 1111111111111111111111111111111111111111\n"
	typeLine   = "type commit\n"
	tagLine    = "tag sluice/approve/0123456789abcdef/ann\n"
	taggerLine = "tagger Ann Lee <ann@example.com> 1768478400 +0530\n"
	tagHeaders = objectLine + typeLine + tagLine + taggerLine
)

func TestParseTagReads(t *testing.T) {
	message := "sluice-request v1 approve\nproject: p\n\n-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"
	got, err := signing.ParseTag([]byte(tagHeaders + "\n" + message))
	if err != nil {
		t.Fatal(err)
	}
	if got.Object.Short() != "11111111" || got.Type != schema.CommitObject || got.Name != "sluice/approve/0123456789abcdef/ann" {
		t.Errorf("got object %s of type %s in tag %q", got.Object, got.Type, got.Name)
	}
	if got.Tagger.Name != "Ann Lee" || got.Tagger.Email != "ann@example.com" || got.Tagger.Time.Unix() != 1768478400 {
		t.Errorf("tagger %+v", got.Tagger)
	}
	if string(got.Message) != message {
		t.Errorf("message %q, want %q", got.Message, message)
	}
}

func TestParseTagAllows(t *testing.T) {
	for _, row := range []struct{ name, raw string }{
		{"no message", tagHeaders + "\n"},
		{"a message without a final newline", tagHeaders + "\nx"},
		{"a message that looks like headers", tagHeaders + "\n" + tagHeaders + sigLines},
		{"a tag of a tag", strings.Replace(tagHeaders, "commit", "tag", 1) + "\n"},
		{"a tag of a tree", strings.Replace(tagHeaders, "commit", "tree", 1) + "\n"},
		{"a tag of a blob", strings.Replace(tagHeaders, "commit", "blob", 1) + "\n"},
		{"a name with letters that are not ASCII", strings.Replace(tagHeaders, "ann\n", "änn\n", 1) + "\n"},
		{"a name of 255 bytes", objectLine + typeLine + "tag " + strings.Repeat("x", 255) + "\n" + taggerLine + "\n"},
	} {
		if _, err := signing.ParseTag([]byte(row.raw)); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

func TestParseTagRefuses(t *testing.T) {
	end := "\nmessage\n"
	for _, row := range []struct {
		name string
		raw  string
		line int
	}{
		{"nothing", "", 1},
		{"only an empty line", "\n", 1},
		{"no empty line after the headers", tagHeaders, 5},
		{"a NUL byte in the message", tagHeaders + "\na\x00", 6},
		{"a NUL byte in the name", objectLine + typeLine + "tag a\x00b\n" + taggerLine + end, 3},
		{"a commit", treeLine + people + end, 1},
		{"no object", typeLine + tagLine + taggerLine + end, 1},
		{"two objects", objectLine + objectLine + typeLine + tagLine + taggerLine + end, 2},
		{"a short object", "object 1111\n" + typeLine + tagLine + taggerLine + end, 1},
		{"an object in upper case", "object " + strings.Repeat("A", 40) + "\n" + typeLine + tagLine + taggerLine + end, 1},
		{"an object of SHA-256 length", "object " + strings.Repeat("1", 64) + "\n" + typeLine + tagLine + taggerLine + end, 1},
		{"an object with a carriage return", strings.Replace(objectLine, "\n", "\r\n", 1) + typeLine + tagLine + taggerLine + end, 1},
		{"the type before the object", typeLine + objectLine + tagLine + taggerLine + end, 1},
		{"no type", objectLine + tagLine + taggerLine + end, 2},
		{"two types", objectLine + typeLine + typeLine + tagLine + taggerLine + end, 3},
		{"an unknown type", objectLine + "type note\n" + tagLine + taggerLine + end, 2},
		{"a type in upper case", objectLine + "type Commit\n" + tagLine + taggerLine + end, 2},
		{"no name", objectLine + typeLine + taggerLine + end, 3},
		{"two names", objectLine + typeLine + tagLine + tagLine + taggerLine + end, 4},
		{"an empty name", objectLine + typeLine + "tag \n" + taggerLine + end, 3},
		{"a name of 256 bytes", objectLine + typeLine + "tag " + strings.Repeat("x", 256) + "\n" + taggerLine + end, 3},
		{"a name with a blank", objectLine + typeLine + "tag a b\n" + taggerLine + end, 3},
		{"a name that begins like an option", objectLine + typeLine + "tag --upload-pack\n" + taggerLine + end, 3},
		{"a name that climbs", objectLine + typeLine + "tag a/../b\n" + taggerLine + end, 3},
		{"a name that begins with a slash", objectLine + typeLine + "tag /a\n" + taggerLine + end, 3},
		{"a name that ends with a slash", objectLine + typeLine + "tag a/\n" + taggerLine + end, 3},
		{"a name with a hidden part", objectLine + typeLine + "tag a/.b\n" + taggerLine + end, 3},
		{"a name that looks like a lock file", objectLine + typeLine + "tag a.lock/b\n" + taggerLine + end, 3},
		{"a name that ends with a dot", objectLine + typeLine + "tag a.\n" + taggerLine + end, 3},
		{"a name that asks for the reflog", objectLine + typeLine + "tag a@{1}\n" + taggerLine + end, 3},
		{"a name that is a pattern", objectLine + typeLine + "tag a*\n" + taggerLine + end, 3},
		{"a name with a backslash", objectLine + typeLine + "tag a\\b\n" + taggerLine + end, 3},
		{"a name with an escape", objectLine + typeLine + "tag a\x1b[2J\n" + taggerLine + end, 3},
		{"a name that is not UTF-8", objectLine + typeLine + "tag a\xff\n" + taggerLine + end, 3},
		{"a name that goes on", objectLine + typeLine + tagLine + " b\n" + taggerLine + end, 3},
		{"no tagger", objectLine + typeLine + tagLine + end, 4},
		{"a tagger before the name", objectLine + typeLine + taggerLine + tagLine + end, 3},
		{"a tagger without a time", objectLine + typeLine + tagLine + "tagger A <a>\n" + end, 4},
		{"two taggers", tagHeaders + taggerLine + end, 5},
		{"an unknown header", tagHeaders + "note a\n" + end, 5},
		{"a signature header", tagHeaders + sigLines + end, 5},
		{"a signature for SHA-256 ids", tagHeaders + strings.Replace(sigLines, "gpgsig", "gpgsig-sha256", 1) + end, 5},
		{"a continuation at the start", " x\n" + tagHeaders + end, 1},
		{"64 KiB of headers", tagHeaders + strings.Repeat("note "+strings.Repeat("x", 1000)+"\n", 70) + end, 69},
		{"more than 4 MiB", tagHeaders + "\n" + strings.Repeat("x", 4<<20), 1},
	} {
		_, err := signing.ParseTag([]byte(row.raw))
		var syntax *signing.ObjectError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: got %v, want an error with a code", row.name, err)
			continue
		}
		if syntax.Code != signing.CodeMalformedObject || syntax.Kind != schema.TagObject || syntax.Line != row.line {
			t.Errorf("%s: got %s of a %s in line %d (%v), want malformed-object of a tag in line %d", row.name, syntax.Code, syntax.Kind, syntax.Line, err, row.line)
		}
	}
}

// FuzzParseTag holds that every tag that is read is exactly its four headers, an empty line and its message.
func FuzzParseTag(f *testing.F) {
	f.Add([]byte(tagHeaders + "\nmessage\n"))
	f.Add([]byte(strings.Replace(tagHeaders, "commit", "blob", 1) + "\nsluice-request v1 approve\n\n-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"))
	f.Add([]byte(tagHeaders + sigLines + "\n"))
	f.Add([]byte(objectLine + typeLine + "tag a/.b\n" + taggerLine + "\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		tag, err := signing.ParseTag(raw)
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
		want := "object " + tag.Object.String() + "\ntype " + string(tag.Type) + "\ntag " + tag.Name + "\ntagger " + tag.Tagger.Name + " <"
		if !bytes.HasPrefix(raw, []byte(want)) && tag.Tagger.Name != "" {
			t.Fatalf("read as %q from %q", want, raw)
		}
		headers, message, _ := bytes.Cut(raw, []byte("\n\n"))
		if !bytes.Equal(message, tag.Message) || bytes.Count(headers, []byte("\n")) != 3 {
			t.Fatalf("read the message %q from %q", tag.Message, raw)
		}
	})
}

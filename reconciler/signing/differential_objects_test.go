package signing_test

import (
	"bytes"
	"strings"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// malleated changes commits that git signed, by an SSH and by an OpenPGP key.
func (d *differential) malleated() {
	const end = "\n -----END"
	key := d.realSSH("ann", "ed25519")
	_, raw := d.commit("a message")
	replace := func(old, new string) func(string) string {
		return func(text string) string { return strings.Replace(text, old, new, 1) }
	}
	header := func(text string) string { // the signature's lines
		i := strings.Index(text, "gpgsig ")
		return text[i : strings.Index(text[i:], "\n\n")+i+1]
	}
	rows := []struct {
		name   string
		change func(string) string
	}{
		{"as git made it", replace("", "")},
		{"another message", replace("a message", "a massage")},
		{"a line more", replace("a message\n", "a message\nmore\n")},
		{"another author", replace("author Ann", "author Eve")},
		{"a NUL at the end", func(text string) string { return text + "\x00" }},
		{"a NUL and a text at the end", func(text string) string { return text + "\x00more\n" }},
		{"bytes after END", replace(" SIGNATURE-----\n\n", " SIGNATURE-----\n x\n\n")},
		{"an empty line after END", replace(" SIGNATURE-----\n\n", " SIGNATURE-----\n \n\n")},
		{"a carriage return in the armor", replace(" SIGNATURE-----\n", " SIGNATURE-----\r\n")},
		{"a comment in the armor", replace(" SIGNATURE-----\n", " SIGNATURE-----\n Comment: x\n")},
		{"the base64 in other lines", func(text string) string {
			i := strings.Index(text, end)
			return text[:i-9] + "\n " + text[i-9:]
		}},
		{"the same signature twice", func(text string) string { return strings.Replace(text, header(text), header(text)+header(text), 1) }},
		{"the same signature for SHA-256 ids", func(text string) string {
			return strings.Replace(text, header(text), header(text)+strings.Replace(header(text), "gpgsig ", "gpgsig-sha256 ", 1), 1)
		}},
		{"a header that git adds to the signature", func(text string) string { return strings.Replace(text, header(text), header(text)+"gpgsigx \n", 1) }},
		{"two armors in one header", func(text string) string {
			h := header(text)
			return strings.Replace(text, h, h+strings.Replace(h, "gpgsig ", " ", 1), 1)
		}},
		{"the signature before the author", func(text string) string {
			h := header(text)
			return strings.Replace(strings.Replace(text, h, "", 1), "author ", h+"author ", 1)
		}},
		{"no signature", func(text string) string { return strings.Replace(text, header(text), "", 1) }},
		{"an X.509 signature", func(text string) string {
			return strings.Replace(text, header(text), "gpgsig -----BEGIN SIGNED MESSAGE-----\n MIID\n -----END SIGNED MESSAGE-----\n", 1)
		}},
		{"a signature of nothing", func(text string) string { return strings.Replace(text, header(text), "gpgsig \n", 1) }},
	}
	for _, row := range rows {
		d.ask("ssh: "+row.name, []byte(row.change(string(raw))), []schema.Key{key}, judged())
	}
	made := d.gpgKey(noon.AddDate(0, -1, 0), "malleated <malleated@example.com>", "ed25519", "sign", "never")
	d.fakeGPG(real.Binary(d.t, "gpg"), noon)
	d.git("config", "gpg.format", "openpgp")
	d.git("config", "user.signingkey", made)
	key = d.pgp(made)
	_, raw = d.commit("a message")
	for _, row := range rows {
		d.ask("gpg: "+row.name, []byte(row.change(string(raw))), []schema.Key{key}, judged())
	}
	d.ask("gpg: no checksum in the armor", []byte(func(text string) string {
		i := strings.LastIndex(text[:strings.Index(text, end)], "\n =")
		return text[:i] + text[strings.Index(text, end):]
	}(string(raw))), []schema.Key{key}, judged())
}

// grammar signs commits that are written in other ways: the signature is good in all of them.
func (d *differential) grammar() {
	private := d.sshKeygen("ann", "ed25519")
	signer, err := signing.LoadSSHSigner(private)
	if err != nil {
		d.t.Fatal(err)
	}
	d.useSSH(private)
	d.allow("ann " + d.public(private))
	payload := string(d.payload("a message"))
	lines := strings.SplitAfter(payload, "\n")
	at := func(name string) string { // the header's line
		for _, line := range lines {
			if strings.HasPrefix(line, name+" ") {
				return line
			}
		}
		d.t.Fatalf("no header %s in %q", name, payload)
		return ""
	}
	tree, parent, author, committer := at("tree"), at("parent"), at("author"), at("committer")
	replace := func(old, new string) string { return strings.Replace(payload, old, new, 1) }
	for _, row := range []struct{ name, text string }{
		{"as git writes it", payload},
		{"an encoding", replace(committer, committer+"encoding ISO-8859-1\n")},
		{"no message", payload[:strings.Index(payload, "\n\n")+2]},
		{"a message without its line end", strings.TrimSuffix(payload, "\n")},
		{"a name that is not UTF-8", replace("author Ann", "author Andr\xe9")},
		{"an unknown header", replace(committer, committer+"note a\n")},
		{"two encodings", replace(committer, committer+"encoding a\nencoding b\n")},
		{"two trees", replace(tree, tree+tree)},
		{"two authors", replace(author, author+author)},
		{"two committers", replace(committer, committer+committer)},
		{"the committer before the author", replace(author+committer, committer+author)},
		{"a parent after the author", replace(parent+author, author+parent)},
		{"the same parent twice", replace(parent, parent+parent)},
		{"no author", replace(author, "")},
		{"no committer", replace(committer, "")},
		{"no tree", replace(tree, "")},
		{"a tree in upper case", replace(tree, "tree "+strings.ToUpper(tree[5:]))},
		{"an author that goes on", replace(author, author+" more\n")},
		{"an author without a name", replace("author Ann <", "author <")},
		{"an author with an empty name", replace("author Ann <", "author  <")},
		{"a name that touches the address", replace("author Ann <", "author Ann<")},
		{"an address that does not end", replace("ann@example.com> ", "ann@example.com ")},
		{"two addresses", replace("ann@example.com> ", "ann@example.com> <b> ")},
		{"a time with a leading zero", replace("example.com> 1", "example.com> 01")},
		{"a time before 1970", replace("example.com> 1", "example.com> -1")},
		{"a time beyond 64 bits", replace("example.com> 1", "example.com> 99999999991")},
		{"a zone without its sign", replace(" +0000\ncommitter", " 0000\ncommitter")},
		{"a zone of five digits", replace(" +0000\ncommitter", " +00000\ncommitter")},
		{"a NUL in a header", replace("author Ann", "author A\x00nn")},
		{"a carriage return after a header", replace(author, strings.TrimSuffix(author, "\n")+"\r\n")},
	} {
		raw, err := signer.SignCommit([]byte(row.text))
		if err != nil {
			d.t.Fatal(err)
		}
		d.ask("grammar: "+row.name, raw, []schema.Key{d.asKey(private)}, judged())
	}
}

// tags are written in other ways; git fsck says what it thinks of them.
func (d *differential) tags() {
	d.git("tag", "-a", "-m", "a tag", "v1")
	made := []byte(d.git("cat-file", "tag", "v1"))
	d.git("tag", "-s", "-m", "a signed tag", "v2")
	signed := []byte(d.git("cat-file", "tag", "v2"))
	lines := strings.SplitAfterN(string(made), "\n", 5)
	object, kind, name, tagger := lines[0], lines[1], lines[2], lines[3]
	replace := func(old, new string) []byte { return bytes.Replace(made, []byte(old), []byte(new), 1) }
	for _, row := range []struct {
		name string
		raw  []byte
	}{
		{"as git writes it", made},
		{"signed", signed},
		{"no tagger", replace(tagger, "")},
		{"no name", replace(name, "")},
		{"no type", replace(kind, "")},
		{"two objects", replace(object, object+object)},
		{"two names", replace(name, name+name)},
		{"an unknown header", replace(tagger, tagger+"note a\n")},
		{"the name before the type", replace(kind+name, name+kind)},
		{"an unknown type", replace("type commit", "type note")},
		{"a name with a blank", replace("tag v1", "tag v 1")},
		{"a name that climbs", replace("tag v1", "tag a/../b")},
		{"a name that begins like an option", replace("tag v1", "tag -v1")},
		{"an object in upper case", replace(object, "object "+strings.ToUpper(object[7:]))},
		{"a tagger without a time", replace(tagger, "tagger Ann <ann@example.com>\n")},
		{"a NUL in the message", replace("a tag", "a\x00tag")},
		{"no message", made[:bytes.Index(made, []byte("\n\n"))+2]},
		{"no empty line", made[:bytes.Index(made, []byte("\n\n"))+1]},
	} {
		d.askTag(row.name, row.raw)
	}
}

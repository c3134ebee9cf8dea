package signing_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/ci/real"
	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// The whole list of why sluice and git may answer differently. A difference without one of these fails the test: either git
// found something that sluice overlooks, or the list needs a reason that a person believes.
const (
	weak       = "weak algorithm"
	notTaken   = "a kind of key that is not followed"
	second     = "second signature"
	ambiguous  = "malleated, or two programs may read it differently"
	acceptance = "time is judged by acceptance, not by the committer"
	touch      = "nobody touched the security key"
)

// reasons are those that follow from sluice's code; others are said of one object.
var reasons = map[schema.Code]string{
	signing.CodeWeakAlgorithm:      weak,
	signing.CodeUnsupportedKeyType: notTaken,
	signing.CodeMultipleSignatures: second,
	signing.CodeMalformedObject:    ambiguous,
	signing.CodeKeyExpired:         acceptance,
	signing.CodeKeyExpiredOpenPGP:  acceptance,
	signing.CodeSignatureInFuture:  acceptance,
	signing.CodeSignatureTooOld:    acceptance,
}

// comparison is one object, and what git and sluice say of it.
type comparison struct {
	name, id string
	git      bool // verify-commit; for tags, whether git reads them
	fsck     string
	ours     schema.Code
	because  string // why they differ on this object, where the code alone does not say it
}

// differential asks git and a ring about the same bytes.
type differential struct {
	*workshop
	rows []comparison
}

// ask records a commit's answers under the configuration that git has now.
func (d *differential) ask(name string, raw []byte, keys []schema.Key, at signing.Acceptance) *comparison {
	d.t.Helper()
	ring, _ := signing.NewKeyring(schema.Trust{Keys: keys}) // a weak key is disabled, which is what is compared
	id := d.write(raw)
	_, good := d.verify(id)
	d.rows = append(d.rows, comparison{name: name, id: id, git: good, ours: ring.Commit(idOf(raw), raw, at).Code})
	return &d.rows[len(d.rows)-1]
}

// askTag records whether git and sluice can read a tag.
func (d *differential) askTag(name string, raw []byte) {
	d.t.Helper()
	id := d.writeAs("tag", raw)
	row := comparison{name: "tag: " + name, id: id, git: d.command("git", "rev-parse", "-q", "--verify", id+"^{commit}").Run() == nil, ours: signing.CodeOK}
	if _, err := signing.ParseTag(raw); err != nil {
		row.ours = signing.CodeMalformedObject
	}
	d.rows = append(d.rows, row)
}

// fsck names what it finds in an object, and objects that it cannot read at all.
var (
	fsckLine   = regexp.MustCompile(`(?m)^(error|warning) in (?:commit|tag) ([0-9a-f]{40}): (\w+):`)
	fsckBroken = regexp.MustCompile(`(?m)^error: ([0-9a-f]{40}): object could not be parsed`)
)

// fsck asks git about the grammar of all objects at once. An error outdoes a warning.
func (d *differential) fsck() {
	var out bytes.Buffer
	cmd := d.command("git", "fsck", "--strict", "--no-dangling", "--no-progress")
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run() // it ends badly: that is what is asked about
	said := map[string]string{}
	for _, m := range fsckLine.FindAllStringSubmatch(out.String(), -1) {
		if old, have := said[m[2]]; !have || strings.HasPrefix(old, "warning") && m[1] == "error" {
			said[m[2]] = m[1] + " " + m[3]
		}
	}
	for _, m := range fsckBroken.FindAllStringSubmatch(out.String(), -1) {
		if said[m[1]] == "" {
			said[m[1]] = "error unreadable"
		}
	}
	if len(said) == 0 {
		d.t.Errorf("git fsck finds nothing: its words are read wrongly\n%s", out.String())
	}
	for i := range d.rows {
		d.rows[i].fsck = said[d.rows[i].id]
		if d.rows[i].fsck == "" {
			d.rows[i].fsck = "ok"
		}
	}
}

// why says why the answers differ: empty where they agree, not found where nobody knows.
func (c comparison) why() (reason string, found bool) {
	git := c.git && !strings.HasPrefix(c.fsck, "error")
	switch {
	case git == (c.ours == signing.CodeOK):
		return "", true
	case c.because != "" || c.ours == signing.CodeOK:
		return c.because, c.because != ""
	}
	reason, found = reasons[c.ours]
	return reason, found
}

// TestDifferential compares with git itself, over commits of every kind of key and over what an adversary makes of them:
// git verify-commit for the signature, git fsck for the grammar. testdata/differential.txt is the table; -update writes it.
// Other versions of the programs may answer otherwise than recorded: then sluice's answers are compared, and the reasons.
func TestDifferential(t *testing.T) {
	t.Parallel()
	d := &differential{workshop: newWorkshop(t)}
	d.startGPG()
	d.sshKinds()
	d.sshByHand()
	d.sshTimes()
	d.gpgKinds()
	d.gpgStates()
	d.malleated()
	d.grammar()
	d.tags()
	d.fsck()

	table := d.table()
	if *update {
		if err := os.WriteFile("testdata/differential.txt", []byte(table), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := string(testdata(t, "differential.txt"))
	if versions, _, _ := strings.Cut(want, "\n"); versions == d.versions() && table != want {
		t.Errorf("the table differs; -update writes it, read it before it is committed (-recorded +now):\n%s", changedLines(want, table))
	}
	if changed := changedLines(oursAlone(want), oursAlone(table)); changed != "" {
		t.Errorf("sluice answers differently; -update writes the table (-recorded +now):\n%s", changed)
	}
}

// versions are those of the programs that are asked: with others, git's answers may be others too.
func (d *differential) versions() string {
	ssh, err := d.command("ssh", "-V").CombinedOutput()
	if err != nil {
		ssh = []byte("OpenSSH unknown,")
	}
	gpg, _, _ := strings.Cut(d.run(real.Binary(d.t, "gpg"), "--version"), "\n")
	program, _, _ := strings.Cut(string(ssh), " ")
	return "# " + strings.TrimSpace(d.git("version")) + ", " + gpg + ", " + strings.TrimSuffix(program, ",")
}

func (d *differential) table() string {
	var table strings.Builder
	table.WriteString(d.versions() + "\n# What git and sluice say of the same objects: go test ./reconciler/signing -run TestDifferential -update\n")
	fmt.Fprintf(&table, "%-52s | %-4s | %-31s | %-20s | %s\n", "object", "git", "git fsck", "sluice", "why they differ")
	for _, row := range d.rows {
		reason, found := row.why()
		if !found {
			d.t.Errorf("%s: git says %v, fsck %s, sluice %s: a difference without a reason", row.name, row.git, row.fsck, row.ours)
		}
		answer := map[bool]string{true: "good", false: "bad"}[row.git]
		fmt.Fprintln(&table, strings.TrimRight(fmt.Sprintf("%-52s | %-4s | %-31s | %-20s | %s", row.name, answer, row.fsck, row.ours, reason), " |"))
	}
	return table.String()
}

// oursAlone are the columns of a table that no other program answers.
func oursAlone(table string) string {
	var out strings.Builder
	for line := range strings.Lines(table) {
		if columns := strings.Split(line, "|"); len(columns) > 3 {
			fmt.Fprintln(&out, strings.TrimSpace(columns[0])+": "+strings.TrimSpace(columns[3]))
		}
	}
	return out.String()
}

// changedLines are the lines that two texts do not share.
func changedLines(want, got string) string {
	var out strings.Builder
	for line := range strings.Lines(want) {
		if !strings.Contains(got, line) {
			out.WriteString("-" + line)
		}
	}
	for line := range strings.Lines(got) {
		if !strings.Contains(want, line) {
			out.WriteString("+" + line)
		}
	}
	return out.String()
}

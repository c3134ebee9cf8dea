package ledger

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// commit is a commit of the ledger's branch, as far as the ledger looks at it.
type commit struct {
	tree    schema.Hash
	parents []schema.Hash
	payload []byte // the raw bytes without the signature: what is signed
	armored []byte // the signature; nil without one
}

// newCommit returns the payload of a commit that holds the entries up to at.
func newCommit(tree, parent schema.Hash, project string, at time.Time, message string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "tree %s\n", tree)
	if !parent.IsZero() {
		fmt.Fprintf(&b, "parent %s\n", parent)
	}
	person := fmt.Sprintf("sluice <ledger@%s> %d +0000", project, at.Unix())
	fmt.Fprintf(&b, "author %s\ncommitter %s\n\n%s", person, person, message)
	return b.Bytes()
}

const signatureHeader = "gpgsig "

// signCommit puts the signature where Git has it: as the last header, its lines indented by a space.
func signCommit(payload, armored []byte) []byte {
	end := bytes.Index(payload, []byte("\n\n")) + 1
	signature := signatureHeader + strings.ReplaceAll(strings.TrimSuffix(string(armored), "\n"), "\n", "\n ") + "\n"
	return bytes.Join([][]byte{payload[:end], []byte(signature), payload[end:]}, nil)
}

// parseCommit reads a commit with exactly the headers that newCommit and signCommit write, in their order and form.
func parseCommit(raw []byte) (commit, error) {
	c, err := parseHeaders(raw)
	if err != nil {
		return commit{}, err
	}
	again := c.payload
	if c.armored != nil {
		again = signCommit(c.payload, c.armored)
	}
	if !bytes.Equal(again, raw) {
		return commit{}, fmt.Errorf("commit is not in its written form")
	}
	return c, nil
}

func parseHeaders(raw []byte) (commit, error) {
	end := bytes.Index(raw, []byte("\n\n"))
	if end < 0 {
		return commit{}, fmt.Errorf("commit without a message")
	}
	var c commit
	var kept []string
	var names []string
	for _, line := range strings.Split(string(raw[:end]), "\n") {
		name, value, _ := strings.Cut(line, " ")
		if name == "" && len(names) > 0 && names[len(names)-1] == "gpgsig" {
			c.armored = append(c.armored, "\n"+value...)
			continue
		}
		names = append(names, name)
		if name == "gpgsig" {
			c.armored = append(c.armored, value...)
			continue
		}
		kept = append(kept, line)
		if err := c.header(name, value); err != nil {
			return commit{}, err
		}
	}
	order := strings.Join(names, " ")
	plain := "tree" + strings.Repeat(" parent", len(c.parents)) + " author committer"
	if order != plain && order != plain+" gpgsig" {
		return commit{}, fmt.Errorf("commit headers %q", order)
	}
	if c.armored != nil {
		c.armored = append(c.armored, '\n')
	}
	c.payload = append([]byte(strings.Join(kept, "\n")+"\n"), raw[end+1:]...)
	return c, nil
}

func (c *commit) header(name, value string) error {
	switch name {
	case "tree", "parent":
		id, err := schema.ParseHash(value)
		if err != nil {
			return fmt.Errorf("commit %s: %w", name, err)
		}
		if name == "tree" {
			c.tree = id
			return nil
		}
		c.parents = append(c.parents, id)
	}
	return nil
}

// maxNamed is how many entries a commit's message names; the entries themselves are in its tree.
const maxNamed = 100

// message says what a commit appends, for people who read the branch with plain git.
func message(entries []Entry) string {
	var b strings.Builder
	if len(entries) == 1 {
		fmt.Fprintf(&b, "ledger: %s\n", about(entries[0]))
	} else {
		fmt.Fprintf(&b, "ledger: %d entries\n", len(entries))
	}
	b.WriteString("\n")
	for i, e := range entries {
		if i == maxNamed {
			fmt.Fprintf(&b, "and %d more\n", len(entries)-i)
			break
		}
		fmt.Fprintf(&b, "%d %s\n", e.Seq, about(e))
	}
	return b.String()
}

func about(e Entry) string {
	words := []string{string(e.Kind)}
	switch {
	case e.Cell() == schema.Control:
		words = append(words, "control files")
	case e.App != "":
		words = append(words, e.Cell().String())
	case e.Stage != "":
		words = append(words, string(e.Stage))
	}
	if e.Kind.Admits() {
		words = append(words, e.Decision.Change.To.Revision.String())
	}
	if e.Delivery != nil {
		words = append(words, "at "+e.Delivery.Target)
	}
	if e.Ref != "" && e.Kind == Observe {
		words = append(words, e.Ref)
	}
	return strings.Join(words, " ")
}

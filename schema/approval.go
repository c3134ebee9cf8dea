package schema

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// KindApprove is the kind of request that carries a signed approval.
const KindApprove = "approve"

// maxApprovedCells bounds one approval; a person cannot look at more.
const maxApprovedCells = 1000

// ApprovalStatement is what an approver signs: the steps of the cells of one merge request, each from one content to another
// under one gate. It may be given before or after the merge, and is verified without the forge (TRUST, RULES R4, R14).
type ApprovalStatement struct {
	Project string    `json:"project"`
	Made    time.Time `json:"made"` // as the signer's clock said: a sanity bound only
	Seen    Seen      `json:"seen"`
	Trust   int       `json:"trust"` // version that the signer saw in force; a newer one does not make the approval stale
	// MergeRequest is what the signer looked at; nil for an approval of content without one.
	MergeRequest *MergeRequestName `json:"merge_request,omitempty"`
	Head         Hash              `json:"head,omitzero"` // of the merge request; needed where a gate binds the head
	// Cells are sorted by stage and app, each once.
	Cells []ApprovedCell `json:"cells"`
}

// MergeRequestName names a merge request by numbers, which are never given away again.
type MergeRequestName struct {
	Host      string `json:"host"`
	ProjectID int64  `json:"project_id"`
	IID       int64  `json:"iid"`
}

// ApprovedCell is one approved step.
type ApprovedCell struct {
	Cell Cell    `json:"cell"`
	Ref  string  `json:"ref"`  // full name of the stage's ref
	From Content `json:"from"` // admitted content of the cell; for the control cell the manifest digest of the files in force
	To   Content `json:"to"`
	Gate Digest  `json:"gate"` // of the gate asked; for the control cell the digest of root.yaml in force
}

// SignedApproval is an approval with what its check said: what the approvals policy counts, or not. It counts once per cell.
type SignedApproval struct {
	Principal string            `json:"principal,omitempty"` // whose key signed it; empty while the signature is not good
	Key       string            `json:"key,omitempty"`       // fingerprint
	Code      Code              `json:"code"`                // ok, or why the signature does not count
	Tag       Digest            `json:"tag,omitempty"`       // of the raw tag, which is evidence
	Statement ApprovalStatement `json:"statement"`
	// Entry is the digest that the project's ledger has for the entry numbered Statement.Seen.Size; empty if it has none.
	Entry Digest `json:"entry,omitempty"`
}

// For returns the approved step of a cell.
func (a ApprovalStatement) For(cell Cell) (ApprovedCell, bool) {
	for _, c := range a.Cells {
		if c.Cell == cell {
			return c, true
		}
	}
	return ApprovedCell{}, false
}

// Statement returns the bytes to sign.
func (a ApprovalStatement) Statement() ([]byte, error) {
	a.Cells = slices.Clone(a.Cells)
	slices.SortFunc(a.Cells, ApprovedCell.compare)
	if err := a.check(); err != nil {
		return nil, err
	}
	return encodeStatement(KindApprove, approvalFields(), a)
}

// ParseApproval reads an approve request. Who signed it, and whether it counts, is not its question.
func ParseApproval(r Request) (ApprovalStatement, error) {
	if r.Kind != KindApprove {
		return ApprovalStatement{}, fmt.Errorf("%s request: want %s", r.Kind, KindApprove)
	}
	a, err := parseStatement(r, approvalFields())
	if err == nil {
		err = a.check()
	}
	if err != nil {
		return ApprovalStatement{}, err
	}
	return a, nil
}

// check holds what single fields cannot say.
func (a ApprovalStatement) check() error {
	for i, c := range a.Cells {
		if c.From == c.To {
			return fmt.Errorf("approve request: %s does not change", c.Cell)
		}
		if i > 0 && a.Cells[i-1].compare(c) >= 0 {
			return fmt.Errorf("approve request: cells are not in order, each once")
		}
	}
	return nil
}

func (c ApprovedCell) compare(other ApprovedCell) int {
	if n := strings.Compare(string(c.Cell.Stage), string(other.Cell.Stage)); n != 0 {
		return n
	}
	return strings.Compare(string(c.Cell.App), string(other.Cell.App))
}

func approvalFields() []statementField[ApprovalStatement] {
	type approval = ApprovalStatement
	return []statementField[approval]{
		one("project", func(a approval) string { return a.Project }, func(a *approval, s string) (err error) { a.Project, err = readProject(s); return }),
		one("made", func(a approval) string { return stamp(a.Made) }, func(a *approval, s string) (err error) { a.Made, err = readTime(s); return }),
		one("seen", func(a approval) string { return writeSeen(a.Seen) }, func(a *approval, s string) (err error) { a.Seen, err = readSeen(s); return }),
		one("trust", func(a approval) string { return strconv.Itoa(a.Trust) }, func(a *approval, s string) (err error) {
			if a.Trust, err = strconv.Atoi(s); err == nil && a.Trust < 1 {
				err = fmt.Errorf("want a version from 1")
			}
			return
		}),
		optional("merge_request", func(a approval) string { return a.MergeRequest.String() }, func(a *approval, s string) (err error) {
			a.MergeRequest, err = readMergeRequest(s)
			return
		}),
		optional("head", func(a approval) string {
			if a.Head.IsZero() {
				return ""
			}
			return a.Head.String()
		}, func(a *approval, s string) (err error) { a.Head, err = readObject(s); return }),
		{
			name: "cell", min: 1, max: maxApprovedCells,
			write: func(a approval) (out []string) {
				for _, c := range a.Cells {
					out = append(out, c.String())
				}
				return
			},
			read: func(a *approval, s string) error {
				c, err := readApprovedCell(s)
				a.Cells = append(a.Cells, c)
				return err
			},
		},
	}
}

// String writes the value of a cell line: stage, app, ref, from, to and gate; the control cell's stage is "-".
func (c ApprovedCell) String() string {
	stage := string(c.Cell.Stage)
	if c.Cell == Control {
		stage = "-"
	}
	return strings.Join([]string{stage, string(c.Cell.App), c.Ref, string(c.From), string(c.To), string(c.Gate)}, " ")
}

func readApprovedCell(s string) (c ApprovedCell, err error) {
	words := strings.Split(s, " ")
	if len(words) != 6 {
		return c, fmt.Errorf("want stage, app, ref, from, to and gate")
	}
	if c.Cell, err = readCell(words[0], words[1]); err != nil {
		return c, err
	}
	if c.Ref, err = readRef(words[2]); err != nil {
		return c, err
	}
	if c.From, err = readContent(words[3]); err != nil {
		return c, err
	}
	if c.To, err = readContent(words[4]); err != nil {
		return c, err
	}
	c.Gate, err = ParseDigest(words[5])
	return c, err
}

// readCell reads a stage and an app; "-" and "control" are the control cell.
func readCell(stage, app string) (Cell, error) {
	if stage == "-" && App(app) == Control.App {
		return Control, nil
	}
	name, err := readStage(stage)
	if err != nil {
		return Cell{}, err
	}
	a, err := ParseApp(app)
	return Cell{Stage: name, App: a}, err
}

// String writes host, project and number; empty for none.
func (m *MergeRequestName) String() string {
	if m == nil {
		return ""
	}
	return fmt.Sprintf("%s %d %d", m.Host, m.ProjectID, m.IID)
}

func readMergeRequest(s string) (*MergeRequestName, error) {
	words := strings.Split(s, " ")
	if len(words) != 3 || !hostShape.MatchString(words[0]) {
		return nil, fmt.Errorf("%q: want a host, the project's number and the merge request's", s)
	}
	project, errProject := strconv.ParseInt(words[1], 10, 64)
	iid, errIID := strconv.ParseInt(words[2], 10, 64)
	if errProject != nil || errIID != nil || project < 1 || iid < 1 {
		return nil, fmt.Errorf("%q: want a host, the project's number and the merge request's", s)
	}
	return &MergeRequestName{Host: words[0], ProjectID: project, IID: iid}, nil
}

package ledger

import (
	"context"
	"strings"
	"time"

	"github.com/sluice-gitops/sluice/schema"
)

// AppendAsWritten appends entries and bytes as they are given: what a thief of the log key can do with our own code.
func (l *Ledger) AppendAsWritten(ctx context.Context, entries []Entry, raws [][]byte, sign Signer) (Batch, error) {
	g := l.growth(entries, raws)
	if err := g.fold(ctx); err != nil {
		return Batch{}, err
	}
	if err := g.close(ctx, sign); err != nil {
		return Batch{}, err
	}
	return Batch{Old: l.tip, New: g.next.tip, Objects: g.objects, Entries: entries, Ledger: g.next}, nil
}

// EncodeUnchecked encodes an entry whatever it says.
func EncodeUnchecked(e Entry) ([]byte, error) { return encodeLine(e) }

// EncodeState encodes a cell's state as its file holds it.
func EncodeState(s State) ([]byte, error) { return encodeLine(s) }

// EncodeJSON encodes head and refs as their files hold them.
func EncodeJSON[T any](v T) ([]byte, error) { return encodeLine(v) }

// SignedCommit returns the raw commit of a tree, signed.
func SignedCommit(tree schema.Hash, parents []schema.Hash, sign Signer) ([]byte, error) {
	payload := newCommit(tree, schema.Hash{}, "forged", time.Unix(1772442000, 0), "forged\n")
	var head []byte
	for _, p := range parents {
		head = append(head, "parent "+p.String()+"\n"...)
	}
	at := len("tree \n") + 40
	payload = append(append(append([]byte(nil), payload[:at]...), head...), payload[at:]...)
	armored, err := sign.SignCommit(payload)
	if err != nil {
		return nil, err
	}
	return signCommit(payload, armored), nil
}

// Kinds returns every kind that this version knows.
func Kinds() []Kind {
	return []Kind{
		Genesis, Control, Observe, Admit, Rollback, Retire, Hold, Deny, Apply, Drift, TargetDown, Archive, Suspend, Resume,
		BreakGlass, Taint, KeyRotate, Expunge, Widen,
	}
}

// PartsOf writes what an entry of a kind must have, and in brackets what it may have.
func PartsOf(k Kind) string {
	must, may, _ := parts(k)
	var words, brackets []string
	for _, p := range []struct {
		part part
		word string
	}{{decisionPart, "decision"}, {deliveryPart, "delivery"}, {sealPart, "seal"}, {orderPart, "order"}, {stepPart, "step"}, {cellPart, "cell"}, {refPart, "ref"}} {
		if must&p.part != 0 {
			words = append(words, p.word)
		}
	}
	for _, p := range []struct {
		part part
		word string
	}{{refPart, "ref"}, {cellPart, "cell"}, {orderPart, "order"}, {decisionPart, "decision"}} {
		if may&p.part != 0 {
			brackets = append(brackets, p.word)
		}
	}
	text := strings.Join(words, ", ")
	if len(brackets) > 0 {
		text = strings.TrimSpace(text + " (" + strings.Join(brackets, ", ") + ")")
	}
	return text
}

// CheckVolumes says what is wrong with the bytes of file volumes.
func CheckVolumes(data []byte) error {
	_, err := parseVolumes(data)
	return err
}

// CheckBucket says what is wrong with the bytes of a file of several states.
func CheckBucket(data []byte) error {
	_, err := parseBucket(data)
	return err
}

package ledger

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/sluice-gitops/sluice/schema"
)

// part is a group of fields that a kind of entry carries.
type part int

const (
	decisionPart part = 1 << iota
	deliveryPart
	sealPart
	orderPart
	refPart
	cellPart // a stage and an app
	stepPart
)

// parts says what each kind must carry, and may. A kind that is not here is unknown.
func parts(k Kind) (must, may part, known bool) {
	switch k {
	case Genesis:
		return sealPart, 0, true
	case Control:
		return sealPart, refPart | cellPart | decisionPart, true
	case Observe:
		return 0, refPart | cellPart | orderPart, true
	case Admit, Rollback, Retire, Hold, Deny:
		return decisionPart | cellPart, refPart, true
	case BreakGlass:
		return decisionPart | cellPart, refPart | orderPart, true
	case Apply, Drift, TargetDown:
		return deliveryPart | cellPart, 0, true
	case Archive, Taint:
		return orderPart | cellPart, 0, true
	case Suspend, Resume:
		return orderPart, cellPart, true
	case KeyRotate, Expunge:
		return orderPart, 0, true
	case Widen:
		return stepPart | cellPart, 0, true
	}
	return 0, 0, false
}

// check refuses an entry whose shape does not fit its kind, so that a fold never meets one.
func (e Entry) check() error {
	if e.V != Version {
		return fmt.Errorf("%w: version %d", ErrUnknownFormat, e.V)
	}
	must, may, known := parts(e.Kind)
	if !known {
		return fmt.Errorf("%w: kind %q", ErrUnknownFormat, e.Kind)
	}
	have := e.parts()
	if missing := must &^ have; missing != 0 {
		return fmt.Errorf("%w: %s entry lacks its %s", ErrUnknownFormat, e.Kind, missing)
	}
	if extra := have &^ (must | may); extra != 0 {
		return fmt.Errorf("%w: %s entry has a %s", ErrUnknownFormat, e.Kind, extra)
	}
	if e.Seq < 1 || e.Seq > maxSeq || (e.Seq == 1) != (e.Prev == "") || (e.Seq == 1) != (e.Kind == Genesis) {
		return fmt.Errorf("%w: %s entry as number %d", ErrUnknownFormat, e.Kind, e.Seq)
	}
	if !e.At.Equal(instant(e.At)) || e.At.Location() != instant(e.At).Location() {
		return fmt.Errorf("%w: time %s: want UTC and whole milliseconds", ErrUnknownFormat, e.At)
	}
	if err := e.checkNames(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnknownFormat, err)
	}
	return e.checkValues()
}

func (e Entry) parts() part {
	var have part
	for p, is := range map[part]bool{
		decisionPart: e.Decision != nil,
		deliveryPart: e.Delivery != nil,
		sealPart:     e.Seal != nil,
		orderPart:    e.Order != nil,
		refPart:      e.Ref != "" || !e.Old.IsZero() || !e.New.IsZero(),
		cellPart:     e.App != "",
		stepPart:     e.Step != nil,
	} {
		if is {
			have |= p
		}
	}
	return have
}

// checkNames refuses stages and apps that could not be a path of the ledger's tree.
func (e Entry) checkNames() error {
	if err := checkProject(e.Project); err != nil {
		return err
	}
	if e.Stage != "" {
		if err := schema.CheckSegment(string(e.Stage)); err != nil {
			return fmt.Errorf("stage: %w", err)
		}
	}
	if err := e.checkApp(); err != nil {
		return err
	}
	if e.Stage == "" && e.App != "" && e.Cell() != schema.Control {
		return fmt.Errorf("app %q without a stage", e.App)
	}
	for _, d := range e.Names() {
		if _, err := schema.ParseDigest(string(d)); err != nil {
			return err
		}
	}
	return nil
}

// maxRefusedName bounds a name that is recorded because it was refused.
const maxRefusedName = 4096

// checkApp refuses names that no app can have, except where the entry says that one was refused for it: what people pushed
// has to be told by the name that it has in Git. The path of its state is a digest, whatever the name.
func (e Entry) checkApp() error {
	_, err := schema.ParseApp(string(e.App))
	switch {
	case e.App == "" || err == nil:
		return nil
	case e.Kind != Hold && e.Kind != Deny && (e.Kind != Observe || e.Code != Settled):
		return err
	case !utf8.ValidString(string(e.App)) || len(e.App) > maxRefusedName:
		return fmt.Errorf("app name of %d bytes: not text, or too long to tell", len(e.App))
	}
	return nil
}

// checkValues refuses words that a fold would have to guess about.
func (e Entry) checkValues() error {
	if e.Cell() == schema.Control && (e.Kind.Admits() || e.Delivery != nil || e.Step != nil || e.Kind == Archive || e.Kind == Taint) {
		return fmt.Errorf("%w: %s entry for the control files", ErrUnknownFormat, e.Kind)
	}
	if e.Kind == Control && e.App != "" && e.Cell() != schema.Control {
		return fmt.Errorf("%w: control entry for %s", ErrUnknownFormat, e.Cell())
	}
	if e.Kind == Observe && (e.Code == Adopted || e.Code == Overwritten) && e.Order == nil {
		return fmt.Errorf("%w: nobody asked for what is %s", ErrUnknownFormat, e.Code)
	}
	if e.Seal != nil && (!e.Seal.Form.known() || e.Kind != Genesis && e.Seal.Form != Deep) {
		return fmt.Errorf("%w: %s entry with form %d of the tree", ErrUnknownFormat, e.Kind, e.Seal.Form)
	}
	if e.Seal != nil && len(e.Seal.Takes) > 0 && e.Kind != Control {
		return fmt.Errorf("%w: %s entry takes targets up", ErrUnknownFormat, e.Kind)
	}
	if e.Seal != nil && (e.Seal.Form == Volumes) != (e.Seal.Volume > 0) {
		return fmt.Errorf("%w: %s entry with form %d of the tree and volumes of %d entries", ErrUnknownFormat, e.Kind, e.Seal.Form, e.Seal.Volume)
	}
	if err := e.checkOrder(); err != nil {
		return fmt.Errorf("%w: %s entry: %w", ErrUnknownFormat, e.Kind, err)
	}
	if e.Step != nil && e.Step.Admission < 1 || e.Decision != nil && e.Decision.Gray != nil && e.Kind != Admit {
		return fmt.Errorf("%w: %s entry widens nothing", ErrUnknownFormat, e.Kind)
	}
	if e.Delivery == nil {
		return nil
	}
	if e.Delivery.Target == "" || e.Delivery.Admission < 1 {
		return fmt.Errorf("%w: %s entry without target or admission", ErrUnknownFormat, e.Kind)
	}
	if r := e.Delivery.Result; (e.Kind == Apply) != (r == ResultOK || r == ResultFailed) {
		return fmt.Errorf("%w: %s entry with result %q", ErrUnknownFormat, e.Kind, r)
	}
	if e.Delivery.Refused != nil && (e.Kind == Drift || e.Delivery.Result == ResultOK) {
		return fmt.Errorf("%w: %s entry says why something was refused, and nothing was", ErrUnknownFormat, e.Kind)
	}
	return nil
}

// checkOrder asks for what the kind of order is about, and for nothing that another kind is about.
func (e Entry) checkOrder() error {
	if e.Order == nil {
		return nil
	}
	switch {
	case (e.Order.LogKey != "") != (e.Kind == KeyRotate):
		return errors.New("a log key belongs to key-rotate, and to it alone")
	case (e.Order.Blob != "") != (e.Kind == Expunge):
		return errors.New("a blob belongs to expunge, and to it alone")
	case (e.Order.Revision != "") != (e.Kind == Archive || e.Kind == Taint):
		return errors.New("a revision belongs to archive and taint, and to them alone")
	case (e.Kind == Suspend || e.Kind == Resume) && e.Stage == "":
		return errors.New("no stage")
	case e.Kind == Observe && !e.adopts() && (e.Code != Accepted || e.Ref == "" || e.New.IsZero()):
		return errors.New("an order belongs to a ref that is accepted, or to a cell that is adopted")
	case e.Order.Snapshot != "" && e.Kind != Archive:
		return errors.New("a snapshot belongs to archive")
	case e.Order.Taken != 0 && e.Code != Overwritten:
		return errors.New("only what is overwritten has to say when its targets were taken up")
	case e.Order.Review != nil && e.Kind != BreakGlass:
		return errors.New("a review belongs to break-glass, and to it alone")
	}
	var errKey, errBlob, errStatement error
	if e.Order.Statement != "" {
		_, errStatement = schema.ParseDigest(string(e.Order.Statement))
	}
	if e.Order.LogKey != "" {
		_, errKey = ParseLogKey(e.Order.LogKey)
	}
	if e.Order.Blob != "" {
		_, errBlob = schema.ParseDigest(string(e.Order.Blob))
	}
	return errors.Join(errKey, errBlob, errStatement)
}

// adopts reports whether the admins took a cell over by the entry.
func (e Entry) adopts() bool {
	return e.Kind == Observe && (e.Code == Adopted || e.Code == Overwritten) && e.Stage != "" && e.App != ""
}

// String names the first part, for messages.
func (p part) String() string {
	names := []string{"decision", "delivery", "seal", "order", "ref", "stage and app", "step"}
	for i, name := range names {
		if p&(1<<i) != 0 {
			return name
		}
	}
	return "nothing"
}

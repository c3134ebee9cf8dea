package schema

import (
	"fmt"
	"slices"
)

// requestFields is the table of the kinds: head, what it is about, reason. It is nil for kinds that are not known.
func requestFields(kind string) []statementField[requestStatement] {
	var about []statementField[requestStatement]
	switch kind {
	case KindSuspend:
		about = []statementField[requestStatement]{stageField(), optionalAppField(), untilField()}
	case KindResume:
		about = []statementField[requestStatement]{stageField(), optionalAppField()}
	case KindTaint:
		about = []statementField[requestStatement]{stageField(), appField(), revisionField(), markField()}
	case KindExpunge:
		about = []statementField[requestStatement]{blobField()}
	case KindAcceptRef:
		about = []statementField[requestStatement]{refField(), oldField(), newField("new")}
	case KindAdopt:
		about = []statementField[requestStatement]{stageField(), optionalAppField(), foreignField()}
	case KindBreakGlass:
		about = []statementField[requestStatement]{
			stageField(), appField(), refField(), fromField(), toField(), newField("commit"), untilField(), reviewField(),
		}
	default:
		return nil
	}
	return slices.Concat(headFields(), about, []statementField[requestStatement]{
		one("reason", func(s requestStatement) string { return s.Reason }, func(s *requestStatement, v string) (err error) { s.Reason, err = readReason(v); return }),
	})
}

func headFields() []statementField[requestStatement] {
	return []statementField[requestStatement]{
		one("project", func(s requestStatement) string { return s.Project }, func(s *requestStatement, v string) (err error) { s.Project, err = readProject(v); return }),
		one("made", func(s requestStatement) string { return stamp(s.Made) }, func(s *requestStatement, v string) (err error) { s.Made, err = readTime(v); return }),
		one("seen", func(s requestStatement) string { return writeSeen(s.Seen) }, func(s *requestStatement, v string) (err error) { s.Seen, err = readSeen(v); return }),
	}
}

func stageField() statementField[requestStatement] {
	return one("stage", func(s requestStatement) string { return string(s.Cell.Stage) },
		func(s *requestStatement, v string) (err error) { s.Cell.Stage, err = readStage(v); return })
}

func appField() statementField[requestStatement] {
	return one("app", func(s requestStatement) string { return string(s.Cell.App) },
		func(s *requestStatement, v string) (err error) { s.Cell.App, err = ParseApp(v); return })
}

func optionalAppField() statementField[requestStatement] {
	f := appField()
	return optional("app", func(s requestStatement) string { return string(s.Cell.App) }, f.read)
}

func untilField() statementField[requestStatement] {
	return one("until", func(s requestStatement) string { return stamp(s.Until) },
		func(s *requestStatement, v string) (err error) { s.Until, err = readTime(v); return })
}

func reviewField() statementField[requestStatement] {
	return one("review", func(s requestStatement) string { return stamp(s.Review) },
		func(s *requestStatement, v string) (err error) { s.Review, err = readTime(v); return })
}

func revisionField() statementField[requestStatement] {
	return one("revision", func(s requestStatement) string { return string(s.Revision) },
		func(s *requestStatement, v string) error {
			d, err := ParseDigest(v)
			s.Revision = Revision(d)
			return err
		})
}

// The words of a taint request.
const (
	markTainted      = "tainted"
	markAcknowledged = "acknowledged"
	markReviewed     = "reviewed"
)

func markField() statementField[requestStatement] {
	return one("mark", func(s requestStatement) string {
		switch {
		case s.Acknowledged:
			return markAcknowledged
		case s.Reviewed:
			return markReviewed
		}
		return markTainted
	}, func(s *requestStatement, v string) error {
		if v != markTainted && v != markAcknowledged && v != markReviewed {
			return fmt.Errorf("want %s, %s or %s", markTainted, markAcknowledged, markReviewed)
		}
		s.Acknowledged, s.Reviewed = v == markAcknowledged, v == markReviewed
		return nil
	})
}

// The words of an adoption, about content without our marker at the targets.
const (
	foreignKeep      = "keep"
	foreignOverwrite = "overwrite"
)

func foreignField() statementField[requestStatement] {
	return one("foreign", func(s requestStatement) string {
		if s.Overwrite {
			return foreignOverwrite
		}
		return foreignKeep
	}, func(s *requestStatement, v string) error {
		if v != foreignKeep && v != foreignOverwrite {
			return fmt.Errorf("want %s or %s", foreignKeep, foreignOverwrite)
		}
		s.Overwrite = v == foreignOverwrite
		return nil
	})
}

func blobField() statementField[requestStatement] {
	return statementField[requestStatement]{
		name: "blob", min: 1, max: 1000,
		write: func(s requestStatement) (out []string) {
			for _, d := range s.Blobs {
				out = append(out, string(d))
			}
			return
		},
		read: func(s *requestStatement, v string) error {
			d, err := ParseDigest(v)
			s.Blobs = append(s.Blobs, d)
			return err
		},
	}
}

func refField() statementField[requestStatement] {
	return one("ref", func(s requestStatement) string { return s.Ref },
		func(s *requestStatement, v string) (err error) { s.Ref, err = readRef(v); return })
}

func oldField() statementField[requestStatement] {
	return one("old", func(s requestStatement) string { return s.Old.String() },
		func(s *requestStatement, v string) (err error) { s.Old, err = readObject(v); return })
}

func newField(name string) statementField[requestStatement] {
	return one(name, func(s requestStatement) string { return s.New.String() },
		func(s *requestStatement, v string) (err error) { s.New, err = readObject(v); return })
}

func fromField() statementField[requestStatement] {
	return one("from", func(s requestStatement) string { return string(s.From) },
		func(s *requestStatement, v string) (err error) { s.From, err = readContent(v); return })
}

func toField() statementField[requestStatement] {
	return one("to", func(s requestStatement) string { return string(s.To) },
		func(s *requestStatement, v string) (err error) { s.To, err = readContent(v); return })
}

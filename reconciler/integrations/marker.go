package integrations

import "encoding/json"

// Marker tells whose the place is from the bytes of its marker, and the head if it is genuine. Keys are those of the
// Spec. No bytes at all are Nobody's.
//
// A head of our project that is for another cell, was changed, or is signed by a key that is not ours is Altered: its
// project says that it was put in our place on purpose. Another project's head is recognised only by its exact form,
// so that any JSON with a field "project" is a Stranger's.
func (s Spec) Marker(raw []byte, want Release) (Holder, Head) {
	if raw == nil {
		return Nobody, Head{}
	}
	h, text, err := decodeHead(raw)
	if err != nil {
		if project := claimed(raw); project != "" && project == want.Project {
			return Altered, Head{}
		}
		return Stranger, Head{}
	}
	if h.Project != want.Project {
		return Another, h
	}
	if h.Stage != want.Cell.Stage || h.App != want.Cell.App || h.verify(text, s.Keys.key(h.Key)) != nil || h.checkInline() != nil {
		return Altered, h
	}
	return Us, h
}

// claimed returns the project that broken text still names.
func claimed(raw []byte) string {
	var h struct {
		Project string `json:"project"`
	}
	if len(raw) > 4*MaxHead || json.Unmarshal(raw, &h) != nil {
		return ""
	}
	return h.Project
}

// Observe begins an observation from a marker's bytes; what the target compares beside the marker is for it to add.
func (s Spec) Observe(place string, raw []byte, want Release) (Observation, Head) {
	holder, head := s.Marker(raw, want)
	o := Observation{Place: place, Holder: holder}
	switch holder {
	case Us:
		o.Project, o.Seq, o.Content = head.Project, head.Seq, head.Content
		o.Outdated = head.Key != s.Keys.signer().ID
	case Another:
		o.Project = head.Project
	case Altered:
		o.Project = want.Project
	}
	return o, head
}

// Next is what a head shall say of want when it follows what was observed.
func Next(want Release, inline bool, found Observation, head Head) Body {
	return NewBody(want, inline).After(found, head)
}

// After is the body when it follows what was observed.
func (b Body) After(found Observation, head Head) Body {
	if found.Holder != Us {
		return b
	}
	b.Prev = head.Doc
	if head.Seq == b.Seq {
		b.Prev = head.Prev // a repair follows what the release followed
	}
	return b
}

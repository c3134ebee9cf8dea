package reconciler

import (
	"cmp"

	"github.com/sluice-gitops/sluice/schema"
)

// weakest joins the sources of all files: live since the last of them was, soaked as long as the one that did least.
func (p filePast) weakest(sources []schema.FileSource, wanted []oneFile, h history) *schema.Source {
	var out *schema.Source
	for i, s := range sources {
		one := p.run(p.index(s.Seq), wanted[i], h)
		if out == nil {
			out = one
			continue
		}
		if one.Seq > out.Seq {
			out.Seq, out.Content = one.Seq, one.Content
		}
		if one.LiveSeq > out.LiveSeq {
			out.LiveSeq, out.LiveAt = one.LiveSeq, one.LiveAt
		}
		if one.SoakingSince.IsZero() || !out.SoakingSince.IsZero() && one.SoakingSince.After(out.SoakingSince) {
			out.SoakingSince = one.SoakingSince
		}
		out.Soaked, out.Down, out.LetIn = min(out.Soaked, one.Soaked), out.Down || one.Down, cmp.Or(out.LetIn, one.LetIn)
	}
	return out
}

// run is the source of one file: it lives on where an admission leaves it as it was, so it is live since the first of those
// in a row that have it.
func (p filePast) run(i int, f oneFile, h history) *schema.Source {
	out := source(p.stage, p.state, p.state.Revisions[i], h.now)
	for i--; i >= 0 && p.usable[i] == "" && f.in(p.files[i]) && (f.there || !p.before(i, f.path)); i-- {
		a := p.state.Revisions[i]
		out.Soaked, out.LiveAt, out.LiveSeq = out.Soaked+a.SoakedAt(h.now), a.LiveAt, a.LiveSeq
	}
	return out
}

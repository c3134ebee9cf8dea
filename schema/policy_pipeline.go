package schema

import (
	"slices"
	"unicode/utf8"
)

// PipelineSpec is the value of the pipeline policy: the jobs that have to be green on the head of the merge request.
//
// Invariant: sorted; each occurs once; at least one.
type PipelineSpec struct {
	Jobs []string `json:"jobs"`
}

// Pipeline reads the value of a pipeline policy.
func (s PolicySpec) Pipeline() (PipelineSpec, error) {
	var spec PipelineSpec
	err := s.decode("pipeline", func(src *source, v *value) { spec = src.pipeline(v, "pipeline") })
	return spec, err
}

func (s *source) pipeline(v *value, path string) PipelineSpec {
	if v.kind != listValue {
		s.wrongType(v, path, "a list of jobs, like [sluice-check, test]")
		return PipelineSpec{}
	}
	if len(v.items) == 0 {
		s.badValue(v, path, "", "want at least one job")
	}
	var spec PipelineSpec
	for i, item := range v.items {
		text := s.text(item, at(path, i))
		switch {
		case text == "":
		case utf8.RuneCountInString(text) > 255 || Printable(text) != text:
			s.badValue(item, at(path, i), "", "no job is called so")
		case slices.Contains(spec.Jobs, text):
			s.badValue(item, at(path, i), "", "a job is named twice")
		default:
			spec.Jobs = append(spec.Jobs, text)
		}
	}
	slices.Sort(spec.Jobs)
	return spec
}

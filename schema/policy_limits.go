package schema

// LimitsSpec is the value of the limits policy: how much one change of one app may do before it is more than people review.
type LimitsSpec struct {
	Files     int   `json:"files"`     // added, changed or deleted
	Bytes     int64 `json:"bytes"`     // of the files added or changed, together
	File      int64 `json:"file"`      // bytes of one of them
	Line      int64 `json:"line"`      // bytes of a line in one of them: a longer one was written by a machine
	Binary    bool  `json:"binary"`    // files that are not text may change
	Deletions int   `json:"deletions"` // percent of the app's files
	Large     int   `json:"large"`     // approvals that let through what is past the limits, save deletions; 0: none does
	// Apps is how many apps of the stage one merge request may change; 0: any number. Left out of the JSON where it is not written, so
	// that gates from before there was such a limit keep their digest.
	Apps int `json:"apps,omitempty"`
}

// The limits of a project that writes none, and the bounds of what it may write.
const (
	defaultFiles     = 100
	defaultBytes     = 256 << 10
	defaultFile      = 128 << 10
	defaultLine      = 2000
	defaultDeletions = 50
	mostFiles        = 100_000
	mostApps         = 10_000
	mostBytes        = 1 << 30
)

// Limits reads the value of a limits policy.
func (s PolicySpec) Limits() (LimitsSpec, error) {
	var spec LimitsSpec
	err := s.decode("limits", func(src *source, v *value) { spec = src.limits(v, "limits") })
	return spec, err
}

func (s *source) limits(v *value, path string) LimitsSpec {
	if v.kind != mapValue {
		s.wrongType(v, path, "a map; {} is every default")
		return LimitsSpec{}
	}
	o, _ := s.object(v, limitsShape, path)
	return LimitsSpec{
		Files:     int(o.whole("files", 1, mostFiles, defaultFiles)),
		Bytes:     o.whole("bytes", 1, mostBytes, defaultBytes),
		File:      o.whole("file", 1, mostBytes, defaultFile),
		Line:      o.whole("line", 1, mostBytes, defaultLine),
		Binary:    o.flag("binary", false),
		Deletions: int(o.whole("deletions", 0, 100, defaultDeletions)),
		Large:     int(o.whole("large", 0, maxApprovals, 0)),
		Apps:      int(o.whole("apps", 1, mostApps, 0)),
	}
}

package schema

import (
	"regexp"
	"slices"
)

var projectIDShape = regexp.MustCompile(`^[a-z0-9][-a-z0-9]{7,63}$`)

// CheckProjectID checks the random id that names a project in every statement: 8 to 64 lower-case letters, digits, hyphens.
func CheckProjectID(id string) bool { return projectIDShape.MatchString(id) }

// maxThreshold is past any group of people who sign together.
const maxThreshold = 100

func (r *trustReader) readRoot() {
	src, v := r.open(RootFile)
	if v == nil {
		return
	}
	defer func() { r.done(src) }()
	o, ok := src.object(v, rootShape, "")
	if !ok {
		return
	}
	r.root = v
	r.trust.RootDigest = DigestOf(r.files[RootFile])
	r.trust.Root = Root{
		Version:   int(o.whole("version", 1, 1<<31-1, 0)),
		Prev:      o.digest("prev"),
		Project:   o.text("project"),
		CreatedAt: o.when("created_at"),
		ExpiresAt: o.when("expires_at"),
		Threshold: int(o.whole("threshold", 1, maxThreshold, 1)),
		Admin:     int(o.whole("admin", 1, maxThreshold, 1)),
		Roots:     o.texts("roots"),
		LogKeys:   o.texts("log_keys"),
		Files:     o.digest("files"),
	}
	r.readWitnesses(src, o)
	r.checkRoot(src, o)
}

// checkRoot holds what root.yaml says to itself.
func (r *trustReader) checkRoot(src *source, o object) {
	root := r.trust.Root
	bad := func(field, why string) {
		if v, path := o.get(field); v != nil {
			src.badValue(v, path, "", why)
		}
	}
	if (root.Version == 1) != (root.Prev == "") && root.Version > 0 {
		src.report(o.v.at, "trust-sequence", "", args{"why": "version 1 has no prev, and every later one has the digest of the version before"})
	}
	if root.Project != "" && !CheckProjectID(root.Project) {
		bad("project", "want 8 to 64 lower-case letters, digits and hyphens")
	}
	if !root.ExpiresAt.IsZero() && !root.ExpiresAt.After(root.CreatedAt) {
		bad("expires_at", "it is not after created_at")
	}
	if len(root.Roots) == 0 {
		bad("roots", "want at least one person")
	}
	if root.Threshold > len(root.Roots) {
		bad("threshold", count(root.Threshold)+" of "+count(len(root.Roots))+" roots cannot sign")
	}
	for i, id := range root.Roots {
		if slices.Contains(root.Roots[:i], id) {
			bad("roots", id+" is named twice")
		}
	}
	r.checkLogKeys(bad)
}

func (r *trustReader) checkLogKeys(bad func(field, why string)) {
	if len(r.trust.Root.LogKeys) == 0 {
		bad("log_keys", "want at least one key")
	}
	seen := map[string]bool{}
	for _, line := range r.trust.Root.LogKeys {
		kind, blob, err := sshBlob(line)
		switch {
		case err != nil:
			bad("log_keys", err.Error())
		case kind != "ssh-ed25519":
			bad("log_keys", "a log key is ssh-ed25519, not "+kind)
		case seen[blob]:
			bad("log_keys", "a key is named twice")
		}
		seen[blob] = true
	}
}

// digest reads a digest; a missing one is empty.
func (o object) digest(name string) Digest {
	text := o.text(name)
	if text == "" {
		return ""
	}
	d, err := ParseDigest(text)
	if err != nil {
		v, path := o.get(name)
		o.src.badValue(v, path, "", err.Error())
	}
	return d
}

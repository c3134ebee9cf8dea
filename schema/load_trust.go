package schema

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// TrustDir is where the trust directory is, on the default branch.
const TrustDir = ".sluice/trust"

// The files of a trust directory.
const (
	RootFile       = "root.yaml"
	PrincipalsFile = "principals.yaml"
	rootSigDir     = "root.sig/"
	keysDir        = "keys/"
	forgeDir       = "forge/"
)

// maxTrustFiles bounds a trust directory; it is read as a whole.
const maxTrustFiles = 10_000

// LoadTrust reads a trust directory: its files by path relative to .sluice/trust. It checks all that can be checked without
// cryptography; that the roots signed it, and which version came before, is the signing package's to say.
func LoadTrust(files map[string][]byte) (Trust, Diagnostics) {
	r := &trustReader{files: files}
	r.checkNames()
	r.readRoot()
	r.readPrincipals()
	r.readKeys()
	r.readForgeKeys()
	if len(r.found) == 0 {
		r.checkFiles()
		r.checkPeople()
	}
	if len(r.found) > 0 {
		slices.SortStableFunc(r.found, func(a, b Diagnostic) int { return cmp.Compare(a.Position.File, b.Position.File) })
		return Trust{}, r.found
	}
	return r.trust, nil
}

// trustReader reads the files of one version.
type trustReader struct {
	files map[string][]byte
	trust Trust
	found Diagnostics
	root  *value // of root.yaml, for the places of later findings
	people
}

// people keeps where principals.yaml says what.
type people struct {
	src *source
	at  map[string]span // of each principal's id
}

// open reads one of the files; nil, reported, if it is missing or broken.
func (r *trustReader) open(path string) (*source, *value) {
	data, ok := r.files[path]
	src := newSource(TrustDir+"/"+path, data)
	if !ok {
		src.report(span{}, "trust-file-missing", "", args{"path": path})
		r.found = append(r.found, src.found...)
		return src, nil
	}
	v := readYAML(src, data, yamlRules{})
	if v == nil {
		r.found = append(r.found, src.findings()...)
	}
	return src, v
}

// done takes over what was found in a file.
func (r *trustReader) done(src *source) { r.found = append(r.found, src.findings()...) }

// checkNames refuses files that nobody would read: a key in the wrong place is a key that somebody believes in.
func (r *trustReader) checkNames() {
	if len(r.files) > maxTrustFiles {
		r.stray(TrustDir, "more than "+count(maxTrustFiles)+" files")
		return
	}
	for _, path := range slices.Sorted(maps.Keys(r.files)) {
		parts := strings.Split(path, "/")
		switch {
		case path == RootFile, path == PrincipalsFile:
		case len(parts) == 2 && parts[0]+"/" == rootSigDir:
			r.checkSignatureName(path, parts[1])
		case len(parts) == 3 && parts[0]+"/" == keysDir:
			r.checkKeyName(path, parts[1], parts[2])
		case len(parts) == 2 && parts[0]+"/" == forgeDir:
			r.checkForgeKeyName(path, parts[1])
		default:
			r.stray(TrustDir+"/"+path, "it is no part of a trust directory")
		}
	}
}

func (r *trustReader) checkSignatureName(path, name string) {
	id, ok := cutAny(name, ".sig", ".asc")
	if !ok || CheckSegment(id) != nil {
		r.stray(TrustDir+"/"+path, "want "+rootSigDir+"<person>.sig or .asc")
	}
}

func (r *trustReader) checkKeyName(path, person, name string) {
	id, isKey := cutAny(name, ".pub", ".asc")
	sidecar, isSidecar := cutAny(name, ".yaml", ".proof")
	switch {
	case CheckSegment(person) != nil:
		r.stray(TrustDir+"/"+path, "want "+keysDir+"<person>/…")
	case isKey && checkKeyFileName(id):
	case isSidecar && (r.has(keysDir+person+"/"+sidecar+".pub") || r.has(keysDir+person+"/"+sidecar+".asc")):
	case isSidecar:
		r.stray(TrustDir+"/"+path, "there is no key "+sidecar+".pub or "+sidecar+".asc beside it")
	default:
		r.stray(TrustDir+"/"+path, "want a key, NAME.pub or NAME.asc, or NAME.yaml or NAME.proof beside one")
	}
}

// checkForgeKeyName leaves no room for files beside a forge's key: it has no owner who could prove to hold it, no usages, and
// it is taken away as soon as it should not be known any more.
func (r *trustReader) checkForgeKeyName(path, name string) {
	if id, isKey := cutAny(name, ".pub", ".asc"); !isKey || !checkKeyFileName(id) {
		r.stray(TrustDir+"/"+path, "want a key of the forge, NAME.pub or NAME.asc")
	}
}

// checkKeyFileName accepts names like "laptop" and "yubikey-5c.2024".
func checkKeyFileName(name string) bool {
	return name != "" && len(name) <= 64 && !strings.HasPrefix(name, ".") && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	})
}

func (r *trustReader) has(path string) bool { _, ok := r.files[path]; return ok }

func (r *trustReader) stray(file, why string) {
	src := newSource(file, nil)
	src.report(span{}, "trust-stray-file", "", args{"why": why})
	r.done(src)
}

func cutAny(name string, suffixes ...string) (string, bool) {
	for _, suffix := range suffixes {
		if before, ok := strings.CutSuffix(name, suffix); ok {
			return before, true
		}
	}
	return name, false
}

// TrustFilesDigest is the digest that root.yaml carries as files: of the manifest of all other files of the trust directory,
// the signatures over root.yaml aside (RULES R25).
func TrustFilesDigest(files map[string][]byte) (Digest, error) {
	var list []File
	for path, data := range files {
		if path == RootFile || strings.HasPrefix(path, rootSigDir) {
			continue
		}
		list = append(list, File{Path: path, Mode: Regular, Digest: DigestOf(data)})
	}
	m, err := NewManifest(list)
	if err != nil {
		return "", err
	}
	return DigestOf(m.Encode()), nil
}

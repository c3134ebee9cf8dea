package integrations

// Existing is what a system holds that sluice did not write, read once for taking it over.
type Existing struct {
	Items []Item // sorted by place
	Left  []Left
}

// Item is one value: a file, a key of etcd, a key of a ConfigMap.
type Item struct {
	Place string // where it was read, for people
	// Group is the object that it was in, where the system has objects; else Name alone says to which app it belongs.
	Group string
	Name  string // inside the group, or below what was asked for; slashes separate
	Value []byte // nil: it is no plain value, like a link
	// Executable is the bit of a file.
	Executable bool
}

// Left is what was seen and is no configuration of anybody, with the reason.
type Left struct {
	Place string `json:"place"`
	Why   string `json:"why"`
}

// MaxExisting and MaxExistingBytes bound what is read at once: more than that is no configuration, or wants to be taken in parts.
const (
	MaxExisting      = 100_000
	MaxExistingBytes = 256 << 20
)

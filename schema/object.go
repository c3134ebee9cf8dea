package schema

import (
	"crypto/sha1" //nolint:gosec // Git's object ids are SHA-1; identity of content is SHA-256 (Content)
	"strconv"
)

// ObjectKind is the type of a Git object.
type ObjectKind string

// The kinds of Git objects.
const (
	CommitObject ObjectKind = "commit"
	TreeObject   ObjectKind = "tree"
	BlobObject   ObjectKind = "blob"
	TagObject    ObjectKind = "tag"
)

// Object is a Git object that we made: its kind, its raw bytes and the id that follows from them.
type Object struct {
	Kind ObjectKind
	ID   Hash
	Data []byte
	// Near is an object that differs little, and that whoever has what this one is pushed upon has already: the push may tell
	// what differs alone. Nil where nobody knows of one.
	Near *Object
}

// NewObject computes the id of raw bytes.
func NewObject(kind ObjectKind, data []byte) Object {
	return Object{Kind: kind, ID: ObjectID(kind, data), Data: data}
}

// ObjectID returns the id that Git gives to an object of that kind with those raw bytes. It does not look for
// collisions: use it for bytes that we wrote; what others wrote is hashed by the reader with collision detection.
func ObjectID(kind ObjectKind, data []byte) Hash {
	h := sha1.New()
	h.Write([]byte(string(kind) + " " + strconv.Itoa(len(data)) + "\x00"))
	h.Write(data)
	return Hash(h.Sum(nil))
}

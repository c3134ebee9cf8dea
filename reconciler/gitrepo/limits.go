package gitrepo

// Limits bound what a repository can make us do. Whatever exceeds one is [ErrLimit], or a [Problem] limit-exceeded,
// never a shorter answer.
type Limits struct {
	Object  int64 // bytes of one object
	Pack    int64 // bytes of one fetched pack
	Objects int   // objects of one fetched pack
	Delta   int64 // bytes of an object that a fetched pack stores as a delta
	Refs    int   // refs that a remote advertises
	Advert  int64 // bytes of that advertisement
	Entries int   // entries of one tree
	Depth   int   // directories above a file, and of a path that is looked up
	Files   int   // files below one tree, for Files
	Bytes   int64 // bytes of those files together
	Commits int   // commits of one answer about history
	Packs   int   // packs in the mirror before the small ones are joined

	TreeCache   int64 // bytes of trees held in memory
	CommitCache int64 // bytes of parsed commits held in memory
	DeltaCache  int64 // bytes of delta bases held in memory
	Digests     int   // digests of blobs held in memory
}

// DefaultLimits suit the reference size: 10,000 apps in 5 stages.
func DefaultLimits() Limits {
	return Limits{
		Object:  32 << 20,
		Pack:    8 << 30,
		Objects: 10_000_000,
		Delta:   256 << 20,
		Refs:    200_000,
		Advert:  64 << 20,
		Entries: 100_000,
		Depth:   32,
		Files:   10_000,
		Bytes:   64 << 20,
		Commits: 200_000,
		Packs:   50,

		TreeCache:   48 << 20,
		CommitCache: 16 << 20,
		DeltaCache:  16 << 20,
		Digests:     100_000,
	}
}

// Frugal are the same limits with small caches, for who goes through a long history once and comes back to little of it.
func (l Limits) Frugal() Limits {
	l.TreeCache, l.CommitCache, l.DeltaCache, l.Digests = l.TreeCache/4, l.CommitCache/2, l.DeltaCache/2, l.Digests/5
	return l
}

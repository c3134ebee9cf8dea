// Package gitrepo reads Git for the reconciler, and appends to it.
//
// A forge and the disk are not trusted: every object is hashed again when it is read, trees are read strictly, names
// of refs are checked before they are used, and a fetch that fails leaves every ref as it was. The main type is
// [Repo]: a bare mirror of one remote ([Open]) or somebody's clone, read only ([OpenLocal]). What it costs grows with
// what changed, not with the size of the repository: [Repo.Diff] never opens two equal trees, [Repo.Push] sends the
// objects it is given and walks nothing.
//
// The package is the only one that imports go-git, and uses of it the transports, the wire protocol and the pack
// format. There is never a work tree.
package gitrepo

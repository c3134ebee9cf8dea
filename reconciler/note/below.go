package note

import "github.com/sluice-gitops/sluice/schema"

// name is the merge request of what lies below, or its commit.
func (b Below) name() string {
	if b.IID != 0 {
		return Code(bang(b.IID))
	}
	return "commit " + Code(b.Commit.Short())
}

// lies says in what way it is in the way.
func (b Below) lies() string {
	if b.Refused {
		return "it lies above " + b.name() + ", which was refused"
	}
	return "it lies above " + b.name() + ", which waits"
}

// text says what to do about it. Nothing above a change that was not let in is judged before that has entered or was taken back.
func (b Below) text(cell schema.Cell) string {
	if b == (Below{}) {
		return "Something on the branch waits below this change, which cannot enter before that is cleared or taken back."
	}
	back := "Take " + b.name() + " back first by a merge request that restores the files admitted last: " + Code("sluice why "+string(cell.App)+" "+string(cell.Stage)) + " has the commands. "
	start := "Below this change is " + b.name() + ", which waits: this is judged once that has entered. Or take"
	if b.Refused {
		start = "Below this change is " + b.name() + ", which was refused: nothing above that is judged. Take"
	}
	then := "Then rebase this on the branch."
	if b.Merged {
		then = "Once that is merged, propose this change again in a merge request of its own."
	}
	return start + back[len("Take"):] + then
}

package reconciler

import (
	"slices"

	"github.com/sluice-gitops/sluice/schema"
)

// simulationSum sums up decisions that were made again, in the order of the ledger.
type simulationSum struct {
	out  Simulation
	told map[string]int64 // what waited, by cell and content: the entry that is judged
}

func (s *simulationSum) add(one madeAgain) {
	if one.gone {
		s.gone(one.Simulated)
		return
	}
	first := s.count(one.Simulated)
	switch {
	case one.Why != "":
		if first {
			s.out.Unknown = append(s.out.Unknown, one.Simulated)
		}
	case !one.same:
		s.change(one.Simulated)
	case one.Was.Admits() && (one.Becomes != "" || one.Stay != nil || one.Travel != nil):
		s.out.Reclassified = append(s.out.Reclassified, one.Simulated)
	}
}

// gone counts what was let into a stage that the other project does not have.
func (s *simulationSum) gone(one Simulated) {
	if !one.Was.Admits() {
		return
	}
	i := slices.IndexFunc(s.out.Gone, func(g GoneStage) bool { return g.Stage == one.Cell.Stage })
	if i < 0 {
		i, s.out.Gone = len(s.out.Gone), append(s.out.Gone, GoneStage{Stage: one.Cell.Stage})
	}
	s.out.Gone[i].Admitted++
}

// count reports whether it is a change that is met for the first time: what waits is recorded whenever the reason changes.
func (s *simulationSum) count(one Simulated) bool {
	if one.Was.Admits() {
		s.out.Admitted++
		return true
	}
	key := waiting(one.Cell, one.Change)
	if _, known := s.told[key]; known {
		return false
	}
	s.told[key] = 0
	s.out.Waited++
	return true
}

// change keeps what would have been otherwise; of one that waited the first time that it would have entered.
func (s *simulationSum) change(one Simulated) {
	if !one.Was.Admits() {
		key := waiting(one.Cell, one.Change)
		if s.told[key] != 0 {
			return
		}
		s.told[key] = one.Seq
	}
	s.out.Changed = append(s.out.Changed, one)
}

func waiting(cell schema.Cell, change schema.Change) string {
	return cell.String() + " " + string(change.To.Content)
}

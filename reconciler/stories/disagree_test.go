package stories_test

import (
	"fmt"
	"strconv"
)

// disagree lets two reconcilers pass in turn, a minute apart, of which the second does not reach a target: "disagree files 30" for so
// many minutes, and says how much the ledger grew by in the second half of them. "disagree files 30 alone" leaves the second one alone
// after that, for as long again.
func (w *world) disagree(words []string) []string {
	minutes, err := strconv.Atoi(words[1])
	w.must(err)
	first := w.r
	w.start()
	second := w.r
	grew := func(reaches bool) (n int) {
		for range minutes / 2 {
			w.advance([]string{"1m"})
			if reaches {
				n += len(first.Pass(w.ctx).Entries)
			}
			w.targetIs([]string{words[0], "down"})
			n += len(second.Pass(w.ctx).Entries)
			w.targetIs([]string{words[0], "up"})
		}
		return n
	}
	grew(true)
	told := append(w.news(), fmt.Sprintf("%d entries in the second half", grew(true)))
	if len(words) > 2 {
		told = append(append(told, w.news()...), fmt.Sprintf("%d entries of the one that is alone", grew(false)+grew(false)))
	}
	return append(told, w.news()...)
}

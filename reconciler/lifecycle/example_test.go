package lifecycle_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/sluice-gitops/sluice/reconciler/lifecycle"
)

// A lamp is on or off until it breaks, and only an electrician may take it away.
func Example() {
	type electrician bool
	lamp := lifecycle.Definition[string, string]{
		Initial: "off", States: []string{"off", "on", "gone"}, Final: []string{"gone"},
		Steps: []lifecycle.Step[string, string]{
			{From: "off", On: "switch", To: "on"},
			{From: "on", On: "switch", To: "off"},
			{From: "off", On: "remove", To: "gone", Guards: []string{"electrician"}},
		},
	}
	machine, err := lifecycle.Compile(lamp, map[string]lifecycle.Guard[string, string, electrician]{
		"electrician": func(_ lifecycle.Transition[string, string], is electrician) error {
			if !is {
				return errors.New("call one")
			}
			return nil
		},
	}, func(t lifecycle.Transition[string, string]) {
		fmt.Printf("%s: %s → %s\n", t.Cause.By(), t.From, t.To)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	cause := machine.Cause(time.Unix(0, 0), "alice", "a tour")
	kitchen, _ := machine.Begin(cause)
	_ = kitchen.Move("off", "switch", false, cause)
	_ = kitchen.Move("on", "switch", false, cause)
	err = kitchen.Move("off", "remove", false, cause)
	fmt.Println(err)
	_ = kitchen.Move("off", "remove", true, cause)
	fmt.Println(kitchen.Final())
	// Output:
	// alice: off → on
	// alice: on → off
	// remove from off: not let through: guard electrician: call one
	// alice: off → gone
	// true
}

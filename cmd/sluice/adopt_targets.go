package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice-gitops/sluice/reconciler"
	"github.com/sluice-gitops/sluice/reconciler/gitrepo"
	"github.com/sluice-gitops/sluice/reconciler/integrations"
	"github.com/sluice-gitops/sluice/reconciler/ledger"
	"github.com/sluice-gitops/sluice/schema"
)

// adoptionTarget is what enforcement would find at a target of a stage.
type adoptionTarget struct {
	Target string                      `json:"target"`
	Found  map[reconciler.TakeOver]int `json:"found"`
	// Apps are those that are not there with sluice's marks, as admitted.
	Apps []adoptionFound `json:"apps"`
}

type adoptionFound struct {
	App   schema.App          `json:"app"`
	Found reconciler.TakeOver `json:"found"`
	Place string              `json:"place"`
	// Keys are those that differ.
	Keys []string `json:"keys,omitempty"`
	Why  string   `json:"why,omitempty"` // nobody could say
}

// notKnown stands for a target that could not be asked about an app.
const notKnown reconciler.TakeOver = "unknown"

// changes reports whether enforcement would write a value there, or could not. What nobody could say is no "nothing".
func (t adoptionTarget) changes() bool {
	return t.Found[reconciler.TakeOverOurs]+t.Found[reconciler.TakeOverEqual] < sum(t.Found)
}

func sum(found map[reconciler.TakeOver]int) (n int) {
	for _, some := range found {
		n += some
	}
	return n
}

// askTargets reads what the targets of each stage hold. Nothing is written.
func (c *clone) askTargets(ctx context.Context, op schema.Operator, out *adoption) error {
	live, err := openLive(op, c)
	if err != nil {
		return err
	}
	defer live.close()
	states, err := c.Ledger.Cells(ctx)
	if err != nil {
		return err
	}
	for i := range out.Stages {
		stage, _ := c.Project.Stage(out.Stages[i].Stage)
		for _, t := range stage.Targets {
			found, err := c.askTarget(ctx, live, stage, t, states)
			if err != nil {
				return err
			}
			out.Stages[i].Targets = append(out.Stages[i].Targets, found)
		}
	}
	return nil
}

func (c *clone) askTarget(ctx context.Context, live *live, stage schema.Stage, t schema.StageTarget, states []ledger.State) (adoptionTarget, error) {
	out := adoptionTarget{Target: t.Name, Found: map[reconciler.TakeOver]int{}, Apps: []adoptionFound{}}
	target, err := live.target(ctx, t.Name)
	if err != nil {
		return out, err
	}
	var wants []integrations.Release
	for _, s := range states {
		if s.Stage != stage.Name || !c.Delivered(s) {
			continue
		}
		want, err := c.Release(ctx, gitrepo.Mirror{Repo: c.repo}, s, t)
		if err != nil {
			return out, err
		}
		wants = append(wants, want)
	}
	for i, r := range integrations.ReadMany(ctx, target, wants) {
		found := adoptionFound{App: wants[i].Cell.App, Found: notKnown, Place: r.Place}
		switch {
		case errors.Is(r.Err, context.Canceled):
			return out, r.Err
		case r.Err != nil:
			found.Why = r.Err.Error()
		default:
			found.Found = reconciler.TakeOverOf(wants[i], r.Observation)
			for _, k := range r.Keys {
				found.Keys = append(found.Keys, k.Key)
			}
		}
		if out.Found[found.Found]++; found.Found != reconciler.TakeOverOurs {
			out.Apps = append(out.Apps, found)
		}
	}
	return out, nil
}

// takeOverWords says what becomes of each, in the order in which they are told.
var takeOverWords = []struct {
	found reconciler.TakeOver
	text  string
}{
	{reconciler.TakeOverOurs, "as admitted, with sluice's marks"},
	{reconciler.TakeOverEqual, "equal without sluice's marks: taken over, no value is written"},
	{reconciler.TakeOverEmpty, "not there: written"},
	{reconciler.TakeOverDrifted, "sluice's, and not as admitted: put back"},
	{reconciler.TakeOverDiffers, "other content that sluice never wrote: left alone, overwritten by adopt --overwrite only"},
	{reconciler.TakeOverAnother, "another project's or a newer ledger's: never written over"},
	{notKnown, "not known"},
}

func (a *app) printAdoptionTarget(t adoptionTarget) {
	fmt.Fprintf(a.out, "  target %s\n", t.Target)
	if sum(t.Found) == 0 {
		fmt.Fprintln(a.out, "          nothing is delivered there")
	}
	for _, w := range takeOverWords {
		if t.Found[w.found] > 0 {
			fmt.Fprintf(a.out, "  %6d  %s\n", t.Found[w.found], w.text)
		}
		told := 0
		for _, f := range t.Apps {
			if f.Found != w.found || w.found == reconciler.TakeOverEqual {
				continue
			}
			if told++; told > mostAdopted {
				fmt.Fprintf(a.out, "          and %d more\n", t.Found[w.found]-mostAdopted)
				break
			}
			what := f.Why
			if what == "" {
				what = f.Place + ", " + count(int64(len(f.Keys)), "key", "keys")
				if n := len(f.Keys); n > 0 && n <= 3 {
					what = strings.Join(f.Keys, ", ")
				}
			}
			fmt.Fprintf(a.out, "          %s  %s\n", schema.Printable(string(f.App)), schema.Printable(what))
		}
	}
}

package status

import (
	"github.com/sluice-gitops/sluice/schema"
)

// controlWays are what people can still give to a change of the control files that has landed: signatures that are for
// exactly this step count whenever they come.
func controlWays(v schema.Verdict, o TextOptions) []way {
	var out []way
	for _, m := range v.Missing() {
		who := safe(m.Args["eligible"])
		if who == "" {
			who = "those who may"
		}
		switch m.Code {
		case "control-unsigned":
			w := way{Text: "Let admins approve exactly this step (" + who + "):"}
			if o.has("approve") {
				w.Commands = []string{"sluice approve --control"}
			}
			out = append(out, w)
		case "trust-threshold":
			out = append(out, signRoot("Let roots sign the version that is there ("+who+"), each in a merge request on top of it:", "sluice trust sign", o))
		case "root-expired":
			out = append(out, signRoot("Let the roots put off the end of the trust root, in a merge request of its own:", "sluice trust renew", o))
		}
	}
	return out
}

func signRoot(text, command string, o TextOptions) way {
	w := way{Text: text, Commands: []string{"git fetch origin", "git remote set-head origin --auto", "git switch -c trust origin/HEAD"}}
	if o.has("trust") {
		w.Commands = append(w.Commands, command)
	}
	w.Commands = append(w.Commands, "git add .sluice/trust", "git commit -S -m 'trust: signed'", "git push -u origin HEAD")
	return w
}

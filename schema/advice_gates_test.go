package schema_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-gitops/sluice/policies"
	"github.com/sluice-gitops/sluice/schema"
)

func TestAdviceOnGates(t *testing.T) {
	stages := func(gates string) string {
		return "version: 1\nstages:\n- name: development\n- name: staging\n- name: production\n  gates:\n" + gates
	}
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for _, row := range []struct{ sentence, project, want string }{
		{"defaults", "version: 1\n", ""},
		{"approvals beside others", stages("    promote: [{approvals: 2}, {soak: 24h}]\n"), ""},
		{"no approval, said so", stages("    promote: [{approvals: 0}, {soak: 24h}]\n"), ""},
		{"approvals by kinds that are all there are", "stage_local: [l.yaml]\n" + stages("    promote: [{when: {kinds: [promote], then: [{approvals: 2}]}}, {when: {kinds: [tune], apps: ['*'], then: [{approvals: 1}]}}]\n"), ""},
		{"by one of two", "stage_local: [l.yaml]\n" + stages("    promote: [{when: {kinds: [promote], then: [{approvals: 2}]}}]\n"), "sluice.yaml:8:5 approvals-dropped this gate of production asks for no approval of some changes: it replaces the default of 2"},
		{"where nothing is tuned", stages("    promote: [{when: {kinds: [promote], then: [{approvals: 2}]}}]\n"), ""},
		{"of kinds that never come", stages("    promote: [{approvals: 1}, {when: {kinds: [edit, rollback], then: [{soak: 24h}]}}]\n    rollback: [{any: [{when: {kinds: [tune], then: [{approvals: 1}]}}, {approvals: 1}]}]\n"),
			"sluice.yaml:8:5 approvals-dropped this gate of production asks for no approval of some changes: it replaces the default of 1\nsluice.yaml:7:32 when-never-asked the promote gate of production is never asked about edit, rollback, so this when asks for nothing\nsluice.yaml:8:17 when-never-asked the rollback gate of production is never asked about tune, so this when asks for nothing"},
		{"of some apps", stages("    promote: [{when: {apps: [zzz], then: [{approvals: 2}]}}]\n"), "sluice.yaml:7:5 approvals-dropped this gate of production asks for no approval of some changes: it replaces the default of 2"},
		{"of some files", stages("    promote: [{when: {files: [a.yaml], then: [{approvals: 2}]}}]\n"), "sluice.yaml:7:5 approvals-dropped this gate of production asks for no approval of some changes: it replaces the default of 2"},
		{"a way without them", stages("    promote: [{any: [{approvals: 3}, {limits: {}}]}]\n"), "sluice.yaml:7:5 approvals-dropped this gate of production asks for no approval of some changes: it replaces the default of 2"},
		{"every two of three ways", stages("    promote: [{at_least: {n: 2, of: [{approvals: 1}, {approvals: {signed: 1}}, {soak: 1h}]}}]\n"), ""},
		{"all of several with them", stages("    promote: [{all: [{approvals: 3}, {limits: {}}]}]\n"), ""},
		{"retiring without", stages("    retire: [{limits: {deletions: 100}}]\n"), "sluice.yaml:7:5 approvals-dropped this gate of production asks for no approval: it replaces the default of 2"},
		{"going back without", stages("    rollback: [{limits: {}}]\n"), "sluice.yaml:7:5 approvals-dropped this gate of production asks for no approval: it replaces the default of 1"},
		{"going back without where going forward asks for none", stages("    promote: [{approvals: 0}]\n    rollback: [{limits: {}}]\n"), ""},
		{"a gate that forgets the approvals", stages("    promote: [{soak: 24h}]\n"), "sluice.yaml:7:5 approvals-dropped this gate of production asks for no approval: it replaces the default of 2, and one for going back"},
		{"an empty gate", stages("    promote: []\n    rollback: [{approvals: 1}]\n"), "sluice.yaml:7:5 approvals-dropped this gate of production asks for no approval: it replaces the default of 2"},
		{"where the default asks for none", "version: 1\nstages: [{name: development, gates: {promote: []}}, {name: production}]\n", ""},
		{"in a project of one person", "approvals: 0\n" + stages("    promote: [{soak: 24h}]\n"), ""},
		{"a gate of the middle", "version: 1\nstages: [{name: development}, {name: staging, gates: {promote: []}}, {name: production}]\n", "sluice.yaml:2:55 approvals-dropped this gate of staging asks for no approval: it replaces the default of 1, and one for going back"},
		{"a window that is over", stages("    promote: [{approvals: 1}, {window: {zone: UTC, dates: 2026-10-01 00:00 - 2026-11-01 12:00}}]\n"), "sluice.yaml:7:32 gate-never-opens window lets nothing into production: its last span ended 2026-11-01 12:00 UTC, so it is closed for ever"},
		{"one that is over an hour later where it counts", stages("    promote: [{approvals: 1}, {window: {zone: Atlantic/Azores, dates: 2026-10-01 00:00 - 2026-11-01 12:00}}]\n"), ""},
		{"a window of every week", stages("    promote: [{approvals: 1}, {window: {zone: UTC, weekly: Mon, dates: 2026-10-01 00:00 - 2026-10-02 12:00}}]\n"), ""},
		{"a freeze without a gap", stages("    promote: [{approvals: 1}, {freeze: {zone: UTC, weekly: Mon-Sun}}]\n"), "sluice.yaml:7:32 gate-never-opens freeze lets nothing into production: it freezes every hour of the week"},
		{"one that goes over the end of the week", stages("    promote: [{approvals: 1}, {freeze: {zone: UTC, weekly: [Fri 18:00 - Tue 06:00, Tue 05:00 - Fri 18:00]}}]\n"), "sluice.yaml:7:32 gate-never-opens freeze lets nothing into production: it freezes every hour of the week"},
		{"a freeze with a minute left", stages("    promote: [{approvals: 1}, {freeze: {zone: UTC, weekly: [Fri 18:00 - Tue 06:00, Tue 06:01 - Fri 18:00]}}]\n"), ""},
		{"bounds that exclude each other of what has to be there", stages("    promote: [{approvals: 1}, {tags: {a.yaml: {n: \"required,min=5,max=1\"}}}]\n"), "sluice.yaml:7:32 gate-never-opens tags lets nothing into production: no value of n is both min=5 and max=1"},
		{"of what may be left out", stages("    promote: [{approvals: 1}, {tags: {a.yaml: {n: \"min=5,max=1\"}}}]\n"), "sluice.yaml:7:32 tag-never-met tags of production: no value of n is both min=5 and max=1"},
		{"of files that need not be there", stages("    promote: [{approvals: 1}, {tags: {\"*.yaml\": {n: \"required,min=5,max=1\"}}}]\n"), "sluice.yaml:7:32 tag-never-met tags of production: no value of n is both min=5 and max=1"},
		{"of any key", stages("    promote: [{approvals: 1}, {tags: {a.yaml: {\"n.*\": \"required,min=5,max=1\"}}}]\n"), "sluice.yaml:7:32 tag-never-met tags of production: no value of n.* is both min=5 and max=1"},
		{"a closed way beside an open one", stages("    promote: [{any: [{approvals: 1}, {freeze: {zone: UTC, weekly: Mon-Sun}}]}]\n"), ""},
		{"a choice of closed ways", stages("    promote: [{approvals: 1}, {at_least: {n: 2, of: [{soak: 1h}, {freeze: {zone: UTC, weekly: Mon-Sun}}, {window: {zone: UTC, dates: 2026-10-01 00:00 - 2026-10-01 12:00}}]}}]\n"), "sluice.yaml:7:32 gate-never-opens freeze lets nothing into production: it freezes every hour of the week"},
		{"all of several", stages("    promote: [{approvals: 1}, {all: [{soak: 1h}, {freeze: {zone: UTC, weekly: Mon-Sun}}]}]\n"), "sluice.yaml:7:32 gate-never-opens freeze lets nothing into production: it freezes every hour of the week"},
		{"for some changes", stages("    promote: [{approvals: 1}, {when: {kinds: [tune], then: [{freeze: {zone: UTC, weekly: Mon-Sun}}]}}]\n"), "sluice.yaml:7:32 gate-never-opens freeze lets nothing into production: it freezes every hour of the week, of the changes that its when is for"},
		{"a way that is closed for some changes alone", stages("    promote: [{approvals: 1}, {any: [{when: {kinds: [tune], then: [{freeze: {zone: UTC, weekly: Mon-Sun}}]}}, {soak: 1h}]}]\n"), ""},
		{"a window that a freeze covers", stages("    promote: [{approvals: 2}, {window: {zone: UTC, weekly: Mon}}, {freeze: {zone: UTC, weekly: Mon-Wed}}]\n"), "sluice.yaml:7:32 gate-never-opens window lets nothing into production: with the other windows and freezes of the gate no hour of the week is left"},
		{"a closed window that people may override", stages("    promote: [{approvals: 2}, {window: {zone: UTC, dates: 2026-10-01 00:00 - 2026-10-01 12:00, override: {signed: 1}}}]\n"), ""},
		{"an endless freeze that people may override", stages("    promote: [{approvals: 2}, {freeze: {zone: UTC, weekly: Mon-Sun, override: 3}}]\n"), ""},
		{"a window that a freeze covers, which people may override", stages("    promote: [{approvals: 2}, {window: {zone: UTC, weekly: Mon}}, {freeze: {zone: UTC, weekly: Mon-Wed, override: 3}}]\n"), ""},
		{"an override by whoever approves anyway", stages("    promote: [{approvals: 2}, {freeze: {zone: UTC, weekly: Sat, override: 2}}]\n"), "sluice.yaml:7:32 override-always-met freeze of production holds nothing: the approvals that its gate asks of every change meet its override"},
		{"by one of these roles", stages("    promote: [{approvals: 2}, {window: {zone: UTC, weekly: Mon, override: {observed: 1, roles: [release, approver]}}}]\n"), "sluice.yaml:7:32 override-always-met window of production holds nothing: the approvals that its gate asks of every change meet its override"},
		{"fields that the gate's approvals confirm", stages("    promote: [{approvals: 2}, {critical: {fields: [a.yaml], confirm: 1}}]\n"), "sluice.yaml:7:32 override-always-met critical of production holds nothing: the approvals that its gate asks of every change meet its confirm"},
		{"fields that another role confirms", stages("    promote: [{approvals: 2}, {critical: {fields: [a.yaml]}}]\n"), ""},
		{"a breaker that they confirm", stages("    promote: [{approvals: 2}, {breaker: {confirm: 2}}]\n"), "sluice.yaml:7:32 override-always-met breaker of production holds nothing: the approvals that its gate asks of every change meet its confirm"},
		{"a breaker that holds", stages("    promote: [{approvals: 2}, {breaker: {confirm: 2, risk: 70, trip: hold}}]\n"), "sluice.yaml:7:32 override-always-met breaker of production holds nothing but while it has tripped: the approvals that its gate asks of every change meet its confirm"},
		{"a breaker that asks for no confirmation", stages("    promote: [{approvals: 2}, {breaker: {confirm: 2, trip: hold}}]\n"), ""},
		{"large changes by as many", stages("    promote: [{approvals: 2}, {limits: {large: 2}}]\n"), "sluice.yaml:7:32 override-always-met limits of production holds nothing but deletions: the approvals that its gate asks of every change meet its large"},
		{"large changes by more", stages("    promote: [{approvals: 2}, {limits: {large: 3}}]\n"), ""},
		{"an exception inside of others", stages("    promote: [{approvals: 2}, {when: {apps: [pay], then: [{limits: {large: 1}}]}}]\n"), "sluice.yaml:7:32 override-always-met limits of production holds nothing but deletions: the approvals that its gate asks of every change meet its large"},
		{"a soak of no time", stages("    promote: [{approvals: 2}, {soak: 0s}]\n"), "sluice.yaml:7:32 always-met soak holds nothing in production: it asks for no time"},
		{"a soak in a stage by name", stages("    promote: [{approvals: 2}, {soak: {for: 0s, in: staging}}]\n"), ""},
		{"a way that is none of such changes", stages("    promote: [{any: [{when: {kinds: [rollback], then: [{soak: 1h}]}}, {approvals: 2}]}]\n"), "sluice.yaml:7:16 when-never-asked the promote gate of production is never asked about rollback, so this when asks for nothing"},
		{"a way of tunes", "stage_local: [l.yaml]\n" + stages("    promote: [{any: [{when: {kinds: [tune], then: [{limits: {}}]}}, {approvals: 2}]}]\n"), "sluice.yaml:8:5 approvals-dropped this gate of production asks for no approval of some changes: it replaces the default of 2"},
		{"a soak that no tune asks", "stage_local: [l.yaml]\n" + stages("    promote: [{when: {kinds: [promote], then: [{approvals: 2}]}}, {any: [{soak: 1h}, {approvals: 2}]}]\n"), ""},
		{"an open way of some changes alone", stages("    promote: [{approvals: 2}, {any: [{when: {apps: [pay], then: [{approvals: 0}]}}, {pipeline: [unit]}]}]\n"), ""},
		{"by another role", stages("    promote: [{approvals: 2}, {freeze: {zone: UTC, weekly: Sat, override: {observed: 1, roles: [release]}}}]\n"), ""},
		{"by owners", stages("    promote: [{approvals: 2}, {freeze: {zone: UTC, weekly: Sat, override: {observed: 1, owners: [ann]}}}]\n"), ""},
		{"by signature", stages("    promote: [{approvals: 2}, {freeze: {zone: UTC, weekly: Sat, override: {signed: 1}}}]\n"), ""},
		{"by whoever approves some files", stages("    promote: [{approvals: {observed: 2, paths: [a.yaml]}}, {approvals: 1}, {freeze: {zone: UTC, weekly: Sat, override: 2}}]\n"), ""},
		{"approvals of some files alone", stages("    promote: [{approvals: {observed: 2, paths: [a.yaml]}}]\n    rollback: [{approvals: 1}]\n"), "sluice.yaml:7:5 approvals-dropped this gate of production asks for no approval of some changes: it replaces the default of 2"},
		{"approvals of every file, in its way", stages("    promote: [{approvals: {observed: 2, paths: ['*']}}]\n    rollback: [{approvals: 1}]\n"), ""},
		{"a window with an hour left", stages("    promote: [{approvals: 2}, {window: {zone: UTC, weekly: Mon-Thu}}, {freeze: {zone: UTC, weekly: Mon-Wed}}]\n"), ""},
		{"clocks of two places", stages("    promote: [{approvals: 2}, {window: {zone: UTC, weekly: Mon}}, {freeze: {zone: Asia/Tokyo, weekly: Mon}}]\n"), ""},
		{"a date beside the week", stages("    promote: [{approvals: 2}, {window: {zone: UTC, weekly: Mon, dates: 2027-01-01 00:00 - 2027-01-02 12:00}}, {freeze: {zone: UTC, weekly: Mon}}]\n"), ""},
		{"an hour that the clock leaves out", stages("    promote: [{approvals: 2}, {window: {zone: Europe/Berlin, dates: 2027-03-28 02:00 - 2027-03-28 03:00}}]\n"), "sluice.yaml:7:32 gate-never-opens window lets nothing into production: the clock of Europe/Berlin is set past all of its spans, so it never opens"},
		{"a minute more", stages("    promote: [{approvals: 2}, {window: {zone: Europe/Berlin, dates: 2027-03-28 02:00 - 2027-03-28 03:01}}]\n"), ""},
		{"an expression of nothing", stages("    promote: [{approvals: 2}, {expression: \"false\"}]\n"), "sluice.yaml:7:32 gate-never-opens expression lets nothing into production: it is false, whatever the change is"},
		{"of another stage", stages("    promote: [{approvals: 2}, {expression: 'stage == \"dev\" && app == \"a\"'}]\n"), "sluice.yaml:7:32 gate-never-opens expression lets nothing into production: it asks for the stage dev, and this gate is that of production"},
		{"of this one, or another way", stages("    promote: [{approvals: 2}, {expression: 'stage == \"production\"'}, {expression: 'stage == \"dev\" || app == \"a\"'}]\n"),
			"sluice.yaml:7:32 always-met expression holds nothing in production: it asks for the stage production, which is the one of this gate"},
		{"of a kind that never comes", stages("    promote: [{approvals: 2}, {expression: 'kind == \"rollback\"'}]\n"), "sluice.yaml:7:32 gate-never-opens expression lets nothing into production: it is false of any promote or tune, and of nothing else is this asked"},
		{"of all but one that never comes", stages("    promote: [{approvals: 2}, {expression: 'kind != \"retire\" || size(changed) < 5'}]\n"), "sluice.yaml:7:32 always-met expression holds nothing in production: it is true of any promote or tune, and of nothing else is this asked"},
		{"of one kind of two", stages("    promote: [{approvals: 2}, {expression: 'kind == \"promote\"'}, {expression: 'kind != \"retire\" && size(changed) < 5'}]\n"), ""},
		{"of a kind that its when leaves out", stages("    promote: [{approvals: 2}, {when: {kinds: [tune], then: [{expression: 'kind == \"promote\"'}]}}]\n"), "sluice.yaml:7:32 gate-never-opens expression lets nothing into production: it is false of any tune, and of nothing else is this asked, of the changes that its when is for"},
		{"of what comes back", stages("    rollback: [{expression: 'kind == \"rollback\" || size(changed) < 5'}]\n    retire: [{expression: 'kind == \"promote\" && size(changed) < 5'}]\n"), "sluice.yaml:7:5 approvals-dropped this gate of production asks for no approval: it replaces the default of 1\nsluice.yaml:8:5 approvals-dropped this gate of production asks for no approval: it replaces the default of 2\nsluice.yaml:8:15 gate-never-opens expression lets nothing into production: it is false of any retire, and of nothing else is this asked\nsluice.yaml:7:17 always-met expression holds nothing in production: it is true of any rollback, and of nothing else is this asked"},
		{"a freeze that is over", stages("    promote: [{approvals: 2}, {freeze: {zone: UTC, dates: 2026-10-01 00:00 - 2026-10-01 12:00}}]\n"), "sluice.yaml:7:32 always-met freeze holds nothing in production: its last span ended 2026-10-01 12:00 UTC"},
		{"a freeze that is to come, or comes every week", stages("    promote: [{approvals: 2}, {freeze: {zone: UTC, dates: [2026-10-01 00:00 - 2026-10-01 12:00, 2026-12-01 00:00 - 2026-12-01 12:00]}}]\n    rollback: [{approvals: 1}, {freeze: {zone: UTC, weekly: Sat, dates: 2026-10-01 00:00 - 2026-10-01 12:00}}]\n"), ""},
		{"a choice with a freeze that is over", stages("    promote: [{any: [{approvals: 2}, {freeze: {zone: UTC, dates: 2026-10-01 00:00 - 2026-10-01 12:00}}]}]\n"), "sluice.yaml:7:5 approvals-dropped this gate of production asks for no approval of some changes: it replaces the default of 2\nsluice.yaml:7:16 always-met any holds nothing in production: in its freeze, its last span ended 2026-10-01 12:00 UTC"},
		{"a number in the form of a text", stages("    promote: [{approvals: 1}, {tags: {a.yaml: {n: \"required,integer,email\"}}}]\n"), "sluice.yaml:7:32 gate-never-opens tags lets nothing into production: no value of n is both integer and email"},
		{"bounds that meet", stages("    promote: [{approvals: 1}, {tags: {a.yaml: {n: \"min=5,max=5\"}}}]\n"), ""},
		{"retiring where nothing retires", "version: 1\nstages: [{name: development, gates: {retire: [{approvals: 1}]}}, {name: production}]\n", "sluice.yaml:2:38 gate-never-asked an app retires from production, the last stage: this retire gate of development is never asked"},
		{"retiring from the last stage", stages("    retire: [{approvals: 3}]\n"), ""},
	} {
		var got []string
		for _, d := range loaded(t, row.project).AdviceOnGates(now, policies.Holds) {
			got = append(got, d.Position.String()+" "+string(d.Code)+" "+d.Message)
		}
		if text := strings.Join(got, "\n"); text != row.want {
			t.Errorf("%s: got\n%s\nwant\n%s", row.sentence, text, row.want)
		}
	}
}

func TestRolesOfNobodyAreRefused(t *testing.T) {
	_, found := schema.LoadProject("sluice.yaml", []byte("version: 1\nstages: [{name: a, gates: {promote: [{approvals: {observed: 1, roles: []}}]}}]\n"))
	if len(found) != 1 || found[0].Position.String() != "sluice.yaml:2:71" || !strings.Contains(found[0].Message, "names nobody who may approve") {
		t.Errorf("got %v", found)
	}
}

func TestAWrongNumberOfApprovalsIsToldOnce(t *testing.T) {
	_, found := schema.LoadProject("sluice.yaml", []byte("version: 1\napprovals: -1\n"))
	if len(found) != 1 || found[0].Position.String() != "sluice.yaml:2:12" {
		t.Errorf("got %v", found)
	}
}

func TestAWrongKindOfStageLocalIsToldOnce(t *testing.T) {
	_, found := schema.LoadProject("sluice.yaml", []byte("version: 1\nstage_local: local.yaml\n"))
	if len(found) != 1 || found[0].Position.String() != "sluice.yaml:2:14" {
		t.Errorf("got %v", found)
	}
}

func TestASoakInAStageThatIsMisspeltNamesTheOneThatIsMeant(t *testing.T) {
	_, found := schema.LoadProject("sluice.yaml", []byte("version: 1\nstages: [{name: staging}, {name: prod, gates: {promote: [{soak: {for: 1h, in: stagin}}]}}]\n"))
	if len(found) != 1 || found[0].Hint != `did you mean "staging"?` {
		t.Errorf("got %+v", found)
	}
}

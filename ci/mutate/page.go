package main

// pageMutations take away what keeps the page for those who may look, reading alone, and true.
var pageMutations = []mutation{
	{
		name: "converge: that content makes no release is not told", pkg: "reconciler/stories", file: "reconciler/unmade.go",
		old: "errors.As(u.err, &lasts) {", new: "errors.As(u.err, &lasts) && false {", tests: "TestStories/content_makes_no_release",
	},
	{
		name: "page: a bar for each cell", pkg: "reconciler/status", file: "reconciler/status/bars.go",
		old: "at[key], out = len(out), append(out, one)", new: "out = append(out, one)", tests: "TestOneCauseIsOneBar",
	},
	{
		name: "page: what was never read is not sealed", pkg: "reconciler/status", file: "reconciler/status/sentences.go",
		old: "return v.Looked.IsZero() && v.Alone == nil &&", new: "return false && v.Alone == nil &&", tests: "TestWhatWasNeverReadIsNotKnown",
	},
	{
		name: "readyz: a ledger that was never read is ok", pkg: "reconciler/admin", file: "reconciler/admin/health.go",
		old: "v.Ledger.Size > 0 || v.Pulse == nil:", new: "true:", tests: "TestHealthTellsTheTruthOfEachDependency",
	},
	{
		name: "page: who has left is in the lane while a target is silent", pkg: "reconciler/status", file: "reconciler/status/tally.go",
		old: "return c.Revision == schema.None && c.Seq > 0 && !c.LiveAt.IsZero()", new: "return false", tests: "TestAnAppThatHasLeftAStageIsNotCountedThere",
	},
	{
		name: "view: a cell that a pass could not read stays live", pkg: "reconciler/stories", file: "reconciler/view_silent.go",
		old: "at.Live, at.Code, at.Refused = false, why.code, why.refused", new: "_, at.Code = why, \"\"", tests: "TestStories/target_unread",
	},
	{
		name: "view: a target that does not answer stays live", pkg: "reconciler", file: "reconciler/view_silent.go",
		old: "t.Live, t.Code = false, codeUnavailable", new: "t.Code = codeUnavailable", tests: "TestOfATargetThatDoesNotAnswerNothingIsKnown",
	},
	{
		name: "metrics: what is old is told as if it were so", pkg: "reconciler/admin", file: "reconciler/admin/view.go",
		old: "if stale && cell.State != schema.Absent {", new: "if false {", tests: "TestWhatIsOldIsNotToldAsIfItWereSo",
	},
	{
		name: "page: a merge request leads to any address", pkg: "reconciler/status", file: "reconciler/status/links.go",
		old: "return webLink(v.Requests + strconv", new: "return (v.Requests + strconv", tests: "TestMergeRequestsAreLinks",
	},
	{
		name: "web: a clone that fetched long ago is shown as now", pkg: "reconciler/gitrepo", file: "reconciler/gitrepo/origin.go",
		old: "out := Asked{Clone: true}", new: "out := Asked{Clone: true, At: time.Now()}", tests: "TestACloneTellsWhenItLastAsked",
	},
	{
		name: "web: a reconciler that died leaves all green", pkg: "reconciler/status", file: "schema/view.go",
		old: "now.Sub(v.Looked) > v.StaleAfter || v.Unheard(now)", new: "now.Sub(v.Looked) > v.StaleAfter", tests: "TestWhatIsReadFromTheLedgerAloneIsNotGreen",
	},
	{
		name: "page: one viewer takes all streams", pkg: "reconciler/status", file: "reconciler/status/limit.go",
		old: "l.streams[viewer] >= mostOwnStreams", new: "l.streams[viewer] < 0", tests: "TestOneViewerDoesNotTakeAllStreams",
	},
	{
		name: "health: a forge that cannot be asked is well again", pkg: "reconciler", file: "reconciler/view_forge.go",
		old: "\tif p == nil || p.refs == nil {\n\t\treturn nil\n", new: "\tif p == nil || p.refs == nil {\n\t\tv.Outside = schema.Outside{}\n\t\treturn nil\n", tests: "TestAForgeThatCannotBeAskedIsNotWellAgain",
	},
	{
		name: "health: a ledger in doubt has no code", pkg: "reconciler", file: "reconciler/problems.go",
		old: "\t\treturn x.Code\n", new: "\t\treturn \"\"\n", tests: "TestNoDoubtGoesWithoutACode",
	},
	{
		name: "terminal: bytes that are no UTF-8 go there as they are", pkg: "schema", file: "schema/diagnostic_render.go",
		old: "if utf8.ValidString(text) && strings.IndexFunc(", new: "if strings.IndexFunc(", tests: "TestWhatIsNotShownIsEscaped",
	},
	{
		name: "page: an empty list of stages shows every stage", pkg: "schema", file: "schema/load_operator_access.go",
		old: "written && len(out) == 0", new: "written && len(out) < 0", tests: "TestHalfARuleAboutWhoMayLookIsRefused",
	},
	{
		name: "reload: who may look is taken over by half", pkg: "cmd/sluice", file: "cmd/sluice/reload.go",
		old: "differ(\"access\", was.Access, is.Access)\n", new: "", tests: "TestEverySettingIsTakenOverOrRefused",
	},
	{
		name: "page: anybody may say that he is the proxy", pkg: "reconciler/status", file: "reconciler/status/access.go",
		old: "!slices.ContainsFunc(a.Networks, func(p netip.Prefix) bool { return p.Contains(from.Unmap()) })", new: "!slices.ContainsFunc([]netip.Prefix{{}}, func(netip.Prefix) bool { return from.IsValid() })",
		tests: "TestWhoMayLook",
	},
	{
		name: "page: a certificate need not be verified", pkg: "reconciler/status", file: "reconciler/status/access.go",
		old: "len(r.TLS.VerifiedChains) > 0", new: "len(r.TLS.PeerCertificates) >= 0", tests: "TestWhoMayLook",
	},
	{
		name: "page: a group that nobody knows sees everything", pkg: "reconciler/status", file: "reconciler/status/projects.go",
		old: "if d.access.Visible == nil {", new: "if d.access.Visible == nil || len(rules) == 0 {", tests: "TestGroupsAreBelievedOfTheProxyAndOfCertificates",
	},
	{
		name: "page: a proxy's certificate lends its groups", pkg: "reconciler/status", file: "reconciler/status/access.go",
		old: "\t\treturn out\n\t}\n\tif a.certified(r) && len(r.TLS", new: "\t}\n\tif a.certified(r) && len(r.TLS", tests: "TestGroupsAreBelievedOfTheProxyAndOfCertificates",
	},
	{
		name: "page: hidden apps are shown", pkg: "reconciler/status", file: "reconciler/status/sight.go",
		old: "\t\t\tif s.shows(c.Cell) {\n\t\t\t\tnarrowed.Cells", new: "\t\t\tif s.showsStage(c.Cell.Stage) {\n\t\t\t\tnarrowed.Cells", tests: "TestNobodySeesWhatIsNotForHim",
	},
	{
		name: "page: a sign around a hidden name shows it", pkg: "reconciler/status", file: "reconciler/status/sight_words.go",
		old: "return (r < 'a'", new: "return r < 0x80 && (r < 'a'", tests: "TestANameIsHiddenHoweverItIsWritten",
	},
	{
		name: "page: an entry does not say that the ledger is in doubt", pkg: "reconciler/status", file: "reconciler/status/page_record.go",
		old: "true, 0, warnings(req.cfg, req.view, req.now)", new: "true, 0, nil", tests: "TestWhatIsNotSoIsSaidOnEveryPage",
	},
	{
		name: "page: who sees a part is not told of doubt", pkg: "reconciler/status", file: "reconciler/status/sight.go",
		old: "return out, doubt(v)", new: "return out, nil", tests: "TestWhoSeesAPartIsToldOfDoubt",
	},
	{
		name: "page: the view as JSON claims what is old", pkg: "reconciler/status", file: "reconciler/status/view_json.go",
		old: "shown(c, out.Stale)", new: "shown(c, false)", tests: "TestViewJSONClaimsNothingOfWhatIsOld",
	},
	{
		name: "page: any name is answered for", pkg: "reconciler/status", file: "reconciler/status/access.go",
		old: "a.ThisHost && !OfThisHost(r.Host)", new: "false", tests: "TestANameFromElsewhereIsNotAnswered",
	},
	{
		name: "page: verdicts name hidden apps", pkg: "reconciler/status", file: "reconciler/status/sight_cell.go",
		old: "hidden.without(h.Verdict)", new: "words{}.without(h.Verdict)", tests: "TestNobodySeesWhatIsNotForHim",
	},
	{
		name: "page: what a mode let in names hidden apps", pkg: "reconciler/status", file: "reconciler/status/sight_cell.go",
		old: "hidden.without(c.LetIn.Verdict)", new: "c.LetIn.Verdict", tests: "TestNobodySeesWhatIsNotForHim",
	},
	{
		name: "page: what is made for one is kept for all", pkg: "reconciler/status", file: "reconciler/status/projects.go",
		old: "key := fmt.Sprint(rules)", new: "key := fmt.Sprint(len(rules))", tests: "TestWhatIsKeptForOneIsNotGivenToAnother",
	},
	{
		name: "page: values are shown unasked", pkg: "reconciler/status", file: "reconciler/status/keys.go",
		old: "if req.cfg.Values {", new: "if true {", tests: "TestValuesAreNotShownUnlessAskedFor",
	},
	{
		name: "page: what is old is found by the state that it had", pkg: "reconciler/status", file: "reconciler/status/matching.go",
		old: "q.state == shown(*c, q.stale)", new: "q.state == c.State", tests: "TestAFilterByStateFindsWhatIsShown",
	},
	{
		name: "page: packed and plain have one tag", pkg: "reconciler/status", file: "reconciler/status/encoding.go",
		old: "tag = strings.TrimSuffix(a.tag, `\"`) + `-gzip\"`", new: "tag = a.tag", tests: "TestAnswersArePackedForWhoTakesThem",
	},
	{
		name: "page: a page of another site learns how long a packed page is", pkg: "reconciler/status", file: "reconciler/status/encoding.go",
		old: ` && r.Header.Get("Sec-Fetch-Site") != "cross-site"`, new: "", tests: "TestWhoGetsAnAnswerPacked",
	},
	{
		name: "page: anybody says that he came by TLS", pkg: "reconciler/status", file: "reconciler/status/origin.go",
		old: `a.told(r, "X-Forwarded-Proto")`, new: `r.Header.Get("X-Forwarded-Proto")`, tests: "TestWhoCameByTLSComesByNothingElse",
	},
	{
		name: "page: anybody says where a feed leads", pkg: "reconciler/status", file: "reconciler/status/origin.go",
		old: `a.told(r, "X-Forwarded-Host")`, new: `r.Header.Get("X-Forwarded-Host")`, tests: "TestAFeedLeadsBackTheWayItWasAskedFor",
	},
	{
		name: "page: nobody is asked who looks, nor by what name", pkg: "cmd/sluice", file: "cmd/sluice/page.go",
		old: "ThisHost: !op.Access.Public && !op.Access.Asks(),", new: "", tests: "TestAPageThatAsksNobodyAnswersForThisHostAlone",
	},
	{
		name: "page: secrets are shown with values", pkg: "reconciler/status", file: "reconciler/status/keys.go",
		old: "range diff.Mask(edits)", new: "range append([]diff.Edit{}, edits...)", tests: "TestValuesAreNotShownUnlessAskedFor",
	},
	{
		name: "page: a variable's value is shown whatever it is called", pkg: "reconciler/diff", file: "reconciler/diff/diff.go",
		old: "(policies.HidesLeaf(before, pointer) || policies.HidesLeaf(after, pointer))", new: "policies.HidesLeaf(nil, pointer)", tests: "TestTheNameBesideAValueIsLookedAt",
	},
	{
		name: "page: who only reads asks the remote for a push", pkg: "reconciler/gitrepo", file: "reconciler/gitrepo/mirror.go",
		old: "if m.Pushes {", new: "if true {", tests: "TestOnlyWhoPushesAsksForAWayAhead",
	},
	{
		name: "page: labels name hidden apps", pkg: "reconciler/status", file: "reconciler/status/sight.go",
		old: "Labels: hidden.labels(app.Labels)", new: "Labels: app.Labels", tests: "TestNobodySeesWhatIsNotForHim",
	},
	{
		name: "page: many new viewers give a used-up share back", pkg: "reconciler/status", file: "reconciler/status/limit.go",
		old: "cmp.Compare(l.viewers[b].leftAt(now), l.viewers[a].leftAt(now))", new: "cmp.Compare(l.viewers[a].leftAt(now), l.viewers[b].leftAt(now))", tests: "TestManyViewersTakeNoMemoryAndGiveNoShareBack",
	},
	{
		name: "page: open to everybody without a word", pkg: "cmd/sluice", file: "cmd/sluice/page.go",
		old: "!op.Access.Public && !op.Access.Asks() && !ofThisHost(op.Listen)", new: "false && !ofThisHost(op.Listen)", tests: "TestAPageForEverybodyIsAskedFor",
	},
	{
		name: "page: a POST is answered", pkg: "reconciler/status", file: "reconciler/status/routes.go",
		old: "if r.Method != http.MethodGet && r.Method != http.MethodHead {\n\t\t\th.Set(\"Allow\"", new: "if r.Method == \"TRACE\" {\n\t\t\th.Set(\"Allow\"", tests: "TestEveryRouteOnlyReads",
	},
	{
		name: "page: what is old is shown as if it were now", pkg: "reconciler/status", file: "reconciler/status/words.go",
		old: "if stale && c.State != schema.Absent {", new: "if stale && c.State == schema.Absent {", tests: "TestNoStaleGreen|TestTheAPIIsAsDescribed",
	},
	{
		name: "page: an entry that does not follow has a tick", pkg: "reconciler/journal", file: "reconciler/journal/journal.go",
		old: "r.Linked, f.last = e.Prev == f.last && e.Seq == f.journal.Read+1, digest", new: "r.Linked, f.last = true, digest", tests: "TestARecordSaysWhetherItFollows",
	},
	{
		name: "metrics: profiles are on", pkg: "reconciler/admin", file: "reconciler/admin/admin.go",
		old: "if cfg.Profiling {", new: "if true {", tests: "TestTheAdminAddressOnlyReads",
	},
	{
		name: "metrics: half a ledger is counted", pkg: "reconciler/admin", file: "reconciler/admin/past.go",
		old: "if j == nil || !j.Whole {", new: "if j == nil {", tests: "TestCountersWaitUntilTheLedgerIsRead",
	},
	{
		name: "page: the whole view passes over a filter", pkg: "reconciler/status", file: "reconciler/status/filters.go",
		old: "return asked{q: q, torn: torn}.refused(nil)", new: "_, _ = q, torn\n\treturn nil", tests: "TestWhatAFilterCannotMeanIsNotPassedOver",
	},
	{
		name: "page: what an entry says names what may not be seen", pkg: "reconciler/status", file: "reconciler/status/sight_words.go",
		old: "out[i].Text = w.text(out[i].Text)", new: "out[i].Text += \"\"", tests: "TestNobodySeesWhatIsNotForHim",
	},
	{
		name: "page: a part tells when the rest began", pkg: "reconciler/status", file: "reconciler/status/sight.go",
		old: "out.Since = out.Records[0].At", new: "out.Since = v.Journal.Since", tests: "TestAPartBeginsWithItsFirstRecord",
	},
	{
		name: "journal: a way back that did not hold ends the outage", pkg: "reconciler/journal", file: "reconciler/journal/journal.go",
		old: "\t\tf.reopen(at)\n", new: "", tests: "TestARestoreEndsWithTheDeliveryThatHolds",
	},
	{
		name: "live: what nobody spoke for stays as it was", pkg: "reconciler/status", file: "reconciler/status/templates/live.js",
		old: "Date.now() - known > after) forget();", new: "Date.now() - known > after) say('');", tests: "TestBrowserFollowsTheWholePage",
	},
	{
		name: "live: the rest of the page is not asked for", pkg: "reconciler/status", file: "reconciler/status/templates/live.js",
		old: "    note(event);\n    refresh();\n", new: "    note(event);\n", tests: "TestBrowserFollowsTheWholePage",
	},
	{
		"an attempt is counted again for each reason", "reconciler/journal", "reconciler/journal/journal.go",
		"	if f.attempts[it] {",
		"	if f.attempts[it] && r.Seq < 0 {",
		"TestAnAttemptIsCountedOnceAResult",
	},
}

package main

// readerMutations take away what a program that reads a target relies on.
var readerMutations = []mutation{
	{
		"a reader believes a head that nobody signed", "reconciler/provider/providertest", "reconciler/provider/head.go",
		"if !ed25519.Verify(key, message, h.Sig) {",
		"if false && !ed25519.Verify(key, message, h.Sig) {",
		"TestConformance",
	},
	{
		"a reader takes another document than the head names", "reconciler/provider/providertest", "reconciler/provider/head.go",
		"if int64(len(document)) != p.Size || digestOf(document) != p.Doc {",
		"if false {",
		"TestConformance",
	},
	{
		"a reader takes another project's head", "reconciler/provider/providertest", "reconciler/provider/believe.go",
		"if head.Project != o.Project {",
		"if false {",
		"TestConformance",
	},
	{
		"a reader takes the head of another app or stage", "reconciler/provider/providertest", "reconciler/provider/believe.go",
		"if head.Stage != o.Stage || head.App != o.App {",
		"if false {",
		"TestConformance",
	},
	{
		"a reader goes back to an old copy", "reconciler/provider/providertest", "reconciler/provider/believe.go",
		"case next.Seq < seen.Seq:",
		"case false:",
		"TestConformance",
	},
	{
		"a reader takes a second content of one entry", "reconciler/provider/providertest", "reconciler/provider/believe.go",
		"case !seen.says(next):",
		"case false:",
		"TestConformance",
	},
	{
		"a program starts with what has left the stage", "reconciler/provider", "reconciler/provider/provider.go",
		"if errors.Is(live, ErrRetired) {",
		"if false {",
		"TestStart",
	},
	{
		"a program that restarts goes back behind its cache", "reconciler/provider", "reconciler/provider/provider.go",
		"if head.Seq > 0 {",
		"if false {",
		"TestStart",
	},
	{
		"a cache is good for ever", "reconciler/provider", "reconciler/provider/provider.go",
		"if !p.opts.Start.anyAge && (age > p.opts.Start.stale || age < -maxSkew) {",
		"if age == 1 {",
		"TestStart",
	},
	{
		"an older program writes over a newer one's cache", "reconciler/provider", "reconciler/provider/cache.go",
		"if err == nil && keep(now) {",
		"if err == nil && keep(now) && false {",
		"TestProgramsShareACache",
	},
	{
		"a release that the program rejects runs", "reconciler/provider", "reconciler/provider/bind.go",
		"if err := guarded(func() error { return ask(ctx, b.Load(), new, changes) }); err != nil {",
		"if err := guarded(func() error { return ask(ctx, b.Load(), new, changes) }); false {",
		"TestAChangeIsAskedThenMadeThenTold|TestWhatDoesNotFitIsRejected",
	},
	{
		"a release at which the program panics ends it", "reconciler/provider", "reconciler/provider/callback.go",
		"		if recover() != nil {\n			err = errPanicked",
		"		if false {\n			err = errPanicked",
		"TestAProgramThatPanicsRejects",
	},
	{
		"a process that holds the cache's lock holds up the program", "reconciler/provider", "reconciler/provider/cache_lock_unix.go",
		"case !sleep(ctx, pause):",
		"case !sleep(context.WithoutCancel(ctx), pause):",
		"TestACacheThatHangsHoldsNobodyUp",
	},
	{
		"a required value may be null", "reconciler/provider", "reconciler/provider/decode.go",
		"case found && f.required && have == nil:",
		"case false:",
		"TestDecodeRefuses",
	},
	{
		"types that are no structs are not validated", "reconciler/provider", "reconciler/provider/decode.go",
		"if len(d.errs) == before {",
		"if len(d.errs) == before && v.Kind() == reflect.Struct {",
		"TestDecodeRefuses",
	},
	{
		"a provider prints what it holds", "reconciler/provider", "reconciler/provider/print.go",
		"func (p *Provider) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }",
		"",
		"TestNothingThatIsPrintedByMistakeHasContent",
	},
	{
		"credentials follow a redirect", "reconciler/provider/http", "reconciler/provider/http/http.go",
		"case next.URL.Scheme != first.Scheme || next.URL.Host != first.Host:",
		"case next.URL.Scheme != first.Scheme && false:",
		"TestARedirectElsewhereIsNotFollowed",
	},
	{
		"a function that hangs is waited for without end", "reconciler/provider", "reconciler/provider/callback.go",
		"context.WithTimeout(ctx, p.opts.Callback)",
		"context.WithCancel(ctx)",
		"TestAFunctionThatHangsHoldsNothingElseUp|TestOnChangeHasADeadline",
	},
	{
		"a function that hangs is called again", "reconciler/provider", "reconciler/provider/callback.go",
		"	if h := p.hung.Load(); h != nil && !h.returned() {",
		"	if h := p.hung.Load(); h != nil && false {",
		"TestAFunctionThatHangsHoldsNothingElseUp",
	},
	{
		"a binding made meanwhile misses a release", "reconciler/provider", "reconciler/provider/take.go",
		"if len(p.bindings) > len(all) {",
		"if len(all) == 0 && len(p.bindings) > 0 {",
		"TestBindWhileAReleaseIsAskedAbout",
	},
	{
		"one of two keys that differ in case is taken", "reconciler/provider", "reconciler/provider/decode.go",
		"		case 1:\n			d.field(",
		"		case 1, 2:\n			d.field(",
		"TestKeysThatDifferInCaseAlone",
	},
	{
		"secrets print", "reconciler/provider", "reconciler/provider/secret.go",
		"func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(sealed)) }",
		"func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.Reveal())) }",
		"TestSecretsDoNotPrint",
	},
}

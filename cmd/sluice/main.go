// Command sluice admits configuration changes by policy and keeps targets equal to what was admitted.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice-gitops/sluice/reconciler/signing"
	"github.com/sluice-gitops/sluice/schema"
)

// version is stamped by the Makefile.
var version = "dev"

func main() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// Main runs one command and returns its exit code (DESIGN §10). Called as git calls ssh-keygen, it signs and verifies, so
// that the demo needs Go and git alone (RULES R49).
func Main(args []string, in io.Reader, out, errs io.Writer) int {
	if len(args) > 0 && args[0] == "-Y" {
		return signing.GitSSHProgram(args, in, out)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends it at once
	a := &app{in: in, out: out, errs: errs, environ: os.Getenv, chdir: os.Chdir}
	return a.main(ctx, args)
}

// main runs one command with the app's streams and returns its exit code.
func (a *app) main(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.errs)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	var quiet answer
	if errors.As(err, &quiet) {
		return quiet.code
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return exitInterrupted
	}
	a.printError(command, err)
	return exitCode(err)
}

// app is what commands share: where they read and write, and the global flags.
type app struct {
	in        io.Reader
	out, errs io.Writer
	environ   func(string) string

	dir    string                 // -C
	chdir  func(dir string) error // nil where the process is not this command's alone
	output string                 // -o
	color  string

	columns int // of what is written to; 0 asks the terminal
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "sluice",
		Short: "Configuration enters a stage through approved, signed merge requests, and nothing else",
		Long: `sluice watches a Git repository of configuration, judges every change by promotion policies, admits what people
signed and approved, records it in a signed ledger, and keeps etcd and directories equal to what was admitted.`,
		Example: `  sluice demo                       five minutes, nothing to install
  sluice init                       start a project in this repository
  sluice why payments production    what stands in the way, and who can clear it`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          knownCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.PersistentFlags().StringVarP(&a.dir, "chdir", "C", ".", "run as if started in `DIR`")
	root.PersistentFlags().StringVarP(&a.output, "output", "o", "text", "output `FORMAT`: text or json")
	root.PersistentFlags().StringVar(&a.color, "color", "auto", "colour the output: auto, always or never")
	root.AddGroup(
		&cobra.Group{ID: "start", Title: "Start:"}, &cobra.Group{ID: "look", Title: "Look:"},
		&cobra.Group{ID: "propose", Title: "Propose:"}, &cobra.Group{ID: "sign", Title: "Sign:"},
		&cobra.Group{ID: "prove", Title: "Prove:"}, &cobra.Group{ID: "run", Title: "Run:"},
	)
	for group, commands := range a.commands() {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	root.AddCommand(a.commandsCommand())
	strictHelp(root)
	root.SetFlagErrorFunc(flagError)
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return a.checkGlobals(c) }
	return root
}

// commands is the table of what the binary can do.
func (a *app) commands() map[string][]*cobra.Command {
	return map[string][]*cobra.Command{
		"start":   {a.demoCommand(), a.initCommand(), a.importCommand(), a.doctorCommand(), a.trustCommand(), a.lintCommand(), a.fixCommand()},
		"look":    {a.checkCommand(), a.statusCommand(), a.whyCommand(), a.planCommand(), a.diffCommand(), a.historyCommand(), a.traceCommand(), a.policyCommand(), a.simulateCommand(), a.schemaCommand(), a.explainCommand()},
		"propose": {a.promoteCommand(), a.rollbackCommand()},
		"sign": {
			a.approveCommand(), a.requestsCommand(), a.suspendCommand(), a.resumeCommand(), a.taintCommand(),
			a.acceptRefCommand(), a.adoptCommand(), a.ejectCommand(), a.breakGlassCommand(), a.reviewCommand(), a.expungeCommand(),
		},
		"prove": {a.verifyCommand(), a.auditCommand()},
		"run":   {a.runCommand(), a.webCommand(), a.agentCommand(), a.versionCommand()},
	}
}

// formats is the annotation of a command that writes other formats than text and json.
const formats = "formats"

// enter begins in the directory of -C: what flags and files name is below it.
func (a *app) enter() error {
	if a.chdir == nil || a.dir == "." {
		return nil
	}
	if err := a.chdir(a.dir); err != nil {
		return usageError(fmt.Errorf("--chdir: %w", err))
	}
	var err error
	a.dir, err = os.Getwd()
	return err
}

func (a *app) checkGlobals(c *cobra.Command) error {
	if err := a.enter(); err != nil {
		return err
	}
	known := c.Annotations[formats]
	if known == "" {
		known = "text or json"
	}
	if !slices.Contains(strings.FieldsFunc(strings.ReplaceAll(known, " or ", ", "), func(r rune) bool { return r == ',' || r == ' ' }), a.output) {
		return usageError(fmt.Errorf("output %q: want %s", a.output, known))
	}
	if a.json() {
		a.out, a.errs = visible{a.out}, visible{a.errs}
	}
	switch a.color {
	case "auto", "always", "never":
		return nil
	}
	return usageError(fmt.Errorf("color %q: want auto, always or never", a.color))
}

func (a *app) json() bool { return a.output == "json" }

// encode writes one JSON object a line, with &, < and > as they are: commands are to be read and copied, and no page holds this.
func (a *app) encode(v any) error {
	encoder := json.NewEncoder(a.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// colored reports whether to colour what goes to standard output.
func (a *app) colored() bool { return a.coloredOn(a.out) }

// coloredErrors is the same of standard error.
func (a *app) coloredErrors() bool { return a.coloredOn(a.errs) }

func (a *app) coloredOn(w io.Writer) bool {
	if a.color != "auto" {
		return a.color == "always"
	}
	return a.environ("NO_COLOR") == "" && isTerminal(w)
}

// knownCommand refuses a word that is no command, with the one that was probably meant.
func knownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := schema.DidYouMean(args[0], commandNames(c))
	if hint == "" {
		hint = c.CommandPath() + " --help lists the commands"
	}
	return &failure{code: exitUsage, err: fmt.Errorf("no command is called %q", args[0]), hint: hint}
}

// strictHelp makes help of what is no command an error; cobra prints the help of the nearest one and ends with 0.
func strictHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, err := root.Find([]string{"help"})
	if err != nil {
		panic(err)
	}
	help.Run = nil
	help.RunE = func(_ *cobra.Command, args []string) error {
		c, rest, err := root.Find(args)
		if err != nil {
			return usageError(err)
		}
		if err := knownCommand(c, rest); err != nil {
			return err
		}
		c.InitDefaultHelpFlag()
		return c.Help()
	}
}

// wantedOf says of a flag's type what it takes, in place of what Go's parsers say of it.
func wantedOf(kind string) string {
	switch kind {
	case "int", "int64", "uint", "uint64", "float64":
		return "a number"
	case "bool":
		return "true or false"
	case "duration":
		return "a duration like 90s or 2h30m"
	}
	return ""
}

// flagError adds to what is wrong with a flag the one that was probably meant.
func flagError(c *cobra.Command, err error) error {
	if bad, ok := errors.AsType[*pflag.InvalidValueError](err); ok && wantedOf(bad.GetFlag().Value.Type()) != "" {
		return usageError(fmt.Errorf("--%s %q: want %s", bad.GetFlag().Name, bad.GetValue(), wantedOf(bad.GetFlag().Value.Type())))
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usageError(err)
	}
	var names []string
	add := func(f *pflag.Flag) { names = append(names, "--"+f.Name) }
	c.LocalFlags().VisitAll(add)
	c.InheritedFlags().VisitAll(add)
	return &failure{code: exitUsage, err: err, hint: schema.DidYouMean("--"+unknown.GetSpecifiedName(), names)}
}

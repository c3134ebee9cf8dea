package main

import (
	"log/slog"
	"reflect"
	"strings"

	"github.com/sluice-gitops/sluice/schema"
)

// webAgain returns what SIGHUP does to the page alone: it says whether its settings are others than those in force. It takes nothing
// over, and goes on: a restart of what holds no key and writes nothing interrupts nobody's work.
func webAgain(f runFlags, was schema.Operator, log *slog.Logger) func() {
	return func() {
		switch is, err := f.operator(); {
		case f.config == "":
			log.Info("there is nothing to take over: the settings are the flags of the command")
		case err != nil:
			log.Error("the settings cannot be taken over; what was in force goes on", "file", f.config, "error", strings.TrimSpace(err.Error()))
		case reflect.DeepEqual(was, is):
			log.Info("there is nothing to take over: the settings are as they were", "file", f.config)
		default:
			log.Warn("the settings changed, and web takes them over at a start alone: restart it; what was in force goes on", "file", f.config)
		}
	}
}

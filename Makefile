# sluice: `make demo` shows it, `make test` checks it; both need Go and git alone. `make test` also installs packages (apt, as root alone) and builds
# etcd for the tests of real servers; SLUICE_REAL=off does not. `make` lists the rest.

GO        ?= go
BIN       := bin
PKG       ?= ./...
FUZZTIME  ?= 10s
# for the readers of what people sign; ci/fuzz.sh lists them
FUZZSIGNED ?= $(FUZZTIME)
BENCHTIME ?= 1s
VERSION   ?= $(shell git -c safe.directory='*' describe --tags --always --dirty 2>/dev/null || echo devel)

# The binary is pure Go, so cgo is off in every target but race, whose detector needs it.
CGO_ASKED := $(CGO_ENABLED)
override CGO_ENABLED := 0
export CGO_ENABLED

BUILD = $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)'
TOOLS = $(BIN)/tools
# The stories in which two things happen at once; the others run one goroutine and cost minutes under the detector.
RACING = TestStories/(two_reconcilers|crash_points|git_down_drift_repaired|s01_squash_busy_mainline)
# The scripts in which a command goes on while others work; in the others each ends before the next begins.
LASTING = TestScripts/(run|agent|agent_etcd|doctor|unjudged|life)$$
# The tests that do more with SLUICE_E2E; the others have run in make test.
FARTHER = EndToEnd|Browser|BuiltBinaries
# go test, with the reasons of what was skipped.
TEST  = $(GO) run ./ci/report $(TESTFLAGS)

.DEFAULT_GOAL := help
.PHONY: help demo test build build-static no-cgo lint vuln race real e2e screenshots faults hunt bench fuzz mutate clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The static build, because it also starts where there is no glibc.
demo: build-static ## play the tour: a change from a signed commit to etcd (DEMO_FLAGS=--serve leaves it running)
	$(BIN)/sluice-static demo $(DEMO_FLAGS)

# kube-apiserver takes minutes and gigabytes to build, and a browser is large: make real brings them.
test: ## run the tests, with what real servers can be installed or built; tests of others say so and skip (PKG=./schema for one package, SLUICE_REAL=off to install nothing)
	@[ "$${SLUICE_REAL-}" = off ] || ci/real/install.sh --try openssh gnupg prometheus etcd etcd-packaged
	$(TEST) -timeout 45m $(PKG)

build: no-cgo ## build bin/sluice: position-independent, for hosts and images with the glibc loader
	$(BUILD) -buildmode=pie -o $(BIN)/sluice ./cmd/sluice
	@ci/no-cgo.sh $(BIN)/sluice

build-static: no-cgo ## build bin/sluice-static: needs no loader, for images made from scratch
	$(BUILD) -buildmode=exe -o $(BIN)/sluice-static ./cmd/sluice
	@ci/no-cgo.sh $(BIN)/sluice-static

no-cgo:
	@[ '$(CGO_ASKED)' != 1 ] || { echo 'make: CGO_ENABLED=1 is set, but sluice is built without cgo; run: env -u CGO_ENABLED make build' >&2; exit 1; }

lint: $(TOOLS)/staticcheck ## gofmt, go vet and staticcheck
	@unformatted=$$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l) && \
		[ -z "$$unformatted" ] || { printf 'not formatted, run gofmt -w on:\n%s\n' "$$unformatted" >&2; exit 1; }
	$(GO) vet $(PKG)
	$(GO) -C ci/peers vet ./...
	$(GO) -C ci/clients vet ./...
	ci/staticcheck.sh $(TOOLS)/staticcheck $(PKG)

vuln: $(TOOLS)/govulncheck ## look for known vulnerabilities that our code reaches (SLUICE_VULNDB=DIR: a local database)
	ci/vuln.sh $(TOOLS)/govulncheck ./...

# A program built with -race sleeps a second before it exits, and the scripts of cmd/sluice run hundreds of them.
race: export GORACE = atexit_sleep_ms=20
race: ## run the tests of everything concurrent under the race detector; needs a C compiler
	@command -v $${CC:-cc} >/dev/null || { echo 'make: race needs a C compiler (apt-get install gcc libc6-dev)' >&2; exit 1; }
	CGO_ENABLED=1 $(TEST) -race -timeout 45m $$($(GO) list ./reconciler/... | grep -v '/stories$$')
	CGO_ENABLED=1 $(TEST) -race -timeout 45m -skip '^TestScripts$$' ./cmd/...
	CGO_ENABLED=1 $(TEST) -race -timeout 45m -run '$(LASTING)' ./cmd/sluice
	CGO_ENABLED=1 $(TEST) -race -timeout 45m -run '$(RACING)' ./reconciler/stories

real: ## install the real programs that tests drive: etcd, kube-apiserver, ssh-keygen, gpg, chromium, prometheus
	ci/real/install.sh

e2e: ## run the end-to-end tests against the real programs (make real first), and hunt 100,000 reads for torn ones (HUNT=1000 for fewer)
	SLUICE_E2E=1 SLUICE_REAL=$${SLUICE_REAL-required} $(TEST) -count=1 -timeout 45m -run '$(FARTHER)' ./cmd/... ./ci/... ./reconciler/status
	SLUICE_HUNT=$(or $(HUNT),100000) $(TEST) -count=1 -timeout 45m -run 'TestNoReadIsTorn' ./reconciler/provider/etcd

screenshots: ## keep pictures of every page, on a desk, on a phone and in the dark, to be looked at (DIR=bin/screenshots)
	@mkdir -p $(or $(DIR),bin/screenshots)
	SLUICE_SCREENSHOTS=$(abspath $(or $(DIR),bin/screenshots)) SLUICE_REAL=required $(GO) test -count=1 -timeout 10m -run 'TestBrowser' ./reconciler/status ./cmd/sluice

faults: ## break what can break around a reconciler: network, processes, three etcd, a kube-apiserver; print what came of it (FAULT=TEXT for some; make real first)
	SLUICE_FAULTS=1 SLUICE_FAULT='$(FAULT)' SLUICE_REAL=$${SLUICE_REAL-required} $(TEST) -count=1 -timeout 60m -run 'TestEndToEndFaults|TestEndToEndManyProjects' ./cmd/sluice

hunt: ## look for torn reads of etcd, its mirror too, 100,000 of each, while configurations flip and its history is compacted (HUNT=1000000)
	SLUICE_HUNT=$(or $(HUNT),100000) $(GO) test -count=1 -timeout 120m -v -run 'TestNoReadIsTorn|TestAMirrorKeepsItsWord' ./reconciler/provider/etcd

bench: ## measure, and print the ratios to git (BENCH=Diff PKG=./reconciler/gitrepo BENCHTIME=3s)
	ci/bench.sh '$(or $(BENCH),.)' '$(BENCHTIME)' $(PKG)

fuzz: ## run every fuzz target for FUZZTIME each (FUZZSIGNED=10m: longer for the readers of what people sign)
	ci/fuzz.sh '$(FUZZTIME)' '$(FUZZSIGNED)' $(PKG)

mutate: ## take guards away one at a time on a copy, and want their tests red (MUTATION=PATTERN for some, SHARE=1/3 for a third)
	$(GO) run ./ci/mutate -share '$(or $(SHARE),1/1)' '$(or $(MUTATION),.)'

clean: ## remove what make has built
	rm -rf $(BIN)

# Tools are pinned by ci/tools/go.mod and its go.sum.
$(TOOLS)/%: ci/tools/go.mod ci/tools/go.sum
	GOFLAGS= $(GO) -C ci/tools build -trimpath -o $(CURDIR)/$(TOOLS)/ tool
	@touch $(TOOLS)/*

# Everything a person does here is one of these words. Each installs what it needs (Debian 12, apt) and says so.
#
# BUILD_DIR      where build products go (default .build)
# CONFIGURATION  release (default) or debug, for `run` and `smoke`
# SECONDS_OF_LOAD, SEED   of `faults` (default 600 and 1)
# SCENARIO, URL, KEY, USAGE   of `load`
# SEEDS, SEED, PLANT   of `simulate`: how many seeds, the one to tell, the mistake to plant
# ARGS           further arguments: `make run ARGS="--port 9000"`, `make test ARGS="--filter HotStoreTests|RecordsTests"`.
#                They are split at spaces; '...', "..." and \ quote as in a shell, everything else is taken as it is:
#                `make test ARGS="--filter 'a name with spaces'"`

SHELL := /bin/bash
BUILD_DIR ?= .build
CONFIGURATION ?= release
ARGS ?=
SECONDS_OF_LOAD ?= 600
SEED ?=
SEEDS ?=
PLANT ?=
# As it was given, also where it has a $ in it; scripts/with-args.sh splits it.
override ARGS := $(value ARGS)
export ARGS BUILD_DIR CONFIGURATION SEED SEEDS PLANT

.DEFAULT_GOAL := help
.PHONY: help run test test-full smoke build release gauge scale bench bench-quick bench-first load faults simulate schemathesis format lint clean-data clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  variables: BUILD_DIR=$(BUILD_DIR)  ARGS=\"...\" (passed on to tollgate dev, swift test, swift build)"

run: ## build and start everything on this machine: Redis, PostgreSQL, demo data, job service, edge on :8080
	@exec scripts/with-args.sh scripts/run.sh

test: ## build and test everything, on servers of its own
	@exec scripts/with-args.sh scripts/test.sh

test-full: ## the same with long seeds and large case counts
	@TOLLGATE_FULL=1 exec scripts/with-args.sh scripts/test.sh

simulate: ## the machines under seeded faults until Ctrl-C; SEEDS=100000 ends, SEED=7 tells one run, PLANT=flush-adds
	@exec scripts/with-args.sh scripts/simulate.sh

smoke: ## `make run` in a scratch copy: drive the printed curl lines, check their answers, stop it
	@exec scripts/with-args.sh scripts/smoke.sh

schemathesis: ## hold the admin API of a running `make run` against its OpenAPI document (changes the demo's data)
	@exec scripts/with-args.sh scripts/schemathesis.sh

build: ## debug build of everything
	@exec scripts/with-args.sh scripts/build.sh debug

release: ## release build of tollgate and job-service
	@exec scripts/with-args.sh scripts/build.sh release

bench: ## every figure of the bench beside nginx, nginx + ngx_lua, Envoy and HAProxy; writes bench/RESULTS.md (12 minutes)
	@exec scripts/with-args.sh scripts/bench.sh

bench-quick: ## the same with fewer and shorter rounds (under 5 minutes)
	@exec scripts/with-args.sh scripts/bench.sh --quick

load: ## load your own gateway: SCENARIO=bench/scenarios/steady.yaml URL=http://... KEY=... (or what `make run` started)
	@exec scripts/with-args.sh scripts/load.sh

gauge: ## instructions and allocations of a request, by stage, against what is kept (a minute)
	@exec scripts/with-args.sh scripts/gauge.sh

scale: ## a million keys of 100 000 orgs: load, sync, list, look-up, first request; writes bench/SCALE.md (5 minutes)
	@scripts/build.sh release
	@exec scripts/with-args.sh bench/scale --report bench/SCALE.md

bench-first: ## CPU per request, throughput and p99 beside nginx, nginx + ngx_lua and HAProxy (2 minutes)
	@exec scripts/with-args.sh scripts/bench-first.sh

faults: ## kill, stop, empty and restart every part under load, and compare four ledgers (docs/faults.md)
	@exec scripts/with-args.sh scripts/faults.sh --seconds $(SECONDS_OF_LOAD) --seed $(or $(SEED),1)

format: ## format the Swift sources in place
	@exec scripts/lint.sh --fix

lint: ## check formatting and scripts
	@exec scripts/lint.sh

clean-data: ## forget the demo's data (.data/): refuses while `tollgate dev` is running
	@exec scripts/clean-data.sh

clean: ## remove the build products
	rm -rf "$(BUILD_DIR)"

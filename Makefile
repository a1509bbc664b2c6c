# Everything a person does with this repository. `make help` lists it.
# Works from any path, also one with spaces or Chinese characters: nothing here uses an absolute path.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The tests and the benchmarks run what is shipped: see scripts/build.sh.
export GOFLAGS += -tags=nomsgpack
LINT    := go tool -modfile=tools/go.mod golangci-lint

.PHONY: help build run test unit lint openapi race cover fuzz bench soak clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 10

build: ## bin/usher, one static binary
	scripts/build.sh bin/usher -trimpath

run: build ## serve examples/starter with demo members and events
	./bin/usher serve examples/starter --demo

test: ## everything: unit, conformance, integration on a real Redis, examples, lint
	scripts/test.sh

unit: ## the Go tests alone
	go test ./...

lint: ## vet, golangci-lint with the import rules, formatting
	go vet ./...
	$(LINT) run ./...

openapi: build ## the OpenAPI document against redocly's recommended rules (needs npx)
	scripts/openapi-lint.sh

race: ## the tests under the race detector
	scripts/test.sh -race

cover: ## coverage of the Go tests, as HTML in coverage.html
	go test -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -html=coverage.out -o coverage.html
	go tool cover -func=coverage.out | tail -1

FUZZTIME ?= 1m
fuzz: ## each fuzz target for FUZZTIME (1m)
	scripts/fuzz.sh $(FUZZTIME)

bench: build ## the benchmarks, each beside its reference in the same run
	scripts/bench.sh

soak: ## the durability tests in their long form: 31 kills, a stop of 40 s, many orders
	USHER_TEST_SOAK=1 go test -count=1 -timeout=60m -v ./internal/durability

clean: ## what the other targets made
	rm -rf bin coverage.out coverage.html

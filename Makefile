# Bellwether: build, run and check. `make help` lists the targets.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Flags of `bellwether up`, for example: make up ARGS="--listen 127.0.0.1:9090".
ARGS ?=
DATA ?= ./data

.PHONY: help up build test verify format lint generate bench replay/record clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z\/]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: build ## Build, then run everything in one process with the demo (Ctrl-C stops it)
	@exec bin/bellwether up --demo --data $(DATA) $(ARGS)

build: ## Build bin/bellwether (the first build compiles the Temporal server)
	@scripts/build

test: build ## Run every test; sets up a private MariaDB by itself
	@scripts/test

verify: ## Check format, vet, lint and generated files
	@scripts/verify

format: ## Format the Go code with gofumpt
	@"$$(scripts/tool gofumpt)" -w $$(git ls-files '*.go')

lint: ## Run golangci-lint (import rules included)
	@CGO_ENABLED=0 "$$(scripts/tool golangci-lint)" run ./...

generate: ## Write the generated files anew: OpenAPI document, configuration reference
	@scripts/generate

bench: build ## Measure Bellwether next to bare Temporal on the same server
	@CGO_ENABLED=0 go run ./bench $(ARGS)

replay/record: build ## Record the workflow histories that the replay tests check
	@scripts/record-histories

clean: ## Remove what make built (not the data)
	@rm -rf bin

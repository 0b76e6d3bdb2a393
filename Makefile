PYTHON ?= python3
STACK  ?= switchboard
IN     := .venv/bin
FUNCTIONS := $(notdir $(wildcard functions/*))

export SAM_CLI_TELEMETRY := 0
export __SAM_CLI_APP_DIR := $(CURDIR)/.venv/sam

.PHONY: help up down test bench deploy operate tools

help: ## what can be done here
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s%s\n", $$1, $$2 }' Makefile

up: tools ## build, start the local cloud, deploy to it, and show a message being sent
	@$(IN)/python infra/local-cloud/up.py

down: ## stop what `make up` started
	@$(PYTHON) infra/local-cloud/down.py

test: tools ## every check there is
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- --deny warnings
	cargo test --workspace --quiet
	$(IN)/sam validate --lint
	$(IN)/cfn-lint template.yaml
	$(IN)/pytest -p no:cacheprovider --quiet shared/vault/tests
	$(IN)/pytest -p no:cacheprovider --quiet infra/api-server
	$(IN)/python infra/local-cloud/with_stack.py $(IN)/pytest -p no:cacheprovider infra/end-to-end

bench: ## measure the release build of the functions; ARGS="--json figures.json"
	cargo build --release --package bench $(FUNCTIONS:%=--package %)
	target/release/bench $(ARGS)

deploy: tools ## to AWS, with the credentials of your shell: make deploy STACK=switchboard
	PATH="$(CURDIR)/$(IN):$$PATH" cargo lambda build --release --arm64 --lambda-dir target/lambda $(FUNCTIONS:%=--package %)
	$(IN)/sam deploy --stack-name $(STACK) --resolve-s3 --capabilities CAPABILITY_IAM --confirm-changeset $(ARGS)

operate: tools ## the operator's commands: ARGS="rings list"; on AWS with STACK=name
	@cargo build --quiet --package operator
	@$(IN)/python infra/operator/operate.py $(if $(filter command,$(firstword $(origin STACK))),--stack $(STACK)) $(ARGS)

tools:
	@$(PYTHON) infra/local-cloud/tools.py

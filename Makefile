# The whole of Responder by name. Paths are relative on purpose: make cannot quote a space.
.DEFAULT_GOAL := help
.PHONY: help run demo test check bench eval docs pictures lock clean

PYTHON := .venv/bin/python
ARGS ?=

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

run: ## set everything up, start, print the addresses
	@sh .ci/setup runtime
	@exec $(PYTHON) -m responder.cli serve $(ARGS)

demo: ## a few hundred simulated customers through the real doors, then pages to look at
	@sh .ci/setup runtime
	@exec $(PYTHON) -m responder.cli demo $(ARGS)

test: ## set everything up, run every test
	@sh .ci/setup dev
	@RESPONDER_CHROMIUM="$$(sh .ci/browser)" $(PYTHON) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

check: ## lint, format, types, architecture, documentation
	@sh .ci/setup dev
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	@$(PYTHON) -c 'from importlinter.cli import lint_imports_command as lint; lint()' --no-logo
	$(PYTHON) -m pytest tests/unit/test_house.py

bench: ## messages a second and CPU a turn, beside the lean floor program
	@sh .ci/setup dev
	@$(PYTHON) -m benchmarks.run $(ARGS)

eval: ## play the scenarios through the real turns, say what was not as it should be
	@sh .ci/setup runtime
	@$(PYTHON) -m responder.cli eval $(ARGS)

docs: ## write the pages that are generated from the code
	@sh .ci/setup dev
	@$(PYTHON) -m responder.cli settings >docs/settings.new && mv docs/settings.new docs/settings.md

pictures: ## take the pictures of docs/images anew, in a real browser after a demo
	@sh .ci/setup dev
	@RESPONDER_CHROMIUM="$$(sh .ci/browser)" $(PYTHON) -m tests.pictures $(ARGS)

lock: ## choose new versions within pyproject.toml and lock them with hashes
	@sh .ci/setup dev
	@sh .ci/lock

clean: ## remove what make made; the data in var/ stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

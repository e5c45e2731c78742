# What a developer does here; each target makes its own environment first. `make help` lists them.

MAKEFLAGS += --no-print-directory
PYTHON ?= $(shell .ci/find-python)
RUN := .venv/bin/python -m

.DEFAULT_GOAL := help
.PHONY: help environment-demo environment-test environment-all demo up test tests test-all train-detection test-image bench chaos breakages check fmt clean

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  PYTHON=python3.13 chooses the interpreter; ARGS=… goes to demo, up and pytest."

# What demo and up need, what the checks and `make test` need besides, and everything: each comes when it is asked for.
environment-demo environment-test environment-all:
	@if [ -z "$(PYTHON)" ]; then .ci/find-python --explain; fi
	@$(PYTHON) .ci/environment.py $(@:environment-%=%)

demo: environment-demo ## Play recorded sessions through the whole stack and check every mail
	@$(RUN) worker demo $(ARGS)

up: environment-demo ## Start the whole stack on this machine and keep it running
	@$(RUN) worker up $(ARGS)

# Beside each other: the checks keep one core busy, while tests mostly wait for processes.
test: environment-test ## Check and test everything that runs in a few minutes and needs no Debian packages
	@$(MAKE) --jobs=2 check tests

# In the order of tests/conftest.py: the slowest files have the fewest tests, and would begin last by their number.
# The layers are tested by the checks beside.
tests: environment-test
	@.ci/side-by-side 5 --ignore=tests/test_layers.py $(ARGS)

LONG := -m "(debian or fuzz or long) and not image"
test-all: environment-all ## Test what needs Debian packages (as root they are installed), and what takes minutes
	@$(RUN) tests.debian
	@.ci/side-by-side 3 $(LONG) $(ARGS)
	@$(if $(ARGS),:,$(RUN) pytest --durations=10 -m "debian and image" tests/deploy/image)

test-image: environment-all ## Build the image and run docker-compose.yml under a real Docker engine (as root; 3 GB in ~/.cache)
	@$(RUN) tests.debian
	@$(RUN) pytest --durations=10 -m image tests/deploy/image $(ARGS)

train-detection: environment-all ## Train the second ear again from the texts in bench/training (docs/detection.md)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(RUN) bench.training

bench: environment-test ## Measure side by side with what others do (ARGS="--only events --rounds 3 --write-docs")
	@$(RUN) bench $(ARGS)

chaos: environment-test ## Let a storm of faults rage and check that nothing is lost (MINUTES=1 SEED=any)
	@$(RUN) bench.chaos $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(ARGS)

breakages: environment-test ## Break each promise on purpose and show what finds it (ARGS='--storm --write-docs')
	@$(RUN) bench.breakages $(ARGS)

check: environment-test ## Lint, format, types, dead code and layers, without running the program
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy
	@$(RUN) vulture
	@$(RUN) pytest -q -p no:cacheprovider tests/test_layers.py

fmt: environment-test ## Put the code into shape
	@$(RUN) ruff check --fix
	@$(RUN) ruff format

clean: ## Remove the environment, the data of the stack and all caches
	@$(PYTHON) .ci/environment.py remove

# Two commands need no other preparation than Python 3.11+, make and (for what the system lacks) apt:
#   make demo     a simulated runner goes through the whole line, in the terminal
#   make test     everything is checked
# PYTHON=... names the interpreter; ARGS=... is passed on, e.g. make demo ARGS="--fast --json"; WORKERS=... says how many
# tests run at the same time. Works with GNU make 3.81 and the BSD tools of macOS.

PYTHON ?= python3
ARGS ?=
WORKERS ?= 4
RUN := .venv/bin/python
WITHOUT_NUMBA := numpy scipy click platformdirs pyarrow joblib hypothesis pytest pytest-asyncio
SETUP := PYTHON="$(PYTHON)" sh tools/setup.sh
TOGETHER := -n $(WORKERS) --dist loadscope --no-loadscope-reorder
QUICK := tests/motion tests/simulate tests/store tests/test_wire.py tests/project/test_layers.py
KERNELS := $(RUN) -c "from untuck.session.warmup import warm_up; warm_up(print)"

.DEFAULT_GOAL := help
.PHONY: help demo quick test test-plain test-bluez lint bench docs screenshots format speech clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

demo: .venv/demo.stamp ## simulated runner through the whole line; ARGS="--fast --json" for a quick one
	@$(RUN) -m untuck demo $(ARGS)

quick: lint ## lint, types, and the core's quick tests, which need neither recordings nor the virtual clip
	$(RUN) -m pytest -q -n 2 --dist loadscope --no-loadscope-reorder --hypothesis-profile quick \
		-m "not (slow or radio or sound or data)" $(QUICK) $(ARGS)

test: lint ## lint, types, all tests, and the core once more without the compiler
	$(KERNELS)
	$(RUN) -m pytest $(TOGETHER) $(ARGS)
	NUMBA_DISABLE_JIT=1 $(RUN) -m pytest -q -m nojit tests/motion

test-plain: .venv-plain/stamp ## the motion tests where numba is not installed; ARGS="-m slow" for the slow ones
	.venv-plain/bin/python -m pytest tests/motion -m "not slow" $(ARGS)

test-bluez: .venv/bluez.stamp ## the program on Debian with real BlueZ, in qemu, with the virtual clip; ARGS="--pairings 10" or "-k run"
	$(RUN) -m tests.bluez.images
	$(RUN) -m pytest tests/bluez -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

lint: .venv/test.stamp ## ruff and mypy --strict
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy

format: .venv/test.stamp ## let ruff put the code in order
	$(RUN) -m ruff check --fix
	$(RUN) -m ruff format
	$(RUN) tools/kernel_sums.py

docs: .venv/docs.stamp ## write help texts, columns and the architecture picture; build the documentation site into site/
	$(RUN) tests/project/test_docs.py
	$(RUN) tests/report/test_export.py
	$(RUN) tests/sources/test_format_table.py
	$(RUN) tools/draw_architecture.py
	$(RUN) tools/json_schemas.py
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict --clean

screenshots: .venv/test.stamp ## pictures of window and pages, into docs/images; ARGS="trend" for one of them
	QT_QPA_PLATFORM=offscreen $(RUN) -m tests.screenshots $(ARGS)
	$(RUN) tools/draw_pelvis.py
	$(RUN) tools/draw_badges.py

bench: .venv/bench.stamp ## accuracy and speed tables; ARGS="speed --json" for one of them
	$(RUN) -m bench $(ARGS)

speech: .venv/test.stamp ## render the spoken clips anew with espeak-ng and sox, after a change of their words
	$(RUN) tools/render_speech.py

clean: ## remove the environment and what the checkers keep
	rm -rf .venv .venv-plain build/bluez .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/demo.stamp: requirements.txt pyproject.toml tools/setup.sh
	@$(SETUP) demo
	@touch $@

.venv/test.stamp: requirements-dev.txt .venv/demo.stamp
	@$(SETUP) test
	@touch $@

.venv-plain/stamp: requirements.txt requirements-dev.txt .venv/demo.stamp
	@$(RUN) -m venv --clear .venv-plain
	@grep -hv '^-r' requirements.txt requirements-dev.txt > .venv-plain/pins.txt
	@.venv-plain/bin/python -m pip install --quiet --disable-pip-version-check -c .venv-plain/pins.txt \
		$(WITHOUT_NUMBA)
	@touch $@

.venv/bluez.stamp: .venv/test.stamp
	@$(SETUP) bluez
	@touch $@

.venv/bench.stamp: requirements-bench.txt .venv/test.stamp
	@$(SETUP) bench
	@touch $@

.venv/docs.stamp: requirements-docs.txt .venv/test.stamp
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	@touch $@

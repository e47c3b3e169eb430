# Two commands need no other preparation than Python 3.11+, make and (for what the system lacks) apt:
#   make demo     a simulated runner goes through the whole line, in the terminal
#   make test     everything is checked
# PYTHON=... names the interpreter; ARGS=... is passed on, e.g. make demo ARGS="--fast --json"; WORKERS=... says how many
# tests run at the same time. Works with GNU make 3.81 and the BSD tools of macOS.

PYTHON ?= python3
ARGS ?=
WORKERS ?= 4
RUN := .venv/bin/python
SETUP := PYTHON="$(PYTHON)" sh tools/setup.sh
TOGETHER := -n $(WORKERS) --dist loadscope --no-loadscope-reorder
QUICK := tests/motion tests/simulate tests/store tests/test_wire.py tests/project/test_layers.py
IN_HARDWARE := .venv-hardware/bin/python -m pytest -q -c /dev/null --rootdir . --noconftest -p no:cacheprovider
KERNELS := $(RUN) -c "from untuck.session.warmup import warm_up; warm_up(print)"

.DEFAULT_GOAL := help
.PHONY: help demo quick test test-plain test-bluez chaos fuzz soak lint bench docs screenshots format speech pins audit hardware hardware-files hardware-tests virtual-clip sensors wheels test-flash firmware phone clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

demo: .venv/demo.stamp ## simulated runner through the whole line; ARGS="--fast --json" for a quick one
	@$(RUN) -m untuck demo $(ARGS)

virtual-clip: .venv/test.stamp ## any command with a simulated clip in range; ARGS="doctor --clip", ARGS="--speed 4 run"
	@$(RUN) -m virtual_clip $(ARGS)

quick: lint ## lint, types, and the core's quick tests, which need neither recordings nor the virtual clip
	$(RUN) -m pytest -q -n 2 --dist loadscope --no-loadscope-reorder --hypothesis-profile quick \
		-m "not (slow or radio or sound or data or browser)" $(QUICK) $(ARGS)

test: lint ## lint, types, all tests, and the core once more without the compiler
	$(KERNELS)
	$(RUN) -m pytest $(TOGETHER) -m "not browser" $(ARGS)
	$(RUN) -m pytest -m browser tests/phone $(ARGS)
	NUMBA_DISABLE_JIT=1 $(RUN) -m pytest -q -m nojit tests/motion

test-plain: .venv-plain/stamp ## the motion tests where numba is not installed; ARGS="-m slow" for the slow ones
	.venv-plain/bin/python -m pytest tests/motion -m "not slow" $(ARGS)

chaos: .venv/test.stamp ## random faults between sensor and disk, every sample accounted for; ARGS="--schedules 100 --seed 1 --json"
	@$(RUN) -m tests.chaos $(ARGS)

test-bluez: .venv/bluez.stamp ## the program on Debian with real BlueZ, in qemu, with the virtual clip; ARGS="--pairings 10" or "-k run"
	$(RUN) -m tests.bluez.images
	$(RUN) -m pytest tests/bluez -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

lint: .venv/test.stamp ## ruff and mypy --strict
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy

format: .venv/test.stamp ## let ruff put the code in order; checksums between kernels, and the kernels of the page
	$(RUN) -m ruff check --fix
	$(RUN) -m ruff format
	$(RUN) tools/kernel_sums.py
	$(RUN) tools/wasm_kernels.py

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
	$(RUN) tools/draw_trunk.py
	$(RUN) tools/draw_badges.py

bench: .venv/bench.stamp ## accuracy and speed tables; ARGS="speed --json" for one of them
	$(RUN) -m bench $(ARGS)

fuzz: .venv/test.stamp ## damaged and hostile input for every reader; ARGS="--cases 1000000 --seed 1 --json"
	$(RUN) -m tests.fuzz $(ARGS)

sensors: .venv/test.stamp ## the tests of the analysis with the second sensor, which has no quaternion; 10 min
	$(RUN) -m pytest -q $(TOGETHER) --sensor icm45686 tests/motion tests/session $(ARGS)

soak: .venv/test.stamp ## a session of 24 h, accelerated: memory, latency, counts; ARGS="--hours 6 --json"
	$(RUN) -m bench soak $(ARGS)

firmware: .venv/demo.stamp ## the clip's program compiled for the boards, with hashes, into build/firmware
	$(RUN) tools/build_firmware.py

phone: .venv/demo.stamp ## the page for a phone as a folder of static files, from pinned packages, into build/phone/site
	@$(RUN) tools/phone_parts.py
	@$(RUN) -m untuck phone --parts build/phone/parts build/phone/site

test-flash: .venv/test.stamp ## `untuck flash` on simulated boards: whole calls, pulled cables, full flash; ARGS="-k unplugged"
	$(RUN) -m pytest tests/flash_board -q -n 2 $(ARGS)

speech: .venv/test.stamp ## render the spoken clips again with espeak-ng and sox, after a change of their words
	$(RUN) tools/render_speech.py

pins: .venv-audit/stamp ## write requirements*.txt with hashes, after a change of a dependency; ARGS="--upgrade" for newer ones
	.venv-audit/bin/python tools/pins.py $(ARGS)

wheels: .venv-audit/stamp ## which pinned packages have a wheel for which system and Python: writes the table of docs/setup
	.venv-audit/bin/python tools/wheels.py

audit: .venv-audit/stamp ## known vulnerabilities of the pinned packages; exit code 2 if advisories cannot be reached
	.venv-audit/bin/python tools/audit.py $(ARGS)

hardware: .venv-hardware/stamp ## case, clip, wiring and schematic from their source, into build/hardware; ARGS="--set cell_y_mm=41"
	@$(MAKE) -j2 hardware-files hardware-tests

hardware-files:
	.venv-hardware/bin/python -m hardware.case $(ARGS)
	.venv-hardware/bin/python -m hardware.drawings

hardware-tests:
	$(IN_HARDWARE) tests/hardware

clean: ## remove the environment and what the checkers keep
	rm -rf .venv .venv-plain .venv-audit .venv-hardware build/bluez build/hardware build/phone .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/demo.stamp: requirements.txt pyproject.toml tools/setup.sh
	@$(SETUP) demo
	@touch $@

.venv/test.stamp: requirements-dev.txt .venv/demo.stamp
	@$(SETUP) test
	@touch $@

.venv-plain/stamp: requirements.txt requirements-dev.txt .venv/demo.stamp
	@$(RUN) -m venv --clear .venv-plain
	@awk '/^[^ ]/ { skip = /^(numba|llvmlite)==|^-r/ } !skip' requirements.txt requirements-dev.txt > .venv-plain/pins.txt
	@.venv-plain/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r .venv-plain/pins.txt
	@touch $@

.venv/bluez.stamp: .venv/test.stamp
	@$(SETUP) bluez
	@touch $@

.venv/bench.stamp: requirements-bench.txt .venv/test.stamp
	@$(SETUP) bench
	@touch $@

.venv-audit/stamp: requirements-audit.txt .venv/demo.stamp
	@$(RUN) -m venv --clear .venv-audit
	@.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-audit.txt
	@touch $@

.venv-hardware/stamp: requirements-hardware.txt tools/setup.sh
	@$(SETUP) hardware
	@touch $@

.venv/docs.stamp: requirements-docs.txt .venv/test.stamp
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	@touch $@

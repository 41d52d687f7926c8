# Everything a fresh Debian or Ubuntu machine with Python 3.11+ needs, in two commands: `make demo`, `make test`.
SHELL  := /bin/bash
PYTHON ?= python3
TORCH  ?= torch==2.13.0
BIN    := .venv/bin
READY  := .venv/.ready
SCREEN  = LIBGL_ALWAYS_SOFTWARE=1 QT_API=$(1) xvfb-run -a -s "-screen 0 1920x1200x24 +extension GLX +render -noreset"

.PHONY: help setup system demo test check bench screenshots clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: system $(READY)  ## make .venv and install the project with everything the tests need

system:
	@bash .ci/system-libraries

$(READY): pyproject.toml | system
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

demo: setup  ## run the whole loop on sample data; the report lands in demo/report.html
	$(BIN)/ctcl demo

test: setup  ## run every test in a real window on a virtual screen, then the window's again under the other Qt binding
	$(call SCREEN,pyqt6) $(BIN)/python -m pytest -m "slow or not slow"
	$(call SCREEN,pyside6) $(BIN)/python -m pytest -o qt_api=pyside6 tests/gui

check: setup  ## lint, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup  ## measure; prints a table and keeps JSON in benchmarks/results
	$(call SCREEN,pyqt6) $(BIN)/python -m benchmarks

screenshots: setup  ## remake the pictures in docs/images
	$(call SCREEN,pyqt6) $(BIN)/python docs/screenshots.py

clean:  ## remove the environment and the demo
	rm -rf .venv demo build dist

# Two commands: `make up` (everything, running) and `make test` (everything, tested).
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.SILENT:
.DEFAULT_GOAL := help
.PHONY: help up test bench lint format reference install clean

UV_VERSION := 0.13.9
UV_HOME := $(CURDIR)/.uv
export PATH := $(CURDIR)/.venv/bin:$(UV_HOME)/bin:$(PATH)
ONCE ?=
NAME ?=

help:  ## show these targets
	grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

# The environment is made again whenever the project's declaration or its lock is newer than it.
.venv/.ready: pyproject.toml uv.lock
	if ! command -v uv >/dev/null; then
	  echo "installing uv $(UV_VERSION) into .uv/"
	  command -v python3 >/dev/null || { echo "python3 (3.11 or newer) is missing: install it and run this again" >&2; exit 2; }
	  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "python3 is $$(python3 -V | cut -d' ' -f2); 3.11 or newer is needed" >&2; exit 2; }
	  if ! python3 -m venv --clear '$(UV_HOME)' >/dev/null 2>&1; then
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null && python3 -m venv --clear '$(UV_HOME)'
	    else
	      echo "python3 cannot make a virtual environment: install the package python3-venv, or uv, and run this again" >&2; exit 2
	    fi
	  fi
	  '$(UV_HOME)/bin/python' -m pip install -q 'uv==$(UV_VERSION)'
	fi
	uv sync --locked --compile-bytecode
	.venv/bin/python -m compileall -q lib flows
	echo "compiling the portfolio methods for this machine, once: about half a minute"
	.venv/bin/python -m sillok.portfolio.methods critical-line & first=$$!
	.venv/bin/python -m sillok.portfolio.methods active-set coordinate-descent
	wait $$first
	touch $@

install: .venv/.ready  ## install the locked environment into .venv

up: .venv/.ready  ## run the main job and stay up until Ctrl-C; with ONCE=1: run it, say where the results are, end
	exec sillok up $(if $(ONCE),--once)

test: .venv/.ready  ## install what the tests need, then lint, types, notebooks and every test
	bash tests/install.sh
	$(MAKE) lint
	pytest -n 2 --dist loadfile

lint: .venv/.ready  ## format, lint, types and spelling, changing nothing
	ruff format --check .
	ruff check .
	mypy
	codespell README.md lib flows notebooks dashboards jupyter tests data/README.md Makefile docker-compose.yml
	nbstripout --keep-count --keep-id --verify notebooks/*.ipynb dashboards/*.ipynb

format: .venv/.ready  ## format and mend what can be mended by machine
	ruff format .
	ruff check --fix .

bench: .venv/.ready  ## run one benchmark: make bench NAME=store
	test -n '$(NAME)' || { echo "which one? make bench NAME=$$(ls tests/bench/*.py | xargs -n1 basename -s .py | paste -sd'|')" >&2; exit 2; }
	python tests/bench/$(NAME).py

reference: .venv/.ready  ## make the notebooks' reference outputs anew; look at the difference before you commit
	python -m tests.notebooks.regenerate

clean:  ## remove the environment and caches; data/var stays
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis

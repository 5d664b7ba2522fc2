# Everything is installed into .venv, Node and the CDK's command line included.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: bench clean demo template test

demo: .venv/ready tests/policy/node_modules/.package-lock.json
	python -m tests.deploy.demo

bench: .venv/ready
	python -m tests.bench
	python -m tests.scanners.bench

test: .venv/ready .venv/checkov/ready .venv/floor/ready tests/policy/node_modules/.package-lock.json
	ruff check .
	ruff format --check .
	mypy
	pytest

template: .venv/ready
	mkdir -p dist
	python -m ses_secure_user template > dist/ses-secure-user-$$(python -m ses_secure_user --version | cut -d' ' -f3).template.json

.venv/ready: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.13 …")'
	$(PYTHON) -m venv .venv
	pip install --quiet --requirement requirements-dev.txt
	touch $@

.venv/checkov/ready: tests/snapshot/requirements-checkov.txt .venv/ready
	$(PYTHON) -m venv .venv/checkov
	.venv/checkov/bin/pip install --quiet --requirement $<
	touch $@

.venv/floor/ready: tests/unit/requirements-floor.txt .venv/ready
	$(PYTHON) -m venv .venv/floor
	.venv/floor/bin/pip install --quiet --requirement $<
	touch $@

tests/policy/node_modules/.package-lock.json: tests/policy/package-lock.json .venv/ready
	npm ci --prefix tests/policy --no-audit --no-fund
	touch $@

clean:
	rm -rf .venv tests/policy/node_modules cdk.out dist

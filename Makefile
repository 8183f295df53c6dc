# Works with nothing but Python 3.11 or newer (PYTHON=python3.12 make ... chooses another).
PYTHON ?= python3
BIN := .venv/bin
CASE ?= dprk-2023
# Debian's chromium with its driver, installed where that takes no question; and axe-core, which looks for what hinders people.
BROWSER := { { command -v chromium && command -v chromedriver; } || { test "$$(id -u)" = 0 && DEBIAN_FRONTEND=noninteractive timeout 240 apt-get install --yes --quiet chromium chromium-driver; }; } > /dev/null \
	&& timeout 120 npm install --silent --no-save --no-audit --no-fund --prefix .web axe-core@4 > /dev/null

.PHONY: run test test-web lint proofs docs picture findings surges backtest promises bench lock clean

run: .venv/ready ## run the main case, print its key judgements, write its report
	$(BIN)/materiel run $(CASE) --draws 2000 --output runs

test: lint ## everything that must pass on every change; in a real browser too, where there is one or can be without a question
	$(BIN)/python -m pytest -q -n auto -m "not proof and not web"
	@if $(BROWSER); then $(BIN)/python -m pytest -q tests/web; else echo "tests in a browser are left out: chromium, chromium-driver or npm is missing and cannot be installed here"; fi

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright --level error
	$(BIN)/lint-imports --no-cache

test-web: .venv/ready ## the report, with the network off, and the web app in a real browser
	$(BROWSER)
	$(BIN)/python -m pytest -q tests/web

proofs: .venv/ready ## the heavy proofs
	$(BIN)/python -m pytest -q -n auto -m proof -o faulthandler_timeout=3600

docs: .venv/ready ## pages made from the code, and the site made from all pages: open site/index.html
	$(BIN)/python docs/make.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

picture: .venv/ready ## the picture of the web app in the README
	$(BROWSER)
	$(BIN)/python docs/app_picture.py

findings: .venv/ready ## pages made by running the shipped cases: the article in the dock, rules of evidence, days side by side, twins
	$(BIN)/python docs/findings.py

surges: .venv/ready ## fit the surge model anew, after a change of the library: half an hour of one core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'numpyro>=0.19' 'scikit-learn>=1.5'
	$(BIN)/python docs/fit_surges.py

backtest: .venv/ready ## forecasts of every surge of the library from every origin, scored beside naive ones, country and war left out: two minutes
	$(BIN)/python docs/backtest.py

promises: .venv/ready ## what announced targets were worth, by what was known on each day: the discounts that ship with the package, and their page
	$(BIN)/python docs/promises.py

bench: .venv/ready ## speed, side by side with peers: half an hour; a few minutes with BENCH=--quick
	$(BIN)/python benchmarks/compare.py $(BENCH)
	$(BIN)/python benchmarks/ceilings.py
	$(BIN)/python benchmarks/scaling.py
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/visitors.py
	$(BIN)/python benchmarks/sliders.py

lock: ## renew the lock after changing pyproject.toml (needs uv)
	uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements.lock

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "materiel needs Python 3.11 or newer; try PYTHON=python3.12 make $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

clean:
	rm -rf .venv runs site .pytest_cache .ruff_cache .hypothesis build dist

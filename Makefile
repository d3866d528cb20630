# Shopfloor. Each target is one command; `make` alone is `make check`.

CHECKER := target/debug/checker
SOURCES := $(shell find checker/src checker/*/src -name '*.rs' 2>/dev/null) \
	Cargo.toml Cargo.lock $(wildcard checker/Cargo.toml checker/*/Cargo.toml)

.PHONY: check watch claims hint list run trace play reset solution doctor test verify points soundness mutants pin lint bench bench-grade bench-solutions grade accept-snapshots test-slurm tools
.DEFAULT_GOAL := check

# What a learner asks: the commands that it names are written for make then.
ASK := SHOPFLOOR_BY_MAKE=1 $(CHECKER)

# Judge what has changed, show where you stand and what is next. One exercise: make check E=semaphore, a part:
# E=2. All of what is taller than the screen: FULL=1.
check: $(CHECKER)
	@$(ASK) check $(E) $(if $(FULL),--full)

# Judge what is saved, as long as you work, on a screen with keys. It builds the screen the first time.
watch: $(CHECKER)
	$(call build,--features tui)
	@$(ASK) watch $(E) $(if $(PLAIN),--plain)

# One more hint, for the next exercise or for E=NAME.
hint: $(CHECKER)
	@$(ASK) hint $(E)

# The claims of the lecture notes, with the evidence on this machine, now. One in full: make claims C=3
claims: $(CHECKER)
	@SHOPFLOOR_BY_MAKE=1 $(CHECKER) claims $(C)

list: $(CHECKER)
	@$(ASK) list

# The experiment of the next exercise, or of E=NAME.
run: $(CHECKER)
	@$(ASK) run $(E)

# What the processes of that experiment did, beside what the reference's did.
trace: $(CHECKER)
	@$(ASK) trace $(E)

# Be the scheduler of the next exercise's lock, or of E=NAME. One test: make play E=semaphore TEST=one_permit
play: $(CHECKER)
	$(call build,--features tui)
	@$(ASK) play $(E) $(TEST)

# Put the stub of E=NAME back; what was there is kept. With GIVEN=1 the given files.
reset: $(CHECKER)
	@$(ASK) reset $(E) $(if $(GIVEN),--given)

# The reference beside yours, for the next exercise or E=NAME, once yours passes; before that with FORCE=1.
solution: $(CHECKER)
	@$(ASK) solution $(E) $(if $(FORCE),--force)

# What the machine has, and what is lost without it.
doctor: $(CHECKER)
	@$(ASK) doctor

# For instructors: judges the submissions in IN= (directories, archives or a roster) and keeps the results
# and the gradebook in OUT=. What is there already is not judged again. IN= may name several: a path with
# a space needs quotes of its own, make grade IN="'my uploads'".
grade: $(CHECKER)
	$(call build,--features grade)
	@$(CHECKER) grade $(or $(IN),$(error make grade IN=SUBMISSIONS OUT=RESULTS)) --out "$(or $(OUT),$(error make grade IN=SUBMISSIONS OUT=RESULTS))"

# All tests: the tooling's own, then every stub, solution and known-wrong solution. A third of their time the
# tooling's tests wait for programs that they have started: so there are more of them than cores.
test: $(CHECKER)
	RUST_TEST_THREADS=$$(($$(nproc) * 2)) cargo test --target-dir target --features testkit/http,checker/grade,checker/tui
	$(CHECKER) verify

# Grading on a cluster: the examples of docs/clusters.md on a real Slurm on this machine. As root; it installs
# Debian's slurm-wlm and munge if they are missing, and stops what it has started.
test-slurm: $(CHECKER)
	$(call build,--features grade)
	@bash checker/tests/slurm.sh

# For authors: stubs fail, solutions pass, wrong solutions are caught, snapshots and pins are current.
verify: $(CHECKER)
	@$(CHECKER) verify $(E)

# For authors: verify, with what each known-wrong solution would earn. One exercise: make points E=pipe
points: $(CHECKER)
	$(call build,--features grade)
	@$(CHECKER) verify --points $(E)

# For authors: every solution 300 times, every wrong one 20 times, on busy cores and on one core;
# counts false failures and escapes. One exercise: make soundness E=pipe. More: SOLUTION_RUNS=, WRONG_RUNS=.
soundness: $(CHECKER)
	@$(CHECKER) soundness --solution-runs $(or $(SOLUTION_RUNS),300) --wrong-runs $(or $(WRONG_RUNS),20) $(E)

# For authors: mutates the solutions; a mutant that passes the exercises' tests and is not listed in
# solutions/mutants.toml fails this. One exercise: make mutants E=pipe.
mutants: $(CHECKER)
	$(call build,--features grade)
	@$(CHECKER) mutants $(E)

# For authors: record stubs, given files and the list of tests.
pin: $(CHECKER)
	@$(CHECKER) pin $(E)

# For authors: take what the reference solutions print now as the snapshots. One exercise: E=pipe.
accept-snapshots: $(CHECKER)
	EXERCISE=$(E) INSTA_UPDATE=always cargo test --target-dir target -p checker --test snapshots -- --ignored
	@$(CHECKER) pin $(E)

lint: $(CHECKER)
	cargo fmt --all --check
	cargo clippy --target-dir target --workspace --all-targets -- -D warnings
	cargo clippy --target-dir target -p checker --all-targets --features grade,tui -- -D warnings
	cargo clippy --target-dir target -p reddit_fetcher --features https -- -D warnings
	@$(CHECKER) solved target/solved
	cargo fmt --manifest-path target/solved/Cargo.toml --all --check
	cargo clippy --manifest-path target/solved/Cargo.toml --target-dir target --workspace --exclude checker \
		--all-targets -- -D warnings

# Speed, measured on this machine in one run.
bench: tools
	@bash checker/bench/check.sh

# For authors: grades 40 made submissions, and the same by hand; STUDENTS=, NAIVE=, ONLY= for fewer.
bench-grade: tools
	@bash checker/bench/grade.sh

# For authors: what the reference solutions of locks and queues cost beside std's and others'; ONLY=, ROUNDS=.
bench-solutions: tools
	@bash checker/bench/solutions.sh

# Builds the checker. A configuration of cargo may name a target, and the program is then in another
# directory: cargo says where.
define build
env -u CARGO_BUILD_TARGET cargo build --target-dir target -p checker $(1)
@built=$$(env -u CARGO_BUILD_TARGET cargo build --target-dir target -p checker $(1) --quiet --message-format=json \
	| sed -n 's/.*"name":"checker".*"executable":"\([^"]*\)".*/\1/p'); \
	test "$$built" -ef $(CHECKER) || { rm -f $(CHECKER) && mkdir -p $(dir $(CHECKER)) && cp "$$built" $(CHECKER); }
endef

# The first task, which can be read while the checker is built for the first time.
FIRST := $(firstword $(sort $(wildcard exercises/*/*/README.md)))

# cargo decides what to build; `touch` tells make that it has.
$(CHECKER): $(SOURCES) | tools
	@test -e $@ || printf '%s\n' "The checker is built once, in about half a minute. What to read meanwhile:" "  $(FIRST)"
	$(call build)
	@touch $@

tools:
	@command -v cargo >/dev/null || { \
		echo "cargo is missing. Install Rust: https://rustup.rs, or your system's packages rustc and cargo." >&2; \
		exit 3; }
	@command -v cc >/dev/null || { \
		echo "cc is missing; Rust needs it to link programs. Install a C compiler, for example:" >&2; \
		echo "  apt-get install gcc libc6-dev   dnf install gcc   pacman -S gcc   apk add build-base" >&2; \
		exit 3; }

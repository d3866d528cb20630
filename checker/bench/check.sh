#!/usr/bin/env bash
# Measures the speed of `make check` on this machine, in one run: `make bench`.
#
# Everything happens in copies below a temporary directory. Crates are downloaded before; what is compared is
# measured in turns, so that noise hits both sides. With PEERS=1 rustlings is built beside it, which
# needs the network once.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${ROUNDS:-7}
source checker/bench/common.sh

row() { printf '  %-66s %s\n' "$1" "$2"; }
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }

# Seconds until a command, on a terminal, has shown a line with this text.
until_shown() { # until_shown TEXT COMMAND…
    local start text=$1
    shift
    start=$(date +%s%N)
    script --quiet --flush --return --command "stty rows 40 columns 100; $(printf '%q ' "$@")" /dev/null </dev/null 2>/dev/null | {
        while IFS= read -r line; do
            case $line in *"$text"*) date +%s%N >"$base/shown"; break ;; esac
        done
        cat >/dev/null
    } || true
    awk -v ns=$(($(cat "$base/shown") - start)) 'BEGIN { printf "%.3f", ns / 1e9 }'
}

echo "machine: $(nproc) cores, $(uname -sr), $(rustc --version)"

copy "$base/learner"
cd "$base/learner"
CARGO_NET_OFFLINE=false cargo fetch --quiet --locked
checker=$base/learner/target/debug/checker

if [ -n "${PEERS:-}" ]; then
    CARGO_NET_OFFLINE=false cargo install --quiet --locked --root "$base/peers" --target-dir "$base/rustlings" rustlings
    rm -rf "$base/rustlings"
fi

echo
echo "cold: a clone, crates downloaded, nothing built"
cold=$(seconds make check)
grep -q "not started" "$base/output" || { cat "$base/output"; exit 1; }
row "make check to the first verdict (not started)" "$cold s"
row "  of it the check itself, once the checker is built" "$(seconds "$checker" check) s"
first=$(edited_files . | head -n 1 | cut -d/ -f2 | sed 's/^[0-9]*_//')
solve . "/[0-9]*_$first/"
one=$(seconds "$checker" check "$first")
grep -q "$first passes" "$base/output" || { cat "$base/output"; exit 1; }
row "then the first exercise compiled and tested" "$one s"
if [ -n "${PEERS:-}" ]; then
    theirs=$(seconds cargo install --quiet --locked --force --root "$base/peers" --target-dir "$base/rustlings" rustlings)
    row "the build of rustlings, crates downloaded" "$theirs s"
    row "ratios: to the first verdict, and the first exercise" "$(ratio "$cold" "$theirs"), $(ratio "$one" "$theirs")"
    rm -rf "$base/rustlings"
fi

echo
solve .
all=$(seconds "$checker" check)
grep -q "exercises pass" "$base/output" || { cat "$base/output"; exit 1; }
echo "all exercises solved: built and tested for the first time"
row "checker check" "$all s"
row "target/" "$(du -sm target | cut -f1) MiB"

echo
echo "unchanged, medians of 20 in turns"
copy "$base/bare"
(cd "$base/bare" && solve . && cargo test -q -p semaphore >/dev/null 2>&1)
for _ in $(seq 20); do
    seconds "$checker" check >>"$base/direct"; echo >>"$base/direct"
    seconds make check >>"$base/make"; echo >>"$base/make"
    cd "$base/bare"; seconds cargo test --no-run -q -p semaphore >>"$base/cargo"; echo >>"$base/cargo"
    cd "$base/learner"
done
unchanged=$(median <"$base/direct"); theirs=$(median <"$base/cargo")
row "checker check of all solved exercises (make check)" "$unchanged s ($(median <"$base/make") s)"
row "cargo test --no-run -q -p semaphore" "$theirs s"
row "ratio" "$(ratio "$unchanged" "$theirs")"

# An edit in both copies, and what it takes until its verdict; cargo with the incremental state that it keeps by
# default.
file=exercises/02_locks_and_keys/03_semaphore/src/semaphore.rs
edit() { echo "// edit $1" | tee -a "$base/learner/$file" >>"$base/bare/$file"; }
bare() { (cd "$base/bare" && CARGO_INCREMENTAL=1 seconds cargo test -q -p semaphore); }

echo
echo "an edit of semaphore to its verdict, medians of $rounds rounds in turns"
edit first; "$checker" check semaphore >/dev/null; bare >/dev/null
for round in $(seq "$rounds"); do
    edit "$round"
    seconds "$checker" check semaphore >>"$base/ours"; echo >>"$base/ours"
    grep -q "semaphore passes" "$base/output" || { cat "$base/output"; exit 1; }
    bare >>"$base/theirs"; echo >>"$base/theirs"
done
ours=$(median <"$base/ours"); theirs=$(median <"$base/theirs")
row "it passes: checker check semaphore" "$ours s"
row "cargo test -q -p semaphore" "$theirs s"
row "ratio" "$(ratio "$ours" "$theirs")"

if command -v script >/dev/null; then
    for copy in learner bare; do
        grep -q "board.permits -= 1;" "$base/$copy/$file"
        sed -i 's/board.permits -= 1;/board.permits -= 0;/' "$base/$copy/$file"
    done
    for round in $(seq "$rounds"); do
        edit "wrong $round"
        until_shown an_acquire_takes_one_permit "$checker" check semaphore >>"$base/early"; echo >>"$base/early"
        bare >>"$base/late"; echo >>"$base/late"
        edit "wrong again $round"
        seconds "$checker" check semaphore >>"$base/whole"; echo >>"$base/whole"
    done
    early=$(median <"$base/early"); late=$(median <"$base/late"); whole=$(median <"$base/whole")
    row "it fails: the first failure is on the screen" "$early s"
    row "the whole verdict of it" "$whole s"
    row "cargo test -q -p semaphore, up to the first program that fails" "$late s"
    row "ratios" "$(ratio "$early" "$late"), $(ratio "$whole" "$late")"
else
    echo "  script(1) is not installed: how soon the first failure is on a terminal was not measured"
fi

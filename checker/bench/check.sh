#!/usr/bin/env bash
# Measures the speed of `make check` on this machine, in one run: `make bench`.
#
# Everything happens in copies below a temporary directory. Crates are downloaded before;
# what is compared is measured in turns, so that noise hits both sides.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${ROUNDS:-7}
source checker/bench/common.sh

echo "machine: $(nproc) cores, $(uname -sr), $(rustc --version)"

copy "$base/learner"
cd "$base/learner"
CARGO_NET_OFFLINE=false cargo fetch --quiet --locked
checker=$base/learner/target/debug/checker

echo
echo "cold: a clone, crates downloaded, nothing built"
cold=$(seconds make check)
grep -q "not started" "$base/output" || { cat "$base/output"; exit 1; }
echo "  make check to the first verdict (not started)        $cold s (goal: 20 or less)"
echo "    of it the check itself, once the checker is built  $(seconds "$checker" check) s"
first=$(edited_files . | head -n 1 | cut -d/ -f2 | sed 's/^[0-9]*_//')
solve . "/[0-9]*_$first/"
one=$(seconds "$checker" check "$first")
grep -q "All .* tests pass" "$base/output" || { cat "$base/output"; exit 1; }
echo "  then the first exercise compiled and tested          $one s"

echo
solve .
all=$(seconds "$checker" check)
echo "all exercises solved: built and tested for the first time  $all s"
"$checker" check --format json | tail -n 1
echo "  target/                                              $(du -sm target | cut -f1) MiB"

echo
echo "unchanged check of all solved exercises, median of 20"
for _ in $(seq 20); do seconds "$checker" check; echo; done | median >"$base/direct"
for _ in $(seq 20); do seconds make check; echo; done | median >"$base/make"
echo "  checker check                                        $(cat "$base/direct") s (goal: 0.2 or less)"
echo "  make check                                           $(cat "$base/make") s"

echo
echo "an edit of semaphore to its verdict, $rounds rounds in turns"
copy "$base/bare"
(cd "$base/bare" && solve . && cargo test -q -p semaphore >/dev/null 2>&1)
file=exercises/02_locks_and_keys/03_semaphore/src/semaphore.rs
for round in $(seq "$rounds"); do
    echo "// edit $round" | tee -a "$base/learner/$file" >>"$base/bare/$file"
    seconds "$checker" check semaphore >>"$base/ours"; echo >>"$base/ours"
    grep -q "All .* tests pass" "$base/output" || { cat "$base/output"; exit 1; }
    cd "$base/bare"; seconds cargo test -q -p semaphore >>"$base/theirs"; echo >>"$base/theirs"
    cd "$base/learner"
done
ours=$(median <"$base/ours"); theirs=$(median <"$base/theirs")
echo "  checker check semaphore                              $ours s"
echo "  cargo test -q -p semaphore                           $theirs s"
echo "  ratio                                                $(awk "BEGIN { printf \"%.2f\", $ours / $theirs }") (goal: 1.3 or less)"

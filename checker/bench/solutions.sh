#!/usr/bin/env bash
# Measures what the reference solutions cost beside the standard library's and others' on this machine, in one
# run: `make bench-solutions`.
#
# The program is solutions.rs, in a package of its own below a temporary directory: so neither the checker nor an
# exercise depends on what is only here to be compared with.
#
# ROUNDS=21  how often each contender has its turn
# ONLY=      names of exercises; by default all that have a contender
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -d solutions ] || { echo "bench-solutions: it measures solutions/, which is not here" >&2; exit 2; }
source checker/bench/common.sh

echo "machine: $(nproc) cores, load $(cut -d" " -f1 /proc/loadavg), $(uname -sr), $(rustc --version)"
bench=$PWD/checker/bench/solutions.rs
copy "$base/solved"
solve "$base/solved"

mkdir -p "$base/bench/src"
cd "$base/bench"
cp "$bench" src/main.rs
# The versions that the workbook has, where it has one.
cp "$base/solved/Cargo.lock" .
# As one program: a call from one crate into another is not what is measured.
cat >Cargo.toml <<'END'
[package]
name = "bench-solutions"
version = "0.0.0"
edition = "2024"
publish = false

[workspace]

[dependencies]
bounded_buffer = { path = "../solved/exercises/02_locks_and_keys/05_bounded_buffer" }
mutex = { path = "../solved/exercises/02_locks_and_keys/02_mutex" }
rwlock = { path = "../solved/exercises/02_locks_and_keys/06_rwlock" }
semaphore = { path = "../solved/exercises/02_locks_and_keys/03_semaphore" }
crossbeam-channel = "0.5"
parking_lot = "0.12"
tokio = { version = "1", default-features = false, features = ["sync"] }

[profile.release]
lto = "fat"
codegen-units = 1
END
CARGO_NET_OFFLINE=false cargo build --quiet --release --target-dir target
ROUNDS=${ROUNDS:-21} target/release/bench-solutions ${ONLY:-}

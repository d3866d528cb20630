#!/usr/bin/env bash
# Measures the speed of `checker grade` on this machine, in one run: `make bench-grade`.
#
# Submissions are made of the reference solutions, the known-wrong ones and the stubs; each file ends in
# a comment of its own, so that no two are alike. They are graded, and the gradebook is compared with
# what was put in. Then the same is done by hand: a copy of the workbook for each submission, with a
# target directory of its own, and `cargo test` for each exercise; and once more with a target directory
# for each exercise. The floor is what cannot be saved: the processor time that the submissions' own crates
# take to compile and to run, everything else being built.
#
# STUDENTS=40       how many submissions
# NAIVE=40          how many of them are graded by hand too (minutes for each)
# NAIVE_EXERCISE=1  how many of them with a target directory for each exercise (many minutes for each)
# ONLY=             names of exercises; by default all
set -euo pipefail
cd "$(dirname "$0")/../.."
source checker/bench/common.sh

students=${STUDENTS:-40}
naive=${NAIVE:-$students}
naive_exercise=${NAIVE_EXERCISE:-1}
[ -d solutions ] || { echo "bench-grade: submissions are made of solutions/, which is not here" >&2; exit 2; }

echo "machine: $(nproc) cores, $(uname -sr), $(rustc --version)"
copy "$base/workbook"
cd "$base/workbook"
CARGO_NET_OFFLINE=false cargo fetch --quiet --locked
cargo build --quiet --locked -p checker --target-dir target --features grade
checker=$base/workbook/target/debug/checker

# NAME DIRECTORY of the exercises.
awk -F'"' '/^directory = .*\// { d = $2; n = d; sub(".*/[0-9]*_", "", n); print n, d }' exercises/curriculum.toml |
    while read -r name directory; do
        [ -n "${ONLY:-}" ] && [[ " $ONLY " != *" $name "* ]] || echo "$name $directory"
    done >"$base/exercises"
[ -s "$base/exercises" ] || { echo "bench-grade: ONLY=$ONLY names no exercise" >&2; exit 2; }
mapfile -t only < <(sed 's/ .*//; s/^/--only\n/' "$base/exercises")

# Half of the units are right, three tenths wrong, two tenths not begun.
make_unit() { # make_unit STUDENT NAME DIRECTORY SEED: prints what it is
    local kind=right wrong file first target
    case $(($4 % 10)) in 5 | 6 | 7) kind=wrong ;; 8 | 9) kind=stub ;; esac
    [ $kind = stub ] && { echo stub; return; }
    mapfile -t wrong < <(ls "solutions/$3/wrong/" | sed 's/\.[a-z]*$//')
    first=true
    edited_files . | grep "^$3/" | while read -r file; do
        target=$base/submissions/$1/exercises/$file
        mkdir -p "$(dirname "$target")"
        if [ $kind = wrong ] && $first; then
            "$checker" wrong "$2" "${wrong[$(($4 / 10 % ${#wrong[@]}))]}" >"$target"
        else
            cp "$(reference . "$file")" "$target"
        fi
        echo "// handed in by $1" >>"$target"
        first=false
    done
    echo $kind
}
number=0
for student in $(seq -f 'student-%02.0f' "$students"); do
    mkdir -p "$base/submissions/$student/exercises"
    while read -r name directory; do
        number=$((number + 7))
        echo "$student $name $directory $(make_unit "$student" "$name" "$directory" "$number")"
    done <"$base/exercises"
done >"$base/units"
compiled=$(grep -vc ' stub$' "$base/units")
echo "$students submissions, $(wc -l <"$base/units") units: $(grep -c ' right$' "$base/units") right," \
    "$(grep -c ' wrong$' "$base/units") wrong, $(grep -c ' stub$' "$base/units") not begun"

busy_and_all() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8, $2 + $3 + $4 + $5 + $6 + $7 + $8 }' /proc/stat; }
available() { awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo; }
mebibytes() { du -sm "$@" | awk '{ s += $1 } END { print s }'; }
over() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }

grade() { # grade OUT SUBMISSION…
    local out=$1 code=0
    shift
    "$checker" grade "$@" --out "$out" "${only[@]}" --format json || code=$?
    [ $code = 0 ] || { echo "bench-grade: checker grade ended with $code" >&2; exit 1; }
}

echo
mkdir -p "$base/nobody/exercises"
echo "dependencies and stubs, built once                    $(seconds grade "$base/none" "$base/nobody") s"

quarter=$(((students + 3) / 4))
mapfile -t few < <(ls -d "$base/submissions/"* | head -n "$quarter")
few_seconds=$(seconds grade "$base/few" "${few[@]}")
disk=$(mebibytes target)

free=$(available)
(least=$free; while :; do now=$(available); [ "$now" -ge "$least" ] || { least=$now; echo "$least" >"$base/least"; }; sleep 0.2; done) &
watcher=$!
echo "$free" >"$base/least"
read -r busy_before all_before < <(busy_and_all)
ours=$(seconds grade "$base/out" "$base/submissions")
read -r busy_after all_after < <(busy_and_all)
kill $watcher

# What was put in has to come out: full points for what is right, fewer for what is wrong, none for a stub.
"$checker" report "$base/out" --format csv "${only[@]}" >"$base/results.csv"
awk 'NR == FNR { kind[$1 "," $2] = $4; n++; next }
     FNR > 1 { split($0, f, ","); k = kind[f[1] "," f[2]]; seen++
         ok = k == "right" ? f[4] == f[5] : k == "wrong" ? f[4] < f[5] : f[4] == 0
         if (!ok) { print "  not as put in: " k ": " $0; bad++ } }
     END { if (seen != n) print "  " seen " results of " n; exit bad > 0 || seen != n }' \
    "$base/units" "$base/results.csv"

echo "graded                                                $ours s," \
    "$(awk "BEGIN { printf \"%.1f\", $students * 60 / $ours }") submissions a minute"
echo "  the gradebook agrees with what was put in           $(wc -l <"$base/units") of $(wc -l <"$base/units")"
echo "  processor use                                       $(awk "BEGIN { printf \"%.0f\", 100 * ($busy_after - $busy_before) / ($all_after - $all_before) }") % (goal: 90 or more)"
echo "  peak memory                                         $((free - $(cat "$base/least"))) MiB"
echo "  target/                                             $disk MiB after $quarter, $(mebibytes target) MiB after $students; results $(mebibytes "$base/out") MiB"
echo "  seconds for a submission                            $(over "$few_seconds" "$quarter") of $quarter, $(over "$ours" "$students") of $students"

echo
# As many at a time as there are cores, each in a workbook of its own in which everything else is built.
workers=$(nproc)
for worker in $(seq "$workers"); do
    copy "$base/floor-$worker"
    (cd "$base/floor-$worker" && while read -r name _; do
        cargo test --quiet --locked --no-run -p "$name" 2>/dev/null
    done <"$base/exercises")
done
floor_of() { # floor_of WORKER: its share of the units
    cd "$base/floor-$1"
    grep -v ' stub$' "$base/units" | awk "NR % $workers == $1 % $workers" | while read -r student name directory _; do
        cp -r "$base/submissions/$student/exercises/$directory/." "exercises/$directory/"
        timeout -k 1 60 cargo test --quiet --locked --no-fail-fast -p "$name" >/dev/null 2>&1 </dev/null || true
    done
}
floors() { for worker in $(seq "$workers"); do floor_of "$worker" & done; wait; }
TIMEFORMAT='%U %S'
{ time floors; } 2>"$base/floor-times"
floor=$(awk -v cores="$workers" 'END { printf "%.3f", ($1 + $2) / cores }' "$base/floor-times")
echo "floor: $compiled units compiled and run, everything else built"
echo "  processor time, divided by the cores                $floor s; graded in $(over "$ours" "$floor") of it (goal: 1.5 or less)"

echo
# A target directory of its own may be one for each copy, or one for each exercise of each copy.
by_hand() { # by_hand copy|exercise STUDENT
    copy "$base/naive"
    cp -r "$base/submissions/$2/exercises" "$base/naive/"
    (cd "$base/naive" && while read -r name _; do
        [ "$1" = copy ] || rm -rf target
        timeout -k 1 120 cargo test --quiet --no-fail-fast -p "$name" </dev/null || true
    done <"$base/exercises")
    rm -rf "$base/naive"
}
all_by_hand() { for student in $(seq -f 'student-%02.0f' "$2"); do by_hand "$1" "$student"; done; }
compare_by_hand() { # compare_by_hand copy|exercise SUBMISSIONS
    [ "$2" -gt 0 ] || return 0
    local theirs each
    theirs=$(cd "$base/workbook" && seconds all_by_hand "$1" "$2")
    each=$(over "$theirs" "$2")
    echo "by hand: a copy for each submission, a target directory for each $1, cargo test for each exercise"
    echo "  $(printf '%-51s' "$2 submissions") $theirs s, $each s each"
    echo "  ratio                                               $(awk "BEGIN { printf \"%.1f\", $each / ($ours / $students) }") (goal: 10 or more)"
}
compare_by_hand copy "$naive"
compare_by_hand exercise "$naive_exercise"

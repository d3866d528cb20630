#!/usr/bin/env bash
# Mutates the reference solutions and runs the exercises' own tests on every mutant: `make mutants`,
# for one exercise `make mutants E=pipe`.
#
# A mutant that no test notices is a mistake that a learner can make unseen. Each survivor is killed by
# a better test, or listed in solutions/mutants.toml with the reason why nobody can tell it from the
# solution. A survivor that is not listed fails this command; so does a listed one that does not
# survive or does not exist any more.
#
# cargo-mutants edits the sources in place, so each exercise gets a copy of the workbook's files below
# target/mutants, where the links of solutions/ stay valid. Only the files that the learner edits are
# mutated.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
base=$root/target/mutants
listed=$root/solutions/mutants.toml
export CARGO_TARGET_DIR=$base/target
unset MAKEFLAGS MFLAGS MAKELEVEL CARGO_MAKEFLAGS

command -v cargo-mutants >/dev/null || cargo install --locked cargo-mutants

exercises() { # a line for each exercise: its name, its directory, the files that its learner edits
    awk '/^\[\[exercise\]\]/ { here = 1 }
        here && /^directory = / { split($0, d, "\""); directory = d[2] }
        here && /^edit = / {
            name = directory; sub(/.*\/[0-9]*_/, "", name)
            count = split($0, e, "\""); printf "%s %s", name, directory
            for (i = 2; i < count; i += 2) printf " %s", e[i]
            print ""
        }' exercises/curriculum.toml
}

listed_for() { # listed_for DIRECTORY: its mutants as `FILE: MUTATION | LINE` (see located)
    [ -f "$listed" ] || return 0
    awk -v directory="$1/" '
        function text(line) { sub(/^[a-z]+ *= *(\047\047\047|"|\047)/, "", line); sub(/(\047\047\047|"|\047)$/, "", line); return line }
        /^exercise = / { here = index(directory, "_" text($0) "/") }
        /^mutant = / { mutant = text($0) }
        /^line = / { if (here) print mutant " | " text($0) }' "$listed" | sort
}

located() { # located DIRECTORY: lines `FILE:LINE:COLUMN: MUTATION` with the text of the line instead
    while IFS= read -r mutant; do
        place=${mutant%%: *} mutation=${mutant#*: }
        file=${place%%:*} number=${place#*:} number=${number%%:*}
        text=$(sed -n "${number}{s/^ *//;p;q}" "$root/solutions/$file")
        echo "${file#"$1"/}: $mutation | $text"
    done | sort
}

count() { wc -l <"$out/$1.txt"; }

# A mutant that never ends is killed with its test, and not what the test has started.
sweep() {
    local process
    for process in /proc/[0-9]*; do
        case $(readlink "$process/exe" || true) in
            "$base"/*) kill -KILL "${process#/proc/}" 2>/dev/null || true ;;
        esac
    done 2>/dev/null
}
trap sweep EXIT

unexplained=0
mutate() { # mutate NAME DIRECTORY FILE…
    local name=$1 directory=$2 tree=$base/$1/workbook out=$base/$1/mutants.out code=0 file
    shift 2
    rm -rf "$tree" "$out"
    mkdir -p "$tree"
    git ls-files -z --cached --others --exclude-standard |
        tar -c --null --ignore-failed-read -T - 2>/dev/null | tar -x -C "$tree"
    # cargo goes by file times: the last build may be of a mutant, and must not be taken for this text.
    local files=()
    for file in "$@"; do
        touch "$tree/solutions/$directory/$file"
        files+=(--file "$directory/$file")
    done
    # 2: there are survivors; 3: some tests did not come to an end. Others mean that nothing was tried.
    cargo mutants --dir "$tree/solutions" --in-place --no-config --package "$name" "${files[@]}" \
        --error '::std::io::Error::other("mutated")' --error '::nix::errno::Errno::EIO.into()' \
        --output "$base/$name" --cap-lints true --minimum-test-timeout 60 --timeout-multiplier 5 \
        --colors never -- --test '*' </dev/null >"$base/$name/log" 2>&1 || code=$?
    case $code in 0 | 2 | 3) ;; *) cat "$base/$name/log" >&2; exit 3 ;; esac
    located "$directory" <"$out/missed.txt" >"$base/$name/survivors"
    listed_for "$directory" >"$base/$name/listed"
    echo "$name: $(count caught) caught, $(count timeout) never end, $(count missed) survive" \
        "($(comm -12 "$base/$name/survivors" "$base/$name/listed" | wc -l) listed), $(count unviable) do not compile"
    while IFS= read -r mutant; do
        echo "  survives and is not listed: $mutant"
        unexplained=1
    done < <(comm -23 "$base/$name/survivors" "$base/$name/listed")
    while IFS= read -r mutant; do
        echo "  listed and no survivor: $mutant"
        unexplained=1
    done < <(comm -13 "$base/$name/survivors" "$base/$name/listed")
}

known=0
while read -r -a exercise; do
    if [ $# -eq 0 ] || [[ " $* " = *" ${exercise[0]} "* ]]; then
        mutate "${exercise[@]}"
        sweep
        known=1
    fi
done < <(exercises)
[ "$known" = 1 ] || { echo "no exercise is called $*" >&2; exit 2; }
exit "$unexplained"

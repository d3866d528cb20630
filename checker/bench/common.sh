# What the benchmarks share. They run from the workbook's root, in copies of it below a temporary directory
# that is removed in the end.

base=$(mktemp -d)
trap 'rm -rf "$base"' EXIT
export CARGO_NET_OFFLINE=true
unset CARGO_TARGET_DIR MAKEFLAGS MFLAGS MAKELEVEL

copy() { # copy DIRECTORY: the files of this workbook, as a clone has them
    mkdir -p "$1"
    if [ -d .git ]; then
        git ls-files -z --cached --others --exclude-standard | tar -c --null -T - | tar -x -C "$1"
    else
        tar -c --exclude=./target --exclude=./.shopfloor . | tar -x -C "$1"
    fi
}

seconds() { # seconds COMMAND…: wall-clock seconds that it takes
    local start end
    start=$(date +%s%N)
    "$@" >"$base/output" 2>&1 || true
    end=$(date +%s%N)
    awk -v ns=$((end - start)) 'BEGIN { printf "%.3f", ns / 1e9 }'
}

median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

edited_files() { # the learner's files of all exercises, from the workbook's root, without exercises/
    (cd "$1" && awk -F'"' '/^directory = .*\// { d = $2 } /^edit = / { for (i = 2; i < NF; i += 2) print d "/" $i }' \
        exercises/curriculum.toml)
}

reference() { # reference DIRECTORY FILE: where the reference of a learner's file lies
    echo "$1/solutions/${2/\/src\//\/}"
}

solve() { # solve DIRECTORY [EXERCISE]: puts the reference solutions in place
    edited_files "$1" | grep -- "${2:-}" | while read -r file; do
        cp "$(reference "$1" "$file")" "$1/exercises/$file"
    done
}

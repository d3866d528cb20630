#!/bin/bash
# Grades a small class on a real Slurm: a controller and a node of this machine, docs/examples/grade.sbatch
# as an array of three, merge.sbatch after it. The gradebook must be that of a run without Slurm, byte for
# byte. Started by `make test-slurm`, after the checker has been built with the feature `grade`.
#
# The daemons run in PID and network namespaces of their own, with all their files in one directory:
# their ports are not the machine's, and when this script ends, however it ends, the kernel ends them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Seconds for the daemons to come up: a net, and never a measurement.
PATIENCE=90

fail() {
    echo "test-slurm: $*" >&2
    exit 3
}

needs() {
    [ "$(id -u)" = 0 ] || fail "slurmd needs root to start jobs: run it as root, or in a container"
    unshare --pid --net --mount --fork --kill-child --mount-proc true 2>/dev/null ||
        fail "this machine refuses namespaces to root; in a container it needs CAP_SYS_ADMIN"
    local missing=()
    command -v ip >/dev/null || missing+=(iproute2)
    command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v sbatch >/dev/null ||
        missing+=(slurm-wlm)
    command -v munged >/dev/null || missing+=(munge)
    [ ${#missing[@]} = 0 ] && return
    command -v apt-get >/dev/null || fail "install Slurm and MUNGE; Debian's packages are: ${missing[*]}"
    echo "Installing ${missing[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" \
        >"$base/apt.log" 2>&1 || { cat "$base/apt.log" >&2; fail "apt-get cannot install ${missing[*]}"; }
}

# Five students: two who solve, one who makes a mistake, one who has not begun, one who sent noise.
submissions() {
    local exercises=(01_processes_and_threads/01_address_space 05_return_and_exit/01_exit_or_return)
    local exercise student source wrong
    for exercise in "${exercises[@]}"; do
        for student in ada fay hal bob; do
            case $student in
                ada | fay) source=solutions/$exercise/lib.rs ;;
                hal)
                    source=$base/wrong.rs
                    wrong=$(find "solutions/$exercise/wrong" -type f | sort | head -1)
                    wrong=${wrong##*/}
                    target/debug/checker wrong "${exercise##*/[0-9][0-9]_}" "${wrong%.*}" >"$source"
                    ;;
                bob) source=exercises/$exercise/src/lib.rs ;;
            esac
            install -D -m 644 "$source" "$base/submissions/$student/exercises/$exercise/src/lib.rs"
        done
    done
    echo "no archive" >"$base/submissions/eve.zip"
}

configure() {
    mkdir -p "$base"/{munge,state,spool,log}
    chmod 755 "$base/munge"
    (umask 077 && head -c 1024 /dev/urandom >"$base/munge/key")
    echo "127.0.0.1 localhost node" >"$base/hosts"
    cat >"$base/slurm.conf" <<END
ClusterName=shopfloor
SlurmctldHost=node(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$base/munge/socket
CredType=cred/munge
StateSaveLocation=$base/state
SlurmdSpoolDir=$base/spool
SlurmctldPidFile=$base/slurmctld.pid
SlurmdPidFile=$base/slurmd.pid
SlurmctldLogFile=$base/log/slurmctld
SlurmdLogFile=$base/log/slurmd
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
NodeName=node NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=node Default=YES MaxTime=60 State=UP
END
}

# Waits until a command succeeds.
until_it_is() {
    local what=$1
    shift
    local end=$((SECONDS + PATIENCE))
    while ((SECONDS < end)); do
        # A client of Slurm that finds no controller tries for long.
        timeout 10 "$@" >/dev/null 2>&1 && return
        sleep 0.25
    done
    tail -n 20 "$base"/log/* >&2
    fail "$what"
}

# What runs in the namespaces.
cluster() {
    ip link set lo up
    # Slurm asks for addresses as getaddrinfo(3) gives them with AI_ADDRCONFIG: none if all are loopback's.
    ip address add 192.0.2.1/32 dev lo
    hostname node
    configure
    mount --bind "$base/hosts" /etc/hosts
    export SLURM_CONF=$base/slurm.conf
    munged --foreground --force --socket="$base/munge/socket" --key-file="$base/munge/key" \
        --pid-file="$base/munge/pid" --seed-file="$base/munge/seed" >"$base/log/munged" 2>&1 &
    until_it_is "munged does not start" test -S "$base/munge/socket"
    slurmctld -D >"$base/log/slurmctld.out" 2>&1 &
    slurmd -D -N node >"$base/log/slurmd.out" 2>&1 &
    until_it_is "the node does not become idle" bash -c '[ "$(sinfo --noheader --format=%t)" = idle ]'

    export WORKBOOK=$PWD SUBMISSIONS=$base/submissions RESULTS=$base/results PARTS=3
    local examples=$PWD/docs/examples array
    cd "$base/log"
    array=$(sbatch --parsable --array=1-$PARTS --cpus-per-task=1 --time=20 \
        "$examples/grade.sbatch" "${only[@]}")
    echo "Slurm $(slurmctld -V | cut -d' ' -f2): the array is job $array"
    if ! timeout 1800 sbatch --wait --dependency="afterany:$array" "$examples/merge.sbatch"; then
        tail -n 20 "$base"/log/*.log >&2
        fail "the merge has failed"
    fi
    scontrol show job "$array" | grep -E 'ArrayTaskId|JobState|RunTime' >&2
}

checker=$PWD/target/debug/checker
only=(--only address_space --only exit_or_return)
if [ "${1:-}" = inside ]; then
    base=$2
    cluster
    exit
fi

base=$(mktemp -d --tmpdir shopfloor-slurm.XXXXXX)
trap 'kill -KILL $(jobs -p) 2>/dev/null || true; wait; rm -rf "$base"' EXIT
trap 'exit 130' INT TERM HUP
# MUNGE wants every directory above its socket to be open to its clients.
chmod 711 "$base"
needs
submissions
"$checker" grade "$base/submissions" --out "$base/alone" "${only[@]}"
# In the background, so that a signal to this script is not put off until Slurm is done.
setpriv --pdeathsig KILL unshare --pid --net --uts --mount --fork --kill-child --mount-proc \
    bash checker/tests/slurm.sh inside "$base" &
wait $!
cmp "$base/alone/gradebook.csv" "$base/results/merged/gradebook.csv" || {
    diff "$base/alone/gradebook.csv" "$base/results/merged/gradebook.csv" >&2
    fail "the gradebook is another one"
}
for part in 1 2 3; do
    echo "part $part: $(($(wc -l <"$base/results/part-$part/gradebook.csv") - 1)) students"
done
echo "test-slurm: the same gradebook with Slurm and without"

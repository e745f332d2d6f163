# What the suites share: a folder and XDG directories of their own, a volume on six directories in it, a summary line, and an end
# that leaves nothing behind. To be sourced, with `suite` set to the name. Exit codes: 0 all passed, 1 something failed, 2 wrong
# usage, 77 skipped (a suite that must be brought along is not there; the reason is printed).
# shellcheck shell=bash

suites=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
root=$(cd "$suites/../.." && pwd)
# shellcheck source=scripts/common.sh
. "$root/scripts/common.sh"
qsfs=$root/scripts/qsfs
: "${suite:?}"

skip() {
    echo "$suite: skipped: $*"
    exit 77
}

say() { printf '%(%H:%M:%S)T %s: %s\n' -1 "$suite" "$*"; }

usage() {
    sed -n 's/^#     /usage: /p' "$0" >&2
    exit 2
}

# need PROGRAM=PACKAGE...: installs the Debian packages of programs that are missing.
need() {
    local pair
    for pair in "$@"; do
        PATH=$PATH:/sbin:/usr/sbin command -v "${pair%%=*}" > /dev/null || echo "${pair#*=}"
    done | install_packages
}

# begin BASE: makes the folder of this run. Everything that is made later is below it or ended by `finish`.
begin() {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    [ -r /dev/fuse ] || skip "needs /dev/fuse"
    work=$(mktemp -d "$1/qsfs-$suite-XXXXXX")
    chmod 755 "$work" # users that the suites become must pass
    mnt=$work/mnt
    log=$work/log
    mounts=("$mnt")
    export XDG_CONFIG_HOME=$work/config XDG_DATA_HOME=$work/data XDG_STATE_HOME=$work/state XDG_RUNTIME_DIR=$work/run
    mkdir -p "$mnt" "$XDG_CONFIG_HOME" "$XDG_DATA_HOME" "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR"
    build_if_needed
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# A suite that started something besides the mount defines before_end.
before_end() { :; }

finish() {
    local status=$? directory
    trap '' INT TERM
    cd /
    before_end
    for directory in "${mounts[@]}"; do
        mountpoint -q "$directory" || [ -n "$(pid_of "$directory")" ] || continue
        timeout 60 "$qsfs" umount --now "$directory" > /dev/null 2>&1 || true
        umount -l "$directory" > /dev/null 2>&1 || true
    done
    if [ $status -ne 0 ] && [ $status -ne 77 ] && [ -s "$log" ]; then
        echo "--- the last lines of what qsfs said:" && tail -n 30 "$log"
    fi
    rm -rf "$work"
}

q() { "$qsfs" "$@" >> "$log" 2>&1; }

# start [NAME]: mounts a local volume (4+2 on six directories) at $mnt.
start() { q mount -d --local --volume="${1:-$suite}" "$mnt" || fail "the mount failed: $(tail -n 1 "$log")"; }

# Three exit codes of umount are fine here: all placed, or (3) some of it safe only on this machine.
stop() { q umount "$mnt" || [ $? -eq 3 ] || fail "umount failed: $(tail -n 1 "$log")"; }

# Prints the process that serves a mount point, nothing when there is none.
pid_of() {
    "$qsfs" status --json "$1" 2> /dev/null | python3 -c "import json,sys; print(json.load(sys.stdin)['pid'])" 2> /dev/null || true
}

# evict: makes everything leave the local disk, so that what is read next comes from the six directories.
evict() { q flush "$mnt" && q evict --all "$mnt"; }

# done_with PASSED FAILED [NOT_RUN]: the summary line, and the end.
done_with() {
    echo "$suite: $1 passed, $2 failed${3:+, $3 not run}"
    [ "$2" -eq 0 ] || exit 1
    exit 0
}

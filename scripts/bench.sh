# How the benchmarks are built, for scripts/jmh and scripts/mount-costs. To be sourced after common.sh.
# shellcheck shell=bash

# True when $1 is missing, or older than a file in one of the folders that follow.
is_older() {
    local made=$1
    shift
    [ ! -e "$made" ] || [ -n "$(find "$@" -newer "$made" -type f -print -quit)" ]
}

# Sets jmh_jar, empty when nothing is built.
find_jmh_jar() {
    local found
    jmh_jar=
    [ -d "$root/bench/target/jmh-lib" ] || return 0
    for found in "$root"/bench/target/qsfs-bench-*.jar; do
        case $found in
            *-sources.jar | *-javadoc.jar | *-tests.jar) ;;
            *) if [ -e "$found" ]; then jmh_jar=$found; fi ;;
        esac
    done
}

# Builds what is older than its sources, as figures of something else than what stands there would mislead. One at a time.
build_jmh() {
    exec 9< "$root"
    flock 9
    find_jmh_jar
    if [ -z "$jmh_jar" ] \
        || is_older "$jmh_jar" "$root/bindings/src/main" "$root/engine/src/main" "$root/bench/src/main" "$root/bench/pom.xml" "$root/pom.xml"; then
        say "building with Java $java_found ($java_home)"
        quiet_maven
        (cd "$root" && JAVA_HOME=$java_home mvn -q -B -U -Dmaven.test.skip=true -pl bindings,engine,bench package >&2) \
            || fail "the build failed: see above."
        find_jmh_jar
        [ -n "$jmh_jar" ] || fail "the build left no bench/target/qsfs-bench-*.jar: run mvn package in $root to see why."
        touch "$jmh_jar" # what has not changed is not packed anew
    fi
    exec 9<&-
}

# Compiles the roofs in C; sets roofs.
compile_roofs() {
    local source=$root/bench/src/main/c flags=()
    roofs=$root/bench/target/libqsfs-roofs.so
    is_older "$roofs" "$source" || return 0
    mkdir -p "$(dirname "$roofs")"
    read -ra flags < <(pkg-config --cflags --libs fuse3)
    gcc -std=gnu11 -O2 -Wall -Wextra -fPIC -shared -o "$roofs" "$source"/*.c "${flags[@]}" -lisal -lcrypto -llz4 -llmdb \
        || fail "the roofs in bench/src/main/c do not compile: see above."
}

# Set-up that scripts/qsfs and scripts/test share: finds a JDK, installs native packages, builds. To be sourced, with
# `root` set to the checkout. Everything is said on standard error, so that the output of a command stays its own.
# shellcheck shell=bash

java_wanted=22
# For tests: where JDKs are looked for besides JAVA_HOME and PATH.
jvm_directories=${QSFS_JVM_DIRECTORIES:-/usr/lib/jvm}

fail() {
    echo "qsfs: $*" >&2
    exit 1
}

say() {
    echo "qsfs: $*" >&2
}

# Prints the feature version (25) of the JDK or JRE in $1, nothing when there is none.
java_version() {
    local home=$1 text=
    [ -x "$home/bin/java" ] || return 0
    if [ -r "$home/release" ]; then
        text=$(sed -n 's/^JAVA_VERSION="\{0,1\}\([^"]*\).*/\1/p' "$home/release" | head -n 1)
    fi
    if [ -z "$text" ]; then
        text=$("$home/bin/java" -version 2>&1 | sed -n 's/.* version "\([^"]*\)".*/\1/p' | head -n 1)
    fi
    case $text in
        1.*) text=${text#1.} ;; # Java 8 calls itself 1.8
    esac
    text=${text%%[!0-9]*}
    [ -z "$text" ] || echo "$text"
}

# Sets java_home and java_found. JAVA_HOME goes first when it will do, else the newest of all wins.
# $1: "javac" when a compiler is needed.
find_java() {
    local needs=${1:-} home version best=0 best_home= on_path=
    if [ -n "${JAVA_HOME:-}" ]; then
        version=$(java_version "$JAVA_HOME")
        if [ "${version:-0}" -ge "$java_wanted" ] && { [ -z "$needs" ] || [ -x "$JAVA_HOME/bin/$needs" ]; }; then
            java_home=$JAVA_HOME
            java_found=$version
            return
        fi
    fi
    if on_path=$(command -v java); then
        on_path=$(dirname "$(dirname "$(readlink -f "$on_path")")")
    fi
    for home in "${JAVA_HOME:-}" "$on_path" "$jvm_directories"/*; do
        [ -n "$home" ] || continue
        version=$(java_version "$home")
        [ -n "$version" ] || continue
        if [ "$version" -ge "$java_wanted" ] && [ -n "$needs" ] && [ ! -x "$home/bin/$needs" ]; then
            continue
        fi
        if [ "$version" -gt "$best" ]; then
            best=$version
            best_home=$home
        fi
    done
    if [ "$best" -eq 0 ]; then
        fail "no Java is installed: install JDK $java_wanted or newer (https://adoptium.net has one) and set JAVA_HOME to it."
    fi
    if [ "$best" -lt "$java_wanted" ]; then
        fail "Java $best ($best_home) is too old: install JDK $java_wanted or newer (https://adoptium.net has one) and set JAVA_HOME to it."
    fi
    java_home=$best_home
    java_found=$best
}

# Prints the flags in $root/scripts/jvm-flags that Java $1 knows, one a line.
jvm_flags() {
    local line minimum
    while IFS= read -r line; do
        case $line in
            '' | '#'*) continue ;;
            [0-9]*+' '*)
                minimum=${line%%+*}
                [ "$1" -ge "$minimum" ] || continue
                line=${line#*+ }
                ;;
        esac
        echo "$line"
    done < "$root/scripts/jvm-flags"
}

has_library() {
    local ldconfig listed
    ldconfig=$(PATH=$PATH:/sbin:/usr/sbin command -v ldconfig) || return 1
    listed=$("$ldconfig" -p) # not through a pipe: grep -q ends early, and pipefail would take that for a failure
    [[ $listed == *[[:space:]]"$1 "* ]]
}

# Prints the Debian packages that a mount needs and this machine lacks. Alternatives are joined by |.
missing_runtime_packages() {
    has_library libfuse3.so.3 || has_library libfuse3.so.4 || echo 'libfuse3-3|libfuse3-4'
    has_library libisal.so.2 || echo libisal2
    has_library libcrypto.so.3 || echo 'libssl3|libssl3t64'
    has_library liblmdb.so.0 || echo liblmdb0
    command -v fusermount3 > /dev/null || echo fuse3
}

missing_build_packages() {
    command -v mvn > /dev/null || echo maven
    [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
}

# Of pairs PROGRAM=PACKAGE, prints the packages whose program is missing.
missing_programs() {
    local pair
    for pair in "$@"; do
        command -v "${pair%%=*}" > /dev/null || echo "${pair#*=}"
    done
}

# Of pairs HEADER=PACKAGE, prints the packages whose C header is missing.
missing_headers() {
    local pair
    for pair in "$@"; do
        has_header "${pair%%=*}" || echo "${pair#*=}"
    done
}

has_header() {
    local folder
    for folder in /usr/include /usr/include/fuse3 /usr/include/*-linux-gnu; do
        if [ -e "$folder/$1" ]; then
            return 0
        fi
    done
    return 1
}

# Installs the packages named on standard input, one a line; as root through apt, otherwise names them and ends.
install_packages() {
    local wanted=() chosen=() package log
    mapfile -t wanted
    [ "${#wanted[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
        fail "packages are missing: install ${wanted[*]} (of Debian; | means one of the two), for example with sudo apt-get install."
    fi
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    choose_packages
    say "installing ${chosen[*]} (apt-get)"
    if ! apt-get install -y --no-install-recommends "${chosen[@]}" > "$log" 2>&1; then
        # A fresh image has no lists, and an old one has lists of files that are gone.
        apt-get update > "$log" 2>&1 || { cat "$log" >&2; fail "apt-get update failed: see above, and check the network."; }
        choose_packages
        apt-get install -y --no-install-recommends "${chosen[@]}" > "$log" 2>&1 \
            || { cat "$log" >&2; fail "apt-get install ${chosen[*]} failed: see above."; }
    fi
    rm -f "$log"
}

# Sets chosen: of each pair of alternatives the one that this Debian has.
choose_packages() {
    chosen=()
    for package in "${wanted[@]}"; do
        if [[ $package == *'|'* ]] && ! apt-cache show "${package%|*}" > /dev/null 2>&1 \
            && apt-cache show "${package#*|}" > /dev/null 2>&1; then
            chosen+=("${package#*|}")
        else
            chosen+=("${package%|*}")
        fi
    done
}

# Sets jar, empty when nothing is built.
find_jar() {
    local found
    jar=
    [ -d "$root/engine/target/lib" ] || return 0
    for found in "$root"/engine/target/qsfs-engine-*.jar; do
        case $found in
            *-sources.jar | *-javadoc.jar | *-tests.jar) ;;
            *) if [ -e "$found" ]; then jar=$found; fi ;;
        esac
    done
}

# Maven's own libraries make Java 23 and newer print warnings that nobody here can act on.
quiet_maven() {
    if [ "$java_found" -ge 23 ]; then
        export MAVEN_OPTS="--sun-misc-unsafe-memory-access=allow ${MAVEN_OPTS:-}"
    fi
}

# Builds when nothing is built. One at a time: two commands may start at once.
build_if_needed() {
    find_jar
    [ -z "$jar" ] || return 0
    exec 9< "$root"
    flock 9
    find_jar
    if [ -z "$jar" ]; then
        missing_build_packages | install_packages
        find_java javac
        say "building with Java $java_found ($java_home); the first time this fetches libraries and takes a minute or two"
        quiet_maven
        (cd "$root" && JAVA_HOME=$java_home mvn -q -B -U -Dmaven.test.skip=true -pl bindings,engine package >&2) \
            || fail "the build failed: see above."
        find_jar
        [ -n "$jar" ] || fail "the build left no engine/target/qsfs-engine-*.jar: run mvn package in $root to see why."
        say "built $jar"
    fi
    exec 9<&-
}

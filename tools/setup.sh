#!/usr/bin/env bash
# Makes .venv and installs pinned requirements into it, and asks apt for what the system lacks.
# Used by the Makefile: tools/setup.sh demo|test|bench. Nothing is downloaded when nothing changed (the Makefile's stamps).
# Knowledge of system packages lives here and nowhere else.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$1
venv=.venv

say() { printf 'setup: %s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    if [ "${PYTHON:-python3}" != python3 ]; then
        new_enough "$PYTHON" || stop "PYTHON=$PYTHON is no Python 3.11 or newer."
        command -v "$PYTHON"
        return
    fi
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null && new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    stop "no Python 3.11 or newer found: install python3.11, or say 'make $target PYTHON=/path/to/python3.11'."
}

# Installs Debian packages if this user may; says which ones are needed if not. Fails if they are not installed afterwards.
apt_install() {
    local sudo=()
    if ! command -v apt-get >/dev/null; then
        say "please install with your system's package manager what Debian calls: $*"
        return 1
    fi
    if [ "$(id -u)" != 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            say "please run: sudo apt-get install $*"
            return 1
        fi
        sudo=(sudo -n env DEBIAN_FRONTEND=noninteractive)
    fi
    export DEBIAN_FRONTEND=noninteractive
    local options=(-qq -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20)
    say "installing system packages: $*"
    if ! "${sudo[@]}" timeout 300 apt-get "${options[@]}" install -y --no-install-recommends "$@" >/dev/null 2>&1; then
        "${sudo[@]}" timeout 120 apt-get "${options[@]}" update >/dev/null 2>&1 || true
        if ! "${sudo[@]}" timeout 300 apt-get "${options[@]}" install -y --no-install-recommends "$@" >/dev/null; then
            say "apt could not install: $*"
            return 1
        fi
    fi
}

make_venv() {
    if [ -x $venv/bin/python ] && new_enough $venv/bin/python && $venv/bin/python -m pip --version >/dev/null 2>&1; then
        return
    fi
    local python version
    python=$(find_python)
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        apt_install "python$version-venv" || stop "without the venv module of Python $version nothing can be set up."
    fi
    say "making $venv with Python $version"
    "$python" -m venv --clear $venv
}

# What Qt loads for the coach's window: libraries that its wheels expect of the system, and a font.
window_packages() {
    [ "$(uname)" = Linux ] || return 0
    local libraries
    libraries=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null || true)
    has() { [[ $libraries == *"$1"* ]]; }
    has libEGL.so.1 || echo libegl1
    has libGL.so.1 || echo libgl1
    has libxkbcommon.so.0 || echo libxkbcommon0
    has libdbus-1.so.3 || echo libdbus-1-3
    has libglib-2.0.so.0 || echo libglib2.0-0
    has libfontconfig.so.1 || echo libfontconfig1 fontconfig
    [ -d /usr/share/fonts/truetype/dejavu ] || echo fonts-dejavu-core
    if [ -n "${DISPLAY:-}" ] && ! { has libxcb-cursor.so.0 && has libxkbcommon-x11.so.0; }; then
        echo libxcb-cursor0 libxkbcommon-x11-0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0
    fi
}

# What only some tests, only the sound or only the window need: its absence is said and does not stop anything.
optional_packages() {
    case $target in
        demo)
            # miniaudio loads the sound system's library when it runs; a machine without a sound card needs none
            if [ -e /dev/snd ] && ! ldconfig -p 2>/dev/null | grep -qE 'libpulse\.so\.0|libasound\.so\.2'; then
                echo libpulse0
            fi
            window_packages
            ;;
        test | bench)
            if [ "$(uname)" = Linux ] && ! { command -v pulseaudio && command -v parec && command -v pactl; } >/dev/null; then
                echo pulseaudio pulseaudio-utils
            fi
            ;;
    esac
}

declare -A requirements=([demo]=requirements.txt [test]=requirements-dev.txt [bench]=requirements-bench.txt)
[ -n "${requirements[$target]:-}" ] || stop "unknown target '$target': demo, test or bench."

make_venv
say "installing ${requirements[$target]} into $venv (once; about a minute)"
$venv/bin/python -m pip install --quiet --disable-pip-version-check -r "${requirements[$target]}"
$venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .

read -r -a missing <<<"$(optional_packages | tr '\n' ' ')"
if [ ${#missing[@]} -gt 0 ]; then
    apt_install "${missing[@]}" || say "going on without: what needs them says so and is left out."
fi

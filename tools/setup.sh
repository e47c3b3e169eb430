#!/bin/sh
# Makes .venv, installs pinned requirements into it, and asks apt for what the system lacks.
# Used by the Makefile: tools/setup.sh demo|test|bench|bluez|hardware. POSIX sh, for dash, bash 3.2 on macOS and any other shell.
# Owns the knowledge of system packages.
set -eu
cd "$(dirname "$0")/.."
target=${1:-}
venv=.venv

say() { printf 'setup: %s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

case $target in
    demo) requirements="requirements.txt" ;;
    test | bluez) requirements="requirements-dev.txt" ;;
    bench) requirements="requirements-bench.txt" ;;
    hardware) requirements="requirements-hardware.txt" venv=.venv-hardware ;;
    *) stop "unknown target '$target': demo, test, bench, bluez or hardware." ;;
esac

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# Prints the interpreter to use.
find_python() {
    if [ "${PYTHON:-python3}" != python3 ]; then
        new_enough "$PYTHON" || stop "PYTHON=$PYTHON is not Python 3.11 or newer."
        command -v "$PYTHON"
        return
    fi
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if have "$candidate" && new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    stop "no Python 3.11 or newer found: install python3.11, or run 'make $target PYTHON=/path/to/python3.11'."
}

# Runs apt-get as root with these arguments.
apt() {
    if [ "$(id -u)" = 0 ]; then as_root="env"; else as_root="sudo -n env"; fi
    # shellcheck disable=SC2086 # as_root is one or three words
    $as_root DEBIAN_FRONTEND=noninteractive timeout 300 apt-get -qq -o Acquire::Retries=1 \
        -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 "$@"
}

# Installs Debian packages if this user may; prints which ones are needed if not. Fails if they are not installed.
apt_install() {
    if ! have apt-get; then
        say "please install with your system's package manager what Debian calls: $*"
        return 1
    fi
    if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
        say "please run: sudo apt-get install $*"
        return 1
    fi
    say "installing system packages: $*"
    if apt install -y --no-install-recommends "$@" >/dev/null 2>&1; then return; fi
    apt update >/dev/null 2>&1 || true
    if apt install -y --no-install-recommends "$@" >/dev/null; then return; fi
    say "apt could not install: $*"
    return 1
}

make_venv() {
    if [ -x $venv/bin/python ] && new_enough $venv/bin/python && $venv/bin/python -m pip --version >/dev/null 2>&1; then
        return
    fi
    python=$(find_python)
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        apt_install "python$version-venv" || stop "Python $version lacks its venv module, which the set-up needs."
    fi
    say "making $venv with Python $version"
    "$python" -m venv --clear $venv
}

libraries() { PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null || true; }

# Prints the package $2 if the system lacks the library $1.
wants() {
    case $known in
        *"$1"*) ;;
        *) echo "$2" ;;
    esac
}

# What Qt loads for the coach's window: libraries that its wheels expect of the system, and a font.
window_packages() {
    wants libEGL.so.1 libegl1
    wants libGL.so.1 libgl1
    wants libxkbcommon.so.0 libxkbcommon0
    wants libdbus-1.so.3 libdbus-1-3
    wants libglib-2.0.so.0 libglib2.0-0
    wants libfontconfig.so.1 "libfontconfig1 fontconfig"
    [ -d /usr/share/fonts/truetype/dejavu ] || echo fonts-dejavu-core
    [ -n "${DISPLAY:-}" ] || return 0
    wants libxkbcommon-x11.so.0 libxkbcommon-x11-0
    wants libxcb-cursor.so.0 libxcb-cursor0
    wants libxcb-icccm.so.4 libxcb-icccm4
    wants libxcb-image.so.0 libxcb-image0
    wants libxcb-keysyms.so.1 libxcb-keysyms1
    wants libxcb-render-util.so.0 libxcb-render-util0
    wants libxcb-shape.so.0 libxcb-shape0
}

# What makes and runs a computer with BlueZ (tests/bluez): a simulated machine, and Debian's packages unpacked.
bluez_packages() {
    have qemu-system-x86_64 || echo qemu-system-x86
    have mmdebstrap || echo mmdebstrap debian-archive-keyring
    have cpio || echo cpio
    have depmod || [ -x /sbin/depmod ] || echo kmod
    have mke2fs || [ -x /sbin/mke2fs ] || echo e2fsprogs
}

# What draws the pictures of the case without a screen.
picture_packages() {
    wants libEGL.so.1 libegl1
    wants libEGL_mesa.so.0 "libegl-mesa0 libgl1-mesa-dri"
    wants libGL.so.1 libgl1
    wants libX11.so.6 libx11-6
}

# A browser for the phone's page, and the bus by which it finds simulated Bluetooth.
browser_packages() {
    have chromium || have chromium-browser || have google-chrome || echo chromium
    have dbus-daemon || echo dbus-daemon
}

# What only some tests, only the sound or only the window need: without it the set-up goes on.
optional_packages() {
    [ "$target" != hardware ] || have dot || echo graphviz
    [ "$(uname)" = Linux ] || return 0
    known=$(libraries)
    if [ "$target" = demo ]; then
        # miniaudio loads the sound system's library when it runs; a machine without a sound card needs none
        case $known in
            *libpulse.so.0* | *libasound.so.2*) ;;
            *) [ ! -e /dev/snd ] || echo libpulse0 ;;
        esac
        window_packages
    elif [ "$target" = bluez ]; then
        bluez_packages
    elif [ "$target" = hardware ]; then
        picture_packages
    else
        { have pulseaudio && have parec && have pactl; } || echo pulseaudio pulseaudio-utils
        [ "$target" != test ] || browser_packages
    fi
}

# MicroPython's WebAssembly port: the only 32-bit interpreter in a package. Some tests of the firmware use it.
install_wasm_board() {
    if ! have node || ! have npm; then return; fi
    npm install --prefix $venv/npm --no-save --ignore-scripts --no-audit --no-fund --silent \
        --fetch-retries=1 --fetch-timeout=20000 @micropython/micropython-webassembly-pyscript@1.29.0-6 >/dev/null ||
        say "continuing without the 32-bit MicroPython, as npm could not install it."
}

# Pyodide and its numpy, with which the page for a phone is built. Some tests run it in a browser.
get_phone_parts() {
    $venv/bin/python tools/phone_parts.py || say "continuing without the phone's page: its tests are left out."
}

make_venv
say "installing $requirements into $venv (once; about a minute)"
$venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$requirements"
[ "$target" = hardware ] ||
    $venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
[ "$target" != test ] || install_wasm_board
[ "$target" != test ] || get_phone_parts

missing=$(optional_packages)
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086 # one word for each package
    apt_install $missing || say "continuing without: what needs it is left out with a message."
fi

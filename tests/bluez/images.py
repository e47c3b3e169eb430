"""Makes what the guest boots from, out of Debian's and PyPI's packages and this checkout; keeps what is still right.

build/bluez/ holds four parts, each with the hash of what went into it: the Debian system with its kernel, the initial
file system (that system and guest/), the packages that the product needs, and the product as its wheel installs it,
with its kernels compiled for the guest's processor.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import inspect
import lzma
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
BUILD = CHECKOUT / "build" / "bluez"
TOOLS = {  # what has to be installed: a program, and Debian's package
    "qemu-system-x86_64": "qemu-system-x86",
    "mmdebstrap": "mmdebstrap",
    "cpio": "cpio",
    "depmod": "kmod",
    "mke2fs": "e2fsprogs",
}
CPU = "Nehalem"  # what qemu without hardware virtualisation simulates well
COMPILER = {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": ""}
_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
_EXTRAS = ("cli", "live")
_PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_27_x86_64", "manylinux_2_28_x86_64")
_EPOCH_S = 1_790_000_000  # time stamp of all sources: numba's cache compares them


def missing_tools() -> str:
    """Debian's packages for the programs that the system lacks, "" if there are all."""
    return " ".join(package for program, package in TOOLS.items() if not shutil.which(program, path=_PATH))


def make_images() -> None:
    """Make all parts that are missing or out of date: 3 minutes from nothing, 3 s if all are right."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock, ThreadPoolExecutor() as pool:
        fcntl.flock(lock, fcntl.LOCK_EX)
        downloaded = pool.submit(_keep, "packages", _make_packages, *_requirements(), *pins())
        system = _keep("system", _make_system, (HERE / "guest_root.sh").read_text())
        guest = [path.read_text() for path in sorted((HERE / "guest").iterdir()) if path.is_file()]
        _keep("initial.cpio", _make_initial, system, *guest)
        packages = _keep("packages.ext4", _make_packages_disk, system, downloaded.result())
        wheel = _wheel()
        _keep("product.ext4", _make_product, hashlib.sha256(wheel.read_bytes()).hexdigest(), packages)


def _keep(name: str, make: Callable[[], None], *inputs: str) -> str:
    """Make a part unless it was made from the same inputs by the same code; returns their hash."""
    key = hashlib.sha256("\0".join((inspect.getsource(make), *inputs)).encode()).hexdigest()
    stamp = BUILD / f"{name}.stamp"
    if not stamp.exists() or stamp.read_text() != key:
        stamp.unlink(missing_ok=True)
        print(f"bluez: making {name}", file=sys.stderr, flush=True)
        make()
        stamp.write_text(key)
    return key


def _run(*words: str | Path, **more: str) -> None:
    subprocess.run([str(word) for word in words], check=True, env=os.environ | {"PATH": _PATH} | more, cwd=BUILD)


def _make_system() -> None:
    _run("sh", HERE / "guest_root.sh", BUILD / "system")
    compressed = (BUILD / "system" / "vmlinuz").read_bytes()
    kernel = lzma.LZMADecompressor().decompress(compressed[compressed.index(b"\xfd7zXZ\0") :])
    (BUILD / "system" / "vmlinux").write_bytes(kernel)  # qemu starts it 5 s sooner than it unpacks itself
    _compile_python(BUILD / "system" / "root" / "usr" / "lib" / "python3.11")


def _make_initial() -> None:
    root = BUILD / "system" / "root"
    shutil.rmtree(root / "guest", ignore_errors=True)
    shutil.copytree(HERE / "guest", root / "guest", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE / "guest" / "init", root / "init")
    _run("sh", "-c", f"cd {root} && find . | cpio -o -H newc -R 0:0 --quiet > {BUILD}/initial.cpio")


def _requirements() -> list[str]:
    """What the wheel asks for, with the extras that a run with the clip needs."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    asked = project["dependencies"] + [one for extra in _EXTRAS for one in project["optional-dependencies"][extra]]
    return [one for one in asked if not one.startswith("untuck")]


def pins() -> list[str]:
    """Lines such as `numpy==2.3.1`, without the hashes, with which pip refuses every name that has none."""
    lines = (CHECKOUT / "requirements.txt").read_text().splitlines()
    return [line.removesuffix("\\").strip() for line in lines if line[:1].isalnum()]


def _make_packages() -> None:
    folder = BUILD / "packages"
    shutil.rmtree(folder, ignore_errors=True)
    constraints = BUILD / "constraints.txt"
    constraints.write_text("".join(f"{pin}\n" for pin in pins()))
    platforms = [word for platform in _PLATFORMS for word in ("--platform", platform)]
    _run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"),
        *("--target", folder, "--python-version", "3.11", "--only-binary", ":all:", *platforms),
        *("--constraint", constraints, *_requirements()),
    )
    for tests in [path for path in folder.rglob("tests") if path.is_dir()]:
        shutil.rmtree(tests)


def _make_packages_disk() -> None:
    _compile_python(BUILD / "packages")
    _make_disk("packages", 600)


def _wheel() -> Path:
    """The checkout as a wheel."""
    folder = BUILD / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps")
    _run(*pip, "--no-build-isolation", "--wheel-dir", folder, CHECKOUT, SOURCE_DATE_EPOCH=str(_EPOCH_S))
    return next(folder.glob("*.whl"))


def _make_product() -> None:
    """Replace what has changed, so that the compiler's cache stays right for the rest; compile; make the disk."""
    folder = BUILD / "product"
    with zipfile.ZipFile(next((BUILD / "wheel").glob("*.whl"))) as wheel:
        files = {folder / name: wheel.read(name) for name in wheel.namelist()}
    for path in [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "__pycache__"]:
        if path not in files:
            path.unlink()
    for path, data in files.items():
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        os.utime(path, (_EPOCH_S, _EPOCH_S + zlib.crc32(data) % 10_000_000))  # numba compares time stamps and sizes
    warm_up = "from untuck.session.warmup import warm_up; warm_up(lambda line: None)"
    _run_guest_python("-B", "-c", warm_up, PYTHONPATH=f"{folder}:{BUILD / 'packages'}", **COMPILER)
    _compile_python(folder)
    _make_disk("product", 64)


def _run_guest_python(*words: str | Path, **more: str) -> None:
    """Run the guest's own Python here: the version of this one does not matter."""
    root = BUILD / "system" / "root"
    libraries = root / "usr" / "lib" / "x86_64-linux-gnu"
    python = (libraries / "ld-linux-x86-64.so.2", "--library-path", libraries, root / "usr" / "bin" / "python3.11")
    _run(*python, *words, PYTHONHOME=str(root / "usr"), **more)


def _compile_python(folder: Path) -> None:
    """Compile modules so that Python does not compare them with their sources again."""
    with contextlib.suppress(subprocess.CalledProcessError):  # some packages have files for other versions
        _run_guest_python("-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", folder)


def _make_disk(name: str, size_mb: int) -> None:
    """NAME.ext4 with the contents of the folder NAME."""
    disk = BUILD / f"{name}.ext4"
    disk.unlink(missing_ok=True)
    _run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal,^metadata_csum", "-d", BUILD / name, disk, f"{size_mb}M")


if __name__ == "__main__":
    if missing := missing_tools():
        print(f"bluez: nothing to make: needs {missing}", file=sys.stderr)
    else:
        make_images()

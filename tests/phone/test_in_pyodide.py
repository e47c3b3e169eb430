"""The core in Pyodide itself: it loads all that the page loads, and gives the events of the computer."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from tests.exact import exact
from tests.phone.absent import CHECKOUT
from tests.phone.page_run import run
from tests.phone.test_closure import CORE
from tests.phone.test_same_results import differing, received

from untuck import kernel_wasm
from untuck.phone.site.closure import ENTRY, PACKAGE, file_of, page_modules
from untuck.phone.site.kernels import compiled_kernels
from untuck.phone.site.wheels import bleak_wheel
from untuck.store import Settings
from untuck.store.blocks import pack

OF_THE_TESTS = (
    *("tests/__init__.py", "tests/exact.py"),
    *("tests/phone/__init__.py", "tests/phone/kernel_bits.py", "tests/phone/page_run.py"),
)
PROGRAM = """
from importlib import import_module
for name in {names!r}:
    import_module(name)
from tests.exact import exact
from tests.phone.page_run import session
from untuck.store.blocks import unpack
from untuck.store.session import Settings
page, _ = await session(unpack(open("/given.bin", "rb").read()), Settings(rate_hz=100))
for event in page.events:
    print(exact(event))
from untuck.motion.strides import kernels
print("compiled", hasattr(kernels.track_chunk, "__wrapped__"))
"""
needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="there is no node: install it for Pyodide outside a browser"
)


def write_pyodide_folder(made: Path, parts: dict[str, bytes], kernels: bytes | None = None) -> None:
    """What in_pyodide.mjs needs, with the modules of the page and of its session's test.

    kernels: the file of compiled kernels, if not that of the page; empty for none.
    """
    kernels = compiled_kernels() if kernels is None else kernels
    for name, data in parts.items():
        (made / name).write_bytes(data)
    (made / "bleak.zip").write_bytes(bleak_wheel().data)
    with zipfile.ZipFile(made / "code.zip", "w") as code, zipfile.ZipFile(made / "bleak.zip") as bleak:
        for path in map(file_of, page_modules(ENTRY, *CORE, "untuck.sources.replay")):
            code.write(path, path.relative_to(PACKAGE.parent))
        if kernels:
            code.writestr(kernel_wasm.FILE.relative_to(PACKAGE.parent).as_posix(), kernels)
        for name in OF_THE_TESTS:
            code.write(CHECKOUT / name, name)
        code.write(str(importlib.import_module("typing_extensions").__file__), "typing_extensions.py")
        for name in bleak.namelist():
            code.writestr(name, bleak.read(name))
    (made / "given.bin").write_bytes(pack(received()))


def printed_in_pyodide(folder: Path, program: str) -> list[str]:
    """The lines that a program prints in Pyodide, with the files of write_pyodide_folder."""
    call = ["node", str(CHECKOUT / "tests" / "phone" / "in_pyodide.mjs"), str(folder), program]
    done = subprocess.run(call, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


@pytest.mark.slow
@needs_node
@pytest.mark.parametrize("kernels", [None, b"", b"\0asm\1\0\0\0\0"], ids=["compiled", "plain", "damaged"])
def test_a_session_in_pyodide_has_the_computers_events(
    parts: dict[str, bytes], tmp_path: Path, kernels: bytes | None
) -> None:
    write_pyodide_folder(tmp_path, parts, kernels)
    lines = printed_in_pyodide(tmp_path, PROGRAM.format(names=page_modules(ENTRY, *CORE)))
    here, _ = run(received(), Settings(rate_hz=100))
    assert lines.pop() == f"compiled {kernels is None}"
    assert differing(lines, map(exact, here.events)) == []

"""The page's compiled kernels: the bits of the plain ones, from the kernels as they are, the same when made again."""

from __future__ import annotations

import ast
import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from tests.phone.absent import CHECKOUT
from tests.phone.test_in_pyodide import needs_node, printed_in_pyodide, write_pyodide_folder
from tools.wasm_module import library

from untuck import kernel_wasm
from untuck.errors import PhoneError
from untuck.phone.site import kernels as site_kernels
from untuck.phone.site.wheels import core_wheel

# A run as the page receives it; then every second sample with jitter; then no gyroscope; then lost samples and blows.
COMPARED = """
from tests.phone.kernel_bits import compare
comparison = compare()
import json
import numpy as np
from untuck.motion.pipeline import Pipeline
from untuck.motion.strides import contact_kernels
from untuck.motion.strides.contacts import hump_edges_s
from untuck.motion.strides.kernels import STEP_COLUMNS
from untuck.samples import Samples
from untuck.session.packet_pipeline import PacketPipeline
from untuck.store.blocks import unpack
from untuck.store.session import Settings
calls = {"follow_edges": 0}
plain_edges = contact_kernels.follow_edges
def follow_edges(*values):
    calls["follow_edges"] += 1
    return plain_edges(*values)
contact_kernels.follow_edges = follow_edges
session = PacketPipeline(Settings(rate_hz=100))
for packet in unpack(open("/given.bin", "rb").read()):
    session.push(packet)
session.pipeline.finish()
run, history = session.pipeline.run(), session.pipeline.history
time_s, gyr, acc = (a.copy() for a in (history.time(history.base, history.end), *(
    history.column(name, history.base, history.end) for name in ("gyr", "acc"))))
rng = np.random.default_rng(1)
jitter_s = 0.003 * rng.standard_normal(len(time_s[::2]))
blows, kept = np.where(rng.random(acc.shape) < 1e-3, 1e4, acc), rng.random(len(acc)) > 0.02
for samples in (
    Samples(np.maximum.accumulate(time_s[::2] + jitter_s) + 1e-6 * np.arange(len(jitter_s)), gyr[::2], acc[::2]),
    Samples(time_s, 0.0 * gyr, acc),
    Samples(time_s[kept], gyr[kept], blows[kept]),
):
    pipeline = Pipeline()
    for first in range(0, len(samples), 7):
        pipeline.push(samples[first : first + 7])
    pipeline.finish()
for _ in range(100):
    hump_edges_s(rng.random(STEP_COLUMNS))
print(json.dumps([comparison.calls | calls, comparison.differ]))
"""
REJECTED = """
import numpy as np
from untuck.motion import clock
compiled, stamps_s = clock.even_stamps, np.cumsum(np.full(40, 0.01))
plain = compiled.__wrapped__
for form in (lambda a: a, lambda a: np.repeat(a, 2)[::2], lambda a: a.astype(">f8"), lambda a: a.astype("f4")):
    results = []
    for kernel in (plain, compiled):
        out = form(np.zeros(40))
        kernel(np.zeros(clock.CLOCK_STATE_SIZE), form(stamps_s), out)
        results.append(out.tobytes())
    print(results[0] == results[1] != bytes(len(results[0])))
"""


@pytest.fixture(scope="module")
def folder(parts: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for in_pyodide.mjs."""
    made = tmp_path_factory.mktemp("pyodide")
    write_pyodide_folder(made, parts)
    return made


def entries() -> set[str]:
    """Names of all kernels that Python calls, read from the sources."""
    found = set()
    for path in site_kernels.MOTION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and "entry" in map(ast.unparse, node.decorator_list):
                found.add(node.name)
    return found


@pytest.mark.slow
@needs_node
def test_every_kernel_gives_the_bits_of_the_plain_one(folder: Path) -> None:
    calls, differ = json.loads(printed_in_pyodide(folder, COMPARED)[-1])
    print(calls)
    called_by_kernels_only = {"step_measures"}
    assert entries() - calls.keys() == called_by_kernels_only
    assert min(calls.values()) > 0 and calls["measure_stride"] > 100 and calls["follow_edges"] > 20
    assert not any(differ.values()), differ


@pytest.mark.slow
@needs_node
def test_an_array_that_does_not_fit_goes_to_the_plain_kernel(folder: Path) -> None:
    assert printed_in_pyodide(folder, REJECTED) == ["True"] * 4


MADE_WITH = ("linux", "x86_64", (3, 11))  # numba's code differs between systems and versions of Python


@pytest.mark.slow
@pytest.mark.skipif(
    (sys.platform, platform.machine(), sys.version_info[:2]) != MADE_WITH, reason=f"the file was made with {MADE_WITH}"
)
def test_made_again_the_file_is_the_same() -> None:
    pytest.importorskip("numba", reason="numba, which compiles it, is not installed")
    program = "import sys; from tools.wasm_kernels import made; sys.stdout.buffer.write(made())"
    done = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert done.stdout == kernel_wasm.FILE.read_bytes(), "run `make format`, with the pinned numba"


def test_a_file_older_than_the_kernels_is_not_delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = kernel_wasm.FILE.read_bytes()
    assert site_kernels.compiled_kernels() == data and core_wheel().data == core_wheel().data
    monkeypatch.setattr(kernel_wasm, "FILE", tmp_path / "kernels.wasm")
    kernel_wasm.FILE.write_bytes(data[:-1] + bytes((data[-1] ^ 1,)))
    with pytest.raises(PhoneError, match="older than the kernels: run `make format`"):
        core_wheel()


@pytest.mark.parametrize("change", ["clock.py", "strides/gait_kernels.py"])
def test_a_changed_kernel_changes_the_checksum(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = site_kernels.sources_sha256()
    for path in site_kernels.MOTION.rglob("*.py"):
        copy = tmp_path / path.relative_to(site_kernels.MOTION)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(site_kernels, "MOTION", tmp_path)
    assert site_kernels.sources_sha256() == before
    with (tmp_path / change).open("a") as file:
        file.write("# changed\n")
    assert site_kernels.sources_sha256() != before


def test_an_object_file_with_data_needs_a_linker() -> None:
    llvm = pytest.importorskip("llvmlite.binding")
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple("wasm32-unknown-emscripten").create_target_machine(reloc="pic")
    data = "@table = constant [2 x i32] [i32 5, i32 6]"
    function = "define double @kernel_one(i32 %n) { ret double 1.0 }"
    made = library(machine.emit_object(llvm.parse_assembly(function)), "kernel_", {"mark": b"end"})
    assert made.startswith(b"\0asm") and b"\x03one" in made and made.endswith(b"\x04markend")
    with pytest.raises(ValueError, match="needs a linker"):
        library(machine.emit_object(llvm.parse_assembly(f"{data}\n{function}")), "kernel_", {})

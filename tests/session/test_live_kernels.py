"""A live session starts with interpreted kernels, whatever becomes of the compiled ones, and leaves no process behind.

Each test starts a Python of its own that lives through a session, with a cache of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from untuck.motion import jit
from untuck.session.warmup import is_cached

COMPILES = jit.HAVE_NUMBA and os.environ.get("NUMBA_DISABLE_JIT") != "1"
pytestmark = pytest.mark.skipif(not COMPILES, reason="nothing is compiled")
COLD_S = 300  # limit for a test in which kernels are compiled; usually 15 s
PROGRAM = """
import logging, sys, time
logging.basicConfig(level=logging.INFO, format="log: %(message)s", stream=sys.stdout)
import untuck
from untuck.motion import jit
from untuck.session import live_kernels as live
from untuck.simulate.example import example
{before}
compiles = []
if jit.HAVE_NUMBA:
    from numba.core import event
    class Count(event.Listener):
        def on_start(self, event): compiles.append(event)
        def on_end(self, event): pass
    event.register("numba:compile", Count())
live.start()
samples, pipeline, first = example()[5000:9000], untuck.Pipeline(keep_samples=True), 0
while first < len(samples):
    pipeline.push(samples[first : first + 5])
    first += 5
    if first == 5:
        print("first result", flush=True)
        if live._kernels._child or {wait_for_child}:
            while live._kernels._child is None:
                time.sleep(0.01)
            print("child", live._kernels._child.pid, flush=True)
    {during}
pipeline.finish()
print("strides", hash(pipeline.run().strides.tobytes()), flush=True)
live.wait()
print("compiled", sum(entry.compiled for entry in jit.ENTRIES), "here", len(compiles), flush=True)
"""


def program(before: str = "", during: str = "pass", wait_for_child: bool = False) -> list[str]:
    text = PROGRAM.format(before=before, during=during, wait_for_child=wait_for_child)
    return [sys.executable, "-c", text]


@contextmanager
def session(cache: Path, call: list[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A session in a process group of its own, as in a terminal."""
    env = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONHASHSEED": "0", **environment}
    process = subprocess.Popen(call, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def lived_through(cache: Path, call: list[str], **environment: str) -> str:
    """What a session prints that ends by itself."""
    with session(cache, call, **environment) as process:
        text, _ = process.communicate(timeout=COLD_S)
    assert process.returncode == 0
    return text


def child_of(process: subprocess.Popen[str]) -> int:
    """The process that compiles, from the session's output."""
    assert process.stdout is not None
    while not (line := process.stdout.readline()).startswith("child"):
        assert line, "the session has ended"
    return int(line.split()[1])


def is_running(pid: int) -> bool:
    """Not ended, and not ended without being noticed."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    with suppress(FileNotFoundError):
        return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def ends(pid: int, within_s: float = 5.0) -> bool:
    until_s = time.monotonic() + within_s
    while is_running(pid) and time.monotonic() < until_s:
        time.sleep(0.02)
    return not is_running(pid)


@pytest.mark.slow
def test_two_sessions_on_a_cold_machine_start_interpreted_and_end_compiled(tmp_path: Path) -> None:
    slowly = "time.sleep(0.002)"  # the kernels arrive before, between or after pushes
    calls = program(during=slowly, wait_for_child=True), program(wait_for_child=True)
    with session(tmp_path, calls[0]) as one, session(tmp_path, calls[1]) as two:
        texts = [process.communicate(timeout=COLD_S)[0] for process in (one, two)]
    warm = lived_through(tmp_path, program(during="time.sleep(0.001)"))
    strides = {line for text in (*texts, warm) for line in text.splitlines() if line.startswith("strides")}
    assert len(strides) == 1
    for text in texts:
        assert text.index("first result") < text.index("log: compiled kernels are in use")
        assert text.count("log: the session starts with interpreted kernels") == 1
    assert "child" not in warm and warm.count("log:") == 1
    for text in (*texts, warm):
        compiled, here = (int(text.splitlines()[-1].split()[k]) for k in (1, 3))
        assert compiled >= 5 and here == 0  # this process compiled nothing itself


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("live.CHILD = 'untuck.not_there'", "ended with status 1: .*No module named untuck.not_there"),
        ("sys.executable = '/not/there'", "FileNotFoundError"),
        ("sys.executable = ''", "no Python to compile them with"),
        ("sys.frozen = True", "no Python to compile them with"),
    ],
)
def test_without_a_child_the_session_stays_interpreted(tmp_path: Path, before: str, reason: str) -> None:
    text = lived_through(tmp_path, program(before))
    assert re.search(f"log: the kernels stay interpreted: .*{reason}", text), text
    assert text.count("stay interpreted") == 1 and "strides" in text and "compiled 0 here 0" in text


def test_without_numba_the_session_starts(tmp_path: Path) -> None:
    absent = [*program()[:2], "import sys; sys.modules['numba'] = None\n" + program()[2]]
    for text in (lived_through(tmp_path, absent), lived_through(tmp_path, program(), NUMBA_DISABLE_JIT="1")):
        assert "stay interpreted: numba is not installed, or switched off" in text and "compiled 0 here 0" in text


def test_without_a_writable_folder_the_session_stays_interpreted(tmp_path: Path) -> None:
    nowhere = {"NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator"}
    (tmp_path / "file").touch()
    text = lived_through(tmp_path / "file" / "cache", program(), **nowhere)
    assert "stay interpreted: no folder for compiled kernels is writable" in text and "compiled 0 here 0" in text


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_child_leaves_the_session_interpreted(tmp_path: Path) -> None:
    with session(tmp_path, program(wait_for_child=True, during="time.sleep(0.001)")) as process:
        os.kill(child_of(process), signal.SIGKILL)
        text, _ = process.communicate(timeout=60)
    assert "stay interpreted: the compiling process ended with status -9" in text
    assert "compiled 0 here 0" in text and process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_no_process_is_left_when_the_session_ends(tmp_path: Path, name: str) -> None:
    with session(tmp_path, program(wait_for_child=True, during="time.sleep(0.5)")) as process:
        child = child_of(process)
        assert is_running(child)
        os.killpg(process.pid, signal.Signals[name])  # as the terminal does for Ctrl-C; the child is not in the group
        process.wait(timeout=30)
        assert ends(child)


def test_compiled_kernels_of_an_older_source_are_not_used(tmp_path: Path, checkout: Path) -> None:
    if not is_cached():
        pytest.skip("the kernels are not compiled yet: run `make test`")
    shutil.copytree(checkout / "host" / "untuck", tmp_path / "untuck")  # with its caches
    run = program("live.CHILD = 'untuck.not_there'")
    here = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_LOCATOR_CLASSES": "InTreeCacheLocator"}
    fresh = lived_through(tmp_path, run, **here)
    if "compiled kernels are in use" not in fresh:
        pytest.skip("the compiled kernels are not beside the source")
    with (tmp_path / "untuck" / "motion" / "orientation" / "kernels.py").open("a") as file:
        file.write("# newer\n")
    stale = lived_through(tmp_path, run, **here)
    assert "stay interpreted" in stale and "first result" in stale
    compiled = [int(text.splitlines()[-1].split()[1]) for text in (fresh, stale)]
    assert compiled[1] < compiled[0]

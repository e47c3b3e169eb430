"""Ctrl-C at any moment: no traceback, exit code 0 or 130, and no empty session is left."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.cli.test_cli import listen_to_ctrl_c
from tests.paired import pair
from virtual_clip.clip import VirtualClip

from untuck.cli import interrupt
from untuck.cli.views.live import run_clip
from untuck.session.request import SessionRequest
from untuck.simulate.runner import Phase, Scenario, simulate
from untuck.store import Store
from untuck.store.config import Config

BEGIN_S = 0.15  # before it, Python itself starts
ENDINGS = (0, interrupt.EXIT_CODE, -signal.SIGINT)  # the last while Python ends: a shell reports it as 130


def stopped_after(delay_s: float, *arguments: str, **env: str) -> tuple[int, str]:
    """The exit code and stderr of `untuck` after a Ctrl-C."""
    process = subprocess.Popen(
        [sys.executable, "-m", "untuck", *arguments],
        env={**os.environ, **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=listen_to_ctrl_c,
    )
    time.sleep(delay_s)
    process.send_signal(signal.SIGINT)
    _, shown = process.communicate(timeout=60)
    return process.returncode, shown


@pytest.mark.parametrize("number", range(8))
def test_a_demo_stops_cleanly_in_its_first_seconds(own_home: Path, number: int) -> None:
    delay_s = BEGIN_S + random.Random(number).uniform(0, 3)
    code, shown = stopped_after(delay_s, "demo")
    assert code in ENDINGS and "Traceback" not in shown and "ignored" not in shown, (delay_s, shown)
    assert "Aborted" not in shown
    assert all(session.packet_count for session in Store().sessions())


@pytest.mark.parametrize("number", range(3))
def test_it_stops_cleanly_while_it_compiles(own_home: Path, tmp_path: Path, number: int) -> None:
    delay_s = 1.0 + random.Random(number).uniform(0, 4)
    code, shown = stopped_after(delay_s, "demo", "--fast", NUMBA_CACHE_DIR=str(tmp_path))
    assert code in ENDINGS and "Traceback" not in shown and "ignored" not in shown, (delay_s, shown)
    assert Store().sessions() == []


async def test_a_run_that_is_cancelled_before_the_first_stride_is_not_kept() -> None:
    samples = simulate(Scenario((Phase("stand", 7.0), *[Phase("hinge", 3.5)] * 3))).samples
    for delay_s in (0.0, 0.5, 2.0):
        async with VirtualClip(samples, speed=4) as clip:
            await pair(clip)
            running = asyncio.create_task(run_clip(SessionRequest(Config()), as_json=True, backend=clip.backend))
            await asyncio.sleep(delay_s)
            running.cancel()
            try:
                ended = await running
            except asyncio.CancelledError:
                pass
            else:
                assert ended.session_id is None and not ended.outcome.kept and "Session" not in ended.title
        assert Store().sessions() == [], delay_s


def test_the_cache_is_complete_before_the_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """numba's files are saved in two steps; in between, the process does not end."""
    ended: list[int] = []
    monkeypatch.setattr(interrupt.os, "_exit", ended.append)
    monkeypatch.setattr(interrupt.os, "write", lambda *_: 0)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        interrupt.end_at_once()
        program = compile(
            "send()\nfor _ in range(20): sleep(0.001)\nseen.append(list(ended))", "numba/caching.py", "exec"
        )
        seen: list[list[int]] = []
        names = {"send": lambda: signal.raise_signal(signal.SIGINT), "sleep": time.sleep, "seen": seen, "ended": ended}
        exec(program, names)
        assert seen == [[]]
        deadline_s = time.monotonic() + 5
        while not ended and time.monotonic() < deadline_s:
            time.sleep(0.01)
        assert ended == [interrupt.EXIT_CODE]
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_program_that_ignores_ctrl_c_still_does() -> None:
    assert threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        interrupt.end_at_once()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)

"""A busy machine loses no cue: the player's process or the sound server stalls while a cue is requested.

Through PulseAudio with a null sink, recorded at its monitor: skipped where it is not installed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from virtual_clip import loudspeaker

pytestmark = pytest.mark.skipif(bool(loudspeaker.missing()), reason=loudspeaker.missing())
SETTLED_S = 3.0  # until a new device can count as lost
APART_S = 2.0
PLAY = """
import sys, time
from untuck.sound.player import Player
changes = []
with Player(on_change=changes.append) as player:
    print("open", flush=True)
    for line in sys.stdin:
        player.play("tuck", 0)
        print(time.monotonic(), flush=True)
print(len(changes), flush=True)
"""


@contextmanager
def stopped(process: subprocess.Popen[bytes] | subprocess.Popen[str], seconds: float) -> Iterator[None]:
    """Stop the process for so long; the context is entered after half of the time."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        time.sleep(seconds / 2)
        yield
        time.sleep(seconds / 2)
    finally:
        os.kill(process.pid, signal.SIGCONT)


def ask(player: subprocess.Popen[str]) -> None:
    assert player.stdin is not None
    player.stdin.write("cue\n")
    player.stdin.flush()


def waits_ms(folder: Path, checkout: Path, stalls_s: tuple[float, ...], whose: str) -> tuple[list[float], int]:
    """Time from request to sound of each cue, requested during a stall of the "player" or the "server"; and how often
    the player changed its device."""
    with loudspeaker.server_process(folder) as (env, server):
        ear = loudspeaker.Ear(env)
        try:
            player = subprocess.Popen(
                [sys.executable, "-c", PLAY],
                env={**env, "PYTHONPATH": str(checkout / "host")},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert player.stdin is not None and player.stdout is not None and player.stdout.readline() == "open\n"
            time.sleep(SETTLED_S)
            asked_s = []
            for stall_s in stalls_s:
                with stopped(player if whose == "player" else server, stall_s):
                    ask(player)
                asked_s.append(float(player.stdout.readline()))
                time.sleep(APART_S)
            out, _ = player.communicate(timeout=20)
        finally:
            heard, zero_s = ear.stop()
    onsets_s = np.array([zero_s + sound.start / loudspeaker.RATE_HZ for sound in loudspeaker.sounds(heard)])
    later = [onsets_s[onsets_s > time_s - 0.05] - time_s for time_s in asked_s]
    return [1e3 * float(each[0]) if len(each) else np.inf for each in later], int(out)


def test_a_stall_of_the_player_does_not_count_as_a_lost_device(tmp_path: Path, checkout: Path) -> None:
    waits, changes = waits_ms(tmp_path / "x", checkout, (1.3, 2.5, 1.6, 2.5), "player")
    assert max(waits) < 500.0 and changes == 0


def test_a_cue_requested_while_the_server_stalls_is_heard(tmp_path: Path, checkout: Path) -> None:
    waits, _ = waits_ms(tmp_path / "x", checkout, (0.6, 1.3, 1.6), "server")
    assert max(waits) < 1500.0

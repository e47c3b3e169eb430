"""A loudspeaker without hardware: PulseAudio with a null sink named cue, and a recorder at its monitor.

The server runs headless in a folder of its own; the recorder (Ear) timestamps what it records with the monotonic clock.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000
PROGRAMS = ("pulseaudio", "pactl", "parec")
LOUD = 50  # of 32767: above the level of a silent sink
QUIET_S = 0.3  # silence before a new sound


def missing() -> str:
    """What must be installed, "" if nothing."""
    if all(map(shutil.which, PROGRAMS)):
        return ""
    return "PulseAudio is not installed: apt-get install pulseaudio pulseaudio-utils"


@contextmanager
def sound_server(folder: Path) -> Iterator[dict[str, str]]:
    """The environment in which programs find the server, while the context is open."""
    with server_process(folder) as (env, _):
        yield env


@contextmanager
def server_process(folder: Path) -> Iterator[tuple[dict[str, str], subprocess.Popen[bytes]]]:
    """The same, with the server's process."""
    folder.mkdir(mode=0o700, exist_ok=True)
    socket = folder / "s"
    env = {**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_SERVER": f"unix:{socket}"}
    server = subprocess.Popen(
        [
            *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disallow-exit=no"),
            *("-L", f"module-native-protocol-unix auth-anonymous=1 socket={socket}"),
            *("-L", f"module-null-sink sink_name=cue rate={RATE_HZ} channels=2"),
        ],
        env={key: value for key, value in env.items() if key != "PULSE_SERVER"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            if subprocess.run(["pactl", "info"], env=env, capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        else:
            raise RuntimeError("PulseAudio did not answer within 10 s")
        yield env, server
    finally:
        server.terminate()
        server.wait(timeout=10)


class Ear(threading.Thread):
    """Records the null sink until stop()."""

    def __init__(self, env: dict[str, str]) -> None:
        super().__init__()
        command = ["parec", "--raw", "-d", "cue.monitor", "--format=s16le", f"--rate={RATE_HZ}", "--channels=2"]
        self._parec = subprocess.Popen([*command, "--latency-msec=5"], env=env, stdout=subprocess.PIPE)
        self._chunks: list[tuple[float, bytes]] = []
        self.start()

    def run(self) -> None:
        assert self._parec.stdout is not None
        while chunk := self._parec.stdout.read1(4096):  # type: ignore[attr-defined]
            self._chunks.append((time.monotonic(), chunk))

    def stop(self) -> tuple[NDArray[np.float64], float]:
        """(samples (N,2) of 16 bit, monotonic time of sample 0)."""
        self._parec.terminate()
        self._parec.wait(timeout=10)
        self.join(timeout=10)
        samples = np.cumsum([len(chunk) / 4 for _, chunk in self._chunks])
        arrivals = np.array([arrival for arrival, _ in self._chunks])
        zero_s = float(np.percentile(arrivals - samples / RATE_HZ, 2))  # the least delayed chunks give the offset
        data = b"".join(chunk for _, chunk in self._chunks)
        return np.frombuffer(data[: len(data) // 4 * 4], np.int16).reshape(-1, 2).astype(float), zero_s


def sounds(heard: NDArray[np.float64]) -> list[slice]:
    """The position of each sound in a recording (N,2), each between two silences."""
    loud = np.flatnonzero(np.abs(heard).max(axis=1) > LOUD)
    if len(loud) == 0:
        return []
    parts = np.split(loud, np.flatnonzero(np.diff(loud) > QUIET_S * RATE_HZ) + 1)
    return [slice(int(part[0]), int(part[-1]) + 1) for part in parts]

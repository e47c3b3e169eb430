"""The example recording, its analysis, and a stored session of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import untuck
from untuck import wire
from untuck.model import Packet
from untuck.run_results import Run
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session_commands import Mute, SetThreshold
from untuck.simulate.packets import pack
from untuck.store import Settings, Store

RATE_HZ = 100


@cache
def example_run() -> Run:
    return untuck.analyse(untuck.example())


@cache
def packets() -> tuple[Packet, ...]:
    """The example as a clip would send it."""
    found, sent = [], 0
    for data in pack(untuck.example(), RATE_HZ):
        sent += wire.unpack_header(data)[7]
        found.append(Packet(data, 50.0 + sent / RATE_HZ))
    return tuple(found)


@cache
def recorded_live() -> tuple[bytes, Run]:
    """The example recorded as session 1, live, with commands: the store's file, and what the live pipeline found."""
    settings = Settings(rate_hz=RATE_HZ)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sessions.db"
        with Store(path).record("simulated runner", "demo", settings) as recording:
            live = PacketPipeline(settings)
            for number, packet in enumerate(packets()):
                if number == len(packets()) // 4:
                    live.command(SetThreshold("tuck_on_deg", 3.0))
                if number == len(packets()) // 2:
                    live.command(Mute())
                for command in live.take_commands():
                    recording.command(command)
                recording.append(packet)
                live.push(packet)
            live.finish()
        return path.read_bytes(), live.pipeline.run()


@pytest.fixture
def run() -> Run:
    return example_run()


@pytest.fixture
def recorded(own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Session 1 in the store, and a working folder of the test's own; the live results."""
    file, found = recorded_live()
    own_home.mkdir(parents=True)
    (own_home / "sessions.db").write_bytes(file)
    monkeypatch.chdir(tmp_path)
    return found

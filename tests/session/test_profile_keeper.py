"""A calibration or baseline is saved in the profile without a pause of the event loop, whatever else uses the store."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace

import pytest

from untuck.errors import StoreError
from untuck.events import Calibrated
from untuck.motion.mount.calibration import nominal
from untuck.session import profile_keeper as module
from untuck.session.profile_keeper import ProfileKeeper
from untuck.session.stored_profile import save_in_store
from untuck.store import Settings, Store, paths
from untuck.store.profiles import Profiles


def calibrated(gain: float) -> Calibrated:
    return Calibrated(5.0, replace(nominal(), acc_gain=gain, source="stand+hinges"))


def saved_gain() -> float | None:
    calibration = Profiles().open("Ada").calibration
    return None if calibration is None else calibration.acc_gain


async def test_a_locked_store_delays_the_saving_and_not_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.05)
    with Store().record("clip", "run", Settings()):
        pass
    other = sqlite3.connect(paths.sessions_path(), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    said: list[str] = []
    keeper = ProfileKeeper(save_in_store("Ada", None), said.append)
    assert keeper.on_event(calibrated(1.01)) is False and keeper.on_event(calibrated(1.02)) is False
    turns = 0
    async with asyncio.timeout(60):
        while not said:  # sqlite waits for 5 s before it says so
            turns += 1
            await asyncio.sleep(0.01)
    assert turns > 20, "the loop stood still"
    assert "in use by another program" in said[0] and len(said) == 1
    other.execute("ROLLBACK")
    other.close()
    await keeper.finish()
    assert saved_gain() == 1.02 and len(said) == 1


async def test_the_end_of_a_session_waits_no_longer_than_its_limit(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(module, "RETRY_S", 0.02)
    monkeypatch.setattr(module, "FINISH_S", 0.1)
    monkeypatch.setattr(Profiles, "keep", fail)
    said: list[str] = []
    keeper = ProfileKeeper(save_in_store("Ada", None), said.append)
    keeper.on_event(calibrated(1.01))
    async with asyncio.timeout(60):
        await keeper.finish()
    assert said == ["not saved for the next session yet: the disk is full"]
    assert "1 of the profile's values were not saved" in caplog.text


async def test_only_what_was_measured_with_hinges_is_saved() -> None:
    keeper = ProfileKeeper(save_in_store("Ada", None), print, until=lambda event: isinstance(event, Calibrated))
    assert keeper.on_event(Calibrated(5.0, nominal())) is True
    await keeper.finish()
    assert saved_gain() is None

"""Runners' profiles: values come back exact to the bit, the newest is in use, and each runner has their own."""

from __future__ import annotations

import json

import numpy as np
import pytest

from untuck.model import Calibration
from untuck.motion.mount.calibration import nominal
from untuck.store import Settings, Store
from untuck.store.codec import to_json
from untuck.store.profile import Profile
from untuck.store.profiles import Profiles


def calibration(bias: float) -> Calibration:
    return Calibration(nominal().sensor_to_pelvis, np.array([bias, 0.1 + 0.2, 1 / 3]), 1.0, float("nan"))


def test_a_new_runner_has_an_empty_profile() -> None:
    profile = Profiles().open("Ada")
    assert profile == Profile("Ada") or (profile.calibration, profile.baseline, profile.sessions) == (None, None, 0)


def test_the_newest_calibration_of_a_runner_is_in_use() -> None:
    profiles = Profiles()
    profiles.keep("Ada", calibration(1.0))
    profiles.keep("Ada", calibration(2.0))
    profiles.keep("Ben", calibration(3.0))
    ada = profiles.open("Ada")
    assert ada.calibration is not None and to_json(ada.calibration) == to_json(calibration(2.0))
    assert ada.calibration_unix_s > 0 and ada.baseline is None
    assert profiles.runners() == ["Ada", "Ben"]


def record(mode: str, judged: int, cues: int = 0, suppressed: dict[str, int] | None = None) -> None:
    summary = {"reliability": {"judged": judged}, "cues": [{}] * cues, "suppressed": suppressed or {}}
    with Store().record("clip", mode, Settings(runner="Ada")) as recording:
        recording.end(json.dumps(summary))


@pytest.mark.parametrize(("mode", "count"), [("run", 1), ("coach", 1), ("demo", 0), ("calibrate", 0)])
def test_only_training_counts_as_a_session(mode: str, count: int) -> None:
    record(mode, judged=60)
    assert Profiles().open("Ada").sessions == count and Profiles().open("Ben").sessions == 0


def test_fading_counts_sessions_in_which_cues_could_sound() -> None:
    """Five aborted sessions lowered the share of cued faults to two of three."""
    for _ in range(5):
        with Store().record("clip", "run", Settings(runner="Ada")):
            pass
        record("run", judged=0)
    record("run", judged=500, suppressed={"muted": 4})
    assert Profiles().open("Ada").sessions == 0
    record("run", judged=500)
    record("run", judged=500, cues=2, suppressed={"muted": 4})
    assert Profiles().open("Ada").sessions == 2

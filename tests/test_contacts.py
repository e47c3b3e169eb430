"""Contacts, sides and strides of recorded runners against the treadmill's force plates."""

from functools import cache

import numpy as np
import pytest

import untuck
from conftest import data_dir
from untuck.model import LEFT, RIGHT, Run
from untuck.motion.virtual_imu import fill_gaps

TRIALS = ("T25", "T35", "T45")
MATCH_S = 0.08


@cache
def recorded(trial: str) -> dict[str, dict[str, np.ndarray]]:
    fields = np.load(data_dir("fukuchi", f"fukuchi_{trial}.npz"))
    people: dict[str, dict[str, np.ndarray]] = {}
    for key in fields:
        if "/" in key:
            person, name = key.split("/")
            people.setdefault(person, {})[name] = fields[key]
    return people


@cache
def analysed(trial: str, rate_hz: float) -> dict[str, Run]:
    runs = {}
    for number, (person, fields) in enumerate(recorded(trial).items()):
        quat, place = fill_gaps(fields["pelvis_quat"], fields["sacrum_pos_mm"] / 1000.0, fields["pelvis_gap"])[:2]
        samples, _ = untuck.virtual_imu(quat, place, 150.0, output_rate_hz=rate_hz, seed=number)
        runs[person] = untuck.analyse(samples)
    return runs


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
@pytest.mark.parametrize("trial", TRIALS)
def test_strides_sides_and_contacts_are_the_plates(trial: str, rate_hz: float) -> None:
    off_count, wrong_side, matched, lag_sd_ms = 0, 0, 0, []
    for person, run in analysed(trial, rate_hz).items():
        fields = recorded(trial)[person]
        side = np.where(fields["side"] == 1, RIGHT, LEFT)
        right = int((side == RIGHT).sum())
        off_count = max(off_count, abs(len(run.strides) - (right - 1)))
        nearest = abs(fields["fs_t"][None, :] - run.contacts["time_s"][:, None]).argmin(axis=1)
        lag = run.contacts["time_s"] - fields["fs_t"][nearest]
        near = abs(lag) < MATCH_S
        matched += int(near.sum())
        wrong_side += int((side[nearest] != run.contacts["side"])[near].sum())
        lag_sd_ms.append(1e3 * lag[near].std())
    plate = sum(len(f["fs_t"]) for f in recorded(trial).values())
    assert off_count <= 1  # a contact cut by the recording's first or last sample
    assert wrong_side == 0
    assert matched >= 0.995 * plate
    assert np.median(lag_sd_ms) < 6.0

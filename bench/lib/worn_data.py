"""The recordings of a worn sensor (Grouvel et al. 2023): relative motion of sensor and pelvis, and phase of the stride.

A rigid cluster of markers on a strapped sacral sensor, against the pelvis's own markers. Trials last 1 to 6 s; each has
an unknown constant rotation between cluster and pelvis, which is taken out: means of trials are not comparable.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.spatial.transform import Rotation

from bench.lib.recordings import data_dir, quat_to_angles
from untuck.model import Floats

PACES = {
    "SlowGait": (0.4, 0.9),
    "Gait": (0.6, 1.15),
    "FastGait": (0.8, 1.3),
    "Running": (1.2, 1.75),
}  # strides a second
EDGE = 5  # frames left out at both ends: transients of the recording's 20 Hz filter, where markers enter and leave view
AXES = ("forward", "up", "right")
# On the force plate's runners (DEV, three speeds) the middle of contact is later than the pelvis's lowest point by this
# much of a stride, SD between runners 0.008; the side was right in each of 63 pieces of 2 s.
MIDDLE_AFTER_LOWEST = 0.012


@dataclass(frozen=True, eq=False)
class WornTrial:
    """One trial at rate_hz, in an earth frame with z up.

    turn_deg (N,3) rotation vector of the sensor against the pelvis about the pelvis's forward, up, right axes, without
    its mean; pose (N,6) as in `Recording`, of the pelvis and the middle of the sensor; height_m (N,) of the posterior
    iliac spines; phase (N,) in strides, whole in the middle of right contacts (walking: up to a constant).
    """

    name: str
    rate_hz: float
    turn_deg: Floats
    pose: Floats
    height_m: Floats
    phase: Floats

    @property
    def person(self) -> str:
        """E.g. "P01"."""
        return self.name.split("_")[0]

    @property
    def pace(self) -> str:
        """One of PACES."""
        return self.name.split("_")[2]

    @property
    def strides_hz(self) -> float:
        """Strides a second."""
        return float((self.phase[-1] - self.phase[0]) / (len(self.phase) - 1) * self.rate_hz)


def has_worn() -> bool:
    """Whether the recordings are present."""
    return (data_dir() / "worn" / "worn.npz").exists()


def waves(phase: Floats, harmonics: tuple[int, ...] | range) -> Floats:
    """(N, 2 H) cosine and sine of each harmonic."""
    return np.column_stack([f(2 * np.pi * k * phase) for k in harmonics for f in (np.cos, np.sin)])


def _left_over(values: Floats, columns: Floats) -> float:
    """Share of the variance that the columns do not explain."""
    columns = np.column_stack([np.ones(len(columns)), columns])
    rest = values - columns @ np.linalg.lstsq(columns, values, rcond=None)[0]
    return float((rest**2).mean() / values.var())


def find_phase(time_s: Floats, height_m: Floats, obliquity_deg: Floats, range_hz: tuple[float, float]) -> Floats:
    """(N,) phase in strides: the pelvis moves up and down twice a stride, and tilts sideways once.

    The constant frequency that explains height and obliquity best; whole in the middle of the stance in which the right
    side is up.
    """
    line = time_s - time_s.mean()

    def misfit(hz: float) -> float:
        phase = hz * time_s
        height = _left_over(height_m, np.column_stack([line, waves(phase, (2, 4))]))
        return height + 0.5 * _left_over(obliquity_deg, waves(phase, (1, 3)))

    hz = min(np.arange(*range_hz, 0.01), key=misfit)
    columns = np.column_stack([waves(hz * time_s, (2,)), np.ones(len(line)), line])
    cosine, sine = np.linalg.lstsq(columns, height_m, rcond=None)[0][:2]
    lowest = (np.arctan2(sine, cosine) + np.pi) / (4 * np.pi)
    phase = hz * time_s - lowest - MIDDLE_AFTER_LOWEST
    first = np.column_stack([waves(phase, (1,)), np.ones(len(line))])
    if np.linalg.lstsq(first, obliquity_deg, rcond=None)[0][0] < 0:
        phase = phase - 0.5
    return np.asarray(phase)


def _load(name: str, file: dict[str, Floats], rate_hz: float) -> WornTrial:
    inside = slice(EDGE, -EDGE)
    sensor, pelvis = (
        Rotation.from_quat(file[f"{name}/{what}_quat"][inside], scalar_first=True) for what in ("sensor", "pelvis")
    )
    relative = pelvis.inv() * sensor
    turn_deg = np.degrees((relative * relative.mean().inv()).as_rotvec())
    place, spines = (file[f"{name}/{what}_pos_mm"][inside].astype(float) / 1000 for what in ("sensor", "psis"))
    angles = quat_to_angles(pelvis.as_quat(scalar_first=True))
    angles[:, 0] -= np.arctan2(*(place[-1] - place[0])[[1, 0]])  # heading relative to the direction of travel
    angles[:, 0] -= 2 * np.pi * np.rint(angles[:, 0].mean() / (2 * np.pi))
    time_s = np.arange(len(place)) / rate_hz
    phase = find_phase(time_s, spines[:, 2], -np.degrees(angles[:, 2]), PACES[name.split("_")[2]])
    forward = place[-1, :2] - place[0, :2]
    forward /= np.linalg.norm(forward)
    along = (place[:, :2] - place[0, :2]) @ np.array([[forward[0], -forward[1]], [forward[1], forward[0]]])
    return WornTrial(name, rate_hz, turn_deg, np.column_stack([angles, along, place[:, 2]]), spines[:, 2], phase)


@lru_cache(maxsize=1)
def worn_trials() -> tuple[WornTrial, ...]:
    """All trials, running and walking."""
    with np.load(data_dir() / "worn" / "worn.npz") as stored:
        file = {key: stored[key] for key in stored.files}
    names = sorted({key.split("/")[0] for key in file if "/" in key})
    return tuple(_load(name, file, float(file["rate_hz"])) for name in names)


def running_trials() -> dict[str, list[WornTrial]]:
    """Running trials by person."""
    people: dict[str, list[WornTrial]] = {}
    for trial in worn_trials():
        if trial.pace == "Running":
            people.setdefault(trial.person, []).append(trial)
    return people

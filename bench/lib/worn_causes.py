"""What the recordings say about the causes of the clip's motion: does acceleration drive it, is its variation white?"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.signal import butter, sosfiltfilt

from bench.lib.quaternions import rotate
from bench.lib.recordings import angles_to_quat
from bench.lib.worn_data import WornTrial, waves
from untuck.model import Floats

LAGS_FRAMES = (0, 2, 4)
LOWPASS_HZ = 15.0  # of acceleration: above, marker noise
HARMONICS = 5
CONJUGATE = np.array([1.0, -1.0, -1.0, -1.0])


def _changes(trial: WornTrial) -> tuple[Floats, Floats]:
    """(n,9) change of acceleration from one stride to the next, at three lags, and (n,3) that of the turn."""
    time_s = np.arange(len(trial.pose)) / trial.rate_hz
    acc = make_interp_spline(time_s, trial.pose[:, 3:], k=5)(time_s, 2)
    in_pelvis = rotate(angles_to_quat(trial.pose[:, :3]) * CONJUGATE, acc)
    smooth = sosfiltfilt(butter(2, LOWPASS_HZ, fs=trial.rate_hz, output="sos"), in_pelvis, axis=0)
    stride = round(trial.rate_hz / trial.strides_hz)
    lagged = np.hstack([np.vstack([smooth[:1].repeat(n, axis=0), smooth[: len(smooth) - n]]) for n in LAGS_FRAMES])
    changes = (values[stride:] - values[:-stride] for values in (lagged, trial.turn_deg))
    cause, effect = (values - values.mean(axis=0) for values in changes)
    return cause, effect


def driven_by_acceleration(people: dict[str, list[WornTrial]]) -> dict[str, Floats]:
    """(3,) R^2 by axis, for each person left out: changes of the turn, predicted from those of acceleration."""
    changes = {person: [_changes(trial) for trial in trials] for person, trials in people.items()}

    def stacked(names: Iterable[str]) -> tuple[Floats, Floats]:
        pairs = [pair for name in names for pair in changes[name]]
        return np.vstack([cause for cause, _ in pairs]), np.vstack([effect for _, effect in pairs])

    shares = {}
    for person in people:
        cause, effect = stacked(name for name in people if name != person)
        gains = np.linalg.lstsq(cause, effect, rcond=None)[0]
        cause, effect = stacked([person])
        shares[person] = 1 - ((effect - cause @ gains) ** 2).sum(axis=0) / (effect**2).sum(axis=0)
    return shares


def _harmonics(turn_deg: Floats, phase: Floats) -> Floats:
    columns = np.column_stack([np.ones(len(phase)), waves(phase, range(1, HARMONICS + 1))])
    found: Floats = np.linalg.lstsq(columns, turn_deg, rcond=None)[0][1:]
    return found


def between_trials(trials: Iterable[WornTrial]) -> tuple[Floats, Floats]:
    """(3,) SD of harmonics between trials of a person and pace, and what their strides' variation predicts for it.

    RMS over harmonics, cosines and sines. Equal where successive strides are independent, larger where motion changes
    slowly. The side of a walking phase is unknown: odd harmonics take the sign that is nearest to the first trial's.
    """
    groups: dict[tuple[str, str], list[WornTrial]] = {}
    for trial in trials:
        groups.setdefault((trial.person, trial.pace), []).append(trial)
    flip = np.where(np.repeat(np.arange(1, HARMONICS + 1), 2) % 2 == 1, -1.0, 1.0)[:, None]
    real, predicted = [], []
    for group in groups.values():
        means, within = [], []
        for trial in group:
            stride = round(trial.rate_hz / trial.strides_hz)
            starts = range(0, len(trial.phase) - stride + 1, stride)
            each = [_harmonics(trial.turn_deg[i : i + stride], trial.phase[i : i + stride]) for i in starts]
            mean = np.mean(each, axis=0)
            same = not means or ((mean - means[0]) ** 2).sum() <= ((flip * mean - means[0]) ** 2).sum()
            means.append(mean if same else flip * mean)
            if len(each) > 1:
                within.append((np.diff(each, axis=0) ** 2).mean(axis=0) / 2 / len(each))
        if len(means) > 1 and within:
            real.append(np.var(means, axis=0, ddof=1).mean(axis=0))
            predicted.append(np.mean(within, axis=0).mean(axis=0))
    return np.sqrt(np.mean(real, axis=0)), np.sqrt(np.mean(predicted, axis=0))

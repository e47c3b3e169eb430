"""Sizes of the clip's motion against the pelvis, fitted on recorded people, and their description by few figures.

The same estimators describe recorded trials and drawn people, so that both can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.lib.worn_data import WornTrial, waves
from untuck.model import Floats
from untuck.simulate.clip_motion import (
    MEASURED,
    ClipSizes,
    clip_turn_deg,
    draw_clip_motion,
)

HARMONICS = 6  # that repeat
SHARED = ((1, 3), (1,), (2, 4))  # by axis: those that mirror symmetry allows and that exceed their error
BANDS = ((0.0, 0.5), (0.5, 1.5), (1.5, 2.5), (2.5, 3.5), (3.5, 4.5), (4.5, 6.5), (6.5, 10.0))  # in harmonics


@dataclass(frozen=True, eq=False)
class Description:
    """Of one person, by axis, in deg, means over trials: sd, range (3,); bands (3,B) RMS in BANDS; varying (3,) SD of
    the difference of successive strides / sqrt 2; varying_bands (3,B) its RMS in BANDS.
    """

    sd: Floats
    range: Floats
    bands: Floats
    varying: Floats
    varying_bands: Floats

    @property
    def repeating(self) -> Floats:
        """(3,) SD of what repeats."""
        return np.sqrt(np.maximum(self.sd**2 - self.varying**2, 0.0))


def _bands(values: Floats, strides_hz: float, rate_hz: float) -> Floats:
    """(3,B) RMS in BANDS of the stride's frequency, from a periodogram with a Hann window."""
    window = np.hanning(len(values) + 2)[1:-1]
    power = np.abs(np.fft.rfft(values * window[:, None], 1024, axis=0)) ** 2 / (window**2).sum() * 2 / 1024
    harmonic = np.fft.rfftfreq(1024, 1 / rate_hz) / strides_hz
    inside = [(harmonic >= low) & (harmonic < high) for low, high in BANDS]
    return np.sqrt(np.stack([power[rows].sum(axis=0) for rows in inside], axis=1))


def describe(turns: Sequence[tuple[Floats, float]], rate_hz: float) -> Description:
    """The description of a person's trials, as (turn_deg (N,3), strides a second)."""
    parts = []
    for turn, strides_hz in turns:
        stride = round(rate_hz / strides_hz)
        change = (turn[stride:] - turn[:-stride]) / np.sqrt(2)
        bands, varying = _bands(turn - turn.mean(axis=0), strides_hz, rate_hz), _bands(change, strides_hz, rate_hz)
        parts.append((turn.std(axis=0), np.ptp(turn, axis=0), bands, np.sqrt((change**2).mean(axis=0)), varying))
    return Description(*(np.mean(values, axis=0) for values in zip(*parts, strict=True)))


def describe_trials(trials: Iterable[WornTrial]) -> Description:
    """The description of a recorded person."""
    trials = list(trials)
    return describe([(trial.turn_deg, trial.strides_hz) for trial in trials], trials[0].rate_hz)


def describe_drawn(trials: Sequence[WornTrial], sizes: ClipSizes, seed: int) -> Description:
    """The description of a drawn person in trials as long as the given ones."""
    rng = np.random.default_rng([23, seed])
    motion = draw_clip_motion(rng, 1.0, sizes)
    turns = [(clip_turn_deg(motion, trial.phase, np.ones(len(trial.phase)), rng), trial.strides_hz) for trial in trials]
    return describe([(turn - turn.mean(axis=0), hz) for turn, hz in turns], trials[0].rate_hz)


def _coefficients(trial: WornTrial) -> Floats:
    """(3,H,2) cosine and sine of the harmonics of one trial."""
    columns = np.column_stack([np.ones(len(trial.phase)), waves(trial.phase, range(1, 9))])
    found = np.linalg.lstsq(columns, trial.turn_deg, rcond=None)[0][1:]
    return found.T.reshape(3, 8, 2)[:, :HARMONICS]


def fit_sizes(people: dict[str, list[WornTrial]]) -> ClipSizes:
    """Sizes that reproduce the mean squares of the given people.

    The measurement's share of the variance between people (its strides are few) is taken out of `personal`.
    """
    described = [describe_trials(trials) for trials in people.values()]
    varying = np.sqrt(np.mean([d.varying_bands**2 for d in described], axis=0))
    first = np.sqrt((varying[:, 1:3] ** 2 * [1.0, 2.0]).mean(axis=1))  # harmonic k is smaller by sqrt(k)
    strides = [sum(np.ptp(trial.phase) for trial in trials) for trials in people.values()]
    found = np.stack([np.mean([_coefficients(trial) for trial in trials], axis=0) for trials in people.values()])
    shared = np.zeros(found.shape[1:])
    for axis, harmonics in enumerate(SHARED):
        for k in harmonics:
            shared[axis, k - 1] = found[:, axis, k - 1].mean(axis=0)
    noise = first[:, None] ** 2 / np.arange(1, HARMONICS + 1) * np.mean(1 / np.array(strides))
    personal = np.sqrt(np.maximum(((found - shared) ** 2).mean(axis=(0, 3)) - noise, 0.05**2))
    sizes = np.log([d.varying for d in described])
    return ClipSizes(
        shared=tuple({k: tuple(shared[a, k - 1]) for k in harmonics} for a, harmonics in enumerate(SHARED)),
        personal=tuple(map(tuple, personal)),
        varying_mean=tuple(varying[:, 0]),
        varying_first=tuple(first),
        spread=tuple(sizes.std(axis=0)),
    )


__all__ = ["BANDS", "MEASURED", "Description", "describe_drawn", "describe_trials", "fit_sizes"]

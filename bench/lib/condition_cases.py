"""Conditions outside the laboratory as changes to semi-synthetic runs: track, lost packets, jitter, a turned clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from bench.lib.accuracy_cases import FAULT_PLANS
from bench.lib.injections import lose_packets, stamps_with_jitter
from bench.lib.semisynthetic import RunTruth, make_run
from bench.lib.standing import LAST_STAND_S, PREFIX_S, STAND_S
from untuck.samples import Samples

Change = Callable[[Samples, np.random.Generator], Samples]


@dataclass(frozen=True)
class Condition:
    """What is done to a run: `controls` of semisynthetic.CONTROLS, then `change` to its samples."""

    name: str
    controls: tuple[str, ...] = ()
    change: Change = lambda samples, _: samples
    sided: bool = True  # False: nothing may be judged


def kept(samples: Samples, rows: np.ndarray) -> Samples:
    """Some of the samples."""
    quat = None if samples.quat is None else samples.quat[rows]
    return Samples(samples.time_s[rows], samples.gyr_rad_s[rows], samples.acc_m_s2[rows], quat, samples.acc_end_m_s2)


def _losing(share: float) -> Change:
    """Single packets of five samples are lost once the clip is calibrated."""

    def change(samples: Samples, rng: np.random.Generator) -> Samples:
        return kept(samples, lose_packets(len(samples), share, rng) | (samples.time_s < PREFIX_S))

    return change


def _jittering(jitter_s: float) -> Change:
    def change(samples: Samples, rng: np.random.Generator) -> Samples:
        return replace_time(samples, stamps_with_jitter(samples.time_s, jitter_s, rng))

    return change


def replace_time(samples: Samples, time_s: np.ndarray) -> Samples:
    """The samples with other time stamps."""
    return Samples(time_s, samples.gyr_rad_s, samples.acc_m_s2, samples.quat, samples.acc_end_m_s2)


def without_hinges(samples: Samples) -> Samples:
    """Standing, then running at once: the part with hinges is cut out, and time runs on."""
    rows = (samples.time_s < STAND_S) | (samples.time_s > PREFIX_S - LAST_STAND_S)
    cut = kept(samples, rows)
    return replace_time(cut, np.where(cut.time_s < STAND_S, cut.time_s, cut.time_s - CUT_S))


CUT_S = PREFIX_S - LAST_STAND_S - STAND_S  # what `without_hinges` takes out


def _turning(yaw_deg: float) -> Change:
    """The clip sits turned about the vertical, and nobody hinges."""

    def change(samples: Samples, rng: np.random.Generator) -> Samples:
        turn = Rotation.from_euler("y", yaw_deg, degrees=True)
        cut = without_hinges(samples)
        quat = None if cut.quat is None else (Rotation.from_quat(cut.quat, scalar_first=True) * turn.inv())
        turned = None if quat is None else quat.as_quat(scalar_first=True)
        return Samples(cut.time_s, turn.apply(cut.gyr_rad_s), turn.apply(cut.acc_m_s2), turned, cut.acc_end_m_s2)

    return change


CONDITIONS = (
    Condition("steady"),
    Condition("400 m track", ("track",)),
    Condition("1 % of packets lost", (), _losing(0.01)),
    Condition("5 % of packets lost", (), _losing(0.05)),
    Condition("stamps with 4.5 ms jitter", (), _jittering(0.0045)),
    Condition("clip inside out, no hinges", (), _turning(180.0), sided=False),
    Condition("clip 90 deg round, no hinges", (), _turning(90.0), sided=False),
    Condition("clip 90 deg the other way", (), _turning(-90.0), sided=False),
)


@dataclass(frozen=True)
class ConditionCase:
    """A run under the condition of that name; kind: "tuck", "pullback" or "clean"."""

    name: str
    kind: str
    runner: str
    trial: str
    minutes: float
    wearing: str
    seed: int

    @property
    def condition(self) -> Condition:
        """What is done to the run."""
        return next(each for each in CONDITIONS if each.name == self.name)

    def make(self) -> tuple[Samples, RunTruth]:
        """Samples and truth, equal for every call."""
        rng = np.random.default_rng([self.seed, ord(self.runner[-1]), ord(self.trial[1])])
        faults = () if self.kind == "clean" else FAULT_PLANS[self.kind](self.minutes, rng)
        samples, truth = make_run(
            self.runner,
            self.trial,
            self.minutes,
            faults,
            self.condition.controls,
            wearing=self.wearing,
            seed=self.seed,
        )
        return self.condition.change(samples, rng), truth

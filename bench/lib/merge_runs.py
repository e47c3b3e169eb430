"""Synthetic walk-run sessions and watch recordings for the bench of `untuck merge`: pairs of one run and of two runs.

Cadence is a person's level, a slow drift, an autocorrelated variation and noise from stride to stride, with ramps after
each start and before each stop. A watch averages, rounds, records every 1 to 10 s or irregularly, loses values, and its
clock is off. Hard pairs of different people share a plan, a start or a level.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from untuck.model import Floats

KINDS = ("free", "plan 5 min + 1 min", "intervals", "random plan", "steady", "steady, breaks")
WRONG = ("two runs", "same plan", "same plan and level", "ran along", "steady, same level")


@dataclass(frozen=True, eq=False)
class Session:
    """What `find_offset` reads of a run: time_s (N,) of the samples, and strides."""

    time_s: Floats
    strides: NDArray[np.void]


@dataclass(frozen=True)
class Person:
    """How a person's cadence varies, in steps/min and s."""

    level: float
    slow: float  # drift over half an hour
    wander: float  # SD of the autocorrelated variation
    wander_s: float  # its time constant
    noise: float  # SD from stride to stride
    real: float  # share of it that a watch sees too; the rest is the clip's error
    ramp: float  # below the level at a start
    ramp_s: float
    reaction_s: float  # SD of starts and stops against a plan


@dataclass(frozen=True, eq=False)
class Course:
    """A person's run: bouts (B,2) in s since the plan's start, and cadence second by second over all its length."""

    person: Person
    bouts_s: Floats
    spm: Floats  # at every 0.25 s, 0 when not running
    length_s: float


STEP_S = 0.25


def person(rng: np.random.Generator, steady: bool = False) -> Person:
    """A person drawn at random; steady: with hardly any variation."""
    return Person(
        level=float(rng.normal(168, 8)),
        slow=float(rng.normal(0, 2)),
        wander=float(rng.uniform(0.1, 0.5) if steady else np.exp(rng.normal(np.log(1.3), 0.4))),
        wander_s=float(np.exp(rng.uniform(np.log(5), np.log(60)))),
        noise=float(rng.uniform(0.3, 0.8) if steady else rng.uniform(0.8, 2.0)),
        real=float(rng.uniform(0, 1)),
        ramp=float(rng.uniform(8, 26)),
        ramp_s=float(rng.uniform(2, 5)),
        reaction_s=float(rng.uniform(0.5, 2.5)),
    )


def plan(rng: np.random.Generator, kind: str, length_s: float) -> list[tuple[float, float]]:
    """Bouts of running as planned, in s."""
    now, bouts = float(rng.uniform(0, 60)), []
    hard, easy = float(rng.choice([60, 120, 180, 240])), float(rng.choice([30, 60, 90, 120]))
    while now < length_s - 20:
        run, walk = {
            "free": (rng.uniform(40, 200), rng.uniform(12, 50)),
            "plan 5 min + 1 min": (300.0, 60.0),
            "intervals": (hard, easy),
            "random plan": (30.0 * rng.integers(2, 12), 15.0 * rng.integers(1, 8)),
            "steady": (length_s, 0.0),
            "steady, breaks": (rng.exponential(500) + 60, rng.exponential(25) + 8),
        }[kind]
        bouts.append((now, min(now + float(run), length_s)))
        now += float(run + walk)
    return bouts


def course(rng: np.random.Generator, who: Person, bouts: list[tuple[float, float]], length_s: float) -> Course:
    """One run of a person after a plan."""
    spans = np.array(bouts) + rng.normal(0, who.reaction_s, (len(bouts), 2))
    spans = np.clip(spans, 0.0, length_s)
    t = np.arange(0, length_s, STEP_S)
    keep = np.exp(-STEP_S / who.wander_s)
    kicks = rng.normal(0, who.wander * np.sqrt(1 - keep**2), len(t))
    wander, value = np.empty(len(t)), float(rng.normal(0, who.wander))
    for k, kick in enumerate(kicks):
        value = keep * value + kick
        wander[k] = value
    wander += who.real * rng.normal(0, who.noise, len(t) // 3 + 1).repeat(3)[: len(t)]  # of one stride
    spm = np.zeros(len(t))
    for begin, end in spans:
        on = (t >= begin) & (t < end)
        bout = who.level + rng.normal(0, 1.0) + who.slow * t[on] / 1800 + wander[on]
        rise = who.ramp * np.exp(-(t[on] - begin) / who.ramp_s)
        fall = 0.5 * who.ramp * np.exp(-(end - t[on]) / (0.7 * who.ramp_s))
        spm[on] = np.maximum(bout - rise - fall, 135.0)
    return Course(who, spans, spm, length_s)


def session(rng: np.random.Generator, run: Course, dropouts: bool = True) -> Session:
    """The strides that the clip measures; some are lost, and some samples."""
    start, duration, cadence = [], [], []
    noise = run.person.noise * np.sqrt(1 - run.person.real**2)
    for begin, end in run.bouts_s:
        now = begin
        while now < end - 0.4:
            spm = run.spm[min(int(now / STEP_S) + 1, len(run.spm) - 1)] + rng.normal(0, noise)
            if spm < 100:
                break
            start.append(now)
            duration.append(120.0 / spm)
            cadence.append(spm)
            now += 120.0 / spm
    strides = np.zeros(len(start), [("start_s", "f8"), ("duration_s", "f8"), ("cadence_spm", "f8"), ("valid", "?")])
    strides["start_s"], strides["duration_s"], strides["cadence_spm"], strides["valid"] = start, duration, cadence, True
    time_s = np.arange(0, run.length_s, 0.05)
    if dropouts:
        strides = strides[rng.random(len(strides)) > 0.01]
        for at in rng.uniform(0, run.length_s, rng.poisson(run.length_s / 900)):
            long = rng.uniform(2, 20)
            time_s = time_s[(time_s < at) | (time_s > at + long)]
            strides = strides[(strides["start_s"] + strides["duration_s"] < at) | (strides["start_s"] > at + long)]
    return Session(time_s, strides)


@dataclass(frozen=True)
class Watch:
    """How a watch records."""

    every_s: float = 1.0  # 0: smart recording, irregular
    mean_s: float = 4.0
    noise: float = 0.4
    step_spm: float = 2.0
    floors: bool = False
    walking: bool = False  # cadence of walking is recorded, else 0
    pauses: bool = False  # nothing is recorded while standing
    lead_s: tuple[float, float] = field(default=(0.0, 0.0))  # recorded before and after the session


def a_watch(rng: np.random.Generator) -> Watch:
    """A watch drawn at random."""
    return Watch(
        every_s=float(rng.choice([1, 1, 1, 0, 0, 2, 5, 6, 10])),
        mean_s=float(rng.uniform(1, 8)),
        noise=float(rng.uniform(0.1, 0.8)),
        step_spm=float(rng.choice([2, 2, 2, 0.25])),
        floors=bool(rng.random() < 0.3),
        walking=bool(rng.random() < 0.5),
        pauses=bool(rng.random() < 0.1),
        lead_s=(float(rng.uniform(-120, 90)), float(rng.uniform(-120, 90))),
    )


def records(rng: np.random.Generator, run: Course, how: Watch) -> tuple[Floats, Floats]:
    """Times in s since the plan's start, and cadence in steps/min, as a watch records a run."""
    width = max(int(how.mean_s / STEP_S), 1)
    on = (run.spm > 0) * 1.0
    recent = np.ones(width)
    smooth = np.convolve(run.spm, recent)[: len(on)] / np.maximum(np.convolve(on, recent)[: len(on)], 1)
    latest = np.arange(-how.lead_s[0], run.length_s + how.lead_s[1])
    if how.every_s == 0:
        steps = rng.choice([1, 2, 3, 4, 6, 8, 10], len(latest))
        latest = latest[0] + np.concatenate([[0], np.cumsum(steps)])
        latest = latest[latest < run.length_s + how.lead_s[1]]
    elif how.every_s > 1:
        latest = latest[:: int(how.every_s)]
    k = np.clip((latest / STEP_S).astype(int), 0, len(on) - 1)
    moving = (on[k] > 0) & (latest >= 0) & (latest < run.length_s)
    raw = smooth[k] + rng.normal(0, how.noise, len(k))
    rounded = how.step_spm * (np.floor(raw / how.step_spm) if how.floors else np.rint(raw / how.step_spm))
    slow = 2 * np.rint(rng.normal(58, 2, len(k))) if how.walking else np.zeros(len(k))
    spm = np.where(moving, rounded, slow)
    for at in rng.uniform(latest[0], latest[-1], rng.poisson(len(latest) / 600)):
        lost = (latest >= at) & (latest < at + rng.uniform(2, 15))
        spm[lost] = 0.0 if rng.random() < 0.3 else np.nan
    keep = moving | ~np.full(len(k), how.pauses)
    return latest[keep], spm[keep]


def clock_offset(rng: np.random.Generator) -> float:
    """Watch minus computer: mostly seconds, at times minutes."""
    size = rng.choice([4.0, 60.0, 250.0], p=[0.75, 0.2, 0.05])
    return float(np.clip(rng.laplace(0, size), -850, 850))


@dataclass(frozen=True, eq=False)
class Pair:
    """Arguments of `find_offset`, and the true offset."""

    session: Session
    watch_s: Floats
    watch_spm: Floats
    offset_s: float
    kind: str

    unix_zero_s = 1_760_000_000.0


def true_pair(seed: int, kind: str, length_s: float | None = None) -> Pair:
    """One run, recorded by the clip and by a watch."""
    rng = np.random.default_rng([1, seed, KINDS.index(kind)])
    length_s = float(rng.uniform(900, 3000)) if length_s is None else length_s
    run = course(rng, person(rng), plan(rng, kind, length_s), length_s)
    offset_s = clock_offset(rng)
    at, spm = records(rng, run, a_watch(rng))
    return Pair(session(rng, run), np.rint(at + offset_s) + Pair.unix_zero_s, spm, offset_s, kind)


def wrong_pair(seed: int, kind: str, wrong: str) -> Pair:
    """Runs of two people, alike as `wrong` says."""
    rng = np.random.default_rng([2, seed, KINDS.index(kind), WRONG.index(wrong)])
    length_s = float(rng.uniform(900, 3000))
    steady = wrong.startswith("steady")
    one, two = person(rng, steady), person(rng, steady)
    if "level" in wrong or wrong == "ran along":
        two = Person(**{**two.__dict__, "level": one.level + float(rng.normal(0, 1.0))})
    mine = plan(rng, kind, length_s)
    shared = wrong in ("same plan", "same plan and level", "ran along", "steady, same level")
    theirs = mine if shared else plan(rng, kind, length_s)
    near = wrong == "ran along" or rng.random() < 0.2
    offset_s = float(rng.normal(0, 4)) if near else float(rng.uniform(-300, 300))
    first, second = course(rng, one, mine, length_s), course(rng, two, theirs, length_s)
    at, spm = records(rng, second, a_watch(rng))
    return Pair(session(rng, first), np.rint(at + offset_s) + Pair.unix_zero_s, spm, offset_s, f"{kind}: {wrong}")

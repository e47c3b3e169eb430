"""Counts of running strides in a recorded walk or run, beside the strides that were run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import untuck
from bench.lib.gaits import GaitTrial
from untuck.model import Floats

STRIDE_SLACK = 0.2  # a found stride lasts as long as the true one within this share
COVERED = 0.5  # share of a stride's time that found strides must cover
TURNED = {"right": np.eye(3), "inside out": np.diag([-1.0, 1.0, -1.0])}
TURNED["90 deg round"] = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])


@dataclass
class Count:
    """Of one person: running strides found, true strides, those of them that were found, seconds."""

    running: int = 0
    true: int = 0
    found: int = 0
    seconds: float = 0.0


def count_strides(trial: GaitTrial, contacts_only: bool = False) -> Count:
    """Strides of one recording; contacts_only: two steps are a stride, where a sensor cannot show the side."""
    run = untuck.analyse(trial.samples, calibration=trial.calibration)
    spans = np.column_stack([run.strides["start_s"], run.strides["duration_s"]])
    if contacts_only:
        at_s = run.contacts["time_s"]
        spans = np.column_stack([at_s[:-2], at_s[2:] - at_s[:-2]])
    found = count_found(trial.strides, spans)
    return Count(len(run.strides), len(trial.strides), found, float(np.ptp(trial.samples.time_s)))


def count_found(strides: Floats, spans: Floats) -> int:
    """How many of the true strides (n,2), start and duration in s, are covered by the found spans (m,2)."""
    return sum(_is_found(stride, spans) for stride in strides)


def _is_found(stride: Floats, spans: Floats) -> bool:
    start_s, duration_s = stride
    similar = spans[abs(spans[:, 1] / duration_s - 1) < STRIDE_SLACK]
    ends = np.minimum(similar.sum(axis=1), start_s + duration_s)
    shared = np.clip(ends - np.maximum(similar[:, 0], start_s), 0.0, None)
    return bool(shared.max(initial=0.0) + np.sort(shared)[:-1][-1:].sum() >= COVERED * duration_s)

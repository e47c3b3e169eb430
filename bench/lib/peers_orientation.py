"""Orientation by other methods on the same samples, and the rows of accuracy that compare them.

VQF (Laidig and Seel 2023; its C++, default parameters, 6 axes) and RIANN (Weber, Guehmann and Seel, AI 2, 2021; a
recurrent network with its published weights). The chip's own quaternion is simulated in runs; real
BNO085 quaternions come without gyro (the rows of the lever). A peer that is not installed is shown as absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.util import find_spec
from math import nan
from typing import Any

import numpy as np

import untuck
from bench.lib.accuracy_cases import clean_cases, fault_cases
from bench.lib.accuracy_orientation import inclination_rmse_deg
from bench.lib.figures import Figure
from bench.lib.recordings import BROAD_DEV, data_dir
from bench.lib.scoring import RunTruth, rms, stride_means, tilt_errors
from untuck.errors import UntuckError
from untuck.model import Calibration, Floats
from untuck.motion.orientation.filter import OrientationParams, OrientationState, step
from untuck.samples import Samples

Method = Callable[[Floats, Floats, float], Floats]  # gyr (N,3) rad/s, acc (N,3) m/s^2, rate in Hz -> quat (N,4) wxyz
OURS, CHIP = "ours", "the chip's quaternion, simulated"


def ours(gyr_rad_s: Floats, acc_m_s2: Floats, rate_hz: float) -> Floats:
    """(N,4) by Untuck's filter."""
    samples = Samples(np.arange(len(gyr_rad_s)) / rate_hz, gyr_rad_s, acc_m_s2)
    return step(OrientationParams(), OrientationState(), samples)


def vqf(gyr_rad_s: Floats, acc_m_s2: Floats, rate_hz: float) -> Floats:
    """(N,4) by VQF."""
    from vqf import VQF

    gyr, acc = np.ascontiguousarray(gyr_rad_s, float), np.ascontiguousarray(acc_m_s2, float)
    return np.asarray(VQF(1.0 / rate_hz).updateBatch(gyr, acc)["quat6D"])


@lru_cache(maxsize=1)
def _network() -> Any:
    from riann.riann import RIANN

    return RIANN(str(files("riann") / "riann.onnx"))  # its own search for the file fails in Python 3.11


def riann(gyr_rad_s: Floats, acc_m_s2: Floats, rate_hz: float) -> Floats:
    """(N,4) by RIANN."""
    return np.asarray(_network().predict(acc_m_s2, gyr_rad_s, rate_hz), float)


PEERS: dict[str, Method] = {"vqf": vqf, "riann": riann}
NAMES = {"vqf": "VQF", "riann": "RIANN"}


def label(package: str) -> str:
    """Name and version of a peer, or that it is absent."""
    try:
        return f"{NAMES[package]} {version(package)}"
    except PackageNotFoundError:
        return f"{NAMES[package]}, absent: not installed"


def methods() -> dict[str, Method | None]:
    """Ours and each peer by its label; None where it is not installed."""
    found = {label(package): method if find_spec(package) else None for package, method in PEERS.items()}
    return {OURS: ours, **found}


def broad_figures(quick: bool, note: Callable[[str], None]) -> Iterator[Figure]:
    """Mean over the trials of BROAD of the RMSE of inclination in motion, of each method."""
    paths = sorted((data_dir() / "broad").glob("*.npz"))
    paths = paths[:: max(1, len(paths) // 4)] if quick else paths
    section = "Peers: inclination on BROAD, real IMU with optical truth, 6 axes, mean of trial RMSE"
    for name, method in methods().items():
        errors: dict[str, list[float]] = {"dev": [], "judge": [], "all": []}
        for path in paths if method else ():
            note(f"{name} {path.stem}")
            with np.load(path) as file:
                gyr, acc = file["gyr_rad_s"].astype(float), file["acc_m_s2"].astype(float)
                optical, movement, rate_hz = file["opt_quat"].astype(float), file["movement"], float(file["rate_hz"])
            assert method is not None
            error = inclination_rmse_deg(method(gyr, acc, rate_hz), optical, movement)
            errors["dev" if path.stem[:2] in BROAD_DEV else "judge"].append(error)
            errors["all"].append(error)
        yield _figure(section, name, errors, lambda many: float(np.mean(many)))


def stride_figures(quick: bool, seed: int, note: Callable[[str], None]) -> Iterator[Figure]:
    """RMSE of stride tilt and of its change in simulated runs; all methods get our mount, gyro bias and gain."""
    found = {name: {group: [] for group in ("dev", "judge")} for name in (*methods(), CHIP)}
    changes = {name: {group: [] for group in ("dev", "judge")} for name in (*methods(), CHIP)}
    for case in (*clean_cases(quick, seed, "bad"), *fault_cases("tuck", quick, seed, "bad")):
        if case.trials != ("T35",):
            continue
        note(f"peers {case.kind} {case.runner}")
        samples, truth = case.make()
        try:
            run = untuck.analyse(samples)
        except UntuckError:
            continue
        scores = {OURS: tilt_errors(run.strides["start_s"], run.strides["tilt_deg"], truth)}
        scores |= {name: _peer_errors(name, samples, run.calibration, truth) for name in found if name != OURS}
        for name, (error, change) in scores.items():
            found[name][case.group] += error.tolist()
            changes[name][case.group] += change.tolist()
    for what, errors in (("stride tilt", found), ("change of stride tilt since the first 60", changes)):
        for name, by_group in errors.items():
            yield _figure(f"Peers: {what} in runs at 3.5 m/s with a bad clip, RMSE", name, by_group, rms)


def _peer_errors(name: str, samples: Samples, calibration: Calibration, truth: RunTruth) -> tuple[Floats, Floats]:
    """Errors of stride tilt and its change, from a peer or the chip; empty where absent."""
    method = methods().get(name)
    gyr, acc = samples.gyr_rad_s - calibration.gyr_bias_rad_s, samples.acc_m_s2 * calibration.acc_gain
    if name == CHIP:
        quat = samples.quat
    else:
        quat = None if method is None else method(gyr, acc, 1.0 / float(np.median(np.diff(samples.time_s))))
    if quat is None:
        return np.zeros(0), np.zeros(0)
    w, x, y, z = quat.T
    up = np.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=1)
    tilt_deg = -np.degrees(np.arcsin(np.clip(up @ calibration.sensor_to_pelvis[0], -1, 1)))
    start_s = truth.strides["start_s"]
    return tilt_errors(start_s, stride_means(samples.time_s, tilt_deg, start_s, truth.strides["duration_s"]), truth)


def _figure(section: str, name: str, errors: dict[str, list[float]], value: Callable[[Any], float]) -> Figure:
    values = {group: value(np.array(many)) for group, many in errors.items() if many} or {"all": nan}
    return Figure(section, name, "deg", values, {group: len(many) for group, many in errors.items() if many})


def peer_sections(quick: bool, seed: int, note: Callable[[str], None]) -> Iterator[Figure]:
    """All rows of the peers' table."""
    yield from broad_figures(quick, note)
    yield from stride_figures(quick, seed, note)

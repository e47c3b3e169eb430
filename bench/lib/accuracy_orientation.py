"""Rows of the accuracy table: inclination on real sensors with optical or encoder truth (BROAD; a BNO085 on a lever).

Whole trials from the first sample, 6 axes, nothing fitted, next to VQF with its default parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

import untuck
from bench.lib.accuracy_runs import HAS_VQF
from bench.lib.figures import Figure
from bench.lib.quaternions import multiply
from bench.lib.recordings import data_dir
from untuck.model import Floats

BROAD = "Inclination, real IMU with optical truth (BROAD), 6 axes"
LEVER = "BNO085 on a lever with encoder"
BROAD_RATIO = 0.85  # of VQF's mean RMSE
QUICK_TRIALS = 4


def inclination_rmse_deg(quat: Floats, optical: Floats, movement: NDArray[np.bool_]) -> float:
    """RMSE of inclination while moving, as BROAD defines it: q_e = q * inv(q_opt), 2 acos(sqrt(w^2 + z^2))."""
    inverse = optical * np.array([1.0, -1.0, -1.0, -1.0])
    error = multiply(quat, inverse)
    cosine = np.sqrt(np.clip(error[:, 0] ** 2 + error[:, 3] ** 2, 0, 1))
    angle_deg = np.degrees(2 * np.arccos(cosine))
    return float(np.sqrt(np.nanmean(angle_deg[movement] ** 2)))


def broad_figures(quick: bool, note: Callable[[str], None]) -> Iterator[Figure]:
    """Mean over the trials of BROAD, and its ratio to VQF's."""
    files = sorted((data_dir() / "broad").glob("*.npz"))
    ours, theirs = [], []
    for path in files[:: max(1, len(files) // QUICK_TRIALS)] if quick else files:
        note(f"BROAD {path.stem}")
        with np.load(path) as file:
            gyr, acc = np.ascontiguousarray(file["gyr_rad_s"]), np.ascontiguousarray(file["acc_m_s2"])
            optical, movement, rate_hz = file["opt_quat"].astype(float), file["movement"], float(file["rate_hz"])
        ours.append(inclination_rmse_deg(untuck.estimate_orientation(gyr, acc, rate_hz), optical, movement))
        if HAS_VQF:
            from vqf import VQF

            quat = VQF(1 / rate_hz).updateBatch(gyr, acc)["quat6D"]
            theirs.append(inclination_rmse_deg(quat, optical, movement))
    count = {"all": len(ours)}
    peers: dict[str, float | str] = {"VQF": float(np.mean(theirs))} if theirs else {}
    yield Figure(BROAD, "mean of trial RMSE", "deg", {"all": float(np.mean(ours))}, count, None, peers)
    if theirs:
        ratio = float(np.mean(ours) / np.mean(theirs))
        yield Figure(BROAD, "ours / VQF", "", {"all": ratio}, count, ("<=", BROAD_RATIO))


def lever_figures() -> Iterator[Figure]:
    """Errors of the chip's quaternions in swings of up to 500 deg/s; without raw gyro, our filter has no row."""
    errors: dict[str, list[float]] = {}
    with np.load(data_dir() / "bno085" / "bno085_vs_as5600.npz") as file:
        for key in file.files:
            if "rapid_moves" in key and key.endswith("/data"):
                columns, data = list(file[key.replace("/data", "/cols")]), file[key]
                error = data[:, columns.index("IMU")] - data[:, columns.index("ENC")]
                errors.setdefault(key.split("__")[0].replace("_", " "), []).append(float(np.std(error)))
    for name, values in errors.items():
        yield Figure(
            LEVER, f"chip's {name}, SD in swings", "deg", {"all": float(np.mean(values))}, {"all": len(values)}
        )


def orientation_sections(quick: bool, seed: int, note: Callable[[str], None]) -> Iterator[Figure]:
    """All figures of inclination with measured truth; the seed is not used."""
    yield from broad_figures(quick, note)
    yield from lever_figures()

"""`python -m bench orientation`: inclination beside VQF (its C++, default parameters, 6 axes) in one run.

Real sensors (BROAD) and the virtual clip on recorded runners: from the first stride, from standing, in bends, with
gaps, clipped force, and steps of the gyro's bias. Constants were fitted on the dev trials and runners; those of judge
are held out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
from vqf import VQF

from bench.lib.accuracy_orientation import inclination_rmse_deg
from bench.lib.bias_steps import BACK_DEG, KINDS, REPORTED_S, STEPS_DEG_S, StepScore, reported, scores
from bench.lib.figures import Figure, table
from bench.lib.orientation_runs import (
    SENSOR,
    ZEROED,
    Run,
    rms_deg,
    road,
    stride_mean,
    tilt_error_deg,
    treadmill,
    with_gaps,
    with_stuck_force,
)
from bench.lib.quaternions import multiply
from bench.lib.recordings import BROAD_DEV, DEV, JUDGE, RUNNERS, TRIALS, data_dir, has_data, load_recording
from untuck.model import Floats
from untuck.motion.orientation.filter import OrientationParams, OrientationState, step
from untuck.samples import Samples

Filter = Callable[[Run], Floats]

BROAD_LEAD_S = 0.0042  # delay of BROAD's gyros relative to the optical system, from the dev trials
SETTLE_S = 10.0
BACK_S = 20.0  # within which the error of a bias step shall end


def ours(run: Run, chip: bool = False, speed: bool = False, params: OrientationParams | None = None) -> Floats:
    """(N,4) by Untuck's filter, with or without the chip's quaternion and known speed."""
    s = run.samples
    samples = s if chip else Samples(s.time_s, s.gyr_rad_s, s.acc_m_s2)
    return step(params or OrientationParams(), OrientationState(), samples, run.speed_m_s if speed else None)


def vqf(run: Run) -> Floats:
    """(N,4) by VQF with its default parameters; it has no notion of gaps."""
    s = run.samples
    period_s = float(np.median(np.diff(s.time_s)))
    return np.asarray(VQF(period_s).updateBatch(s.gyr_rad_s, s.acc_m_s2)["quat6D"])


def _ahead(quat: Floats, gyr_rad_s: Floats, lead_s: float) -> Floats:
    """Orientation predicted by lead_s, as Untuck's filter does."""
    half = 0.5 * lead_s * gyr_rad_s
    turn = np.hstack([np.ones((len(half), 1)), half])
    return multiply(quat, turn / np.linalg.norm(turn, axis=1, keepdims=True))


def _broad(path: str) -> tuple[Run, Floats, np.ndarray]:
    with np.load(path) as file:
        gyr, acc = file["gyr_rad_s"].astype(float), file["acc_m_s2"].astype(float)
        optical, movement, rate_hz = file["opt_quat"].astype(float), file["movement"].astype(bool), file["rate_hz"]
    time_s = np.arange(len(gyr)) / float(rate_hz)
    return Run(Samples(time_s, gyr, acc), optical, np.full(len(gyr), np.nan)), optical, movement


def broad_rows() -> list[dict[str, float | str]]:
    """One row per trial: RMSE of inclination in degrees during motion; nothing is fitted to a trial.

    `half_sample` predicts by half a sample, as VQF does implicitly; `calibrated` and `vqf_calibrated` predict by the
    delay of BROAD's gyros, a fixed sensor calibration.
    """
    rows: list[dict[str, float | str]] = []
    for path in sorted((data_dir() / "broad").glob("*.npz")):
        run, optical, movement = _broad(str(path))
        period_s = float(np.median(np.diff(run.samples.time_s)))
        plain = ours(run, params=replace(OrientationParams(), lead_s=0.0))
        theirs = vqf(run)
        gyr = run.samples.gyr_rad_s
        quats = {
            "ours": ours(run),
            "vqf": theirs,
            "half_sample": _ahead(plain, gyr, period_s / 2),
            "calibrated": _ahead(plain, gyr, BROAD_LEAD_S),
            "vqf_calibrated": _ahead(theirs, gyr, BROAD_LEAD_S - period_s / 2),
        }
        errors = {name: inclination_rmse_deg(quat, optical, movement) for name, quat in quats.items()}
        rows.append({"trial": path.stem, "group": "dev" if path.stem[:2] in BROAD_DEV else "judge", **errors})
    return rows


def broad_figures() -> Iterator[Figure]:
    """Means over the trials of BROAD and their ratio to VQF's, then each trial."""
    rows = broad_rows()
    groups = {name: [row for row in rows if name in ("all", row["group"])] for name in ("dev", "judge", "all")}
    counts = {name: len(members) for name, members in groups.items()}

    def mean(column: str) -> dict[str, float]:
        return {name: float(np.mean([float(row[column]) for row in rows])) for name, rows in groups.items()}

    section = "BROAD, real sensors with optical truth, RMSE of inclination in motion"
    theirs, calibrated = mean("vqf"), mean("vqf_calibrated")
    for label, column, peer, goal in (
        ("mean over trials", "ours", theirs, 0.85),
        ("predicted by half a sample, as VQF does", "half_sample", theirs, None),
        ("calibrated: gyros 4.2 ms late", "calibrated", calibrated, None),
    ):
        values = mean(column)
        yield Figure(section, label, "deg", values, counts, None, {"VQF judge": peer["judge"], "VQF all": peer["all"]})
        ratios = {name: value / peer[name] for name, value in values.items()}
        yield Figure(section, f"{label}, of VQF", "", ratios, counts, ("<=", goal) if goal else None)
    for row in rows:
        peers = {name: row[name] for name in ("vqf", "calibrated", "vqf_calibrated")}
        yield Figure(section, str(row["trial"]), "deg", {str(row["group"]): float(row["ours"])}, {}, None, peers)


def _error(run: Run, quat: Floats, seconds: tuple[float, float]) -> Floats:
    inside = (run.samples.time_s >= seconds[0]) & (run.samples.time_s < seconds[1])
    return tilt_error_deg(quat[inside], run.quat[inside])


def _scores(run: Run, quat: Floats, seconds: tuple[float, float]) -> tuple[float, float, float]:
    """RMS error of each sample, of the stride mean, and of the stride mean less its mean (a change of tilt)."""
    error = _error(run, quat, seconds)
    means = stride_mean(error, 1 / float(np.median(np.diff(run.samples.time_s))))
    return rms_deg(error), rms_deg(means), rms_deg(means - means.mean(axis=0))


SCORES = ("inclination", "stride mean", "change of stride mean")


def _figures(
    section: str, runs: Iterable[tuple[str, Run]], filters: dict[str, Filter], seconds: tuple[float, float]
) -> Iterator[Figure]:
    """One figure per score and filter, with VQF as peer; means over the runners of a group."""
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for runner, run in runs:
        group = "dev" if runner in DEV else "judge"
        for name, estimate in (*filters.items(), ("VQF", vqf)):
            found.setdefault((name, group), []).append(_scores(run, estimate(run), seconds))
    groups = [group for group in ("dev", "judge") if ("VQF", group) in found]
    for k, score in enumerate(SCORES):
        for name in filters:
            values = {group: float(np.mean([s[k] for s in found[name, group]])) for group in groups}
            peers = {f"VQF {group}": float(np.mean([s[k] for s in found["VQF", group]])) for group in groups}
            goal = ("<=", peers.get("VQF judge", np.inf)) if "VQF judge" in peers else None
            counts = {group: len(found[name, group]) for group in groups}
            yield Figure(section, f"{score}, {name}", "deg", values, counts, goal, dict(peers))


def running_figures(runners: tuple[str, ...], length_s: float, seed: int) -> Iterator[Figure]:
    """On the treadmill from the first stride on, at two rates; then with offsets removed as by standing still."""
    for rate_hz, noise, what in (
        (100.0, SENSOR, "bias 0.5 deg/s, scale 0.5 %, 20 mg"),
        (200.0, SENSOR, "bias 0.5 deg/s, scale 0.5 %, 20 mg"),
        (100.0, ZEROED, "bias 0.5 deg/s, scale 0.5 %, acceleration zeroed"),
        (100.0, replace(ZEROED, impact_g=8.0), "the same, impacts of 8 g, force clipped at 8 g"),
    ):
        runs = (
            (runner, treadmill(load_recording(runner, trial), length_s, rate_hz, noise, seed + number))
            for number, runner in enumerate(runners)
            for trial in TRIALS
        )
        section = f"Running, {rate_hz:.0f} Hz, {what}, from {SETTLE_S:.0f} s on"
        yield from _figures(section, runs, {"ours": ours}, (SETTLE_S, np.inf))


def road_figures(runners: tuple[str, ...], seed: int) -> Iterator[Figure]:
    """Starting from standing, stopping, and the bends of a track, with and without known speed."""
    starts = [(r, _on_road(r, 70.0, seed + n, False)) for n, r in enumerate(runners)]
    filters: dict[str, Filter] = {"ours": ours, "speed known": lambda run: ours(run, speed=True)}
    yield from _figures("From standing: the first 12 s of running", starts, filters, (8.0, 20.0))
    yield from _figures("From standing: the second half minute", starts, filters, (25.0, 48.0))
    yield from _figures("Stopping for 10 s and starting again", starts, filters, (48.0, 70.0))
    bends = [(r, _on_road(r, 200.0, seed + n, True)) for n, r in enumerate(runners)]
    yield from _figures("On a 400 m track", bends, filters, (20.0, 200.0))


def _on_road(runner: str, length_s: float, seed: int, track: bool) -> Run:
    stop_s = np.inf if track else 50.0
    return road(load_recording(runner, "T35"), length_s, 100.0, ZEROED, seed, stop_s, track)


def broken_figures(runners: tuple[str, ...], seed: int) -> Iterator[Figure]:
    """Samples missing ten times a minute, with and without the chip's quaternion; force stuck at 8 g."""
    whole = [(r, treadmill(load_recording(r, "T35"), 100.0, 100.0, ZEROED, seed + n)) for n, r in enumerate(runners)]
    filters: dict[str, Filter] = {"ours": ours, "with the chip": lambda run: ours(run, chip=True)}
    for shortest_s, longest_s in ((0.02, 0.1), (0.1, 0.3)):
        runs = [(r, with_gaps(run, 10.0, shortest_s, longest_s, seed)) for r, run in whole]
        section = f"Gaps of {1000 * shortest_s:.0f} to {1000 * longest_s:.0f} ms, ten a minute (VQF ignores them)"
        yield from _figures(section, runs, filters, (SETTLE_S, np.inf))
    stuck = [(r, with_stuck_force(run, 0.2)) for r, run in whole]
    yield from _figures("Force stuck at 8 g for 0.2 s, three times", stuck, {"ours": ours}, (SETTLE_S, np.inf))


def bias_step_figures(runners: tuple[str, ...], seed: int) -> Iterator[Figure]:
    """Steps of the gyro's bias at random times about random axes: worst and median error, and how many recover."""
    judged = tuple(path.stem[:2] for path in (data_dir() / "broad").glob("*.npz") if path.stem[:2] not in BROAD_DEV)
    groups = {
        "dev": (tuple(r for r in runners if r in DEV), BROAD_DEV),
        "judge": (tuple(r for r in runners if r in JUDGE), judged),
    }
    for kind in KINDS:
        kept = {"all": groups["dev"]} if kind == "walking" else groups  # constants were tried on these walks
        for size in STEPS_DEG_S:
            found = scores({"ours": ours, "VQF": vqf}, kind, size, kept, seed)
            section = f"Gyro bias steps by {size} deg/s, {kind}"
            yield from _step_figures(section, found, list(kept))
            if kind in ("running", "standing"):
                yield from _report_figures(section, kind, size, groups, seed)


def _share_back(many: list[StepScore]) -> float:
    return 100 * float(np.mean([score.back_s <= BACK_S for score in many]))


def _step_figures(section: str, found: dict[tuple[str, str], list[StepScore]], groups: list[str]) -> Iterator[Figure]:
    counts = {group: len(found["ours", group]) for group in groups}
    for label, unit, value in (
        ("worst error", "deg", lambda many: max(s.worst_deg for s in many)),
        ("median of worst errors", "deg", lambda many: float(np.median([s.worst_deg for s in many]))),
        (
            f"below {BACK_DEG:.0f} deg in {BACK_S:.0f} s",
            "%",
            lambda many: 100 * np.mean([s.back_s <= BACK_S for s in many]),
        ),
        ("median time until then", "s", lambda many: float(np.median([min(s.back_s, 99.0) for s in many]))),
    ):
        values = {group: float(value(found["ours", group])) for group in groups}
        theirs = {group: float(value(found["VQF", group])) for group in groups}
        goal = (">=", 100.0) if unit == "%" else ("<=", theirs[groups[-1]]) if unit == "deg" else None
        yield Figure(section, label, unit, values, counts, goal, {f"VQF {g}": v for g, v in theirs.items()})


def _report_figures(
    section: str, kind: str, size: float, groups: dict[str, tuple[tuple[str, ...], tuple[str, ...]]], seed: int
) -> Iterator[Figure]:
    """How many steps the pipeline reports, and how many reports no step explains."""
    many = {group: reported(kind, who, size, seed) for group, (who, _) in groups.items() if who}
    counts = {group: count for group, (_, count, _) in many.items()}
    told = {group: 100.0 * found / count for group, (found, count, _) in many.items()}
    yield Figure(section, f"reported within {REPORTED_S:.0f} s", "%", told, counts, (">=", 95.0))
    false = {group: float(false) for group, (_, _, false) in many.items()}
    yield Figure(section, "reports that no step explains", "", false, {}, ("<=", 0.0))


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object; 1 where the recordings are absent."""
    parser = argparse.ArgumentParser(prog="python -m bench orientation", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--quick", action="store_true", help="4 runners instead of 13, one minute instead of two")
    parser.add_argument(
        "--only", choices=("broad", "running", "road", "broken", "steps"), help="only a part of the table"
    )
    parser.add_argument("--seed", type=int, default=0, help="of runs and sensor errors (default 0)")
    options = parser.parse_args(arguments)
    if not has_data():
        print(f"No recordings in {data_dir()}: set UNTUCK_DATA to the folder that holds them.", file=sys.stderr)
        return 1
    runners = (*DEV[:2], *JUDGE[:2]) if options.quick else RUNNERS
    parts: dict[str, Callable[[], Iterator[Figure]]] = {
        "broad": broad_figures,
        "running": lambda: running_figures(runners, 60.0 if options.quick else 120.0, options.seed),
        "road": lambda: road_figures(runners, options.seed),
        "broken": lambda: broken_figures(runners, options.seed),
        "steps": lambda: bias_step_figures(runners, options.seed),
    }
    figures = [f for name, part in parts.items() if options.only in (None, name) for f in part()]
    if options.json:
        print(json.dumps({"seed": options.seed, "figures": [figure.to_json() for figure in figures]}))
    else:
        print(table(figures))
    return 0

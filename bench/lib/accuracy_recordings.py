"""Rows of the accuracy table from unmodified recordings, with their goals: contacts, real slopes, real walking.

A virtual clip measures the treadmill recordings, after standing and hinges; the accelerometer of Alcantara and the IMU
of IPOL are real.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

import untuck
from bench.lib.accuracy_cases import runners
from bench.lib.alcantara import alcantara_samples
from bench.lib.contact_steps import all_step_sets
from bench.lib.figures import Figure
from bench.lib.fit_contacts import left_out_errors, person_biases_ms
from bench.lib.force_errors import force_errors
from bench.lib.peers_contacts import auvinet_contacts
from bench.lib.recordings import DEV, TRIALS, data_dir, load_recording
from bench.lib.scoring import ContactErrors, rms, score_contacts, true_strides
from bench.lib.semisynthetic import make_recorded, make_run
from bench.lib.standing import PREFIX_S
from untuck.model import NOMINAL_MOUNT, RIGHT, Calibration, Floats
from untuck.run_results import Run
from untuck.samples import Samples

CONTACTS = "Contacts against force plates, 30 s recordings, good clip; their timing is fitted on these runners"
LEFT_OUT = "Contacts, four people left out at a time (real accelerometer: one trial)"
SLOPES = "Contacts, real sacral accelerometer (Alcantara)"
FORCES = "Forces of single steps against force plates, 30 s recordings"
WALKING = "Walking, real IMU (IPOL)"
SETTLE_S = 4.0  # of running before contacts are scored, while filters and side votes start
TAIL_S = 1.5  # left out, because the last step is not decided yet
USABLE_MIN = 0.95  # share of usable frames; recordings with less are left out
GROUPS = ("dev", "judge")
IPOL_TO_PELVIS = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])  # x points up; the heading is unknown


def strides_between(run: Run, from_s: float, to_s: float) -> int:
    """Strides of the run that start and end between the two instants, valid or not."""
    start_s = run.strides["start_s"]
    return int(((start_s >= from_s) & (start_s + run.strides["duration_s"] <= to_s)).sum())


def _recorded(
    quick: bool, seed: int, note: Callable[[str], None]
) -> tuple[dict[str, ContactErrors], ContactErrors, dict[str, float]]:
    """Errors by group, those of a published detector on the same runs, and strides miscounted by group."""
    errors, peer = {group: ContactErrors() for group in GROUPS}, ContactErrors()
    miscounted = dict.fromkeys(GROUPS, 0.0)
    for runner in runners(quick):
        for trial in ("T35",) if quick else TRIALS:
            if load_recording(runner, trial).usable.mean() < USABLE_MIN:
                continue
            note(f"contacts {runner} {trial}")
            samples, truth = make_recorded(runner, trial, "good", seed)
            run = untuck.analyse(samples)
            group = "dev" if runner in DEV else "judge"
            from_s, to_s = PREFIX_S + SETTLE_S, float(truth.time_s[-1]) - TAIL_S
            errors[group].add(score_contacts(run.contacts, truth.contacts, from_s, to_s))
            peer.add(score_contacts(auvinet_contacts(samples, run), truth.contacts, from_s, to_s, sides=False))
            edge_s = 0.05  # so that a stride that starts at the edge is in both counts or in neither
            right = truth.contacts["time_s"][truth.contacts["side"] == RIGHT]
            first_s, last_s = right[right >= from_s][0] - edge_s, right[right <= to_s][-1] + edge_s
            found = strides_between(run, first_s, last_s)
            miscounted[group] += abs(found - true_strides(truth.contacts, first_s, last_s))
    return errors, peer, miscounted


def _error_figures(
    section: str, errors: dict[str, ContactErrors], peer: ContactErrors | None = None
) -> Iterator[Figure]:
    counts = {group: len(e.contact_ms) for group, e in errors.items()}

    def figure(
        name: str,
        unit: str,
        value: Callable[[ContactErrors], float],
        goal: tuple[str, float] | None = None,
        **peers: float | str,
    ) -> Figure:
        if peer is not None:
            peers["Auvinet 2002"] = value(peer)
        return Figure(section, name, unit, {g: value(e) for g, e in errors.items()}, counts, goal, dict(peers))

    nan = float("nan")
    yield figure("contact, mean error", "ms", lambda e: float(np.mean(e.contact_ms)) if e.contact_ms else nan)
    yield figure(
        "contact, SD of error",
        "ms",
        lambda e: float(np.std(e.contact_ms)) if e.contact_ms else nan,
        ("<=", 12.0),
        published="30 +/-60, 29 +/-57",
    )
    yield figure("contact duration RMSE", "ms", lambda e: rms(e.duration_ms), ("<=", 15.0), published="20")
    yield figure("contacts missed or extra", "%", lambda e: 100 * (e.missed + e.extra) / max(e.true, 1))


def contact_figures(quick: bool, seed: int, note: Callable[[str], None]) -> Iterator[Figure]:
    """Errors of contacts, sides and stride counts of the recorded runners."""
    errors, peer, miscounted = _recorded(quick, seed, note)
    yield from _error_figures(CONTACTS, errors, peer)
    sided = {g: 100 * e.right_side / e.sided if e.sided else float("nan") for g, e in errors.items()}
    yield Figure(
        CONTACTS, "side right", "%", sided, {g: e.sided for g, e in errors.items()}, (">=", 99.9), {"published": 81.9}
    )
    yield Figure(CONTACTS, "strides miscounted", "", miscounted, {}, ("<=", 0.0))


def slope_figures(note: Callable[[str], None]) -> Iterator[Figure]:
    """Errors of contacts of one man on the flat and on slopes of up to +/-10 deg, real accelerometer."""
    with np.load(data_dir() / "alcantara" / "alcantara.npz") as file:
        slopes = file["slope_deg"]
    calibration = Calibration(NOMINAL_MOUNT, np.zeros(3), 1.0, source="nominal")
    flat, steep = ContactErrors(), ContactErrors()
    for row, slope_deg in enumerate(slopes):
        note(f"Alcantara trial {row}")
        samples, contacts, start_s = alcantara_samples(row)
        run = untuck.analyse(samples, calibration=calibration)
        errors = score_contacts(run.contacts, contacts, start_s + 1.0, float(samples.time_s[-1]) - 0.6, sides=False)
        (flat if slope_deg == 0 else steep).add(errors)
    for name, errors in (("flat", flat), ("slopes", steep)):
        yield from _error_figures(f"{SLOPES}, {name}", {"all": errors})


def ipol_trials() -> Iterator[tuple[str, Samples]]:
    """Name and samples of every walk of the IPOL set, in its own sensor axes."""
    with np.load(data_dir() / "ipol_walk" / "ipol_lowback_walk.npz") as file:
        rate_hz = float(file["fs"])
        for key in file.files:
            if key.endswith("/acc"):
                name = key.removesuffix("/acc")
                acc, gyr = file[key].astype(float), file[f"{name}/gyr"].astype(float)
                yield name, Samples(np.arange(len(acc)) / rate_hz, gyr, acc)


def walking_figures(seed: int, note: Callable[[str], None]) -> Iterator[Figure]:
    """Running strides and findings in real walking, compared with a runner's baseline: there must be none."""
    note("baseline for walking")
    baseline = untuck.analyse(make_run(DEV[0], "T25", 3.0, seed=seed)[0]).baseline
    calibration = Calibration(IPOL_TO_PELVIS, np.zeros(3), 1.0, source="nominal")
    strides = findings = trials = 0
    hours = 0.0
    for name, samples in ipol_trials():
        note(f"walking {name}")
        run = untuck.analyse(samples, calibration=calibration, baseline=baseline)
        strides, findings, trials = strides + len(run.strides), findings + len(run.findings), trials + 1
        hours += float(np.ptp(samples.time_s)) / 3600
    counts = {"all": trials}
    yield Figure(WALKING, "running strides", "", {"all": float(strides)}, counts, ("<=", 0.0))
    yield Figure(WALKING, "findings", "", {"all": float(findings)}, counts, ("<=", 0.0))
    yield Figure(WALKING, "hours", "h", {"all": hours})


def left_out_figures(seed: int, note: Callable[[str], None]) -> Iterator[Figure]:
    """Errors of contact timing on people, and real trials, that its constants were not fitted on."""
    note("contacts, people left out")
    for wearing, people in left_out_errors(all_step_sets(seed), 4, seed=seed).items():
        contact_ms, toe_off_ms = 1e3 * np.concatenate([e for each in people.values() for e in each]).T
        bias_ms, counts = person_biases_ms(people), {"all": len(contact_ms)}
        rows: list[tuple[str, float, tuple[str, float] | None]] = [
            ("contact, SD of error", float(np.std(contact_ms)), ("<=", 12.0)),
            ("contact duration RMSE", rms(toe_off_ms - contact_ms), ("<=", 15.0)),
            ("contact duration, mean of people's mean errors", float(bias_ms.mean()), None),
        ]
        if len(bias_ms) > 1:
            rows.append(("contact duration, SD of people's mean errors", float(bias_ms.std(ddof=1)), None))
            rows.append(("contact duration, largest mean error of a person", float(np.abs(bias_ms).max()), None))
        for name, value, goal in rows:
            yield Figure(LEFT_OUT, f"{wearing}: {name}", "ms", {"all": value}, counts, goal)


def force_figures(quick: bool, seed: int, note: Callable[[str], None]) -> Iterator[Figure]:
    """Errors of peak force and vertical stiffness of single steps against the treadmill's force plate."""
    for wearing in ("good", "bad"):
        errors: dict[str, list[Floats]] = {group: [] for group in GROUPS}
        for runner in runners(quick):
            for trial in ("T35",) if quick else TRIALS:
                if load_recording(runner, trial).usable.mean() >= USABLE_MIN:
                    note(f"forces {runner} {trial} {wearing}")
                    found = force_errors(runner, trial, wearing, seed)
                    errors["dev" if runner in DEV else "judge"].append(found)
        each = {group: np.concatenate(parts) for group, parts in errors.items() if parts}
        counts = {group: len(e) for group, e in each.items()}
        peak, stiffness = ({g: rms(e[:, k]) for g, e in each.items()} for k in (0, 1))
        peers: dict[str, float | str] = {"published": 0.15}
        yield Figure(FORCES, f"{wearing} clip: peak force RMSE", "body weights", peak, counts, None, peers)
        percent = {group: 100 * value for group, value in stiffness.items()}
        yield Figure(FORCES, f"{wearing} clip: vertical stiffness RMSE", "%", percent, counts)


def recording_sections(quick: bool, seed: int, note: Callable[[str], None]) -> Iterator[Figure]:
    """All figures from unmodified recordings."""
    yield from contact_figures(quick, seed, note)
    yield from force_figures(quick, seed, note)
    if not quick:
        yield from left_out_figures(seed, note)
    yield from slope_figures(note)
    yield from walking_figures(seed, note)

"""`python -m bench worn`: the motion of a worn clip against the pelvis, its model, and what it costs.

Three parts: the model against five recorded people; their own motion, joined to runs, analysed and scored against
markers; and the same semi-synthetic runs with the bad and the worn clip. Skin moves under the pelvis's markers too: the
recorded difference holds both.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

import untuck
from bench.lib.recordings import DEV, TRIALS, data_dir, has_data
from bench.lib.worn_causes import between_trials, driven_by_acceleration
from bench.lib.worn_data import AXES, PACES, WornTrial, has_worn, running_trials, worn_trials
from bench.lib.worn_fit import BANDS, MEASURED, Description, describe_drawn, describe_trials, fit_sizes
from bench.lib.worn_joined import JoinedScore, join_run, score_joined
from bench.lib.worn_runs import compare, rows

DRAWN = 100
RUN_S, WALK_S = 75.0, 40.0
Row = tuple[str, ...]
People = dict[str, list[WornTrial]]


def _values(people: list[Description], pick: Callable[[Description], float]) -> np.ndarray:
    return np.array([pick(person) for person in people])


def model_rows(people: People, drawn: int, seed: int) -> Iterator[Row]:
    """By axis and quantity: recorded mean and people, and the model's mean and middle 90 %; deg."""
    recorded = [describe_trials(trials) for trials in people.values()]
    trials = list(people.values())
    model = [describe_drawn(trials[k % len(trials)], MEASURED, seed + k) for k in range(drawn)]
    yield ("axis", "deg", "recorded", "people", "model", "5-95 %")
    quantities: list[tuple[str, Callable[[Description, int], float]]] = [
        ("SD", lambda d, a: float(d.sd[a])),
        ("range", lambda d, a: float(d.range[a])),
        ("SD, repeating", lambda d, a: float(d.repeating[a])),
        ("SD, varying", lambda d, a: float(d.varying[a])),
    ]
    for k, (low, high) in enumerate(BANDS):
        quantities.append((f"RMS, harmonics {low:g}-{high:g}", lambda d, a, k=k: float(d.bands[a, k])))  # type: ignore[misc]
    for axis, name in enumerate(AXES):
        for what, value in quantities:
            real, made = (_values(group, lambda d: value(d, axis)) for group in (recorded, model))  # noqa: B023
            low, high = np.percentile(made, [5, 95])
            people_text = " ".join(f"{v:.2f}" for v in real)
            yield name, what, f"{real.mean():.2f}", people_text, f"{made.mean():.2f}", f"{low:.2f}-{high:.2f}"


def held_out_rows(people: People, drawn: int, seed: int) -> Iterator[Row]:
    """Each person beside a model fitted to the others: percentile of SD and of its varying part, by axis."""
    yield ("left out", *(f"{axis} {what}" for axis in AXES for what in ("SD", "varying")))
    for k, (person, trials) in enumerate(people.items()):
        sizes = fit_sizes({name: other for name, other in people.items() if name != person})
        model = [describe_drawn(trials, sizes, seed + 1000 * (k + 1) + i) for i in range(drawn)]
        real = describe_trials(trials)
        cells = []
        for axis in range(3):
            for pick in ("sd", "varying"):
                share = np.mean([getattr(m, pick)[axis] < getattr(real, pick)[axis] for m in model])
                cells.append(f"{100 * share:.0f} %")
        yield (person, *cells)


def cause_rows(people: People) -> Iterator[Row]:
    """By axis: how far acceleration explains changes in a person left out, and how white variation is in walking."""
    yield ("", *AXES)
    for person, share in driven_by_acceleration(people).items():
        yield (f"R^2 of acceleration, {person} left out", *(f"{r:.2f}" for r in share))
    real, predicted = between_trials(trial for trial in worn_trials() if trial.pace != "Running")
    yield ("walking, SD between trials of a person", *(f"{v:.2f}" for v in real))
    yield ("walking, the same from its strides", *(f"{v:.2f}" for v in predicted))


def joined_scores(people: People, seeds: int, note: Callable[[str], None]) -> dict[tuple[str, bool], list[JoinedScore]]:
    """Scores by person and whether the sensor moves against the pelvis."""
    scores: dict[tuple[str, bool], list[JoinedScore]] = {}
    for person, trials in people.items():
        for worn in (False, True):
            for seed in range(seeds):
                note(f"joined {person} {'worn' if worn else 'rigid'} {seed}")
                joined = join_run(trials, RUN_S, worn, seed)
                scores.setdefault((person, worn), []).append(score_joined(joined, untuck.analyse(joined.samples)))
    return scores


def joined_rows(scores: dict[tuple[str, bool], list[JoinedScore]]) -> Iterator[Row]:
    """By person, with the sensor fixed to the pelvis and as recorded: errors against markers, means over seeds."""
    yield (
        "person", "sensor", "strides", "valid", "tilt", "its change", "obliquity range", "rotation range",
        "mid-contact ms", "SD ms", "missed", "extra", "side right", "findings",
    )  # fmt: skip
    for (person, worn), many in scores.items():

        def total(name: str, many: list[JoinedScore] = many) -> int:
            return int(sum(getattr(score, name) for score in many))

        def mean(name: str, shown: str, many: list[JoinedScore] = many) -> str:
            return format(float(np.mean([getattr(score, name) for score in many])), shown)

        yield (
            person,
            "worn" if worn else "rigid",
            str(total("strides")),
            str(total("valid")),
            mean("tilt_rmse_deg", ".2f"),
            mean("tilt_change_rmse_deg", ".2f"),
            mean("obliquity_range_deg", "+.1f"),
            mean("rotation_range_deg", "+.1f"),
            mean("middle_mean_ms", "+.1f"),
            mean("middle_sd_ms", ".1f"),
            str(total("missed")),
            str(total("extra")),
            f"{total('right_side')}/{total('contacts') - total('missed')}",
            str(total("findings")),
        )


def walking_rows(seed: int, note: Callable[[str], None]) -> Iterator[Row]:
    """Strides taken for running in walking: there must be none."""
    yield ("pace", *sorted({trial.person for trial in worn_trials()}), "sum")
    for pace in [pace for pace in PACES if pace != "Running"]:
        counts = []
        for person in sorted({trial.person for trial in worn_trials()}):
            note(f"joined {person} {pace}")
            trials = [trial for trial in worn_trials() if (trial.person, trial.pace) == (person, pace)]
            counts.append(len(untuck.analyse(join_run(trials, WALK_S, True, seed).samples).strides))
        yield (pace, *map(str, counts), str(sum(counts)))


def _note(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _text(table: list[Row]) -> str:
    widths = [max(len(row[k]) for row in table) for k in range(len(table[0]))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in table)


def tables(parts: list[str], quick: bool, seed: int, speeds: Sequence[str]) -> Iterator[tuple[str, list[Row]]]:
    """Title and rows of each table of the requested parts."""
    people = running_trials()
    if "model" in parts:
        drawn = 40 if quick else DRAWN
        yield (
            "Clip against pelvis in running, five people, all of the measured difference",
            list(model_rows(people, drawn, seed)),
        )
        yield "Each person's percentile in a model fitted to the other four", list(held_out_rows(people, drawn, seed))
        yield "Causes of the motion, harmonics in deg", list(cause_rows(people))
    if "joined" in parts:
        scores = joined_scores(people, 1 if quick else 3, _note)
        yield "Recorded people, trials joined, errors against markers in deg", list(joined_rows(scores))
        yield f"Running strides in {WALK_S:g} s of walking", list(walking_rows(seed, _note))
    if "runs" in parts:
        runners, minutes = (DEV[:2], 6.0) if quick else (DEV, 10.0)
        found = compare(runners, speeds, minutes, seed, _note)
        title = f"Same runs, bad and worn clip: {' '.join(runners)}; {' '.join(speeds)}; {minutes:g} min each"
        yield title, [("figure", "bad", "worn"), *rows(found["bad"], found["worn"])]


def main(arguments: list[str]) -> int:
    """Print the tables, or one JSON object; 1 where the recordings are absent."""
    parser = argparse.ArgumentParser(prog="python -m bench worn", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--quick", action="store_true", help="fewer drawn people, runs and seeds")
    parser.add_argument("--seed", type=int, default=0, help="of drawn people, runs and sensor errors (default 0)")
    parser.add_argument("--only", choices=("model", "joined", "runs"), help="only a part")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw recorded and modelled motion by axis")
    parser.add_argument("--trials", nargs="+", choices=list(TRIALS), help="speeds of the runs (default all)")
    options = parser.parse_args(arguments)
    if not (has_data() and has_worn()):
        print(f"No recordings in {data_dir()}: set UNTUCK_DATA to the folder that holds them.", file=sys.stderr)
        return 1
    if options.picture:
        from bench.lib.worn_picture import draw  # matplotlib only where a picture is drawn

        draw(running_trials(), options.seed).savefig(options.picture, dpi=80)
        print(options.picture)
        return 0
    speeds = options.trials or (["T35"] if options.quick else list(TRIALS))
    parts = [options.only] if options.only else ["model", "joined", "runs"]
    found = {}
    for title, table in tables(parts, options.quick, options.seed, speeds):
        _note("")
        found[title] = [dict(zip(table[0], row, strict=True)) for row in table[1:]]
        if not options.json:
            print(f"{title}\n{_text(table)}\n", flush=True)
    if options.json:
        print(json.dumps({"seed": options.seed, "quick": options.quick, "tables": found}))
    return 0

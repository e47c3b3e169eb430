"""`python -m bench gait`: is walking taken for running, and is running found?

Every recorded walk and run, runs stretched to other speeds, changes of gait, and clips whose heading is only assumed.
Thresholds were chosen on the people of "dev"; "judge" is the other half of each set.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from bench.lib import gaits
from bench.lib.figures import Figure, table
from bench.lib.gait_counts import TURNED, Count, count_strides
from bench.lib.gaits import GaitTrial
from bench.lib.recordings import DEV, RUNNERS, data_dir, has_data
from untuck.model import Floats

REPEAT_S = 20.0
WALKS_IN_PART = "SE10"  # changes between jogging and walking every few seconds, more often than the truth's windows
STRETCHES = {  # trial, duration, size: speed in m/s is that of the trial, times size / duration
    "2.0 m/s, slower steps": ("T25", 1.25, 1.0),
    "2.0 m/s, smaller steps": ("T25", 1.0, 0.8),
    "6.0 m/s, quicker steps": ("T45", 0.75, 1.0),
    "6.0 m/s, larger steps": ("T45", 1.0, 1.33),
}


def _by_person(trials: Iterable[GaitTrial], contacts_only: bool, note: Callable[[str], None]) -> dict[str, Count]:
    people: dict[str, Count] = {}
    for trial in trials:
        note(trial.name)
        one, total = count_strides(trial, contacts_only), people.setdefault(trial.person, Count())
        total.running += one.running
        total.true += one.true
        total.found += one.found
        total.seconds += one.seconds
    return people


def groups_of(people: Iterable[str]) -> dict[str, str]:
    """dev or judge for every person: the treadmill's own split, elsewhere each second one."""
    ordered = sorted(people)
    return {
        person: ("dev" if person in DEV else "judge")
        if person in RUNNERS
        else ("all" if len(ordered) == 1 else ("dev", "judge")[number % 2])
        for number, person in enumerate(ordered)
    }


def _figures(
    section: str, name: str, people: dict[str, Count], walking: bool, without: tuple[str, ...] = ()
) -> Iterator[Figure]:
    groups = groups_of(people)
    people = {person: count for person, count in people.items() if person not in without}
    values, counts = dict[str, float](), dict[str, int]()
    for group in sorted(set(groups.values())):
        members = [count for person, count in people.items() if groups[person] == group]
        counts[group] = sum(each.true for each in members)
        values[group] = float(sum(each.running for each in members))
        if walking:
            counts[group] = round(sum(each.seconds for each in members))
        else:
            values[group] = 100.0 * sum(each.found for each in members) / max(counts[group], 1)

    def badness(person: str) -> float:
        one = people[person]
        return one.running if walking else 1.0 - one.found / max(one.true, 1)

    worst = max(people, key=badness)
    least = badness(worst) if walking else 100.0 * (1.0 - badness(worst))
    goal = ("<=", 0.0) if walking else (">=", 99.0)
    yield Figure(section, name, "" if walking else "%", values, counts, goal, {f"worst: {worst}": least})


def _turned(trials: Iterable[GaitTrial], turn: Floats, source: str) -> Iterator[GaitTrial]:
    for trial in trials:
        mount = turn @ trial.calibration.sensor_to_pelvis
        yield replace(trial, calibration=gaits.calibrated(mount, source))


def _changing(seed: int) -> Iterator[GaitTrial]:
    motions: dict[str, dict[str, gaits.WornMotion]] = {}
    for motion in gaits.worn_motions():
        motions.setdefault(motion.person, {}).setdefault(motion.name.split("_")[2], motion)
    for person in motions.values():
        order = [person[kind] for kind in ("Gait", "Running", "FastGait", "Running", "Gait")]
        yield gaits.joined(order, REPEAT_S, seed)


def figures(quick: bool, seed: int, note: Callable[[str], None]) -> Iterator[Figure]:
    """Walks, runs, stretched runs, changes of gait, and assumed headings."""
    runners = RUNNERS[::6] if quick else RUNNERS
    worn = "Worn sensor (virtual, on its recorded motion)"

    def row(section: str, name: str, trials: Iterable[GaitTrial], walking: bool, contacts: bool = False) -> Figure:
        return next(_figures(section, name, _by_person(trials, contacts, note), walking))

    section = "Walks: running strides (seconds)"
    yield row(section, "IPOL, real IMU", gaits.ipol_walks(), True)
    yield row(section, f"{worn}, as recorded", gaits.worn_trials("walk"), True)
    yield row(section, f"{worn}, repeated for {REPEAT_S:.0f} s", gaits.worn_trials("walk", REPEAT_S), True)
    section = "Runs: share of strides found (strides)"
    joggers = _by_person(gaits.natural_runs(), False, note)
    yield from _figures(section, "natural jogging, real IMU", joggers, False)
    yield from _figures(section, f"natural jogging, without {WALKS_IN_PART}", joggers, False, (WALKS_IN_PART,))
    yield row(section, "Alcantara, real accelerometer, pairs of steps", gaits.alcantara_runs(), False, True)
    yield row(section, f"{worn}, repeated", gaits.worn_trials("run", REPEAT_S), False)
    treadmill = gaits.treadmill_runs
    yield row(section, "treadmill, bad clip", treadmill(runners, ("T25", "T35", "T45"), "bad", seed), False)
    yield row(section, "walk, run, fast walk, run, walk", _changing(seed), False)
    section = "Treadmill runs stretched in time or size: share of strides found (strides)"
    for name, how in STRETCHES.items():
        yield row(section, name, (gaits.stretched_run(runner, *how, seed=seed) for runner in runners), False)
    section = "Heading only assumed"
    for name, turn in TURNED.items():
        yield row(section, f"IPOL walks, clip {name}", _turned(gaits.ipol_walks(), turn, "stand"), True)
        walks = gaits.worn_trials("walk", REPEAT_S)
        yield row(section, f"worn walks, clip {name}", _turned(walks, turn, "stand"), True)
        yield row(section, f"natural jogging, clip {name}", _turned(gaits.natural_runs(), turn, "stand"), False)
        runs = treadmill(runners, ("T25", "T35", "T45"), "bad", seed)
        yield row(section, f"treadmill, clip {name}", _turned(runs, turn, "stand"), False)


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object; 1 where the recordings are absent."""
    parser = argparse.ArgumentParser(prog="python -m bench gait", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--quick", action="store_true", help="3 treadmill runners")
    parser.add_argument("--seed", type=int, default=0, help="of mounts and sensor errors (default 0)")
    options = parser.parse_args(arguments)
    if not has_data():
        print(f"No recordings in {data_dir()}: set UNTUCK_DATA to the folder that holds them.", file=sys.stderr)
        return 1

    def note(text: str) -> None:
        print(f"\r{text:60}", end="", file=sys.stderr, flush=True)

    found = list(figures(options.quick, options.seed, note))
    note("")
    if options.json:
        print(json.dumps({"seed": options.seed, "figures": [figure.to_json() for figure in found]}))
    else:
        print(table(found))
    return 0

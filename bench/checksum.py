"""`python -m bench checksum`: digests of whole analyses, to show that a refactoring changes no result.

Analyses all recorded treadmill runs, measured by a virtual clip without standing or hinges, and one semi-synthetic run
of each runner with tucks or pullbacks. All angles, contacts, strides, findings, cues, baselines and mounts enter the
digests, bit by bit.

Run it before and after a change and compare the output. --parts prints a digest per result, e.g. for every field of
strides: it shows which result has changed, and that the others have not where a field is added. Digests also depend on
the processor and on the versions of numpy, scipy and numba: compare those of one machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

import untuck
from bench.lib.accuracy_cases import pullbacks, tucks
from bench.lib.recordings import RUNNERS, TRIALS, data_dir, has_data, pelvis_motion
from bench.lib.semisynthetic import make_run
from untuck.run_results import Run
from untuck.samples import Samples
from untuck.simulate.imu import virtual_imu

MARKERS_HZ = 150.0
SEED = 7
MINUTES = 3.0
QUICK_RUNNERS = 2
DIGITS = 16


@dataclass
class Digests:
    """SHA-256 over the results of all runs of one kind, by part, and counts of what they contain."""

    parts: dict[str, Any] = field(default_factory=dict)
    runs: int = 0
    strides: int = 0
    findings: int = 0
    cues: int = 0

    def add(self, run: Run) -> None:
        """Add the results of a run."""
        for name, data in parts_of(run):
            self.parts.setdefault(name, hashlib.sha256()).update(data)
        self.runs += 1
        self.strides += len(run.strides)
        self.findings += len(run.findings)
        self.cues += len(run.cues)

    def by_part(self) -> dict[str, str]:
        """16 hexadecimal digits for each part."""
        return {name: part.hexdigest()[:DIGITS] for name, part in sorted(self.parts.items())}

    def whole(self) -> str:
        """16 hexadecimal digits over all parts."""
        return hashlib.sha256(json.dumps(self.by_part()).encode()).hexdigest()[:DIGITS]


def parts_of(run: Run) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every result of a run: arrays as they are, other values as text with all digits."""
    for name in ("time_s", "quat", "tilt_deg", "obliquity_deg", "rotation_deg"):
        yield name, getattr(run, name).tobytes()
    for table in ("contacts", "strides"):
        for column in getattr(run, table).dtype.names or ():
            yield f"{table}.{column}", _column(getattr(run, table)[column])
    for f in run.findings:
        yield "findings", _text(f.fault, f.side, f.start_s, f.end_s, f.depth_deg, f.decided_s, f.ended)
    for cue in run.cues:
        yield "cues", _text(cue.fault, cue.side, cue.time_s)
    for cue in run.suppressed_cues:
        yield "suppressed_cues", _text(cue.fault, cue.side, cue.time_s, cue.reason)
    if run.baseline is not None:
        for each in fields(run.baseline):
            yield f"baseline.{each.name}", _column(np.asarray(getattr(run.baseline, each.name)))
    yield "mount", run.calibration.sensor_to_pelvis.tobytes()


def _column(values: Any) -> bytes:
    """Texts as plain text, so that the width of a field does not matter."""
    return repr(values.tolist()).encode() if values.dtype.kind in "UO" else np.ascontiguousarray(values).tobytes()


def _text(*values: Any) -> bytes:
    """Values as text, enumerations as their values, so that a word may become an enumeration."""
    return repr([getattr(value, "value", value) for value in values]).encode()


def digests_of(recordings: Iterable[Samples]) -> Digests:
    """Analyse each recording, in order."""
    digests = Digests()
    for samples in recordings:
        digests.add(untuck.analyse(samples))
    return digests


def recorded(runners: Iterable[str], seed: int) -> Iterator[Samples]:
    """Every treadmill recording of these runners, as a virtual clip measures it."""
    for trial in TRIALS:
        for runner in runners:
            quat, position_m, _ = pelvis_motion(runner, trial)
            yield virtual_imu(quat, position_m, MARKERS_HZ, seed=seed)[0]


def semisynthetic(runners: Iterable[str]) -> Iterator[Samples]:
    """A run of each runner with a badly worn clip, with tucks and pullbacks in turn."""
    for number, runner in enumerate(runners):
        rng = np.random.default_rng(number)
        faults = (tucks if number % 2 else pullbacks)(MINUTES, rng)
        yield make_run(runner, minutes=MINUTES, wearing="bad", seed=number, faults=faults)[0]


def main(arguments: list[str]) -> int:
    """Print a line per kind of runs, or one JSON object; 1 where the recordings are absent."""
    parser = argparse.ArgumentParser(
        prog="python -m bench checksum", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines of text")
    parser.add_argument("--parts", action="store_true", help="also print a digest per result")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_RUNNERS} runners instead of all {len(RUNNERS)}")
    options = parser.parse_args(arguments)
    if not has_data():
        print(
            f"checksum: no recordings in {data_dir()}: set UNTUCK_DATA to the folder that holds them.", file=sys.stderr
        )
        return 1
    runners = RUNNERS[:QUICK_RUNNERS] if options.quick else RUNNERS
    kinds = {"recordings": recorded(runners, SEED), "semisynthetic": semisynthetic(runners)}
    found = {name: digests_of(recordings) for name, recordings in kinds.items()}
    if options.json:
        print(json.dumps({"quick": options.quick, **{name: _plain(digests) for name, digests in found.items()}}))
        return 0
    for name, digests in found.items():
        counts = f"{digests.strides} strides, {digests.findings} findings, {digests.cues} cues"
        print(f"{name:14} {digests.whole()}  {digests.runs} runs, {counts}")
        if options.parts:
            print("\n".join(f"    {digest}  {part}" for part, digest in digests.by_part().items()))
    return 0


def _plain(digests: Digests) -> dict[str, Any]:
    return vars(digests) | {"digest": digests.whole(), "parts": digests.by_part()}

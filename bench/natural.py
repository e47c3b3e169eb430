"""`python -m bench natural`: natural joggers who were asked for nothing: strides judged, cues an hour, faults put in.

Findings are false until shown otherwise. Each recording as it is, in a hall with bends, and without its bends; then
with tucks and pullbacks put in after a minute. "Promised" are the joggers in whom, by their own strides, a fault of
that depth should be found in nine of ten. The scatter of rotation was fitted on these joggers too (fit_rotation).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

import numpy as np

import untuck
from bench.lib.natural import has_natural, natural_names, natural_run
from bench.lib.natural_faults import faulty_run, natural_fault
from bench.lib.recordings import data_dir
from bench.lib.run_tables import cell, line, without_path
from bench.lib.scoring import CUED, GRACE_S
from untuck.model import BOTH, LEFT, RIGHT, judged

FAULTS = (("tuck", 4.0, BOTH), ("tuck", 6.0, BOTH), ("pullback", 3.0, LEFT), ("pullback", 3.0, RIGHT))
REASONS = ("odd", "turning", "accelerating", "slip", "mount", "speed", "warm-up")
HEAD = ("recording", "strides", "valid", "judged", "tuck from", "pullback from", "cues", "found")
WIDTHS = (10, 8, 7, 8, 10, 14, 5, 0)
PAGE = """# Natural joggers, as measured

Written by `python -m bench natural{command}`. 19 people jogged for 100 s at a time in a hall with a sensor at the
waist (SisFall); nobody was asked to tuck or to pull a hip back, so what is found is false until shown otherwise. Faults
are put in after a minute, for 28 s. A fault is promised where the jogger's own strides say that its depth is found in
nine of ten. Of each recording, valid and judged strides are in per cent: the strides of the baseline are not judged.

```text
{table}
```
"""


@dataclass(frozen=True)
class Jogged:
    """What was found in one recording; hit: of the fault put in, None without one."""

    name: str
    straight: bool
    strides: int
    valid: int
    judged: int
    asked: int
    hours: float
    judged_hours: float
    tuck_least_deg: float
    pullback_least_deg: float
    cues: int
    found: str
    reasons: dict[str, int]
    has_baseline: bool
    hit: bool | None = None
    wrong: bool = False


Job = tuple[str, bool, tuple[str, float, int] | None]


def jog(job: Job) -> Jogged:
    """Analyse a recording, with a fault put in or not."""
    name, straight, what = job
    fault = None if what is None else natural_fault(name, straight, *what)
    run = untuck.analyse(
        (natural_run(name, straight) if fault is None else faulty_run(name, straight, [fault])).samples
    )
    strides, compared = run.strides, judged(run.strides)
    hit, wrong = None, False
    if fault is not None:
        during = [f for f in run.findings if fault.start_s <= f.decided_s <= fault.end_s + GRACE_S]
        sides = [f.side for f in during if f.fault == fault.fault]
        hit, wrong = fault.side in sides, any(side != fault.side for side in sides)
    return Jogged(
        name=name,
        straight=straight,
        strides=len(strides),
        valid=int(strides["valid"].sum()),
        judged=int(compared.sum()),
        asked=int(len(strides) - (strides["reason"] == "baseline").sum()) if run.baseline is not None else 0,
        hours=float(strides["duration_s"][strides["valid"]].sum()) / 3600,
        judged_hours=float(strides["duration_s"][compared].sum()) / 3600,
        tuck_least_deg=_middle(strides["tuck_least_deg"]),
        pullback_least_deg=_middle(strides["pullback_least_deg"]),
        cues=sum(cue.fault in CUED for cue in run.cues),
        found=", ".join(f"{f.fault} {f.depth_deg:.1f}" for f in run.findings),
        reasons=dict(Counter(str(reason) for reason in strides["reason"] if reason)),
        has_baseline=run.baseline is not None,
        hit=hit,
        wrong=wrong,
    )


def _middle(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


def lines_of(plain: list[Jogged]) -> list[str]:
    """One form of the recordings: a line each, then the sums."""
    lines = [line(HEAD, WIDTHS)]
    for run in plain:
        cells = (f"{100 * run.valid / max(1, run.strides):.0f}", f"{100 * run.judged / max(1, run.asked):.0f}")
        least = (cell(round(run.tuck_least_deg, 1)), cell(round(run.pullback_least_deg, 1)))
        lines.append(line((run.name, str(run.strides), *cells, *least, str(run.cues), run.found), WIDTHS))
    strides, valid = sum(run.strides for run in plain), sum(run.valid for run in plain)
    hours, judged_hours = sum(run.hours for run in plain), sum(run.judged_hours for run in plain)
    known, asked, cues = sum(r.judged for r in plain), sum(r.asked for r in plain), sum(r.cues for r in plain)
    reasons = ", ".join(f"{name} {sum(run.reasons.get(name, 0) for run in plain)}" for name in REASONS)
    lines += [
        f"valid {100 * valid / strides:.1f} % of {strides} strides",
        f"judged after the baseline {100 * known / asked:.1f} %",
        f"not judged: {reasons}",
        f"{cues} cues in {hours:.2f} h of valid strides ({cues / hours:.1f} an hour), {judged_hours:.2f} h judged",
        f"{sum(not run.has_baseline for run in plain)} recordings without a baseline",
    ]
    return lines


def faults_line(what: tuple[str, float, int], runs: list[Jogged], least_deg: dict[str, float]) -> str:
    """Hits of one fault, of all recordings with a judged stride and of those in which it was promised."""
    name, depth_deg, side = what
    asked = [run for run in runs if np.isfinite(least_deg[run.name])]
    sure = [run for run in asked if least_deg[run.name] <= depth_deg]
    kind = f"{ {LEFT: 'left ', RIGHT: 'right '}.get(side, '') }{name} of {depth_deg:g} deg"
    hits = f"{sum(bool(run.hit) for run in asked)}/{len(asked)}"
    promised = f"{sum(bool(run.hit) for run in sure)}/{len(sure)}"
    return f"{kind}: found {hits}, promised {promised}, wrong {sum(run.wrong for run in asked)}"


def promises(plain: list[Jogged], side: int) -> list[Job]:
    """Each jogger with a fault that is as deep as the jogger's own strides promise to find; side BOTH: a tuck."""
    kind = "tuck" if side == BOTH else "pullback"
    least = [(run.name, run.tuck_least_deg if side == BOTH else run.pullback_least_deg) for run in plain]
    return [(name, True, (kind, depth_deg, side)) for name, depth_deg in least if np.isfinite(depth_deg)]


def main(arguments: list[str]) -> int:
    """Print the tables, or one JSON object; 1 where the recordings are absent."""
    parser = argparse.ArgumentParser(prog="python -m bench natural", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the tables")
    parser.add_argument("--every", type=int, default=1, help="only every so-many-th recording")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables to a page as well")
    options = parser.parse_args(arguments)
    if not has_natural():
        print(f"No natural.npz in {data_dir()}: set UNTUCK_DATA to the folder that holds it.", file=sys.stderr)
        return 1
    names = natural_names()[:: options.every]
    plain: list[Job] = [(name, straight, None) for straight in (True, False) for name in names]
    faulty: list[Job] = [(name, True, what) for what in FAULTS for name in names]
    count = len(names)
    with ProcessPoolExecutor() as pool:
        runs = list(pool.map(jog, [*plain, *faulty], chunksize=4))
        promised = {
            side: list(pool.map(jog, promises(runs[:count], side), chunksize=4)) for side in (BOTH, LEFT, RIGHT)
        }
    if options.json:
        print(json.dumps([asdict(run) for run in chain(runs, *promised.values())]))
        return 0
    lines = ["Without bends", *lines_of(runs[:count]), "", "In the hall", *lines_of(runs[count : 2 * count]), ""]
    for k, what in enumerate(FAULTS):
        least = {r.name: r.tuck_least_deg if what[0] == "tuck" else r.pullback_least_deg for r in runs[:count]}
        lines.append(faults_line(what, runs[(2 + k) * count : (3 + k) * count], least))
    for side, found in promised.items():
        name = "tuck" if side == BOTH else ("left pullback" if side == LEFT else "right pullback")
        lines.append(f"{name} as deep as promised to each: found {sum(bool(run.hit) for run in found)}/{len(found)}")
    print("\n".join(lines))
    if options.markdown:
        options.markdown.write_text(PAGE.format(command=without_path(arguments), table="\n".join(lines)), "utf-8")
    return 0

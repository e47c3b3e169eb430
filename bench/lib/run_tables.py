"""What the benches with a row for each situation share: which runners, speeds and clips, and how a row is printed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from math import isnan
from pathlib import Path

from bench.lib.recordings import DEV, JUDGE
from bench.lib.semisynthetic import WEARINGS


def run_options(bench: str, text: str | None, minutes: float, wearing: str) -> argparse.ArgumentParser:
    """A parser of the options that these benches share, with their defaults."""
    parser = argparse.ArgumentParser(prog=f"python -m bench {bench}", description=text)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--minutes", type=float, default=minutes, help=f"of each run (default {minutes:g})")
    parser.add_argument("--runners", choices=("dev", "judge", "all"), default="dev", help="default dev")
    parser.add_argument("--count", type=int, help="only the first so many runners")
    parser.add_argument("--wearing", nargs="+", default=[wearing], choices=list(WEARINGS), help="how the clip is worn")
    parser.add_argument("--trials", nargs="+", default=["T25", "T35", "T45"], help="speeds")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table to a page as well")
    parser.add_argument("--seed", type=int, default=0, help="of runs, faults and sensor errors (default 0)")
    return parser


def without_path(arguments: Sequence[str]) -> str:
    """The arguments of a bench as its page names them, each after a space, without the file that it is written to."""
    kept = list(arguments)
    if "--markdown" in kept:
        at = kept.index("--markdown")
        del kept[at : at + 2]
    return "".join(f" {each}" for each in kept)


def chosen_runners(options: argparse.Namespace) -> Sequence[str]:
    """The runners that the options ask for."""
    return {"dev": DEV, "judge": JUDGE, "all": DEV + JUDGE}[options.runners][: options.count]


def cell(value: object) -> str:
    """A value of a row: found/put in for pairs, a dash for what is not known."""
    if isinstance(value, tuple):
        return "{}/{}".format(*value) if value[1] else "-"
    if isinstance(value, float):
        return "-" if isnan(value) else f"{value:.3g}"
    return str(value)


def line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Cells side by side."""
    return "  ".join(text.ljust(width) for text, width in zip(cells, widths, strict=True)).rstrip()

"""`python -m bench natural`: natural joggers who were asked for nothing: strides judged, findings and cues an hour.

Findings are false until shown otherwise. Each recording as it is, in a hall with bends, and without its bends.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import untuck
from bench.lib.natural import has_natural, natural_names, natural_run
from bench.lib.recordings import data_dir
from bench.lib.scoring import CUED


def count(name: str, straight: bool) -> Counter[str]:
    """Strides, those not judged by reason, findings and cues of one recording; judged_s: seconds of valid strides."""
    run = untuck.analyse(natural_run(name, straight).samples)
    valid = run.strides["valid"]
    counts = Counter(str(reason) for reason in run.strides["reason"] if reason)
    counts["strides"], counts["judged"] = len(valid), int(valid.sum())
    counts["judged_s"] = round(float(run.strides["duration_s"][valid].sum()))
    counts["findings"] = sum(finding.fault in CUED for finding in run.findings)
    counts["cues"] = sum(cue.fault in CUED for cue in run.cues)
    counts["without a baseline"] = int(run.baseline is None)
    return counts


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object; 1 where the recordings are absent."""
    parser = argparse.ArgumentParser(prog="python -m bench natural", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--every", type=int, default=1, help="only every so-many-th recording")
    options = parser.parse_args(arguments)
    if not has_natural():
        print(f"No natural.npz in {data_dir()}: set UNTUCK_DATA to the folder that holds it.", file=sys.stderr)
        return 1
    rows = {}
    with ProcessPoolExecutor() as pool:
        for form, straight in (("without bends", True), ("in the hall", False)):
            found = pool.map(partial(count, straight=straight), natural_names()[:: options.every])
            rows[form] = sum(found, Counter[str]())
    if options.json:
        print(json.dumps(rows))
        return 0
    for form, counts in rows.items():
        hours = counts["judged_s"] / 3600
        reasons = ", ".join(f"{name} {counts[name]}" for name in ("odd", "turning", "accelerating", "slip", "mount"))
        print(f"{form}: {counts['judged']} of {counts['strides']} strides judged ({reasons})")
        print(f"  {counts['cues']} cues and {counts['findings']} findings in {hours:.2f} judged hours")
        print(f"  {counts['without a baseline']} recordings without a baseline")
    return 0

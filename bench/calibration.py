"""`python -m bench calibration`: error of the mount's heading from standing and hinges, and its own estimate of it.

Virtual clips sit up to 15 deg askew about each axis, on people who hinge well or badly (lib/hinging.py).
"""

from __future__ import annotations

import argparse
import json

import numpy as np

from bench.lib.figures import Figure, table
from bench.lib.hinging import REJECTED, WAYS, calibrate, heading_error_deg, hinging_samples


def figures(count: int, seed: int) -> list[Figure]:
    """A section for each way of hinging: share calibrated, true and estimated error, share within the estimate."""
    rows = []
    for name, way in WAYS.items():
        errors, estimates = [], []
        for k in range(count):
            samples, true = hinging_samples(way, seed * 100_003 + 101 * k + len(name))
            found = calibrate(samples)
            if found is not None:
                errors.append(heading_error_deg(found.sensor_to_pelvis, true))
                estimates.append(found.error_deg)
        error, estimate = np.abs(errors), np.array(estimates)
        rejected = name in REJECTED
        goal = ("<=", 0.0) if rejected else None
        rows.append(Figure(name, "calibrated", "%", {"all": 100 * len(error) / count}, {"all": count}, goal))
        if len(error) and not rejected:
            rms, claimed = float(np.sqrt(np.mean(error**2))), float(np.sqrt(np.mean(estimate**2)))
            rows.append(Figure(name, "heading error, RMS", "deg", {"all": rms}, {}, None, {"estimated": claimed}))
            for times, normal in ((1, 68.0), (2, 95.0)):
                share = 100 * float(np.mean(error <= times * estimate))
                rows.append(
                    Figure(name, f"within {times}x the estimate", "%", {"all": share}, {}, None, {"normal": normal})
                )
    return rows


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m bench calibration", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--count", type=int, default=60, help="clips for each way of hinging (default 60)")
    parser.add_argument("--seed", type=int, default=0, help="of mounts, hinges and sensor errors (default 0)")
    options = parser.parse_args(arguments)
    found = figures(options.count, options.seed)
    if options.json:
        print(json.dumps({"seed": options.seed, "figures": [figure.to_json() for figure in found]}))
    else:
        print(table(found))
    return 0

"""`python -m bench.lib.fit_rotation`: how a runner's mean rotation wanders without any pullback, for the pullback test.

Ten strides' mean harmonics of rotation less those of the baseline, of clean runs: recorded runners with a worn and with
a bad clip, and natural joggers. Every run counts alike, whatever its size (Tyler's estimator of shape); the two kinds
of runs count half each. What differs between runners, the size, is left to each runner's own baseline.

With `--without RUNNER ...` or `--half 0|1` (of the joggers) people are left out, to see what holds for a new one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.lib.natural import natural_names, natural_run
from bench.lib.recordings import DEV, has_data
from bench.lib.semisynthetic import make_run, trials_of
from untuck.events import StrideMeasured
from untuck.model import Floats
from untuck.motion.form.baseline import harmonics
from untuck.motion.pipeline import Pipeline
from untuck.samples import Samples

BASELINE, WINDOW, LEAST = 60, 10, 85  # strides: of the baseline, of a mean, of a run
MINUTES = 10.0
ROUNDS = 20
TARGET = Path(__file__).resolve().parents[2] / "host" / "untuck" / "motion" / "form" / "rotation_scatter.py"
_HEAD = '''"""How the mean rotation of ten strides scatters about the baseline's where nothing is wrong.

Fitted by `python -m bench.lib.fit_rotation --write` on development runners and natural joggers; do not edit.
"""

import numpy as np

_ROWS = """
'''


_END = '''
"""

# deg^2 (2 H, 2 H), cosine and sine of each harmonic in turn, of a usual jogger over ground
SCATTER_DEG2 = 1e-4 * np.array([row.split() for row in _ROWS.split("\\n") if row], float)
'''


def rotation_parts(samples: Samples) -> Floats:
    """(n, 2 H) harmonics of rotation in degrees of the valid strides, cosine and sine in turn."""
    pipeline = Pipeline()
    events = [*pipeline.push(samples), *pipeline.finish()]
    curves = [e.curves_rad[2] for e in events if isinstance(e, StrideMeasured) and e.stride["valid"]]
    return np.degrees([harmonics(curve).ravel() for curve in curves]) if curves else np.zeros((0, 0))


def deviations(parts: Floats) -> Floats | None:
    """(2 H, 2 H) mean product of a run's ten-stride means less its baseline's; None where the run is too short."""
    if len(parts) < LEAST:
        return None
    later = parts[BASELINE:] - parts[:BASELINE].mean(axis=0)
    sums = np.cumsum(np.concatenate([np.zeros((1, later.shape[1])), later]), axis=0)
    means = (sums[WINDOW:] - sums[:-WINDOW]) / WINDOW
    return np.asarray(means.T @ means / len(means))


def common_shape(products: list[Floats]) -> Floats:
    """Scatter of which every run shows the same shape, at the median size (Tyler 1987, one matrix for each run)."""
    each = np.array(products)
    shape: Floats = each.mean(axis=0)
    for _ in range(ROUNDS):
        size = np.einsum("ij,kji->k", np.linalg.inv(shape), each) / shape.shape[0]
        shape = (each / size[:, None, None]).mean(axis=0)
    size = np.einsum("ij,kji->k", np.linalg.inv(shape), each) / shape.shape[0]
    return np.asarray(shape * np.median(size))


def _natural(name: str) -> Floats | None:
    return deviations(rotation_parts(natural_run(name, straight=True).samples))


def _semisynthetic(case: tuple[str, str, str, int]) -> Floats | None:
    runner, trial, wearing, seed = case
    samples, _ = make_run(runner, trial, MINUTES, wearing=wearing, seed=seed)
    return deviations(rotation_parts(samples))


def semisynthetic_cases(without: list[str]) -> Iterator[tuple[str, str, str, int]]:
    """Clean runs of the development runners at every speed, with a bad clip and with a worn one."""
    for runner in DEV:
        if runner not in without:
            for trial in trials_of(runner):
                for wearing, seed in (("worn", 100), ("worn", 101), ("bad", 100)):
                    yield runner, trial, wearing, seed


def scatter(without: list[str], half: int | None) -> Floats:
    """The scatter (2 H, 2 H) in deg^2; half: only joggers whose number is of this half."""
    names = [name for name in natural_names() if half is None or int(name[-2:]) // 2 % 2 == half]
    with ProcessPoolExecutor() as pool:
        joggers = [each for each in pool.map(_natural, names) if each is not None]
        runners = [each for each in pool.map(_semisynthetic, semisynthetic_cases(without)) if each is not None]
    over_ground, treadmill = common_shape(joggers), common_shape(runners)
    ratio = np.trace(np.linalg.solve(treadmill, over_ground)) / len(treadmill)
    return np.asarray(0.5 * (over_ground + ratio * treadmill))


def module_text(matrix: NDArray[np.float64]) -> str:
    """The text of rotation_scatter.py."""
    return _HEAD + "\n".join(" ".join(f"{value:.1f}" for value in row) for row in 1e4 * matrix) + _END


def main(arguments: list[str]) -> int:
    """Print the standard deviations, and write the module when asked to."""
    parser = argparse.ArgumentParser(prog="python -m bench.lib.fit_rotation", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {TARGET.name}")
    parser.add_argument("--without", nargs="+", default=[], help="development runners to leave out")
    parser.add_argument("--half", type=int, choices=(0, 1), help="only this half of the joggers")
    parser.add_argument("--save", type=Path, help="write the matrix to a .npy file")
    options = parser.parse_args(arguments)
    if not has_data():
        print("No recordings: set UNTUCK_DATA to the folder that holds them.", file=sys.stderr)
        return 1
    matrix = scatter(options.without, options.half)
    print("SD in degrees, cosine and sine:", np.round(np.sqrt(np.diag(matrix)), 2).tolist())
    if options.save:
        np.save(options.save, matrix)
    if options.write:
        TARGET.write_text(module_text(matrix), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

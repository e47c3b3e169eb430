"""The small network that corrects contact and toe-off after the linear model of `bench.lib.fit_contacts`.

One hidden layer and a skip connection, fitted by L-BFGS on all steps at once from several starts. The mean of the
resulting networks is one wider network again. Weights are as in the rest of the fit: equal for everybody except the
real accelerometer, and a share of each person's mean error is subtracted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from untuck.model import Floats
from untuck.motion.strides.contacts import Network

STARTS = 3
UNITS = 12  # hidden, from one start
TARGET_S = 0.01  # unit of the targets, in which they are of order one
DECAY, DECAY_SKIP = 0.015, 0.01  # weight decay; features have SD one
ROUNDS = 150


def fit_network(x: Floats, y_s: Floats, person: NDArray[np.int_], share: Floats, theta: float) -> Network:
    """Network that predicts y_s (m, 2) from x (m, n).

    person (m,): number of the step's person; share (m,): weight of each step, with sum 1; theta: share of a person's
    mean error that is subtracted.
    """
    mean, sd = x.mean(axis=0), x.std(axis=0) + 1e-9
    z, y = (x - mean) / sd, y_s / TARGET_S
    count = z.shape[1]
    weight = np.bincount(person, share)
    averaging = np.zeros((len(weight), len(z)))
    averaging[person, np.arange(len(z))] = share / weight[person]
    taken = 2 * theta - theta**2
    shapes = ((count, UNITS), (1, UNITS), (UNITS, 2), (count, 2), (1, 2))
    ends = np.cumsum([np.prod(shape) for shape in shapes])[:-1]

    def parts(values: Floats) -> list[Floats]:
        return [part.reshape(shape) for part, shape in zip(np.split(values, ends), shapes, strict=True)]

    def loss(values: Floats) -> tuple[float, Floats]:
        w_in, b_in, w_out, skip, b_out = parts(values)
        hidden = np.tanh(z @ w_in + b_in)
        error = hidden @ w_out + z @ skip + b_out - y
        level = averaging @ error
        total = share @ (error**2).sum(axis=1) - taken * weight @ (level**2).sum(axis=1)
        total += DECAY * ((w_in**2).sum() + (w_out**2).sum()) + DECAY_SKIP * (skip**2).sum()
        slope = 2 * share[:, None] * (error - taken * level[person])
        inner = slope @ w_out.T * (1 - hidden**2)
        slopes = (
            z.T @ inner + 2 * DECAY * w_in,
            inner.sum(axis=0),
            hidden.T @ slope + 2 * DECAY * w_out,
            z.T @ slope + 2 * DECAY_SKIP * skip,
            slope.sum(axis=0),
        )
        return float(total), np.concatenate([part.ravel() for part in slopes])

    scales = (1 / np.sqrt(count), 0.3, 0.1, 0.0, 0.0)
    options = {"maxiter": ROUNDS, "maxcor": 20}
    inside, skips, outputs = [], [], []
    for start in range(STARTS):
        rng = np.random.default_rng(start)
        start_values = [scale * rng.normal(size=shape).ravel() for scale, shape in zip(scales, shapes, strict=True)]
        found = minimize(loss, np.concatenate(start_values), jac=True, method="L-BFGS-B", options=options)
        w_in, b_in, w_out, skip, b_out = parts(found.x)
        w_in, skip = w_in / sd[:, None], skip / sd[:, None]
        inside.append(np.concatenate([w_in, b_in - mean @ w_in]).T)
        skips.append(np.concatenate([skip, b_out - mean @ skip]).T)
        outputs.append(w_out.T)
    output = TARGET_S / STARTS * np.concatenate(outputs, axis=1)
    return Network(np.concatenate(inside), TARGET_S * np.mean(skips, axis=0), output)

"""The small network that corrects contact and toe-off where the weights of `bench.lib.fit_contacts` have moved them to.

One hidden layer beside a straight path, fitted by L-BFGS on all steps at once, from several starts, whose mean it is:
side by side they are one network again. As in the rest of the fit everybody counts the same, but the real man more,
and a share of each person's mean error does not count.
How the network learns lives here; what it is shown, and how it is judged, in fit_contacts.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from untuck.model import Floats
from untuck.motion.strides.contacts import Network

STARTS = 3
UNITS = 12  # hidden, from one start
TARGET_S = 0.01  # targets are of order one in it
DECAY, DECAY_STRAIGHT = 0.015, 0.01  # of weights of hidden units, and beside them; features are of SD one
ROUNDS = 150


def learn(x: Floats, y_s: Floats, person: NDArray[np.int_], share: Floats, theta: float) -> Network:
    """Network that tells y_s (m, 2) from x (m, n).

    person (m,): number of whose step it is; share (m,): weight of each step, all together 1; theta: share of a
    person's mean error that is taken off.
    """
    mean, sd = x.mean(axis=0), x.std(axis=0) + 1e-9
    z, y = (x - mean) / sd, y_s / TARGET_S
    count = z.shape[1]
    weight = np.bincount(person, share)
    mine = np.zeros((len(weight), len(z)))
    mine[person, np.arange(len(z))] = share / weight[person]
    taken = 2 * theta - theta**2
    shapes = ((count, UNITS), (1, UNITS), (UNITS, 2), (count, 2), (1, 2))
    ends = np.cumsum([np.prod(shape) for shape in shapes])[:-1]

    def parts(values: Floats) -> list[Floats]:
        return [part.reshape(shape) for part, shape in zip(np.split(values, ends), shapes, strict=True)]

    def loss(values: Floats) -> tuple[float, Floats]:
        w_in, b_in, w_out, straight, b_out = parts(values)
        felt = np.tanh(z @ w_in + b_in)
        error = felt @ w_out + z @ straight + b_out - y
        level = mine @ error
        total = share @ (error**2).sum(axis=1) - taken * weight @ (level**2).sum(axis=1)
        total += DECAY * ((w_in**2).sum() + (w_out**2).sum()) + DECAY_STRAIGHT * (straight**2).sum()
        slope = 2 * share[:, None] * (error - taken * level[person])
        inner = slope @ w_out.T * (1 - felt**2)
        slopes = (
            z.T @ inner + 2 * DECAY * w_in,
            inner.sum(axis=0),
            felt.T @ slope + 2 * DECAY * w_out,
            z.T @ slope + 2 * DECAY_STRAIGHT * straight,
            slope.sum(axis=0),
        )
        return float(total), np.concatenate([part.ravel() for part in slopes])

    scales = (1 / np.sqrt(count), 0.3, 0.1, 0.0, 0.0)
    options = {"maxiter": ROUNDS, "maxcor": 20}
    inside, straights, bents = [], [], []
    for start in range(STARTS):
        rng = np.random.default_rng(start)
        begun = [scale * rng.normal(size=shape).ravel() for scale, shape in zip(scales, shapes, strict=True)]
        found = minimize(loss, np.concatenate(begun), jac=True, method="L-BFGS-B", options=options)
        w_in, b_in, w_out, straight, b_out = parts(found.x)
        w_in, straight = w_in / sd[:, None], straight / sd[:, None]
        inside.append(np.concatenate([w_in, b_in - mean @ w_in]).T)
        straights.append(np.concatenate([straight, b_out - mean @ straight]).T)
        bents.append(w_out.T)
    bent = TARGET_S / STARTS * np.concatenate(bents, axis=1)
    return Network(np.concatenate(inside), TARGET_S * np.mean(straights, axis=0), bent)

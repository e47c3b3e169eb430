"""The text of contact_weights.py, from a fit of its constants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from untuck.model import Floats

_HEAD = '''"""The constants that time contact and toe-off, fitted by `python -m bench.lib.fit_contacts --write`.

Fitted on all recorded runners and the real sacral accelerometer; do not edit.
"""

import numpy as np

# Lag of the hump's edges in s: constant, per s of step time, per g of hump height, per s of hump length.
LAGS = np.array(
    (
        {lags[0]},  # contact
        {lags[1]},  # toe-off
    )
)

# Contact and toe-off in s after the force passes body weight, per unit of each measure of the step, constant.
# fmt: off
WEIGHTS = np.array((
    # step s, loaded s, propulsion m/s, unloading s, later s, hump g, impulse m/s, constant
    {weights[0]},  # contact
    {weights[1]},  # toe-off
))

# Without gyroscope: offset in ms of a guess, per g in each bin, per unit of log strength, per s of step time; constant.
EDGES = np.array((
    (  # contact
{edges[0]}
    ),
    (  # toe-off
{edges[1]}
    ),
)) / 1e3
# fmt: on
'''


@dataclass(frozen=True, eq=False)
class Fit:
    """lags (2, 4) of the hump; weights (2, FEATURES + 1); edges (2, EDGE_FEATURES + 1), without gyroscope."""

    lags: Floats
    weights: Floats
    edges: Floats


_EDGE_PARTS = (11, 22, 31, 40)
_EDGE_NAMES = ("vertical about contact", "fore-aft about contact", "vertical about toe-off", "fore-aft about toe-off")


def module_text(made: Fit) -> str:
    """The text of contact_weights.py with these constants."""

    def row(values: Floats, digits: int = 4) -> str:
        return ", ".join(f"{value:.{digits}f}" for value in values)

    def edge(values: Floats) -> str:
        *parts, rest = np.split(1e3 * values, _EDGE_PARTS)
        named = [f"{row(part, 2)},  # {name}" for part, name in zip(parts, _EDGE_NAMES, strict=True)]
        return "\n".join(f"        {line}" for line in [*named, row(rest, 2) + ","])

    rows = {"lags": made.lags, "weights": made.weights}
    texts = {name: [f"({row(values)})" for values in table] for name, table in rows.items()}
    return _HEAD.format(**texts, edges=[edge(values) for values in made.edges])

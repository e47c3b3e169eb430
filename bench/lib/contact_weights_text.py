"""The text of contact_weights.py, from a fit of its constants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from untuck.model import Floats
from untuck.motion.strides import contact_kernels
from untuck.motion.strides.contacts import Network


@dataclass(frozen=True, eq=False)
class Fit:
    """lags (2, 4) of the hump; timing (2, FEATURES + 1); network, None before it is fitted."""

    lags: Floats
    timing: Floats
    network: Network | None = None


def module_text(made: Fit) -> str:
    """The text of contact_weights.py with these constants."""

    def row(values: Floats, digits: int) -> str:
        return "(" + ", ".join(f"{value:.{digits}f}" for value in values) + ")"

    ends = np.cumsum(
        [
            contact_kernels.CONTACT_BINS,
            contact_kernels.CONTACT_BINS,
            contact_kernels.TOE_OFF_BINS,
            contact_kernels.TOE_OFF_BINS,
        ]
    )
    names = ("vertical about contact", "fore-aft about contact", "vertical about toe-off", "fore-aft about toe-off")
    lines = [
        '"""The constants that time contact and toe-off, fitted by `python -m bench.lib.fit_contacts --write`.',
        "",
        "Fitted on all recorded runners and the real sacral accelerometer; do not edit.",
        '"""',
        "",
        "import numpy as np",
        "",
        "# Lag of the hump's edges in s: constant, per s of step time, per g of hump height, per s of hump length.",
        "LAGS = np.array(",
        "    (",
        f"        {row(made.lags[0], 4)},  # contact",
        f"        {row(made.lags[1], 4)},  # toe-off",
        "    )",
        ")",
        "",
        "# Offset in ms of a guess, per g in each bin, per unit of log strength, per s of step time; constant.",
        "# fmt: off",
    ]

    def block(name: str, titles: Iterable[str], values: Floats, digits: int) -> None:
        lines.append(f"{name} = (")
        for title, weights in zip(titles, values, strict=True):
            lines.append(f"    (  # {title}")
            for part_name, part in zip(names, np.split(weights[: ends[-1]], ends[:-1]), strict=True):
                lines.append(f"        {row(part, digits)[1:-1]},  # {part_name}")
            lines.extend([f"        {row(weights[ends[-1] :], digits)[1:-1]},", "    ),"])
        lines.append(")")

    events = ("contact", "toe-off")
    block("_TIMING_MS", events, 1e3 * made.timing, 2)
    network = made.network
    assert network is not None
    lines.append("# Inputs of the hidden units, and corrections in ms by the skip connection, with the same columns.")
    block("_HIDDEN", (f"unit {number}" for number in range(len(network.hidden))), network.hidden, 3)
    block("_SKIP_MS", events, 1e3 * network.skip, 2)
    lines.append("_OUTPUT_MS = (  # contact and toe-off, per hidden unit")
    lines += [f"    {row(weights, 2)}," for weights in 1e3 * network.output.T]
    lines += [")", "# fmt: on", "TIMING = np.array(_TIMING_MS) / 1e3"]
    lines += [
        "HIDDEN = np.array(_HIDDEN)",
        "SKIP = np.array(_SKIP_MS) / 1e3",
        "OUTPUT = np.array(_OUTPUT_MS).T.copy() / 1e3",
    ]
    return "\n".join([*lines, ""])

"""How a session ended, and whether it is worth keeping."""

from __future__ import annotations

from dataclasses import dataclass

from untuck.errors import UntuckError
from untuck.report.summary import Summary

KEPT_S = 60.0  # a shorter session without a stride is not kept


@dataclass(frozen=True)
class Outcome:
    """How a session ended.

    failure: the error that ended it early or kept packets from being stored, None without one; kept: False if there was
    too little to keep: no packet, or less than a minute without a stride; unstored: packets that were analysed but are
    not in the store.
    """

    summary: Summary
    failure: UntuckError | None
    kept: bool = True
    unstored: int = 0


def is_worth_keeping(summary: Summary, mode: str, keep_s: float | None = None) -> bool:
    """A session without a stride is kept if it is long, because its packets can show why none was found.

    mode: the command that recorded it; keep_s: so long is long, None for KEPT_S.
    """
    if mode == "calibrate" and summary.calibration == "stand+hinges":
        return True
    least_s = KEPT_S if keep_s is None else keep_s
    return summary.strides > 0 or (summary.signal.packets > 0 and summary.signal.duration_s >= least_s)

"""All targets by name, and how many of the cases each gets: most go to what is quick and near to strangers."""

from __future__ import annotations

from tests.fuzz import files, on_air, stored
from tests.fuzz.target import Target

_KINDS: tuple[type[Target], ...] = (
    on_air.Packets,
    on_air.Commands,
    on_air.Status,
    on_air.Order,
    on_air.KeptRuns,
    on_air.Sessions,
    stored.Configs,
    stored.Profiles,
    stored.CommandTexts,
    stored.Blocks,
    stored.Archives,
    files.Fit,
    files.Merge,
    files.Tables,
)
TARGETS = {kind.name: kind for kind in _KINDS}
CLIP_SHARES = {"sensor": 12.0, "control": 12.0}  # in MicroPython


def target_of(name: str) -> Target:
    """A new target, ready for cases."""
    target = TARGETS[name]()
    target.prepare()
    return target


def shares_of(cases: int, only: str | None) -> dict[str, int]:
    """The number of cases of each target."""
    shares = {name: kind.share for name, kind in TARGETS.items()} | CLIP_SHARES
    if only is not None:
        return {only: cases}
    whole = sum(shares.values())
    counts = {name: max(1, round(cases * share / whole)) for name, share in shares.items()}
    counts["packets"] += cases - sum(counts.values())
    return counts

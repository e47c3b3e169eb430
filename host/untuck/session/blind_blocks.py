"""Blind blocks: parts of a session with and without cues, in an order unknown to runner and coach.

They show the effect of the cues. Blocks come in pairs, one with and one without cues, in random order within a pair, so
that fatigue affects both equally. Pure: sensor time in, switches out.
"""

from __future__ import annotations

from random import Random

BLOCK_S = 180.0


class BlindBlocks:
    """Decides when cues go on or off; the first block begins with the first call of `due`."""

    def __init__(self, random: Random, block_s: float = BLOCK_S) -> None:
        self._random = random
        self._block_s = block_s
        self._next_s: float | None = None
        self._waiting: list[str] = []

    def due(self, now_s: float) -> str:
        """ "on" or "off" where a block begins at sensor time now_s, "" within one."""
        if self._next_s is not None and now_s < self._next_s:
            return ""
        self._next_s = (now_s if self._next_s is None else self._next_s) + self._block_s
        if not self._waiting:
            self._waiting = self._random.sample(["on", "off"], 2)
        return self._waiting.pop()

"""Samples of two clips in order of time, whatever the chunks in which they come.

Pieces end on an even grid of time: a piece is handed out once both clips have got beyond its end, so that the results
of live, streamed and batch analysis are the same. A clip that falls behind for too long is not waited for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from math import floor, inf

import numpy as np

from untuck.errors import SamplesError
from untuck.samples import Samples
from untuck.vocabulary import Role

_GRID_S = 0.05  # what the pelvis waits at most, beyond the delay of the later link
_LEAD_S = 0.4e-3  # the grid lies between samples, so that rounding of time cannot move it by one
_ORDER = (Role.TRUNK, Role.PELVIS)  # a stride of the pelvis finds the trunk's samples already there
_AHEAD = 4096  # more samples than a piece has
_PELVIS_WAIT_S = 1800.0  # the trunk has nothing to say without the pelvis: only its memory is limited, to some 15 MB


class Merge:
    """Holds samples of both clips until they are due; trunk_wait_s: how far the trunk may fall behind."""

    def __init__(self, trunk_wait_s: float) -> None:
        self._wait_s = {Role.TRUNK: trunk_wait_s, Role.PELVIS: _PELVIS_WAIT_S}
        self._held: dict[Role, deque[Samples]] = {role: deque() for role in _ORDER}
        self._at = dict.fromkeys(_ORDER, 0)  # first sample of the first held ones that is still due
        self._reached_s = dict.fromkeys(_ORDER, -inf)
        self._first_s = inf

    def push(self, role: Role, samples: Samples) -> None:
        """Hold the next samples of a clip. Raises SamplesError if they do not follow its last ones."""
        if len(samples) == 0:
            return
        first_s, last_s = float(samples.time_s[0]), self._reached_s[role]
        if first_s <= last_s:
            raise SamplesError(f"Samples at {first_s:.3f} s follow {last_s:.3f} s: push them in order of time.")
        self._held[role].append(samples)
        self._reached_s[role] = float(samples.time_s[-1])
        self._first_s = min(self._first_s, first_s)

    def due(self, ended: bool = False) -> Iterator[tuple[Role, Samples]]:
        """Pieces that are due, in order of time, the trunk's first; ended: nothing follows, so that all are."""
        while True:
            next_s = min(self._next_s(role) for role in _ORDER)
            if next_s == inf:
                return
            end_s = (floor((next_s + _LEAD_S) / _GRID_S) + 1) * _GRID_S - _LEAD_S
            if not (ended or all(self._is_ready(role, end_s) for role in _ORDER)):
                return
            for role in _ORDER:
                for piece in self._before(role, end_s):
                    yield role, piece

    def _is_ready(self, role: Role, end_s: float) -> bool:
        """Whether a clip has got to end_s, or has fallen behind for too long."""
        reached_s = max(self._reached_s[role], self._first_s)
        return reached_s >= end_s or max(self._reached_s.values()) - reached_s > self._wait_s[role]

    def _before(self, role: Role, end_s: float) -> Iterator[Samples]:
        """The held samples of a clip before end_s, which are no longer held."""
        held = self._held[role]
        while self._next_s(role) < end_s:
            samples, first = held[0], self._at[role]
            end = first + int(np.searchsorted(samples.time_s[first : first + _AHEAD], end_s))
            if end == len(samples):
                held.popleft()
            self._at[role] = end % len(samples)
            yield samples[first:end]

    def _next_s(self, role: Role) -> float:
        """Time of the first held sample of a clip, infinite if there is none."""
        held = self._held[role]
        return held[0].time_s.item(self._at[role]) if held else inf

"""What simulated sensor chips share: time that comes from outside, planned actions, and the interrupt line."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

from virtual_clip.bno085_motion import Motion

Event = tuple[int, Callable[[], object]]  # when it is due, in us, and what happens then


class SimulatedChip:
    """A chip that feels a motion. edges: (time_us, level) of the interrupt line, for the front end.

    origin_us: when the motion began, None before. A chip defines `_events`.
    """

    def __init__(self, motion: Motion) -> None:
        self.lock = threading.RLock()
        self.edges: list[tuple[int, int]] = []
        self.int_level = 1
        self.now_us = 0
        self.origin_us: int | None = None
        self.motion = motion
        self._plan: list[tuple[int, int, Callable[[], object]]] = []
        self._order = itertools.count()

    def advance(self, now_us: int) -> None:
        """Let time pass until `now_us`."""
        with self.lock:
            while (event := self._next()) is not None and event[0] <= now_us:
                self.now_us = max(self.now_us, event[0])
                event[1]()
            self.now_us = max(self.now_us, now_us)

    def next_us(self) -> int | None:
        """Time of the next event, None if there is none."""
        with self.lock:
            event = self._next()
            return None if event is None else event[0]

    def at(self, motion_s: float, action: Callable[[], object]) -> None:
        """Call `action` when the motion has reached `motion_s`."""
        with self.lock:
            heapq.heappush(self._plan, (round(motion_s * 1e6), next(self._order), action))

    def _events(self) -> list[Event]:
        """What the chip does next, each at its time."""
        raise NotImplementedError

    def _next(self) -> Event | None:
        events = self._events()
        if self._plan and self.origin_us is not None:
            events.append((self.origin_us + self._plan[0][0], lambda: heapq.heappop(self._plan)[2]()))
        return min(events, key=lambda event: event[0], default=None)

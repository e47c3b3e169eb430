# One button: a short press, a long one, a very long one, from its level and the time; bounces are not presses.
# No clock and no pin in here, so that it can be tested with made-up times. What counts as long: only here.

from micropython import const

NONE = const(0)
SHORT = const(1)
LONG = const(2)
VERY_LONG = const(3)

_BOUNCE_MS = const(30)
_LONG_MS = const(3000)
_VERY_LONG_MS = const(8000)


class Button:
    """feed() the level every few milliseconds. Long and very long come while the button is still held."""

    def __init__(self):
        self._held_ms = -1
        self._reported = NONE

    def feed(self, pressed, passed_ms):
        """What has just become certain, `passed_ms` after it was fed last."""
        if not pressed:
            short = self._held_ms >= _BOUNCE_MS and self._reported == NONE
            self._held_ms = -1
            self._reported = NONE
            return SHORT if short else NONE
        self._held_ms = 0 if self._held_ms < 0 else self._held_ms + passed_ms
        for kind, least_ms in ((VERY_LONG, _VERY_LONG_MS), (LONG, _LONG_MS)):
            if self._held_ms >= least_ms and self._reported < kind:
                self._reported = kind
                return kind
        return NONE

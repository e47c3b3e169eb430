# Classifies presses of the button as short, long or very long, from its level and the elapsed time; ignores bounces.
# It uses neither clock nor pin, so that tests can choose the times.

from micropython import const

NONE = const(0)
SHORT = const(1)
LONG = const(2)
VERY_LONG = const(3)

_BOUNCE_MS = const(30)
_LONG_MS = const(3000)
_VERY_LONG_MS = const(8000)


class Button:
    """Call feed() every few milliseconds. It reports long and very long presses while the button is still pressed."""

    def __init__(self):
        self._held_ms = -1
        self._reported = NONE

    def feed(self, pressed, passed_ms):
        """The press that was recognised now, else NONE. passed_ms: time since the last call."""
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

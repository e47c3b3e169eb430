"""The level of contact timing over some steps: it steadies what one step alone cannot tell.

The measured timing is right in the mean, the hump's edges are regular from step to step: contact and toe-off are the
hump's, moved by the mean of the last steps' differences, and by a share of the step's own. Impacts that fall between
slow samples (50 Hz, a loose clip) spread a person's contacts by 12 ms without this, and by 7 ms with it.
"""

from __future__ import annotations

from collections import deque

_STEPS = 16  # of 8 and 16, the second is better at every rate
_OWN_SHARE = 0.3  # of 0, 0.3, 0.5 and 1: best for contact duration at every rate


class TimingLevel:
    """Follows the differences between timed and guessed instants; cleared when running ends."""

    def __init__(self) -> None:
        self._moves_s: deque[tuple[float, float]] = deque(maxlen=_STEPS)

    def steady(self, timed_s: tuple[float, float], guess_s: tuple[float, float]) -> tuple[float, float]:
        """Contact and toe-off in s of the next step, from its timing and its hump's edges.

        Equal ones mean that the step could not be timed, because samples are missing: it keeps the guess.
        """
        if timed_s == guess_s:
            return guess_s
        own = timed_s[0] - guess_s[0], timed_s[1] - guess_s[1]
        self._moves_s.append(own)
        count = len(self._moves_s)
        contact_s = sum(move[0] for move in self._moves_s) / count
        toe_off_s = sum(move[1] for move in self._moves_s) / count
        return (
            guess_s[0] + contact_s + _OWN_SHARE * (own[0] - contact_s),
            guess_s[1] + toe_off_s + _OWN_SHARE * (own[1] - toe_off_s),
        )

    def clear(self) -> None:
        """Running has ended."""
        self._moves_s.clear()

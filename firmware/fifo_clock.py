# When the frames in a chip's FIFO were measured, in ticks_us. The chip stamps them with a clock of its own, which is
# off by up to 2 %: it says how many periods lie between two frames. Interrupts say how long a period is, and when it
# begins. While the interpreter is busy an interrupt is noticed late, never early; this is detected and corrected, as in
# reports.py. Owns times of frames. Nothing is allocated.

from time import ticks_add, ticks_diff

from micropython import const

_LATE_US = const(1000)  # an interrupt that deviates by this much more from the prediction was noticed late
_UNLOCKED = const(5)  # until the period is known, 1/32 of the time since the last interrupt is allowed as well
_LOCKED_AFTER = const(64)  # frames
_ODD = const(8)  # this many late interrupts in a row: the prediction is wrong
_FINER = const(6)  # fraction bits of the period in us
_TOLERANCE = const(5)  # the real period deviates from the nominal one by less than 1/32
_LONGEST_GAP = const(64)  # frames; the stamps of a longer one are ambiguous
_STAMP_US = const(16)
_HOLD = const(16)  # frames after a loss: one of them is read so soon that a time which is too late is impossible


class FifoClock:
    """Tells a SampleQueue that its times are reliable, and moves its samples if they were not.

    Which frame an interrupt belongs to is not certain, as others may come before it is handled. It counts for the phase
    only: whole periods come from the chip's stamps, and from the fact that no frame is read before it is measured.
    """

    def __init__(self, queue):
        self._queue = queue
        self.frame_us = 0  # when the last frame was measured
        self._nominal_us = 0
        self._period = 0  # measured, in 1/64 us
        self._known = False  # there is an earlier frame
        self._stamp = 0  # of the last frame
        self._since = 0  # frames since the last good interrupt
        self._run = 0  # frames since the last interrupt
        self._agreed = 0  # frames since the restart until then, at most _LOCKED_AFTER
        self._odd = 0
        self._held = 0  # frames to be seen before times are reliable again
        self._guessed = False  # no interrupt has said yet when a period begins

    def restart(self, period_us):
        """The chip now measures with this period."""
        self._nominal_us = period_us
        self._period = period_us << _FINER
        self._known = False
        self._agreed = self._odd = self._held = 0

    def forget(self):
        """Frames were lost: the next one's time is that of its interrupt, which may be noticed whole periods late."""
        self._known = False
        self._held = _HOLD
        self._queue.hold()

    def take(self, stamp, interrupt_us):
        """Set frame_us for the next frame; interrupt_us: of the frame after it, or another, None if there is none.

        Returns the number of frames missing before it.
        """
        missing = 0
        if self._held:
            self._held -= 1
        period_us = self._nominal_us
        if self._known:
            run = (((stamp - self._stamp) & 0xFFFF) * _STAMP_US + (period_us >> 1)) // period_us
            run = min(max(run, 1), _LONGEST_GAP)
            missing = run - 1
            self.frame_us = ticks_add(self.frame_us, run * self._period >> _FINER)
            self._since += run
            self._run += run
            if interrupt_us is not None:
                self._compare(interrupt_us)
        else:
            self._guessed = interrupt_us is None
            if self._guessed:
                interrupt_us = self._queue.now_us
                self._held = _HOLD
            self.frame_us = ticks_add(interrupt_us, -period_us)
            self._since = self._run = 0
        self._known = True
        self._stamp = stamp
        return missing

    def bound(self, tick_us):
        """At this time the frame after the last one was in the FIFO: if that is impossible, times are moved.

        A guess becomes as late as it can be: the next times move it back by whole periods while it is held.
        """
        period_us = self._period >> _FINER
        early_us = ticks_diff(ticks_add(self.frame_us, period_us), tick_us)
        if self._known and self._guessed:
            self._move(-early_us - (period_us >> 1))
        elif self._known and early_us > _LATE_US:
            self._move(-((early_us + period_us - 1) // period_us * period_us))

    def _move(self, step_us):
        self.frame_us = ticks_add(self.frame_us, step_us)
        self._queue.shift(-step_us)

    def _compare(self, interrupt_us):
        """Correct frame_us and the period, unless the interrupt was noticed late."""
        period_us = self._period >> _FINER
        late_us = ticks_diff(interrupt_us, self.frame_us) + (period_us >> 1)
        late_us = late_us % period_us - (period_us >> 1)
        limit_us = _LATE_US
        if self._agreed < _LOCKED_AFTER:
            limit_us += self._run * self._nominal_us >> _UNLOCKED
        self._run = 0
        if -limit_us <= late_us <= limit_us and not self._guessed:
            self._odd = 0
            self._agreed = min(self._agreed + self._since, _LOCKED_AFTER)
            self._since = 0
            margin = self._nominal_us << _FINER >> _TOLERANCE
            nominal = self._nominal_us << _FINER
            period = self._period + (late_us << _FINER) // self._agreed
            self._period = min(max(period, nominal - margin), nominal + margin)
            self.frame_us = ticks_add(self.frame_us, late_us)
            if not self._held:
                self._queue.settle()
            return
        self._odd += 1
        if self._odd == _ODD or not self._agreed or self._guessed:
            self._odd = self._since = 0
            self._guessed = False
            self._move(late_us)

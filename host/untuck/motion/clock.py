"""The sensor's clock: time stamps with jitter are replaced by an even clock that follows them.

A stamp close to that clock is left as it is, so that good stamps pass unchanged but for their last bits: time is
counted from the first stamp in steps of 2^-24 s (60 ns). Differences of such times are exact, so that what is decided
by them does not depend on how the clock is set, nor do the results. Jitter of half a period looks like
lost and doubled samples to whatever comes later: gaps that are none, and rates that are wrong by half.

The clock is an alpha-beta filter of the stamps (Kalata, IEEE Trans. AES 20, 1984), which starts as a straight line
through all of them. A stamp that is later than the jitter seen so far explains is a gap, after which the clock starts
again with the same period.
"""

from __future__ import annotations

from math import floor, sqrt

from untuck.model import Floats
from untuck.motion.jit import entry, inner

(
    C_STAMPS,  # that the clock rests on, since the last gap
    C_CLOCK_S,  # its time of the last sample
    C_PERIOD_S,
    C_PERIODS,  # intervals that the period rests on
    C_LATE_S,  # mean deviation of the last stamps
    C_JITTER2,  # mean square deviation of stamps from the clock, in s^2
    C_STAMP_S,  # of the last sample, as given
    C_OUT_S,  # the same, as handed on
    C_FIRST_S,  # stamp of the first sample, from which the times above are counted
) = range(9)
CLOCK_STATE_SIZE = 9
STEP_S = 2.0**-24  # of time: far below what matters, far above what is rounded in a million seconds

_LEFT_ALONE = 0.25  # of a period: the orientation filter allows for less
_GAIN = 0.03  # of the clock's phase: it follows a sensor's drift within a second
_JITTER_GAIN = 0.02
_LATE_GAIN, _LATE_MOST = 0.1, 0.45  # of a period; jitter alone stays below
_JITTER_FIRST = 0.1  # SD as a share of a period, before it is known
_JITTER_MOST = 1.0  # deviation in periods that counts at most, so that a gap is not taken for jitter
_PERIODS_FEW = 8.0  # intervals, on which a period rests that a gap may have spoilt
_APART = 0.1  # of the interval between two stamps, at least, that is left between them as handed on
_GAP_LEAST, _GAP_SD = 0.6, 4.5  # deviation of a gap, in periods and in SD of the jitter: the larger one


@inner
def _in_steps(time_s: float) -> float:
    return floor(time_s / STEP_S + 0.5) * STEP_S


@entry
def even_stamps(state: Floats, stamps_s: Floats, out_s: Floats) -> None:
    """Times out_s (n,) of samples that were stamped stamps_s (n,); advances state (CLOCK_STATE_SIZE,).

    Both increase. An output differs from its stamp by more than STEP_S only where the stamp is more than a quarter
    period off the clock, or less than STEP_S after the last one.
    """
    if state[C_STAMPS] == 0.0 and len(stamps_s) > 0:
        state[C_FIRST_S] = stamps_s[0]
    first_s = state[C_FIRST_S]
    origin_s = _in_steps(first_s)
    for i in range(len(stamps_s)):
        period, stamps = state[C_PERIOD_S], state[C_STAMPS]
        stamp = _in_steps(stamps_s[i] - first_s)
        if stamps > 0.0:
            stamp = max(stamp, state[C_STAMP_S] + STEP_S)
        clock = stamp
        late = stamp - state[C_CLOCK_S] - period
        if stamps == 0.0:
            state[C_STAMPS] = 1.0
            state[C_STAMP_S] = state[C_OUT_S] = stamp - 1.0
        elif state[C_PERIODS] == 0.0:
            period = stamp - state[C_CLOCK_S]
            state[C_PERIOD_S], state[C_PERIODS], state[C_STAMPS] = period, 1.0, 2.0
            state[C_JITTER2] = max(state[C_JITTER2], (_JITTER_FIRST * period) ** 2)
        else:
            limit = max(_GAP_LEAST * period, _GAP_SD * sqrt(state[C_JITTER2]))
            most = _JITTER_MOST * period
            felt = min(late * late, most * most)
            state[C_JITTER2] += _JITTER_GAIN * (felt - state[C_JITTER2])
            state[C_LATE_S] += _LATE_GAIN * (min(most, max(-most, late)) - state[C_LATE_S])
            drifts = abs(state[C_LATE_S]) > _LATE_MOST * period  # the sensor's rate is another one
            if drifts or abs(late) > limit:
                state[C_STAMPS] = 1.0
                if drifts or state[C_PERIODS] < _PERIODS_FEW:  # the period is wrong, or may be
                    state[C_PERIODS] = state[C_LATE_S] = 0.0
            else:
                state[C_STAMPS] = stamps = stamps + 1.0
                state[C_PERIODS] = periods = state[C_PERIODS] + 1.0
                # the gains of a least-squares line, which fall until they reach the fixed ones
                early = 1.0 / stamps if periods >= stamps else (4.0 * stamps - 2.0) / (stamps * (stamps + 1.0))
                clock = state[C_CLOCK_S] + period + max(_GAIN, early) * late
                state[C_PERIOD_S] = period + max(0.25 * _GAIN * _GAIN, 6.0 / ((periods + 1.0) * (periods + 2.0))) * late
        known = state[C_PERIODS] >= _PERIODS_FEW
        now = clock if known and abs(stamp - clock) > _LEFT_ALONE * period else stamp
        now = _in_steps(max(now, state[C_OUT_S] + max(STEP_S, _APART * (stamp - state[C_STAMP_S]))))
        state[C_CLOCK_S], state[C_STAMP_S], state[C_OUT_S] = clock, stamp, now
        out_s[i] = origin_s + now

# The clip's own cue for a lasting tuck, while no host listens, and the measurement of standing that it needs.
# Pelvic tilt is the mean vertical over each stride relative to the vertical when standing. The host sets the threshold.
# Warm-up, hysteresis, cooldown and the limit of cues in ten minutes apply. Nothing is allocated.

from array import array
from time import ticks_diff

import wire
from micropython import const

_STRIDES = const(8)
_BACK_STRIDES = const(5)
_AGREEING = const(2)  # strides in a row that must agree
_LONGEST_STRIDE = const(400)  # samples
_BACK_CDEG = const(150)  # this far above the threshold: recovered
_CDEG = const(5730)  # 1/100 deg per unit of the sine; 0.3 % low at 8 deg
_MOST_CUES = const(4)
_CAP_MS = const(600000)
_STANDING_MS = const(5000)
_STANDING_GIVE_UP_MS = const(60000)


class TuckCue:
    """add() every sample after `gait` has processed it; cue() returns the cue to play."""

    def __init__(self, gait, settings):
        self.measuring = False
        self._gait = gait
        self._settings = settings
        self._tilts = array("h", bytes(2 * _STRIDES))
        self._strides = 0
        self._below = self._above = 0
        self._tucked = False
        self._begin_stride()
        self._cue = 0
        self._cue_ms = array("i", bytes(4 * _MOST_CUES))
        self._cues = 0
        self._asked_ms = -1
        self._still_ms = -1
        self._still = [0, 0, 0]
        self._stills = 0

    @property
    def armed(self):
        """Whether cues without a host are enabled, standing is known, and the clip is worn on the pelvis."""
        settings = self._settings
        return bool(settings.outputs & wire.OUT_ALONE) and settings.knows_standing and not settings.trunk

    def begin(self):
        """Start a new run."""
        self._strides = self._below = self._above = self._cues = 0
        self._tucked = False
        self._begin_stride()

    def measure_standing(self):
        """Measure standing over the next 5 s without motion."""
        self.measuring = True
        self._asked_ms = -1  # from the next sample on: the sensor may have been off for long
        self._still_ms = -1

    def cue(self):
        """The cue to play, 0 if none; the next call returns 0."""
        cue = self._cue
        self._cue = 0
        return cue

    def add(self, stepped):
        """Process the sample that `gait` has just processed; stepped: it completed a running step."""
        gait = self._gait
        if self.measuring:
            self._measure()
        self._sum_y += gait.up_y
        self._sum_z += gait.up_z
        self._count += 1
        if gait.breaks != self._breaks or gait.run_began_ms == gait.now_ms or self._count > _LONGEST_STRIDE:
            self._begin_stride()
        elif stepped:
            self._steps += 1
            if self._steps >= 2:
                self._stride()
        elif gait.run_began_ms < 0 and self._strides:
            self.begin()

    def _begin_stride(self):
        self._sum_y = self._sum_z = self._count = self._steps = 0
        self._breaks = self._gait.breaks

    def _stride(self):
        standing = self._settings.standing
        y = self._sum_y // self._count
        z = self._sum_z // self._count
        self._begin_stride()
        sine = (z * standing[1] - y * standing[2]) >> 12  # standing in 1/16384, up in 1/4096
        length = (standing[1] * standing[1] + standing[2] * standing[2]) >> 14
        self._tilts[self._strides % _STRIDES] = sine * _CDEG // length if length > 4096 else 0
        self._strides += 1
        if self._strides >= _STRIDES and self.armed and not self._gait.turned:
            self._judge()

    def _mean(self, strides):
        total = 0
        for i in range(strides):
            total += self._tilts[(self._strides - 1 - i) % _STRIDES]
        return total // strides

    def _judge(self):
        threshold_cdeg = self._settings.threshold_cdeg
        self._below = self._below + 1 if self._mean(_STRIDES) < threshold_cdeg else 0
        self._above = self._above + 1 if self._mean(_BACK_STRIDES) > threshold_cdeg + _BACK_CDEG else 0
        if self._tucked and self._above >= _AGREEING:
            self._tucked = False
            self._cue = wire.CUE_RECOVERED
        elif self._below >= _AGREEING and self._may_cue():
            self._tucked = True
            self._cue = wire.CUE_TUCK
            self._cue_ms[self._cues % _MOST_CUES] = self._gait.now_ms
            self._cues += 1

    def _may_cue(self):
        now_ms = self._gait.now_ms
        settings = self._settings
        if ticks_diff(now_ms, self._gait.run_began_ms) < settings.warm_up_s * 1000:
            return False
        if not self._cues:
            return True
        if ticks_diff(now_ms, self._cue_ms[(self._cues - 1) % _MOST_CUES]) < settings.cooldown_s * 1000:
            return False
        return self._cues < _MOST_CUES or ticks_diff(now_ms, self._cue_ms[self._cues % _MOST_CUES]) > _CAP_MS

    def _measure(self):
        gait = self._gait
        still = self._still
        if self._asked_ms < 0:
            self._asked_ms = gait.now_ms
        if not gait.still or self._still_ms < 0:
            self._still_ms = gait.now_ms
            still[0] = still[1] = still[2] = 0
            self._stills = 0
            if ticks_diff(gait.now_ms, self._asked_ms) > _STANDING_GIVE_UP_MS:
                self.measuring = False
                self._cue = wire.CUE_LOST
            return
        still[0] += gait.up_x
        still[1] += gait.up_y
        still[2] += gait.up_z
        self._stills += 1
        if ticks_diff(gait.now_ms, self._still_ms) >= _STANDING_MS:
            self._measured()

    def _measured(self):
        self.measuring = False
        self._settings.set_standing(*[4 * total // self._stills for total in self._still])
        self._cue = wire.CUE_RECOVERED

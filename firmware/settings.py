# Settings kept over power-off: where the clip is worn, how it cues, and the vertical in sensor axes when the runner
# stands.
# One small file, written under another name and renamed, so that a power loss leaves the old or the new one.
# Owns the defaults of the clip's own tuck cue.

import os
import struct

import wire
from micropython import const

_PATH = "settings"
_FORMAT = "<BhHHhhh"
_TRUNK = const(0x80)  # in the file's byte of outputs: a file of an older version has it clear


class Settings:
    """outputs: wire.OUT_ bits; threshold_cdeg: tilt above standing, a tuck is below it; standing: up in 1/16384.

    trunk: the clip is worn on the trunk, and cues no tuck by itself.
    """

    def __init__(self, path=_PATH):
        self.trunk = False
        self.outputs = wire.OUT_ALL
        self.threshold_cdeg = 100
        self.warm_up_s = 180
        self.cooldown_s = 30
        self.standing = (0, 0, 0)
        self._path = path
        try:
            with open(path, "rb") as file:
                kept = struct.unpack(_FORMAT, file.read())
        except (OSError, ValueError):
            return  # no file yet
        self.trunk = kept[0] >= _TRUNK
        self.outputs = kept[0] & wire.OUT_ALL
        self.threshold_cdeg, self.warm_up_s, self.cooldown_s = kept[1:4]
        self.standing = kept[4:]

    @property
    def knows_standing(self):
        """Whether standing was measured, or set by the host."""
        return self.standing != (0, 0, 0)

    def set_trunk(self, trunk):
        """Set and save whether the clip is worn on the trunk; standing at another place is forgotten."""
        if trunk != self.trunk:
            self.trunk = trunk
            self.set_standing(0, 0, 0)

    def set_tuck_cue(self, outputs, threshold_cdeg, warm_up_s, cooldown_s):
        """Set and save the values of CMD_TUCK_CUE."""
        self.outputs = outputs
        self.threshold_cdeg = threshold_cdeg
        self.warm_up_s = warm_up_s
        self.cooldown_s = cooldown_s
        self._save()

    def set_standing(self, x, y, z):
        """Set and save the vertical in sensor axes when the runner stands, in 1/16384."""
        self.standing = x, y, z
        self._save()

    def _save(self):
        outputs = self.outputs | (_TRUNK if self.trunk else 0)
        data = struct.pack(_FORMAT, outputs, self.threshold_cdeg, self.warm_up_s, self.cooldown_s, *self.standing)
        try:
            with open(self._path + ".new", "wb") as file:
                file.write(data)
            os.rename(self._path + ".new", self._path)
        except OSError:
            pass  # the values are used until power-off

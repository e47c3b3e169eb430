# What the clip remembers over power-off besides runs and bonds: how it cues, and how standing looks.
# One small file, written beside the old one and renamed, so that a power loss leaves one of the two.
# Defaults of the clip's own tuck_cue live here and nowhere else.

import os
import struct

import wire

_PATH = "settings"
_FORMAT = "<BhHHhhh"


class Settings:
    """outputs: wire.OUT_ bits; threshold_cdeg: tilt above standing below which is a tuck; standing: up in 1/16384."""

    def __init__(self, path=_PATH):
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
            return  # none yet
        self.outputs, self.threshold_cdeg, self.warm_up_s, self.cooldown_s = kept[:4]
        self.standing = kept[4:]

    @property
    def knows_standing(self):
        """Whether standing was measured or told."""
        return self.standing != (0, 0, 0)

    def set_tuck_cue(self, outputs, threshold_cdeg, warm_up_s, cooldown_s):
        """As CMD_TUCK_CUE says."""
        self.outputs = outputs
        self.threshold_cdeg = threshold_cdeg
        self.warm_up_s = warm_up_s
        self.cooldown_s = cooldown_s
        self._save()

    def set_standing(self, x, y, z):
        """Up in sensor axes when the runner stands, in 1/16384."""
        self.standing = x, y, z
        self._save()

    def _save(self):
        data = struct.pack(_FORMAT, self.outputs, self.threshold_cdeg, self.warm_up_s, self.cooldown_s, *self.standing)
        try:
            with open(self._path + ".new", "wb") as file:
                file.write(data)
            os.rename(self._path + ".new", self._path)
        except OSError:
            pass  # in use now, forgotten at power-off: the status says that the flash fails

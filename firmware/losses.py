# Counts what the clip has lost, until a host has read it: packets that were overwritten before they were stored
# anywhere, and runs deleted for space before a host had fetched them. Kept over sleep and power-off in one small file.

import os
import struct

from micropython import const

_PATH = const("losses")
_FORMAT = const("<IH")
_MOST_PACKETS = const((1 << 30) - 1)  # a small integer: counting allocates nothing
_MOST_RUNS = const(0xFFFF)


class Losses:
    """packets, runs: lost since a host has read the counts last."""

    def __init__(self, path=_PATH):
        self.packets = 0
        self.runs = 0
        self._path = path
        self._changed = False
        try:
            with open(path, "rb") as file:
                self.packets, self.runs = struct.unpack(_FORMAT, file.read())
        except (OSError, ValueError):
            pass  # no file yet, or a damaged one

    def add_packets(self, count):
        """Count lost packets."""
        self.packets = min(_MOST_PACKETS, self.packets + count)
        self._changed = True

    def add_run(self):
        """Count a run that was deleted unfetched."""
        self.runs = min(_MOST_RUNS, self.runs + 1)
        self._changed = True

    def seen(self, packets, runs):
        """A host has read these counts; what was lost since remains."""
        self.packets = max(0, self.packets - packets)
        self.runs = max(0, self.runs - runs)
        self._changed = True

    def save(self):
        """Write changed counts to the file. A power loss leaves the old or the new one."""
        if not self._changed:
            return
        self._changed = False
        try:
            with open(self._path + ".new", "wb") as file:
                file.write(struct.pack(_FORMAT, self.packets, self.runs))
            os.rename(self._path + ".new", self._path)
        except OSError:
            pass  # the counts last until power-off

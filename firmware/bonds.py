# Who may talk to the clip: the secrets of hosts that have paired, kept over power-off, and the pairing window.
# A link is trusted if it is encrypted with a secret from here, or was paired while the window was open. The stack asks
# and tells in interrupts; the file is written by the loop. SampleSync and its limits live here and nowhere else.

import binascii
from time import ticks_diff, ticks_ms

from micropython import const

_PATH = "bonds"
_WINDOW_MS = const(60000)
_MOST = const(24)  # secrets: two or three of each host


class Bonds:
    """`open`: a new host may pair, for a minute after open_window(), and until the first has paired."""

    def __init__(self, path=_PATH):
        self.trusted = False  # the present link
        self.refused = False  # the present link is to be closed
        self._path = path
        self._secrets = {}
        self._changed = False
        self._opened_ms = None
        self._known = False  # the present link's secret was found here
        try:
            with open(path) as file:
                for line in file:
                    kind, key, value = line.split()
                    self._secrets[int(kind), binascii.unhexlify(key)] = binascii.unhexlify(value)
        except (OSError, ValueError):
            pass  # none yet, or cut by a power loss: whoever is missing pairs again

    @property
    def open(self):
        """Whether a new host may pair now."""
        if not self._secrets:
            return True
        return self._opened_ms is not None and ticks_diff(ticks_ms(), self._opened_ms) < _WINDOW_MS

    def open_window(self):
        """For a minute a new host may pair."""
        self._opened_ms = ticks_ms()

    def begin_link(self):
        """A host has connected: nothing is known of it."""
        self.trusted = self.refused = self._known = False

    def on_encryption(self, on):
        """The link is encrypted from now on, or not."""
        self.trusted = on and (self._known or self.open)
        if on and not self.trusted:
            self.refused = True

    def find(self, kind, index, key):
        """A secret: that of a key, or number `index` of its kind; None if there is none."""
        if key is not None:
            value = self._secrets.get((kind, bytes(key)))
            if value is not None:
                self._known = True
            return value
        for (one, _), value in self._secrets.items():
            if one == kind:
                if index == 0:
                    return value
                index -= 1
        return None

    def store(self, kind, key, value):
        """Keep a new secret, or forget one (value None); False, and the link is closed, while the window is shut."""
        if not self.open and not self.trusted:
            self.refused = True
            self.trusted = False
            return False
        place = kind, bytes(key)
        if value is None:
            if self._secrets.pop(place, None) is None:
                return False
        else:
            if place not in self._secrets and len(self._secrets) >= _MOST:
                self._secrets.pop(next(iter(self._secrets)))
            self._secrets[place] = bytes(value)
        self._changed = True
        return True

    def save(self):
        """Write what has changed; from the loop, not from an interrupt."""
        if not self._changed:
            return
        self._changed = False
        try:
            with open(self._path, "wb") as file:
                for (kind, key), value in self._secrets.items():
                    for part in (b"%d" % kind, b" ", binascii.hexlify(key), b" ", binascii.hexlify(value), b"\n"):
                        file.write(part)
        except OSError:
            pass  # paired until power-off

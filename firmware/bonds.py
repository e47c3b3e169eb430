# Pairing: which hosts may use the clip. Keeps their secrets over power-off and controls the pairing window. A link is
# trusted if it is encrypted with a stored secret, or was paired while the window was open. The Bluetooth stack calls
# find() and store() in interrupts; the main loop writes the file.

import binascii
from time import ticks_diff, ticks_ms

from micropython import const

_PATH = "bonds"
_WINDOW_MS = const(60000)
_MAX_SECRETS = const(24)  # a host has two or three


class Bonds:
    """Secrets of paired hosts. A new host may pair until the first has, and for a minute after open_window()."""

    def __init__(self, path=_PATH):
        self.trusted = False  # the current link may be used
        self.refused = False  # the current link must be closed
        self._path = path
        self._secrets = {}
        self._changed = False
        self._opened_ms = None
        self._known = False  # the current link's secret was found
        try:
            with open(path) as file:
                for line in file:
                    kind, key, value = line.split()
                    self._secrets[int(kind), binascii.unhexlify(key)] = binascii.unhexlify(value)
        except (OSError, ValueError):
            pass  # no file yet, or truncated by a power loss: missing hosts must pair again

    @property
    def open(self):
        """Whether a new host may pair now."""
        if not self._secrets:
            return True
        opened_ms = self._opened_ms  # once: an interrupt may close the window meanwhile
        if opened_ms is None:
            return False
        if 0 <= ticks_diff(ticks_ms(), opened_ms) < _WINDOW_MS:
            return True
        self._opened_ms = None  # for good: after six days ticks_diff is negative
        return False

    def open_window(self):
        """Let a new host pair during the next minute."""
        self._opened_ms = ticks_ms()

    def begin_link(self):
        """A host has connected; it is not trusted yet."""
        self.trusted = self.refused = self._known = False

    def on_encryption(self, on):
        """The link's encryption has changed: trust the link, or mark it for closing."""
        self.trusted = on and (self._known or self.open)
        if on and not self.trusted:
            self.refused = True

    def find(self, kind, index, key):
        """The secret stored under `key`, or the secret number `index` of its kind if key is None; None if not found."""
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
        """Store a secret, or delete it (value None). While the window is closed: False, and the link is closed."""
        if not self.open and not self.trusted:
            self.refused = True
            self.trusted = False
            return False
        place = kind, bytes(key)
        if value is None:
            if self._secrets.pop(place, None) is None:
                return False
        else:
            if place not in self._secrets and len(self._secrets) >= _MAX_SECRETS:
                self._secrets.pop(next(iter(self._secrets)))
            self._secrets[place] = bytes(value)
        self._changed = True
        return True

    def save(self):
        """Write changes to the file; called by the main loop, not in an interrupt."""
        if not self._changed:
            return
        self._changed = False
        try:
            with open(self._path, "wb") as file:
                for (kind, key), value in self._secrets.items():
                    for part in (b"%d" % kind, b" ", binascii.hexlify(key), b" ", binascii.hexlify(value), b"\n"):
                        file.write(part)
        except OSError:
            pass  # the bonds last until power-off

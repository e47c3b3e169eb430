# Pairing: which hosts may use the clip. Keeps their bonds over power-off and controls the pairing window.
# The Bluetooth stack calls find() and store() in interrupts, in an order that differs between its versions: a link is
# trusted once it is encrypted and its bond was found, or was accepted whole. The main loop writes the file.
# Lists are replaced, never changed: an interrupt may come while the main loop reads them.

import binascii
import os
from time import ticks_diff, ticks_ms

import wire
from micropython import const

_PATH = const("bonds")
_WINDOW_MS = const(60000)
_MAX_BONDS = const(8)

# Kinds of secrets in MicroPython's NimBLE. A bond is one of each of the first two, under the host's address.
_OURS = const(1)  # the key that the host encrypts with
_THEIRS = const(2)  # with the key that resolves the host's private addresses
_IDENTITY = const(10)  # the clip's own key for private addresses; no bond

# In both layouts of NimBLE's struct ble_store_value_sec (80 bytes, Espressif's 88)
_LAYOUTS = const((80, 88))
_RAND, _RAND_END = const(16), const(24)  # 0 if paired with LE Secure Connections, random after legacy pairing
_KEY_PRESENT = const(40)
_LONGEST_KEY = const(16)  # bytes


def _secure(value):
    """Whether the host's key comes from LE Secure Connections; also for layouts that are not known."""
    return len(value) not in _LAYOUTS or (not any(value[_RAND:_RAND_END]) and value[_KEY_PRESENT] & 1)


class Bonds:
    """Bonds with hosts. A new host may pair until the first has, and for a minute after open_window().

    refused: the current link must be closed.
    """

    def __init__(self, path=_PATH):
        self._path = path
        self._bonds = []  # (address, our secret, their secret), oldest first
        self._identity = None  # (key, value)
        self._changed = False
        self._opened_ms = None
        self.begin_link()
        halves = []  # as in the file: one host's after the other
        try:
            with open(path) as file:
                for line in file:
                    kind, key, value = line.split()
                    kind, key, value = int(kind), binascii.unhexlify(key), binascii.unhexlify(value)
                    if kind == _IDENTITY:
                        self._identity = key, value
                    else:
                        halves.append((key, kind, value))
        except (OSError, ValueError):
            pass  # no file yet, or a damaged one: missing hosts must pair again
        for key, kind, ours in halves:
            if kind == _OURS and _secure(ours):
                self._bonds.extend((key, ours, value) for other, of, value in halves if other == key and of == _THEIRS)

    @property
    def open(self):
        """Whether a new host may pair now."""
        if not self._bonds:
            return True
        opened_ms = self._opened_ms  # once: an interrupt may close the window meanwhile
        if opened_ms is None:
            return False
        if 0 <= ticks_diff(ticks_ms(), opened_ms) < _WINDOW_MS:
            return True
        self._opened_ms = None  # for good: after six days ticks_diff is negative
        return False

    @property
    def pairing(self):
        """One of wire.PAIRING_, for the scan response."""
        if not self._bonds:
            return wire.PAIRING_FIRST
        return wire.PAIRING_OPEN if self.open else wire.PAIRING_SHUT

    def open_window(self):
        """Let a new host pair during the next minute."""
        self._opened_ms = ticks_ms()

    @property
    def trusted(self):
        """Whether the current link may be used."""
        return self._encrypted and self._bonded

    def begin_link(self):
        """A host has connected or disconnected; the next one is not trusted yet. An incomplete bond is dropped."""
        self.refused = False
        self._encrypted = False
        self._bonded = False  # the link's bond was found, or accepted
        self._hidden = False  # the host is pairing again: it does not use its old bond
        self._accepts = None  # whether the link may pair; decided once
        self._new = None, None, None  # the new bond so far

    def on_encryption(self, on, bonded, key_size):
        """The link's encryption has changed: trust the link, or mark it for closing."""
        self._encrypted = on
        if on and (not bonded or key_size < _LONGEST_KEY or not (self._bonded or self._may_pair())):
            self._refuse()

    def find(self, kind, index, key):
        """The secret stored under `key`, or the secret number `index` of its kind if key is None; None if not found."""
        if kind == _IDENTITY:
            return self._identity[1] if self._identity else None
        if kind not in (_OURS, _THEIRS):
            return None
        if key is None:
            bonds = self._bonds
            return bonds[index][kind] if index < len(bonds) else None
        bond = self._bond(bytes(key))
        if kind == _OURS and bond[kind] is not None and self._accepts is None:
            self._bonded = True
        return bond[kind]

    def store(self, kind, key, value):
        """Store a secret, or delete it (value None); returns whether that was done.

        To delete is to pair again. The old bond is kept until the new one is whole, and hidden on this link: the stack
        deletes until nothing is found. A secret that is not accepted is reported as stored: refusing it makes the stack
        delete other bonds, and not all of its versions stop.
        """
        key = bytes(key)
        if kind == _IDENTITY:
            self._identity = value and (key, bytes(value))
            self._changed = True
        elif value is None:
            return self._hide(key)
        elif not self._may_pair() or (kind == _OURS and not _secure(value)):
            self._refuse()
        elif kind in (_OURS, _THEIRS):
            _, ours, theirs = self._bond(key)
            new = (key, bytes(value), theirs) if kind == _OURS else (key, ours, bytes(value))
            self._new = new
            if new[_OURS] is not None and new[_THEIRS] is not None:  # whole
                self._bonds = [bond for bond in self._bonds if bond[0] != key][-_MAX_BONDS + 1 :] + [new]
                self._changed = self._bonded = True
        return True

    def _bond(self, key):
        """What this link sees of the bond under `key`."""
        if self._new[0] == key:
            return self._new
        if not self._hidden:
            for bond in self._bonds:
                if bond[0] == key:
                    return bond
        return key, None, None

    def _hide(self, key):
        if self._bond(key)[1] is None:
            return False
        if not self._may_pair():
            self._refuse()
        self._hidden = True
        self._bonded = False
        self._new = None, None, None
        return True

    def _may_pair(self):
        if self._accepts is None:
            self._accepts = self.trusted or self.open
        return self._accepts

    def _refuse(self):
        self._accepts = False
        self._bonded = False
        self.refused = True

    def save(self):
        """Write changes to the file; called by the main loop, not in an interrupt. A power loss leaves the old file."""
        if not self._changed:
            return
        self._changed = False
        identity = self._identity
        try:
            with open(self._path + ".new", "wb") as file:
                if identity:
                    _write(file, _IDENTITY, *identity)
                for key, ours, theirs in self._bonds:
                    _write(file, _OURS, key, ours)
                    _write(file, _THEIRS, key, theirs)
            os.rename(self._path + ".new", self._path)
        except OSError:
            pass  # the bonds last until power-off


def _write(file, kind, key, value):
    for part in (b"%d" % kind, b" ", binascii.hexlify(key), b" ", binascii.hexlify(value), b"\n"):
        file.write(part)

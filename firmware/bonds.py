# Pairing: which hosts may use the clip. Keeps their bonds over power-off and controls the pairing window.
# The Bluetooth stack calls find() and store() in interrupts, in an order that differs between its versions: a link is
# trusted once it is encrypted and its bond was found, or was accepted whole. The main loop writes the file.
# Lists are replaced, never changed: an interrupt may come while the main loop reads them.

import binascii
import os
from time import ticks_diff, ticks_ms

import wire
from micropython import const

from links import Link

_PATH = const("bonds")
_WINDOW_MS = const(60000)
_MAX_BONDS = const(8)
_MOST_LINKS = const(4)  # NimBLE's limit in MicroPython's builds
MOST_TRUSTED = const(2)  # a runner's host and a watch

# Kinds of secrets in MicroPython's NimBLE. A bond is one of each of the first two, under the host's address.
_OURS = const(1)  # the key that the host encrypts with
_THEIRS = const(2)  # with the key that resolves the host's private addresses
_IDENTITY = const(10)  # the clip's own key for private addresses; no bond

# In both layouts of NimBLE's struct ble_store_value_sec (80 bytes, Espressif's 88)
_LAYOUTS = const((80, 88))
_RAND, _RAND_END = const(16), const(24)  # 0 if paired with LE Secure Connections, random after legacy pairing
_KEY_PRESENT = const(40)
_LONGEST_KEY = const(16)  # bytes


def _secure(ours, theirs):
    """Whether a bond comes from LE Secure Connections."""
    if len(ours) in _LAYOUTS:
        return not any(ours[_RAND:_RAND_END]) and ours[_KEY_PRESENT] & 1
    # A layout that is not known: only Secure Connections give both ends the same key.
    for at in range(_RAND, len(ours) - _LONGEST_KEY + 1):
        key = ours[at : at + _LONGEST_KEY]
        if key == theirs[at : at + _LONGEST_KEY] and key.count(b"\0") < _LONGEST_KEY // 2:
            return True
    return False


class Bonds:
    """Bonds with hosts. A new host may pair until the first has, and for a minute after open_window(): only one.

    links: the connections; at most two of them are trusted at a time.
    """

    def __init__(self, path=_PATH):
        self.links = tuple([Link() for _ in range(_MOST_LINKS)])
        self._path = path
        self._bonds = []  # (address, our secret, their secret), oldest first
        self._identity = None  # (key, value)
        self._changed = False
        self._opened_ms = None
        self._new = None  # the bond that a pairing makes, as far as it was stored: (address, ours, theirs)
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
            if kind == _OURS:
                for other, of, theirs in halves:
                    if other == key and of == _THEIRS and _secure(ours, theirs):
                        self._bonds.append((key, ours, theirs))

    @property
    def open(self):
        """Whether a new host may pair now."""
        return not self._bonds or self.window_open

    @property
    def window_open(self):
        """Whether the button was held, less than a minute ago."""
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

    def trusted(self):
        """How many links are trusted."""
        count = 0
        for link in self.links:
            count += link.trusted
        return count

    def bond(self, address):
        """The bond with the host of this address: (address, our secret, their secret); None if there is none."""
        for bond in self._bonds:
            if bond[0] == address:
                return bond
        return None

    def begin(self, handle, address_type, address):
        """A host has connected. A connection that is one too many is marked for closing."""
        self._new = None
        for link in self.links:
            if link.handle < 0:
                link.begin(handle, address_type, address)
                if self.trusted() >= MOST_TRUSTED:
                    link.refuse()
                return

    def end(self, link):
        """A host has disconnected. An incomplete bond is dropped."""
        self._new = None
        link.end()

    def on_encryption(self, link, on, bonded, key_size):
        """The link's encryption has changed: trust the link, or mark it for closing.

        Secrets that were stored since the last connection or encryption are those of this pairing.
        """
        link.encrypted = on
        new = self._new
        self._new = None
        if not on:
            return
        if not bonded or key_size < _LONGEST_KEY or self.trusted() - link.trusted >= MOST_TRUSTED:
            link.refuse()
        elif new is not None:
            self._accept(link, new)
        elif not (link.bonded or self._may_pair(link)):
            link.refuse()

    def find(self, kind, index, key):
        """The secret stored under `key`, or the secret number `index` of its kind if key is None; None if not found.

        With a key it is for the link with this address; it does not see a bond while it pairs again.
        """
        if kind == _IDENTITY:
            return self._identity[1] if self._identity else None
        if kind not in (_OURS, _THEIRS):
            return None
        if key is None:
            bonds = self._bonds
            return bonds[index][kind] if index < len(bonds) else None
        link = self._link_of(key)
        bond = self.bond(key)
        if link is None or bond is None or link.hidden:
            return None
        if kind == _OURS and link.accepts is None:
            link.bonded = True
        return bond[kind]

    def store(self, kind, key, value):
        """Store a secret, or delete it (value None); returns whether that was done.

        To delete is to pair again. The old bond is kept until the new one is whole, and hidden from this link, as the
        stack deletes until nothing is found. A secret that is not accepted is reported as stored: refusing it makes the
        stack delete other bonds, and not all of its versions stop. The stack stores the secrets right before the event
        of the encryption or right after it; their address is the host's identity, which the link may not have shown.
        """
        if kind == _IDENTITY:
            self._identity = value and (bytes(key), bytes(value))
            self._changed = True
        elif value is None:
            return self._hide(key)
        elif kind in (_OURS, _THEIRS):
            key, value = bytes(key), bytes(value)
            _, ours, theirs = self._new if self._new is not None and self._new[0] == key else (key, None, None)
            self._new = new = (key, value, theirs) if kind == _OURS else (key, ours, value)
            link = self._encrypted_first()
            if link is not None and new[_OURS] and new[_THEIRS]:
                self._new = None
                self._accept(link, new)
        return True

    def _link_of(self, key):
        for link in self.links:
            if link.handle >= 0 and link.peer == key:
                return link
        return None

    def _encrypted_first(self):
        """The link whose secrets are still to come, with the stacks that report the encryption before them."""
        for link in self.links:
            if link.encrypted and link.accepts and not link.bonded:
                return link
        return None

    def _accept(self, link, new):
        """A pairing is complete: keep its bond if it is whole and secure, and the link may pair."""
        key, ours, theirs = new
        if not (
            ours
            and theirs
            and _secure(ours, theirs)
            and self._may_pair(link)
            and self.trusted() - link.trusted < MOST_TRUSTED
        ):
            link.refuse()
            return
        self._bonds = [bond for bond in self._bonds if bond[0] != key][-_MAX_BONDS + 1 :] + [new]
        self._changed = link.bonded = True
        link.hidden = False
        link.peer[:] = key
        self._opened_ms = None  # one window, one new host
        for other in self.links:
            if other.accepts:
                other.accepts = None  # whether it may pair is to be decided again

    def _hide(self, key):
        link = self._link_of(key)
        if link is None or link.hidden or self.bond(key) is None:
            return False
        if not self._may_pair(link):
            link.refuse()
        link.hidden = True
        link.bonded = False
        return True

    def _may_pair(self, link):
        if link.accepts is None:
            link.accepts = link.trusted or self.open
        return link.accepts

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

"""How the simulated BNO085 sends cargos: headers, sequence numbers, continuations, and what can go wrong with them.

The header of each transfer has the length of all that is left of its cargo. The host decides how much of it it reads;
the rest is sent in a continuation. bno085_sim.py decides when there is something to send.
"""

from __future__ import annotations

from virtual_clip import bno085_messages as messages
from virtual_clip.bno085_state import Cargo, Faults

_LOST_BYTES = 32  # of a cargo whose start is lost


class Sender:
    """The cargo being sent, if any. read_none: the transfer in progress has no cargo."""

    def __init__(self, faults: Faults) -> None:
        self.cargo: Cargo | None = None
        self.in_transfer = False
        self.read_none = False
        self._faults = faults
        self._suspended: Cargo | None = None
        self._sequence = [0] * messages.CHANNELS

    def skip(self, channel: int) -> None:
        """Leave out a sequence number."""
        self._sequence[channel] = (self._sequence[channel] + 1) & 0xFF

    def begin(self) -> bytes:
        """Header and payload of the next transfer, or four zeros."""
        faults = self._faults
        cargo = self.cargo
        self.in_transfer = True
        self.read_none = cargo is None or faults.empty > 0
        if cargo is None or self.read_none:
            faults.empty = max(0, faults.empty - 1)
            return bytes(4)
        if faults.lost_starts and not cargo.continued and len(cargo.payload) > _LOST_BYTES:
            faults.lost_starts -= 1
            self._advance(cargo, _LOST_BYTES)
        rest = cargo.payload[cargo.offset :]
        length = len(rest) + 4 if cargo.length is None else cargo.length
        length |= 0x8000 if cargo.continued else 0
        if faults.fragment_bytes:
            rest = rest[: faults.fragment_bytes - 4]
        return bytes((length & 0xFF, length >> 8, cargo.channel, self._sequence[cargo.channel])) + rest

    def end(self, clocked: int) -> None:
        """The host has read `clocked` bytes."""
        self.in_transfer = False
        cargo = self.cargo
        if cargo is None or self.read_none or not clocked:
            return
        most = self._faults.fragment_bytes or clocked
        self._advance(cargo, max(0, min(clocked, most) - 4))
        if cargo.offset >= len(cargo.payload):
            self.cargo, self._suspended = self._suspended, None
        elif clocked > 4 and cargo.channel == messages.INPUT:
            self._disturb(cargo)

    def _advance(self, cargo: Cargo, payload_bytes: int) -> None:
        cargo.offset += payload_bytes
        cargo.continued = True
        cargo.length = None
        self.skip(cargo.channel)

    def _disturb(self, cargo: Cargo) -> None:
        """Faults between two fragments."""
        if self._faults.lost_ends:
            self._faults.lost_ends -= 1
            self.skip(cargo.channel)
            self.cargo = None
        elif self._faults.interleaved and self._suspended is None:
            self._faults.interleaved -= 1
            self._suspended = cargo
            self.cargo = Cargo(messages.CONTROL, messages.feature_response(messages.GYR, 10_000))

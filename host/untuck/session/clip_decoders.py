"""Packets of one clip or two to samples on one clock, and the commands that follow from the packets alone.

Each clip has a decoder; the trunk's times are fitted to the pelvis's clock from the arrivals of both. A replay derives
the same samples and commands again, to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import groupby

from untuck import wire
from untuck.model import Packet
from untuck.motion.decode import Accepted, Decoder
from untuck.motion.trunk.clock_fit import ClockFit
from untuck.samples import Samples
from untuck.session_commands import Lap, SessionCommand, StaleData
from untuck.sources.data_age import DataAge
from untuck.vocabulary import Role

BUTTON = "button"


class PacketCommands:
    """Derives commands from the pelvis's packets alone: late data, the clip's button.

    age_s: how much later than usual the newest samples came.
    """

    def __init__(self, stale_s: float) -> None:
        self.age_s = 0.0
        self._age = DataAge()
        self._restarts = 0
        self._stale_s = stale_s
        self._stale = False

    def take(self, packet: Accepted) -> list[SessionCommand]:
        """The commands in a packet that the decoder accepted, in order, before its first sample.

        Cues are suppressed while data are so late that a cue would be about another stride.
        """
        if packet.restarts != self._restarts:  # the clip's clock has restarted: its offset is not known
            self._restarts, self._age = packet.restarts, DataAge()
        if packet.arrival_s is not None:
            self.age_s = self._age.heard(packet.last_s, packet.arrival_s, packet.lost)
        commands: list[SessionCommand] = []
        if self._stale != (self.age_s > self._stale_s):
            self._stale = not self._stale
            commands.append(StaleData(self._stale, time_s=packet.before_s))
        if packet.flags & wire.FLAG_LAP:
            commands.append(Lap(BUTTON, time_s=packet.before_s))
        return commands


class ClipDecoders:
    """Decoders of a session's clips.

    pelvis, trunk: their decoders, with counters; trunk is None without a second clip; commands: those that followed
    from the packets of the last push; late_s: of each pelvis's packet of the last push, how much later than usual it
    came.
    """

    def __init__(self, stale_s: float, trunk: bool = False) -> None:
        self.pelvis = Decoder()
        self.trunk: Decoder | None = Decoder() if trunk else None
        self.commands: list[SessionCommand] = []
        self.late_s: list[float] = []
        self._fit = ClockFit()
        self._from_packets = PacketCommands(stale_s)
        self._pelvis_s = -math.inf

    @property
    def age_s(self) -> float:
        """How much later than usual the pelvis's newest samples came."""
        return self._from_packets.age_s

    def push(self, packets: Iterable[Packet]) -> Iterator[tuple[Role, Samples]]:
        """The samples of packets of any roles, in order, in parts of one clip; those of the trunk packet by packet,
        because the fit of its clock advances with each. Raises PacketError for an unknown protocol version.
        """
        for role, part in groupby(packets, lambda packet: packet.role):
            if role == Role.PELVIS:
                self.commands, self.late_s = [], []
                samples = self.pelvis.push(self._noted(self.pelvis, part, role))
                self._fit.pelvis(samples)
                yield role, samples
            else:
                for packet in part:
                    self.commands, self.late_s = [], []
                    yield role, self._push_trunk(packet)

    def _push_trunk(self, packet: Packet) -> Samples:
        if self.trunk is None:
            self.trunk = Decoder()
        return self._fit.trunk(self.trunk.push(self._noted(self.trunk, [packet], Role.TRUNK)))

    def _noted(self, decoder: Decoder, packets: Iterable[Packet], role: Role) -> Iterator[bytes]:
        """The packets' bytes; takes note of each that the decoder accepted."""
        for packet in packets:
            decoder.arrival_s = packet.arrival_s
            yield packet.data
            for accepted in decoder.accepted:
                self._note(accepted, role)

    def _note(self, packet: Accepted, role: Role) -> None:
        if packet.arrival_s is not None:
            self._fit.arrived(role, packet.last_s, packet.arrival_s, packet.clock)
        if role == Role.PELVIS:
            self._pelvis_s = packet.last_s
            self.commands += self._from_packets.take(packet)
            self.late_s.append(self._from_packets.age_s)
        elif packet.flags & wire.FLAG_LAP:
            self.commands.append(Lap(BUTTON, time_s=self._pelvis_s))

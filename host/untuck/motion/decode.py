"""Wire packets to Samples: checks each packet, drops duplicates, counts losses, keeps time increasing.

wire.py defines the layout; numpy reads the integers. All times are the sensor's. Arrival times are used only where the
clip restarts and its clock with it: they say how long that took.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from untuck import wire
from untuck.errors import PacketError
from untuck.model import Floats
from untuck.samples import Samples

_RESTART_GAP_S = 1.0  # duration of a clip's restart at least, and if it is unknown: long enough to count as a break
_SAME_CLOCK_S = 10.0  # a new stream whose time differs less from that of its arrival has the same clock


class Decoder:
    """Turns packets into Samples and counts them.

    packets, samples: accepted; corrupt: too short, truncated or with a wrong checksum; doubles: received before; lost:
    missing sequence numbers; restarts: new streams; resets: of the sensor chip; gaps: packets after lost samples.
    flags: of the newest packet. low_battery: any packet of this stream had this flag, which not every packet carries.
    arrival_s: host time at which the packet arrived that is decoded next; None if it is not known.
    """

    def __init__(self) -> None:
        self.packets = self.samples = self.corrupt = self.doubles = self.lost = 0
        self.restarts = self.resets = self.gaps = self.overruns = 0
        self.flags = 0
        self.low_battery = False
        self.arrival_s: float | None = None
        self._last_arrival_s: float | None = None
        self._stream_id = -1
        self._next_sequence = 0
        self._last_time_s = -np.inf
        self._offset_s = 0.0

    @property
    def last_time_s(self) -> float:
        """Sensor time of the newest sample, -inf before the first; advances with every packet of a push."""
        return self._last_time_s

    def push(self, packets: Iterable[bytes]) -> Samples:
        """Samples of the packets, in order: time (N,) s, gyro (N,3) rad/s, acceleration (N,3) m/s^2, quat (N,4).

        Raises PacketError for an unknown protocol version; corrupt packets are counted and dropped.
        """
        stamps: list[tuple[float, float, int]] = []
        bodies: list[bytes] = []
        for packet in packets:
            if (stamp := self._accept(packet)) is not None:
                stamps.append(stamp)
                bodies.append(bytes(packet[wire.HEADER_SIZE : -wire.CRC_SIZE]))
        if not stamps:
            return Samples(np.empty(0), np.empty((0, 3)), np.empty((0, 3)), np.empty((0, 4)))
        numbers = np.frombuffer(b"".join(bodies), dtype="<i2").reshape(-1, 10).astype(np.float64)
        return Samples(
            _times(stamps),
            numbers[:, 7:10] / wire.GYR_SCALE,
            numbers[:, 4:7] / wire.ACC_SCALE,
            numbers[:, 0:4] / wire.QUAT_SCALE,
        )

    def _accept(self, packet: bytes) -> tuple[float, float, int] | None:
        """First time and period in seconds and number of samples of a good packet, or None; counts both."""
        if len(packet) > 0 and packet[0] != wire.PACKET_VERSION:
            theirs, ours = packet[0], wire.PACKET_VERSION
            outdated = "untuck" if theirs > ours else "the clip's firmware"
            raise PacketError(f"The clip uses protocol version {theirs}, this host version {ours}: update {outdated}.")
        if wire.check(packet):
            self.corrupt += 1
            return None
        _, flags, stream_id, sequence, whole_s, micro_s, period_us, count = wire.unpack_header(packet)
        start_s = whole_s + micro_s * 1e-6
        if stream_id != self._stream_id:
            self._begin(stream_id, start_s, (count - 1) * period_us * 1e-6)
        elif sequence < self._next_sequence:
            self.doubles += 1
            return None
        else:
            self.lost += sequence - self._next_sequence
        first_s, period_s = start_s + self._offset_s, period_us * 1e-6
        if first_s <= self._last_time_s or (count > 1 and period_us == 0):
            self.corrupt += 1  # the checksum is correct, but time does not increase
            return None
        self._next_sequence = sequence + 1
        self._last_time_s, self._last_arrival_s = first_s + (count - 1) * period_s, self.arrival_s
        self._count(flags, count)
        return first_s, period_s, count

    def _begin(self, stream_id: int, start_s: float, length_s: float) -> None:
        """Begin a stream whose first packet starts at start_s of the clip's clock and covers length_s.

        If the clock has restarted too, the stream's time follows the arrival of its first packet.
        """
        if self._stream_id >= 0:
            self.restarts += 1
            least_s = self._last_time_s + _RESTART_GAP_S
            due_s = -np.inf
            if self.arrival_s is not None and self._last_arrival_s is not None:
                due_s = self._last_time_s + self.arrival_s - self._last_arrival_s - length_s
            runs_back = start_s + self._offset_s <= self._last_time_s
            if runs_back or (due_s > least_s and abs(start_s + self._offset_s - due_s) > _SAME_CLOCK_S):
                self._offset_s = max(least_s, due_s) - start_s
        self._stream_id = stream_id
        self.low_battery = False

    def _count(self, flags: int, count: int) -> None:
        self.flags = flags
        self.low_battery |= bool(flags & wire.FLAG_LOW_BATTERY)
        self.packets += 1
        self.samples += count
        self.resets += bool(flags & wire.FLAG_RESET)
        self.gaps += bool(flags & wire.FLAG_GAP)
        self.overruns += bool(flags & wire.FLAG_OVERRUN)


def _times(stamps: list[tuple[float, float, int]]) -> Floats:
    """(N,) times of all samples from the first time, period and count of each packet."""
    first_s, period_s, counts = (np.array(column) for column in zip(*stamps, strict=True))
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    times: Floats = np.repeat(first_s, counts) + number * np.repeat(period_s, counts)
    return times

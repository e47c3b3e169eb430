"""Wire packets to Samples: checks each packet, drops duplicates, counts losses, keeps time increasing.

wire.py defines the layout; numpy reads the integers. All times are the sensor's. Arrival times are used where the clip
restarts and its clock with it: they say how long that took; and for how far a clock can have advanced.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from untuck import wire
from untuck.errors import PacketError
from untuck.model import Floats
from untuck.samples import Samples

_RESTART_GAP_S = 1.0  # duration of a clip's restart at least, and if it is unknown: long enough to count as a break
_SAME_CLOCK_S = 10.0  # a new stream whose time differs less from that of its arrival has the same clock
_SLACK_S = 10.0  # a clip's time and its count of packets may run ahead of the host's clock, and of each other, by this
_BELIEVED = 3  # packets that agree with each other make a jump of time or sequence certain
_FOREIGN = 20  # packets in a row of the same unknown version or sensor, about a second: they are no damage
_SENSOR_KEY = 256  # sensors are counted as this and their id, versions as themselves


class Accepted(NamedTuple):
    """A packet whose samples were accepted.

    before_s, last_s: sensor time of the newest sample before and after it, before_s -inf for the first; restarts, lost:
    as counted by then; clock: another number where the clip's clock had restarted, so that times are continued roughly.
    """

    arrival_s: float | None
    before_s: float
    last_s: float
    flags: int
    restarts: int
    lost: int
    clock: int


class _Head(NamedTuple):
    """A packet's header with times in seconds on the clip's clock, the bytes of its samples, and its arrival."""

    flags: int
    stream_id: int
    sequence: int
    start_s: float
    period_s: float
    samples: int
    body: bytes
    arrival_s: float | None
    sensor: int

    @property
    def length_s(self) -> float:
        return (self.samples - 1) * self.period_s


class Decoder:
    """Turns packets into Samples and counts them.

    A packet whose time or sequence number jumps is held back until two more confirm the jump; otherwise it is dropped.

    packets, samples: accepted; corrupt: too short, truncated, with a wrong checksum, or implausible; implausible: of
    these, those with a jump that was not confirmed; doubles: received before; lost: missing sequence numbers; restarts:
    new streams, and jumps of the clip's clock; resets: of the sensor chip; gaps: packets after lost samples.
    flags: of the newest packet. low_battery: any packet of this stream had this flag, which not every packet carries.
    arrival_s: host time at which the packet arrived that is decoded next; None if it is not known.
    accepted: what the newest packet led to: nothing, itself, or those that it confirmed as well.
    sensor: id of the chip that measured the first packet, an index of wire.SENSORS. Its range, and whether it has a
    quaternion, count for the whole session; values are scaled by each packet's own.
    """

    def __init__(self) -> None:
        self.packets = self.samples = self.corrupt = self.implausible = self.doubles = self.lost = 0
        self.restarts = self.resets = self.gaps = self.overruns = 0
        self.flags = 0
        self.low_battery = False
        self.arrival_s: float | None = None
        self.accepted: list[Accepted] = []
        self.sensor = wire.SENSOR_BNO085
        self._last: _Head | None = None  # the newest one that was accepted
        self._since_break = 0  # packets accepted since the stream began or its order jumped
        self._held: list[_Head] = []
        self._foreign = (-1, 0)  # an unknown version or sensor, and how many packets in a row have it
        self._next_sequence = 0
        self._last_time_s = -np.inf
        self._offset_s = 0.0
        self._clock = 0

    @property
    def last_time_s(self) -> float:
        """Sensor time of the newest sample, -inf before the first; advances with every packet of a push."""
        return self._last_time_s

    def push(self, packets: Iterable[bytes]) -> Samples:
        """Samples of the packets, in order: time (N,) s, gyro (N,3) rad/s, acceleration (N,3) m/s^2, quat (N,4).

        quat is None if the sensor has no quaternion. Raises PacketError if the clip has an unknown protocol version or
        sensor; corrupt packets are counted and dropped.
        """
        stamps: list[tuple[float, float, int]] = []
        bodies: list[bytes] = []
        sensors: list[int] = []
        for packet in packets:
            self.accepted = []
            for head in self._ready(packet):
                stamps.append((head.start_s + self._offset_s, head.period_s, head.samples))
                bodies.append(head.body)
                sensors.append(head.sensor)
                self._accept(head)
        if not stamps:
            return Samples(np.empty(0), np.empty((0, 3)), np.empty((0, 3)), np.empty((0, 4)))
        numbers = np.frombuffer(b"".join(bodies), dtype="<i2").reshape(-1, 10).astype(np.float64)
        scales = np.array([wire.SENSORS[sensor][1:3] for sensor in sensors], dtype=np.float64)
        scales = np.repeat(scales, [stamp[2] for stamp in stamps], axis=0)
        _, acc_scale, _, acc_end, _, has_quat = wire.SENSORS[self.sensor]
        return Samples(
            _times(stamps),
            numbers[:, 7:10] / scales[:, 1:],
            numbers[:, 4:7] / scales[:, :1],
            numbers[:, 0:4] / wire.QUAT_SCALE if has_quat else None,
            acc_end_m_s2=None if self.sensor == wire.SENSOR_BNO085 else acc_end / acc_scale,
        )

    def _ready(self, packet: bytes) -> list[_Head]:
        """The packets to accept now, in order; counts this one if it is not."""
        head = self._head(packet)
        if head is None:
            self.corrupt += 1
            return []
        if self._last is None or head.stream_id != self._last.stream_id:
            self._begin(head)
        elif head.sequence < self._next_sequence:
            same = head.sequence == self._last.sequence or _follows(head, self._last)
            if same or self._since_break >= _BELIEVED:
                self.doubles += 1
                return []
            return self._hold(head)
        elif head.start_s + self._offset_s <= self._last_time_s or not _follows(self._last, head):
            return self._hold(head)
        self._held = []
        return [head]

    def _head(self, packet: bytes) -> _Head | None:
        """The header of a good packet, or None. Raises PacketError if the clip has an unknown version or sensor."""
        if len(packet) > 0 and packet[0] != wire.PACKET_VERSION:
            self._check_version(packet)
            return None
        if wire.check(packet) or not wire.in_range(packet):
            return None
        if packet[wire.SENSOR_AT] >= len(wire.SENSORS):
            self._check_sensor(packet[wire.SENSOR_AT])
            return None
        _, flags, stream_id, sequence, whole_s, micro_s, period_us, count = wire.unpack_header(packet)
        body = bytes(packet[wire.HEADER_SIZE : -wire.CRC_SIZE])
        start_s, period_s = whole_s + micro_s * 1e-6, period_us * 1e-6
        return _Head(
            flags=flags,
            stream_id=stream_id,
            sequence=sequence,
            start_s=start_s,
            period_s=period_s,
            samples=count,
            body=body,
            arrival_s=self.arrival_s,
            sensor=packet[wire.SENSOR_AT],
        )

    def _check_sensor(self, sensor: int) -> None:
        """Raise PacketError for an unknown sensor, unless known ones came before and this is not repeated."""
        self._count_foreign(_SENSOR_KEY + sensor)
        if self.packets == 0 or self._foreign[1] >= _FOREIGN:
            raise PacketError(
                f"The clip has a sensor that this version does not know (number {sensor}): update untuck."
            )

    def _count_foreign(self, key: int) -> None:
        self._foreign = (key, self._foreign[1] + 1 if self._foreign[0] == key else 1)

    def _check_version(self, packet: bytes) -> None:
        """Raise PacketError if it is no damage: the checksum is correct, or many packets say the same."""
        theirs, ours = packet[0], wire.PACKET_VERSION
        self._count_foreign(theirs)
        end = len(packet) - wire.CRC_SIZE
        intact = end >= wire.HEADER_SIZE and wire.checksum(packet, end) == int.from_bytes(packet[end:], "little")
        if (intact and self.packets == 0) or self._foreign[1] >= _FOREIGN:
            outdated = "untuck" if theirs > ours else "the clip's firmware"
            raise PacketError(f"The clip uses protocol version {theirs}, this host version {ours}: update {outdated}.")

    def _hold(self, head: _Head) -> list[_Head]:
        """Hold a packet back, counted as implausible; returns all held ones once there are enough that agree."""
        if self._held and not _follows(self._held[-1], head):
            self._held = []
        self._held.append(head)
        self.corrupt += 1
        self.implausible += 1
        if len(self._held) < _BELIEVED:
            return []
        held, self._held = self._held, []
        self.corrupt -= len(held)
        self.implausible -= len(held)
        self._break(held[0])
        return held

    def _break(self, head: _Head) -> None:
        """Go on with a packet whose time or sequence number jumped."""
        if self._last is not None and head.sequence >= self._next_sequence:
            ahead_s = max(0.0, head.start_s - self._last.start_s)
            most = int(ahead_s / (self._last.samples * self._last.period_s or 1.0))
            self.lost += min(head.sequence - self._next_sequence, most)
        self._since_break, self._next_sequence = 0, head.sequence
        if head.start_s + self._offset_s <= self._last_time_s:
            self.restarts += 1
            self._restart_clock(head)

    def _begin(self, head: _Head) -> None:
        """Begin a stream. If the clock has restarted too, the stream's time follows the arrival of its first packet."""
        if self._last is not None:
            self.restarts += 1
            self._restart_clock(head)
        self._since_break, self._next_sequence = 0, head.sequence
        self.low_battery = False

    def _restart_clock(self, head: _Head) -> None:
        """Adapt the offset of the clip's clock, if it has restarted, to a packet that comes now."""
        least_s = self._last_time_s + _RESTART_GAP_S
        due_s = -np.inf
        last_arrival_s = self._last.arrival_s if self._last is not None else None
        if head.arrival_s is not None and last_arrival_s is not None:
            due_s = self._last_time_s + head.arrival_s - last_arrival_s - head.length_s
        runs_back = head.start_s + self._offset_s <= self._last_time_s
        if runs_back or (due_s > least_s and abs(head.start_s + self._offset_s - due_s) > _SAME_CLOCK_S):
            self._offset_s = max(least_s, due_s) - head.start_s
            self._clock += 1

    def _accept(self, head: _Head) -> None:
        if not self.packets:
            self.sensor = head.sensor
        before_s, self._last_time_s = self._last_time_s, head.start_s + self._offset_s + head.length_s
        self.lost += head.sequence - self._next_sequence
        self._last, self._next_sequence, self._foreign = head, head.sequence + 1, (-1, 0)
        self._since_break += 1
        self.flags = head.flags
        self.low_battery |= bool(head.flags & wire.FLAG_LOW_BATTERY)
        self.packets += 1
        self.samples += head.samples
        self.resets += bool(head.flags & wire.FLAG_RESET)
        self.gaps += bool(head.flags & wire.FLAG_GAP)
        self.overruns += bool(head.flags & wire.FLAG_OVERRUN)
        span_s = before_s, self._last_time_s
        self.accepted.append(Accepted(head.arrival_s, *span_s, head.flags, self.restarts, self.lost, clock=self._clock))


def _follows(before: _Head, after: _Head) -> bool:
    """Whether a packet can come after another of its stream: later, not ahead of the host's clock, and in step."""
    ahead_s = after.start_s - (before.start_s + before.length_s)
    missing = after.sequence - before.sequence - 1
    if after.stream_id != before.stream_id or ahead_s <= 0 or missing < 0:
        return False
    arrivals = (before.arrival_s, after.arrival_s)
    elapsed_s = 0.0 if arrivals[0] is None or arrivals[1] is None else max(0.0, arrivals[1] - arrivals[0])
    return ahead_s <= elapsed_s + _SLACK_S and missing * before.samples * before.period_s <= ahead_s + _SLACK_S


def _times(stamps: list[tuple[float, float, int]]) -> Floats:
    """(N,) times of all samples from the first time, period and count of each packet."""
    first_s, period_s, counts = (np.array(column) for column in zip(*stamps, strict=True))
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    times: Floats = np.repeat(first_s, counts) + number * np.repeat(period_s, counts)
    return times

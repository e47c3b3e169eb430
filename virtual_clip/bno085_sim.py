"""A simulated BNO085 as seen from its bus: it measures a given motion, with the faults of the real chip.

Time comes from outside (`advance`); between two calls the chip measures, queues, and changes its interrupt line at
exact times. A front end (bus_server.py, or a fake I2C in a test) carries the transfers. bno085_messages.py has the
bytes, bno085_motion.py the measured values.
"""

from __future__ import annotations

import errno
from collections import deque

from virtual_clip import bno085_messages as messages
from virtual_clip.bno085_motion import Motion
from virtual_clip.bno085_sender import Sender
from virtual_clip.bno085_state import Cargo, Faults, Feature, Log
from virtual_clip.simulated_chip import Event, SimulatedChip

BOOT_US = 90_000
ANSWER_US = 1_000  # from a command to its answer
GAP_US = 50  # from the end of a transfer to the next interrupt
LEAD_US = 500_000  # from the first enabled report to the first row of the motion, after the set-up


class Bno085Sim(SimulatedChip):
    """One chip.

    grant: {(report, requested interval in us): granted interval}; others are granted as requested. skew_us: {report:
    delay of its measurement}. latency_us: from a measurement to the interrupt. cargo_bytes: longest cargo with header.
    fifo: number of reports stored until the host reads them.
    """

    def __init__(
        self,
        motion: Motion,
        *,
        grant: dict[tuple[int, int], int] | None = None,
        skew_us: dict[int, int] | None = None,
        latency_us: int = 400,
        cargo_bytes: int = 276,
        fifo: int = 20_000,
    ) -> None:
        super().__init__(motion)
        self.faults = Faults()
        self.log = Log()
        self._grant = grant or {}
        self._skew_us = skew_us or {}
        self._latency_us = latency_us
        self._cargo_bytes = cargo_bytes
        self._fifo = fifo
        self._in_reset = False
        self._reset_us = 0
        self._boot_us: int | None = None
        self._idle_from_us = 0
        self._wake_level = 1
        self._clear()
        self._boot_us = BOOT_US

    # For front ends.

    def begin_transfer(self) -> bytes:
        """The bytes that the host can read now: header and payload, or four zeros. Clears the interrupt.

        Raises OSError where the bus would fail.
        """
        self._check_bus()
        self._set_int(1)
        self._woken = False
        return self._sender.begin()

    def end_transfer(self, clocked: int, wrote: bool = False) -> None:
        """The host has read `clocked` bytes, and may have written as many; the rest is sent as a continuation."""
        self.log.empty_reads += self._sender.read_none and not wrote
        self._sender.end(clocked)
        self._idle_from_us = self.now_us + GAP_US
        self._woken = not self._wake_level or self.faults.empty > 0

    def write(self, data: bytes) -> None:
        """A transfer from the host. Raises OSError where the bus would fail."""
        self._check_bus()
        length = (data[0] | data[1] << 8) & 0x7FFF if len(data) >= 4 else 0
        if length < 5 or self._boot_us is not None or self._in_reset or self.faults.deaf:
            return
        channel, payload = data[2], data[4:length]
        if data[3] != self._heard[channel]:
            self.log.sequence_errors += 1
        self._heard[channel] = (data[3] + 1) & 0xFF
        self.log.commands.append(bytes((channel, *payload)))
        if self.faults.commands_lost:
            self.faults.commands_lost -= 1
        else:
            self._execute(channel, payload)

    def set_reset(self, level: int) -> None:
        """Set the reset line: 0 holds the chip in reset, 1 lets it boot."""
        if not level:
            self._clear()
            self._in_reset = True
            self._reset_us = self.now_us
            self._boot_us = None
            self.faults.hung = self.faults.silent = False
        elif self._in_reset:
            self._in_reset = False
            self._boot_us = self.now_us + BOOT_US
            self.log.resets += 1
            self.log.shortest_reset_us = min(self.log.shortest_reset_us, self.now_us - self._reset_us)

    def set_wake(self, level: int) -> None:
        """Set the wake line: while it is 0 the chip requests a transfer, even without data, and again after each."""
        self._wake_level = level
        if not level:
            self._woken = True

    def fail_read(self, data: bytes) -> None:
        """Raise OSError if a read that began with begin_transfer() shall time out."""
        if self.faults.timeouts:
            self.end_transfer(min(len(data), self.faults.timeout_bytes))
        self.fail_write()

    def fail_write(self) -> None:
        """Raise OSError if the next write shall time out."""
        if self.faults.timeouts:
            self.faults.timeouts -= 1
            raise OSError(errno.ETIMEDOUT, "the chip stretches the clock")

    def _check_bus(self) -> None:
        if self.faults.absent:
            raise OSError(errno.ENODEV, "no chip answers")
        if self.faults.hung:
            raise OSError(errno.ETIMEDOUT, "the bus hangs")

    @property
    def reports_enabled(self) -> list[int]:
        """The reports that the chip measures."""
        return list(self._features)

    def move(self) -> None:
        """The runner moves: if the report of significant motion is enabled, it is sent, and disabled again."""
        with self.lock:
            if self.wakes_on_motion:
                self.wakes_on_motion = False
                self._out.append(Cargo(messages.WAKE_INPUT, messages.significant_motion()))

    # Faults, for tests.

    def reset_itself(self) -> None:
        """The chip resets spontaneously: reports are disabled, calibration is enabled again."""
        with self.lock:
            self._clear()
            self.log.resets += 1
            self._boot_us = self.now_us + BOOT_US

    def forget(self) -> None:
        """All reports are disabled without notice."""
        with self.lock:
            self.log.dropped += len(self._pending)
            self._features.clear()
            self._pending.clear()

    def say(self, channel: int, payload: bytes, length: int | None = None) -> None:
        """Send an arbitrary cargo; `length`: the length in its first header, if it is to be wrong."""
        with self.lock:
            self._out.append(Cargo(channel, payload, length=length))

    def lose_cargo(self) -> None:
        """Skip a sequence number on the input channel."""
        with self.lock:
            self._sender.skip(messages.INPUT)

    def ended(self) -> bool:
        """Whether every row of the motion has been measured and read by the host."""
        with self.lock:
            measured = bool(self._features) and all(self.motion.ended(f.index) for f in self._features.values())
            return measured and not self._pending and self._sender.cargo is None

    # The chip.

    def _clear(self) -> None:
        self._features: dict[int, Feature] = {}
        self._pending: deque[messages.Report] = deque()
        self._out: deque[Cargo] = deque()
        self._sender = Sender(self.faults)  # a host that lost its power never ended its transfer
        self._heard = [0] * messages.CHANNELS
        self._response = 0
        self._woken = False  # the wake line asks for a transfer
        self.wakes_on_motion = False  # the report of significant motion is enabled
        self._set_int(1)

    def _events(self) -> list[Event]:
        events: list[Event] = []
        if self._boot_us is not None:
            events.append((self._boot_us, self._boot))
        if not self.faults.silent:
            events += [(f.next_us, lambda r=report: self._measure(r)) for report, f in self._features.items()]
        if self.int_level and not (self._sender.in_transfer or self.faults.hung or self.faults.absent):
            if self._sender.cargo is not None or self._out:
                ready_us = self.now_us if self._sender.cargo is not None else self._out[0].ready_us
                events.append((max(self._idle_from_us, self.now_us, ready_us), self._raise_int))
            if self._pending:
                events.append((max(self._idle_from_us, self._pending[0][2] + self._latency_us), self._raise_int))
            if self._woken and not self._in_reset and self._boot_us is None:
                events.append((max(self._idle_from_us, self.now_us), self._raise_int))
        return events

    def _boot(self) -> None:
        self._boot_us = None
        self._out.append(Cargo(messages.COMMAND, messages.advertisement()))
        self._out.append(Cargo(messages.EXECUTABLE, b"\x01"))
        self._respond(0x84, 0, (0, 1))

    def _raise_int(self) -> None:
        if self._sender.cargo is None and self._out and self._out[0].ready_us <= self.now_us:
            self._sender.cargo = self._out.popleft()
        elif self._sender.cargo is None and self._pending:
            self._sender.cargo = Cargo(messages.INPUT, self._collect())
        self._set_int(0)

    def _set_int(self, level: int) -> None:
        if level != self.int_level:
            self.int_level = level
            self.edges.append((self.now_us, level))

    def _collect(self) -> bytes:
        reports: list[messages.Report] = []
        size = 4 + 5
        while self._pending:
            size += messages.REPORT_SIZES[self._pending[0][0]] + (5 if self.faults.rebase else 0)
            if reports and size > self._cargo_bytes:
                break
            reports.append(self._pending.popleft())
        return messages.input_payload(reports, self.now_us, self.faults.rebase)

    def _measure(self, report: int) -> None:
        feature = self._features[report]
        measured = report, feature.sequence, feature.next_us, feature.values
        self.log.reports.append((report, feature.next_us, feature.values))
        feature.sequence = (feature.sequence + 1) & 0xFF
        feature.index += 1
        self._aim(report, feature)
        if self.faults.missed.get(report, 0) > 0:
            self.faults.missed[report] -= 1
            return
        self._pending.append(measured)
        if len(self._pending) > self._fifo:
            self._pending.popleft()
            self.log.dropped += 1

    def _aim(self, report: int, feature: Feature) -> None:
        """Set a feature's next time and values: the motion's rows if the rates agree, else interpolated values."""
        assert self.origin_us is not None
        skew_us = self._skew_us.get(report, 0)
        if abs(feature.interval_us - self.motion.period_us) * 100 <= self.motion.period_us:
            time_us, feature.values = self.motion.row(feature.index)
            if skew_us:
                feature.values = self.motion.at(time_us + skew_us)
        else:
            time_us = feature.index * feature.interval_us
            feature.values = self.motion.at(time_us + skew_us)
        feature.next_us = self.origin_us + time_us + skew_us

    def _execute(self, channel: int, payload: bytes) -> None:
        if channel == messages.EXECUTABLE and payload[0] == 1:
            self.reset_itself()
        elif channel == messages.CONTROL and payload[0] == 0xF9:
            for answer in messages.product_ids(reset_cause=4):
                self._answer(answer)
        elif channel == messages.CONTROL and payload[0] == 0xFD and len(payload) >= 17:
            self._set_feature(payload[1], int.from_bytes(payload[5:9], "little"))
        elif channel == messages.CONTROL and payload[0] == 0xFE:
            self._say_feature(payload[1])
        elif channel == messages.CONTROL and payload[0] == 0xF2 and len(payload) >= 12:
            self._respond(payload[2], payload[1], (self.faults.calibration_status, *payload[3:6]))

    def _set_feature(self, report: int, asked_us: int) -> None:
        if report == messages.SIGNIFICANT_MOTION:
            self.wakes_on_motion = asked_us > 0
        elif not asked_us:
            self._features.pop(report, None)
        elif report in messages.REPORT_SIZES:
            if self.origin_us is None:
                self.origin_us = self.now_us + LEAD_US
            feature = Feature(self._grant.get((report, asked_us), asked_us), 0, 0)
            passed_us = self.now_us - self.origin_us
            if passed_us >= 0:
                native = abs(feature.interval_us - self.motion.period_us) * 100 <= self.motion.period_us
                feature.index = self.motion.index_after(passed_us) if native else passed_us // feature.interval_us + 1
            self._aim(report, feature)
            self._features[report] = feature
        self._say_feature(report)

    def _say_feature(self, report: int) -> None:
        feature = self._features.get(report)
        period_us = (self.faults.reported_us or feature.interval_us) if feature else 0
        if report == messages.SIGNIFICANT_MOTION and self.wakes_on_motion:
            period_us = messages.MOTION_PERIOD_US
        answer = messages.feature_response(report, period_us)
        self._answer(answer)

    def _respond(self, command: int, command_sequence: int, values: tuple[int, ...]) -> None:
        answer = messages.command_response(self._response, command, command_sequence, values)
        self._response = (self._response + 1) & 0xFF
        self._answer(answer)

    def _answer(self, payload: bytes) -> None:
        self._out.append(Cargo(messages.CONTROL, payload, ready_us=self.now_us + ANSWER_US))

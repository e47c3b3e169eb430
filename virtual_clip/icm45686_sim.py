"""A simulated ICM-45686 as seen from its bus: it measures a given motion into its FIFO, with the faults of a real chip.

Written from the data sheet DS-000489 1.1, the application note AN-000364 as quoted in drivers, and what drivers of
others found: registers in icm45686_registers.py, frames in icm45686_frames.py. Time comes from outside (`advance`), as
in bno085_sim.py; bus_server.py is the front end.
"""

from __future__ import annotations

import errno
from collections import deque
from dataclasses import dataclass, field

from virtual_clip import icm45686_frames as frames
from virtual_clip import icm45686_registers as reg
from virtual_clip.bno085_motion import Motion
from virtual_clip.icm45686_registers import Registers
from virtual_clip.simulated_chip import Event, SimulatedChip

RESET_US = 500
START_US = 60_000  # from switching on to the first row of the motion, at the first time: the gyro starts
STAMP_US = 16
PULSE_US = 8
_PERIODS_US = {0x0A: 20_000, 0x09: 10_000, 0x08: 5_000, 0x07: 2_500}
_RESET_DONE, _THRESHOLD, _FULL = 0x80, 0x02, 0x01


@dataclass
class Faults:
    """Faults of the chip; they can be changed at any time.

    absent: it does not answer. silent: it measures nothing until a reset. deaf: writes are ignored. missed: so many
    frames are not written to the FIFO. timeouts: so many transfers fail on I2C. noise: so many transfers read noise.
    """

    absent: bool = False
    silent: bool = False
    deaf: bool = False
    missed: int = 0
    timeouts: int = 0
    noise: int = 0


@dataclass
class Log:
    """For tests: (time_us, row, values) of all frames in the FIFO; resets; frames lost because the FIFO was full.

    newest_reads: reads of the newest frame right after its interrupt, which may be incomplete. empty_reads: bytes read
    from an empty FIFO.
    """

    frames: list[tuple[int, int, tuple[int, ...]]] = field(default_factory=list)
    resets: int = 0
    dropped: int = 0
    newest_reads: int = 0
    empty_reads: int = 0


class Icm45686Sim(SimulatedChip):
    """One chip. skew: its clock is slow by this share; motion: rows of icm45686_frames.raw_values."""

    def __init__(self, motion: Motion, *, skew: float = 0.0) -> None:
        super().__init__(motion)
        self.faults = Faults()
        self.log = Log()
        self._skew = skew
        self._registers = Registers()
        self._clear()

    # For front ends.

    def set_reset(self, level: int) -> None:
        """The chip has no reset pin."""

    def set_wake(self, level: int) -> None:
        """The chip has no wake pin."""

    def select(self) -> None:
        """Chip select goes low: the next byte is a register, with bit 7 for reading."""
        self._head: int | None = None
        self._begin()

    def exchange(self, body: bytes) -> bytes:
        """Send bytes to the chip and return those that it sends meanwhile."""
        if self.faults.absent:
            return b"\xff" * len(body)
        if self.faults.noise:
            self.faults.noise -= 1
            return bytes((37 * i + 11) & 0xFF for i in range(len(body)))
        out = b""
        if self._head is None:
            self._head, body, out = body[0], body[1:], b"\0"
            self._at = self._head & 0x7F
        return out + (self._read(len(body)) if self._head & 0x80 else self._write(body))

    def deselect(self) -> None:
        """Chip select goes high."""
        self._end()

    def i2c_write(self, body: bytes) -> None:
        """A register and what is written to it; raises OSError where the bus would fail."""
        self._check_bus()
        self._at = body[0] & 0x7F
        self._begin()
        self._write(body[1:])
        self._end()

    def i2c_read(self, number: int) -> bytes:
        """Read from the register on; raises OSError where the bus would fail."""
        self._check_bus()
        return self._read(number)

    def move(self) -> None:
        """The runner moves: wake on motion asserts the interrupt."""
        with self.lock:
            if self.wakes_on_motion:
                self._raise(reg.INT1_STATUS1, 0x0E & self._near[reg.INT1_CONFIG1])

    # For tests.

    @property
    def wakes_on_motion(self) -> bool:
        """Whether the accelerometer runs, wake on motion is enabled with thresholds, and drives the pin."""
        far = self._registers.far
        enabled = self._near[reg.TMST_WOM_CONFIG] & 0x14 == 0x10 and self._near[reg.INT1_CONFIG1] & 0x0E == 0x0E
        return enabled and self._near[reg.PWR_MGMT0] & 3 >= 2 and all(far.get(each, 0) for each in reg.WOM_THRESHOLDS)

    @property
    def measuring(self) -> bool:
        """Whether both sensors run."""
        return self._near[reg.PWR_MGMT0] == 0x0F

    def reset_itself(self) -> None:
        """The chip resets spontaneously."""
        with self.lock:
            self._clear()
            self._done_us = self.now_us + RESET_US

    def ended(self) -> bool:
        """Whether every row of the motion has been measured and read by the host."""
        with self.lock:
            return self.measuring and self.motion.ended(self._index) and len(self._fifo) <= 1

    # The chip.

    @property
    def _near(self) -> bytearray:
        return self._registers.near

    @property
    def _period_us(self) -> float:
        return _PERIODS_US.get(self._near[reg.GYRO_CONFIG0] & 0x0F, 20_000) * (1 + self._skew)

    def _clear(self) -> None:
        self._registers.reset()
        self._fifo: deque[bytes] = deque()
        self._partial = b""  # of the frame that is being read
        self._head = None
        self._at = 0
        self._wrote: list[int] = []
        self._done_us: int | None = None
        self._release_us: int | None = None
        self._next_us: float | None = None  # the next measurement
        self._index = 0
        self._changed = True
        self._written_us = -1_000_000
        self._set_int(1)

    def _events(self) -> list[Event]:
        events: list[Event] = []
        if self._done_us is not None:
            events.append((self._done_us, self._reset_done))
        if self._release_us is not None:
            events.append((self._release_us, self._release))
        if self._next_us is not None and not self.faults.silent:
            events.append((round(self._next_us), self._measure))
        return events

    def _reset_done(self) -> None:
        self._done_us = None
        self._raise(reg.INT1_STATUS0, _RESET_DONE)

    def _start(self) -> None:
        """Both sensors were switched on."""
        if self.origin_us is None:
            self.origin_us = self.now_us + START_US
        self._changed = True
        passed = (self.now_us - self.origin_us) / self._period_us
        self._index = int(passed) + 1 if passed >= 0 else -int(-passed)
        self._next_us = self.origin_us + self._index * self._period_us

    def _measure(self) -> None:
        assert self._next_us is not None and self.origin_us is not None
        index, now_us = self._index, round(self._next_us)
        self._index += 1
        self._next_us += self._period_us
        stamp = int(now_us / (1 + self._skew)) // STAMP_US
        fine = abs(self._period_us - self.motion.period_us) * 20 <= self.motion.period_us
        if index < 0:
            self._push(frames.empty_frame(stamp))
            return
        values = self.motion.row(index)[1] if fine else self.motion.at(round(index * self._period_us))
        if self.faults.missed:
            self.faults.missed -= 1
        elif self._push(frames.frame(values, stamp, self._changed)):
            self.log.frames.append((now_us, index, values))
            self._changed = False

    def _push(self, frame: bytes) -> bool:
        mode = self._near[reg.FIFO_CONFIG0] & 0xC0
        if mode != 0x40 or self._near[reg.FIFO_CONFIG3] & 0x0F != 0x0F:
            return False
        room = (8192 if self._near[reg.FIFO_CONFIG0] & 0x3F == 0x1F else 2048) // frames.FRAME
        if len(self._fifo) >= room:
            self._fifo.popleft()
            self.log.dropped += 1
            self._raise(reg.INT1_STATUS0, _FULL)
        self._fifo.append(frame)
        self._written_us = self.now_us
        count, threshold = len(self._fifo), self._registers.watermark
        at_least = self._near[reg.FIFO_CONFIG2] & 0x08
        if threshold and (count >= threshold if at_least else count == threshold):
            self._raise(reg.INT1_STATUS0, _THRESHOLD)
        return True

    def _raise(self, status: int, bits: int) -> None:
        """Set status bits whose interrupts are enabled, and drive the pin."""
        config = reg.INT1_CONFIG0 if status == reg.INT1_STATUS0 else reg.INT1_CONFIG1
        bits &= self._near[config]
        if not bits:
            return
        self._near[status] |= bits
        high = self._near[reg.INT1_CONFIG2] & 1
        self._set_int(high)
        if not self._near[reg.INT1_CONFIG2] & 2:
            self._release_us = self.now_us + PULSE_US

    def _release(self) -> None:
        self._release_us = None
        self._set_int(1 - (self._near[reg.INT1_CONFIG2] & 1))

    def _set_int(self, level: int) -> None:
        if level != self.int_level:
            self.int_level = level
            self.edges.append((self.now_us, level))

    def _check_bus(self) -> None:
        if self.faults.absent:
            raise OSError(errno.ENODEV, "no chip answers")
        if self.faults.timeouts:
            self.faults.timeouts -= 1
            raise OSError(errno.ETIMEDOUT, "the bus fails")

    def _begin(self) -> None:
        self._wrote = []

    def _end(self) -> None:
        if self._wrote and self._wrote[-1] == reg.IREG_LOW:  # the address without data
            self._registers.fetch()

    def _read(self, number: int) -> bytes:
        if self._done_us is not None or self._registers.stalled:
            return bytes(number)
        out = bytearray()
        while len(out) < number:
            if self._at == reg.FIFO_DATA:
                out += self._read_fifo(number - len(out))
                continue
            out.append(self._value(self._at))
            self._at = self._at + 1 & 0x7F
        return bytes(out)

    def _value(self, register: int) -> int:
        if register in (reg.FIFO_COUNT, reg.FIFO_COUNT + 1):
            return len(self._fifo) >> 8 * (register - reg.FIFO_COUNT) & 0xFF
        value = self._near[register]
        if register in (reg.INT1_STATUS0, reg.INT1_STATUS1):
            self._near[register] = 0
            if not (self._near[reg.INT1_STATUS0] or self._near[reg.INT1_STATUS1]):
                self._release()
        elif register == reg.IREG_DATA:
            self._registers.next_far()
        return value

    def _read_fifo(self, number: int) -> bytes:
        while len(self._partial) < number and self._fifo:
            self.log.newest_reads += len(self._fifo) == 1 and self.now_us - self._written_us < 1000
            self._partial += self._fifo.popleft()
        data, self._partial = self._partial[:number], self._partial[number:]
        self.log.empty_reads += number - len(data)
        return data.ljust(number, b"\x7f")

    def _write(self, body: bytes) -> bytes:
        for value in b"" if self.faults.deaf else body:
            self._store(self._at, value)
            self._wrote.append(self._at)
            self._at = self._at + 1 & 0x7F
        return bytes(len(body))

    def _store(self, register: int, value: int) -> None:
        if register == reg.MISC2:
            if value & 0x02:
                self.faults.silent = False
                self.log.resets += 1
                self._clear()
                self._done_us = self.now_us + RESET_US
            return
        if self._done_us is not None or self._registers.stalled:
            return
        self._registers.store(register, value)
        if register == reg.FIFO_CONFIG2 and value & 0x80:
            self._fifo.clear()
            self._partial = b""
            self._near[register] &= 0x7F
        elif register == reg.FIFO_CONFIG0 and not value & 0xC0:
            self._fifo.clear()
        elif register == reg.PWR_MGMT0:
            if value == 0x0F and self._next_us is None:
                self._start()
            elif value != 0x0F:
                self._next_us = None

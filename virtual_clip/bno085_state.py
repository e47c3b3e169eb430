"""State of the simulated BNO085: its features, the cargo in transfer, its faults, its log.

Plain dataclasses, changed by bno085_sim.py; tests change the faults.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Faults:
    """Faults of the chip; they can be changed at any time.

    fragment_bytes: longest transfer with header, which the host must know; longer cargos are sent in fragments.
    rebase: cargos have timestamp rebases. absent: the chip does not answer. hung: the bus does not answer until a
    reset. silent: nothing is measured until a reset. deaf: commands are ignored. reported_us: if not 0, the period that
    the chip reports instead of the true one. calibration_status: if not 0, the chip rejects calibration commands.
    missed: {report: number not sent}. timeouts: so many transfers fail, as when the chip stretches the I2C clock for
    longer than the host waits; timeout_bytes: bytes that the chip has sent when such a read fails. empty: so many
    interrupts announce nothing. commands_lost: so many commands are not executed. lost_starts, lost_ends: so many input
    cargos, sent in fragments, lack the first one or the last ones. interleaved: so many have an answer to a command
    between two fragments.
    """

    fragment_bytes: int = 0
    rebase: bool = False
    absent: bool = False
    hung: bool = False
    silent: bool = False
    deaf: bool = False
    reported_us: int = 0
    calibration_status: int = 0
    missed: dict[int, int] = field(default_factory=dict)
    timeouts: int = 0
    timeout_bytes: int = 0
    empty: int = 0
    commands_lost: int = 0
    lost_starts: int = 0
    lost_ends: int = 0
    interleaved: int = 0


@dataclass
class Feature:
    """An enabled report: its period, its next measurement, and its sequence number."""

    interval_us: int
    index: int
    next_us: int
    values: tuple[int, ...] = ()
    sequence: int = 0


@dataclass
class Cargo:
    """A message being sent: channel, payload, and how much of it the host has read."""

    channel: int
    payload: bytes
    offset: int = 0
    continued: bool = False
    length: int | None = None  # length in the first header, if it is wrong on purpose
    ready_us: int = 0


@dataclass
class Log:
    """Log for tests: every report (id, time_us, values), the host's commands, resets, dropped reports.

    shortest_reset_us: duration of the shortest pulse on the reset line. empty_reads: transfers without a cargo in
    either direction.
    """

    reports: list[tuple[int, int, tuple[int, ...]]] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)
    resets: int = 0
    dropped: int = 0
    sequence_errors: int = 0
    shortest_reset_us: int = 1 << 30
    empty_reads: int = 0

"""What a simulated BNO085 consists of besides its behaviour: its features, the cargo in transfer, its faults, its log.

Plain dataclasses, changed by bno085_sim.py and, for faults, by tests. What a test may set wrong is listed here.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Faults:
    """What the chip is told to do wrong; may be changed at any time.

    fragment_bytes: longest transfer, header included; cargos beyond it are sent as continuations. rebase: cargos carry
    time stamp rebases. absent: nothing answers. hung: the bus does not answer until the reset line is pulled.
    silent: nothing is measured until the reset line is pulled. deaf: commands are ignored.
    told_us: not 0: the period that the chip claims to have granted, whatever the true one.
    calibration_status: not 0: the chip refuses to be told how to calibrate. missed: {report: so many are not sent}.
    """

    fragment_bytes: int = 0
    rebase: bool = False
    absent: bool = False
    hung: bool = False
    silent: bool = False
    deaf: bool = False
    told_us: int = 0
    calibration_status: int = 0
    missed: dict[int, int] = field(default_factory=dict)


@dataclass
class Feature:
    """A report that is switched on: its period, what it sends next, and its own sequence number."""

    interval_us: int
    index: int
    next_us: int
    values: tuple[int, ...] = ()
    sequence: int = 0


@dataclass
class Cargo:
    """What is being sent: channel, payload, how much of it the host has."""

    channel: int
    payload: bytes
    offset: int = 0
    continued: bool = False
    length: int | None = None  # what the first header claims, where that is a lie


@dataclass
class Log:
    """What happened, for tests: every report made (id, time_us, values), host's commands, resets, dropped reports."""

    reports: list[tuple[int, int, tuple[int, ...]]] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)
    resets: int = 0
    dropped: int = 0
    sequence_errors: int = 0

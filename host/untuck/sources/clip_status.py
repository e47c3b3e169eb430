"""What the clip says of itself: its status as a value, and what its refusals mean to the user.

Bytes in, values out. A clip that speaks another protocol is refused here, and nowhere else, with which side to update.
"""

from __future__ import annotations

from dataclasses import dataclass

from untuck import wire
from untuck.errors import LinkError

REFUSALS = {
    wire.RESULT_UNKNOWN_COMMAND: "it does not know this command: update the clip (untuck flash).",
    wire.RESULT_BAD_LENGTH: "it does not understand this command: update the clip (untuck flash).",
    wire.RESULT_BAD_RATE: f"it cannot do this rate: ask for one of {', '.join(map(str, wire.RATES_HZ))} Hz.",
    wire.RESULT_NO_SENSOR: "its motion sensor does not answer: switch the clip off and on, then check its wiring.",
    wire.RESULT_MTU_TOO_SMALL: "this Bluetooth adapter's packets are too short: ask for a lower rate, or use another.",
    wire.RESULT_NOT_KEPT: "the packets asked for are no longer on it: the connection was away for too long.",
    wire.RESULT_NO_RUN: "it has no such run, or the run has another length by now: list its runs again.",
    wire.RESULT_WRONG_CHECKSUM: "the run on it has other bytes than those received: fetch it again.",
    wire.RESULT_BAD_VALUE: "it does not take this value: see docs/wire.md for what it takes.",
    wire.RESULT_BUSY: "this run is still being recorded: stop it first.",
    wire.RESULT_WRONG_STREAM: "it has started anew meanwhile: start again.",
}


@dataclass(frozen=True)
class ClipStatus:
    """What the status characteristic says. battery_pct is None where it is not measured, rate_hz 0 when idle.

    runs: kept in the clip's flash, of which free_kb are left; dropped_runs: those that made room unfetched, since the
    clip was switched on; conditions: wire.COND_ bits; cadence_spm: steps a minute, 0 when none are seen.
    """

    protocol: int
    firmware: str
    state: int
    battery_pct: int | None
    rate_hz: int
    stream_id: int
    oldest_seq: int
    next_seq: int
    resets: int
    command: int
    result: int
    conditions: int
    runs: int
    dropped_runs: int
    free_kb: int
    cadence_spm: int

    @classmethod
    def parse(cls, data: bytes) -> ClipStatus:
        """Raises LinkError for another protocol version, saying which side to update, or for a wrong length."""
        if not data:
            raise LinkError("The clip's status is empty: switch the clip off and on.")
        if data[0] != wire.PROTOCOL_VERSION:
            older = "this program (pip install --upgrade untuck)" if data[0] > wire.PROTOCOL_VERSION else ""
            raise LinkError(
                f"The clip speaks protocol {data[0]}, this program {wire.PROTOCOL_VERSION}: "
                f"update {older or 'the clip (untuck flash)'}."
            )
        if len(data) != wire.STATUS_SIZE:
            raise LinkError(f"The clip's status has {len(data)} bytes, not {wire.STATUS_SIZE}: update the clip.")
        protocol, major, minor, patch, state, battery, *rest = wire.unpack_status(data)
        battery_pct = None if battery == wire.BATTERY_UNKNOWN else battery
        return cls(protocol, f"{major}.{minor}.{patch}", state, battery_pct, *rest)

"""The clip's status as a value, and messages for the commands that it rejects.

Bytes in, values out. A clip with another protocol version is rejected here, with the side to update.
"""

from __future__ import annotations

from dataclasses import dataclass

from untuck import wire
from untuck.errors import LinkError

UPDATE_FIRMWARE = "the firmware on the clip (docs/builder.md)"
_REJECTIONS = {  # what went wrong and what to do, for each result but RESULT_OK
    wire.RESULT_UNKNOWN_COMMAND: f"it does not have this command: update {UPDATE_FIRMWARE}.",
    wire.RESULT_BAD_LENGTH: f"this command has another length there: update {UPDATE_FIRMWARE}.",
    wire.RESULT_BAD_RATE: f"it does not have this rate: choose one of {', '.join(map(str, wire.RATES_HZ))} Hz.",
    wire.RESULT_NO_SENSOR: "its motion sensor does not answer: switch the clip off and on, then check its wiring.",
    wire.RESULT_MTU_TOO_SMALL: "this Bluetooth adapter's packets are too short: choose a lower rate or use another.",
    wire.RESULT_NOT_KEPT: "the requested packets are no longer on it: the connection was lost for too long.",
    wire.RESULT_NO_RUN: "it has no such run, or the run has another size now: list its runs again.",
    wire.RESULT_WRONG_CHECKSUM: "the run on the clip differs from the bytes received: fetch it again.",
    wire.RESULT_BAD_VALUE: "a value is out of range: see docs/wire.md for the ranges.",
    wire.RESULT_FLASH: "its flash failed to read, write or delete: try again.",
    wire.RESULT_BUSY: "this run is still being recorded: stop it first.",
    wire.RESULT_WRONG_STREAM: "the clip has restarted: start again.",
}


def rejection(result: int) -> str:
    """The message for a command that the clip rejected with this result."""
    return f"The clip rejected a command: {_REJECTIONS.get(result, f'result {result}, unknown: update this program.')}"


@dataclass(frozen=True)
class ClipStatus:
    """The status characteristic. battery_pct is None if it is not measured, rate_hz 0 when idle.

    runs: number of kept runs; free_kb: flash space left; dropped_runs: runs deleted for space before they were fetched,
    since power-on; conditions: wire.COND_ bits; cadence_spm: steps a minute, 0 if none are detected.
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
        """The status from its bytes. Raises LinkError for another protocol version or a wrong length."""
        if not data:
            raise LinkError("The clip's status is empty: switch the clip off and on.")
        if data[0] != wire.PROTOCOL_VERSION:
            older = "this program (pip install --upgrade untuck)" if data[0] > wire.PROTOCOL_VERSION else ""
            raise LinkError(
                f"The clip speaks protocol {data[0]}, this program {wire.PROTOCOL_VERSION}: "
                f"update {older or UPDATE_FIRMWARE}."
            )
        if len(data) != wire.STATUS_SIZE:
            raise LinkError(
                f"The clip's status has {len(data)} bytes, not {wire.STATUS_SIZE}: update {UPDATE_FIRMWARE}."
            )
        protocol, major, minor, patch, state, battery, *rest = wire.unpack_status(data)
        battery_pct = None if battery == wire.BATTERY_UNKNOWN else battery
        return cls(protocol, f"{major}.{minor}.{patch}", state, battery_pct, *rest)

"""The clip's status as a value, and messages for the commands that it rejects.

Bytes in, values out. A clip with another protocol version is rejected here, with the side to update.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from untuck import wire
from untuck.errors import LinkError
from untuck.vocabulary import Role

LAST_SEQUENCE = 25 * 86400 * 30  # a month of packets without a restart; a battery lasts days
MOST_FREE_KB = 16384  # the largest flash has 8 MB
MOST_CADENCE_SPM = 400
_STATES = (wire.STATE_IDLE, wire.STATE_STREAMING, wire.STATE_NO_SENSOR)
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
    wire.RESULT_IN_USE: "another computer or phone uses it: end the session there, then try again.",
    wire.RESULT_WRONG_STREAM: "the clip has restarted: start again.",
}


def rejection(result: int) -> str:
    """The message for a command that the clip rejected with this result."""
    return f"The clip rejected a command: {_REJECTIONS.get(result, f'result {result}, unknown: update this program.')}"


@dataclass(frozen=True)
class ClipStatus:
    """The status characteristic. battery_pct is None if it is not measured, rate_hz 0 when idle.

    runs: number of kept runs; free_kb: flash space left; dropped_runs: runs deleted for space before they were fetched,
    lost_packets: packets that the clip could store nowhere; both since a host has read them (wire.CMD_SEEN).
    conditions: wire.COND_ bits; cadence_spm: steps a minute, 0 if none are detected.
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
    lost_packets: int

    @property
    def role(self) -> Role:
        """Where the clip is worn, as it was paired."""
        return Role.TRUNK if self.conditions & wire.COND_TRUNK else Role.PELVIS

    @classmethod
    def parse(cls, data: bytes) -> ClipStatus:
        """The status from its bytes; what is only shown is read as unknown if it is out of range.

        Raises LinkError for another protocol version, a wrong length, or an impossible state or stream.
        """
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
        battery_pct = battery if battery <= 100 else None
        return _checked(cls(protocol, f"{major}.{minor}.{patch}", state, battery_pct, *rest))


def _checked(status: ClipStatus) -> ClipStatus:
    """The status with its ranges checked. Raises LinkError if its state or its stream cannot be."""
    known = status.state in _STATES and status.rate_hz in (0, *wire.RATES_HZ)
    if not known or not status.oldest_seq <= status.next_seq <= LAST_SEQUENCE:
        raise LinkError(
            f"The clip's status is impossible (state {status.state}, {status.rate_hz} Hz, packets {status.oldest_seq} "
            f"to {status.next_seq}): switch the clip off and on, or update {UPDATE_FIRMWARE}."
        )
    return replace(
        status,
        free_kb=min(status.free_kb, MOST_FREE_KB),
        cadence_spm=status.cadence_spm if status.cadence_spm <= MOST_CADENCE_SPM else 0,
    )

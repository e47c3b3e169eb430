"""One Bluetooth connection to a clip: find, connect, command, close; each with a time-out and a helpful error.

bleak is the radio; tests use another backend. Handles known quirks of the platforms: calls that hang, reads that look
like notifications, a disconnect that takes seconds. No other module of Untuck imports bleak.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)

from untuck import wire
from untuck.errors import LinkError
from untuck.model import Packet
from untuck.sources.bluez_pairing import pairing_agent
from untuck.sources.clip_status import ClipStatus

log = logging.getLogger(__name__)
_ADDRESS = re.compile(  # six bytes, or macOS's identifier
    r"(?i)(?<![0-9a-f])(?:(?:[0-9a-f]{2}[:_-]){5}[0-9a-f]{2}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f])"
)

NO_CLIP = (
    "No clip in range: switch the clip on, bring it within 5 m, and close other programs that are connected to it."
)

NOT_PAIRED = (
    "This computer is not paired with the clip: hold the clip's button for 3 s until its light blinks fast, then try "
    "again within a minute. If it was paired before, first remove it in the system's Bluetooth settings."
)
STATUS_TRIES = 10
STATUS_AGAIN_S = 0.1
_NOT_PAIRED = (  # NimBLE returns the first, other stacks the second
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
)

REMEDIES = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: (
        "No Bluetooth adapter found: plug one in, or pass it through to this machine."
    ),
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: (
        "This Bluetooth adapter does not support Low Energy: use one with Bluetooth 4.2 or newer."
    ),
    BleakBluetoothNotAvailableReason.POWERED_OFF: (
        "Bluetooth is off: switch it on in the system's settings (Linux: bluetoothctl power on)."
    ),
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: (
        "This program is not allowed to use Bluetooth: allow it in the system's privacy settings and start again."
    ),
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: (
        "The system does not allow this program to use Bluetooth: ask its administrator (Linux: D-Bus access)."
    ),
}


@dataclass(frozen=True)
class Backend:
    """The classes that bleak uses as its radio. None: those of the platform; tests use the virtual radio's."""

    scanner: type[BaseBleakScanner] | None = None
    client: type[BaseBleakClient] | None = None


@dataclass(frozen=True)
class Timeouts:
    """Time-outs in seconds."""

    scan_s: float = 10.0
    connect_s: float = 20.0  # BlueZ: discovery alone can take several seconds
    call_s: float = 5.0  # a read, a write, an answer
    pair_s: float = 30.0  # some systems ask the user
    close_s: float = 5.0  # BlueZ takes 2-3 s
    silence_s: float = 10.0  # without a packet: reconnect
    outage_s: float = 120.0  # how long to search for a lost clip


@dataclass(frozen=True)
class HeardClip:
    """A clip heard while scanning: name, address (macOS: an identifier) and signal strength in dBm."""

    name: str
    address: str
    rssi_dbm: int


async def find_clips(scan_s: float = 5.0, backend: Backend | None = None) -> list[HeardClip]:
    """All clips heard within `scan_s` seconds, the nearest first. Raises LinkError without a usable adapter."""
    async with _remedies("scanning", scan_s + 5.0):
        found = await BleakScanner.discover(
            timeout=scan_s, return_adv=True, service_uuids=[wire.SERVICE_UUID], **_scanner(backend or Backend())
        )
    clips = [
        HeardClip(heard.local_name or device.name or "?", device.address, heard.rssi)
        for device, heard in found.values()
    ]
    return sorted(clips, key=lambda clip: -clip.rssi_dbm)


def _clip(device: BLEDevice, heard: AdvertisementData) -> HeardClip:
    return HeardClip(heard.local_name or device.name or "?", device.address, heard.rssi)


def shorten_addresses(text: object) -> str:
    """The text with only the last four hex digits of each Bluetooth address, for log files."""
    return _ADDRESS.sub(lambda found: "..." + re.sub(r"\W|_", "", found[0])[-4:], str(text))


def _scanner(backend: Backend) -> Any:
    return {} if backend.scanner is None else {"backend": backend.scanner}


@contextlib.asynccontextmanager
async def _remedies(doing: str, timeout_s: float) -> AsyncIterator[None]:
    """Convert errors of bleak and the system, and time-outs, into a LinkError that says what to do."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except BleakBluetoothNotAvailableError as error:
        raise LinkError(REMEDIES.get(error.reason, f"Bluetooth is not available ({error.args[0]}).")) from error
    except BleakCharacteristicNotFoundError as error:
        raise LinkError("The device lacks Untuck's service: install the firmware again (untuck flash).") from error
    except TimeoutError as error:
        log.info("time-out after %g s while %s", timeout_s, doing)
        raise LinkError(
            f"No answer while {doing} within {timeout_s:g} s: bring the clip nearer, or switch Bluetooth off and on."
        ) from error
    except BleakError as error:
        log.info("error while %s: %s", doing, shorten_addresses(error))
        raise LinkError(f"Connection lost while {doing} ({error}): bring the clip nearer and try again.") from error
    except (OSError, EOFError) as error:
        raise LinkError(
            f"The Bluetooth service cannot be reached ({error}): start it (Linux: systemctl start bluetooth)."
        ) from error


async def _read_status(client: BleakClient) -> ClipStatus:
    """Read the status, which is empty until the clip trusts the link."""
    for _ in range(STATUS_TRIES):
        if data := bytes(await client.read_gatt_char(wire.STATUS_UUID)):
            return ClipStatus.parse(data)
        await asyncio.sleep(STATUS_AGAIN_S)
    raise LinkError(NOT_PAIRED)


class Link:
    """One connection, from open() to close(). Callbacks report packets and the loss of the connection."""

    def __init__(
        self,
        backend: Backend,
        timeouts: Timeouts,
        on_packet: Callable[[Packet], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._backend = backend
        self._timeouts = timeouts
        self._on_packet = on_packet
        self._on_lost = on_lost
        self._device: BLEDevice | str = ""
        self._client: BleakClient | None = None
        self._answer: asyncio.Future[ClipStatus] | None = None
        self._awaited = 0  # opcode of the command that waits for its answer
        self._one_at_a_time = asyncio.Lock()

    async def find(self, address: str | None) -> HeardClip:
        """The clip with this address, or the first one heard. Raises LinkError if there is none."""
        heard_as: dict[str, AdvertisementData] = {}

        def wanted(device: BLEDevice, heard: AdvertisementData) -> bool:
            heard_as[device.address] = heard
            return address is None or device.address.lower() == address.lower()

        scan_s = self._timeouts.scan_s
        async with _remedies("scanning", scan_s + 5.0):
            device = await BleakScanner.find_device_by_filter(
                wanted, timeout=scan_s, service_uuids=[wire.SERVICE_UUID], **_scanner(self._backend)
            )
        if device is None:
            raise LinkError(NO_CLIP if address is None else f"{NO_CLIP} Looked for {address}.")
        self._device = device
        log.info("found clip %s, %d dBm", shorten_addresses(device.address), heard_as[device.address].rssi)
        return _clip(device, heard_as[device.address])

    async def open(self) -> ClipStatus:
        """Connect to the found clip, subscribe, read its status. Raises LinkError."""
        backend: Any = {} if self._backend.client is None else {"backend": self._backend.client}
        self._client = client = BleakClient(
            self._device,
            disconnected_callback=self._disconnected,
            services=[wire.SERVICE_UUID],
            timeout=self._timeouts.connect_s,
            **backend,
        )
        async with _remedies("connecting", self._timeouts.connect_s + self._timeouts.call_s):
            await client.connect()
        status = await self._first_status(client)
        async with _remedies("subscribing", self._timeouts.call_s):
            for uuid, callback in ((wire.STATUS_UUID, self._status_came), (wire.STREAM_UUID, self._packet_came)):
                await client.start_notify(uuid, callback, bluez={"use_start_notify": False})
        await self.post(wire.command(wire.CMD_TIME, int(time.time())))  # for the start times of kept runs
        log.info(
            "connected: firmware %s, battery %s %%, %d kept runs", status.firmware, status.battery_pct, status.runs
        )
        return status

    async def _first_status(self, client: BleakClient) -> ClipStatus:
        """Read the status, which only a paired host can; pair if necessary and if the clip's pairing window is open."""
        try:
            async with _remedies("reading the status", self._timeouts.call_s):
                return await _read_status(client)
        except LinkError as error:
            if not isinstance(error.__cause__, BleakGATTProtocolError) or error.__cause__.args[0] not in _NOT_PAIRED:
                raise
        log.info("not paired: pairing")
        try:
            async with _remedies("pairing", self._timeouts.pair_s), pairing_agent():
                await client.pair()
                return await _read_status(client)
        except LinkError as error:
            if isinstance(error.__cause__, BleakError | TimeoutError):
                # Remove a pairing that the system still assumes, as it would fail next time (BlueZ, Windows).
                with contextlib.suppress(BleakError, KeyError, OSError, NotImplementedError, TimeoutError):
                    async with asyncio.timeout(self._timeouts.call_s):
                        await client.unpair()
                log.info("pairing failed: %s", shorten_addresses(error.__cause__))
                raise LinkError(NOT_PAIRED) from error
            raise

    async def command(self, data: bytes, wait_s: float | None = None) -> ClipStatus:
        """Write a command and wait for the status that answers it; the caller checks the result.

        wait_s: time-out for a command that takes the clip longer than call_s.
        """
        async with self._one_at_a_time:
            self._awaited = data[0]
            self._answer = asyncio.get_running_loop().create_future()
            async with _remedies("waiting for the clip's answer", wait_s or self._timeouts.call_s):
                await self._connected().write_gatt_char(wire.CONTROL_UUID, data, response=True)
                return await self._answer

    async def post(self, data: bytes, sure: bool = False) -> None:
        """Write a command without waiting for an answer. sure: wait until the clip has received it (before close())."""
        async with _remedies("writing", self._timeouts.call_s):
            await self._connected().write_gatt_char(wire.CONTROL_UUID, data, response=sure)

    async def close(self) -> None:
        """Disconnect; a connection that is already lost is not an error."""
        client, self._client = self._client, None
        if client is not None:
            # BlueZ: AssertionError after unpairing, EOFError when bluetoothd ends
            with contextlib.suppress(BleakError, OSError, EOFError, AssertionError, TimeoutError):
                async with asyncio.timeout(self._timeouts.close_s):
                    await client.disconnect()

    def _disconnected(self, _: BleakClient) -> None:
        log.info("disconnected%s", "" if self._client is None else " unexpectedly")
        self._on_lost()

    def _connected(self) -> BleakClient:
        if self._client is None or not self._client.is_connected:
            raise BleakError("not connected")
        return self._client

    def _packet_came(self, _: Any, data: bytearray) -> None:
        self._on_packet(Packet(bytes(data), time.monotonic()))

    def _status_came(self, _: Any, data: bytearray) -> None:
        with contextlib.suppress(LinkError):  # a damaged status is no answer: the command times out
            status = ClipStatus.parse(bytes(data))
            if self._answer is not None and not self._answer.done() and status.command == self._awaited:
                self._answer.set_result(status)

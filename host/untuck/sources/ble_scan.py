"""Scanning for clips, over the adapter that knows the clip."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from untuck import wire
from untuck.errors import LinkError
from untuck.sources import remedies
from untuck.sources.remedies import shorten_addresses
from untuck.sources.stack import Adapter, Backend

log = logging.getLogger(__name__)

RESPONSE_S = 1.0  # for the scan response, which some systems report after the advertisement, or from their memory


@dataclass(frozen=True)
class HeardClip:
    """A clip heard while scanning: name, address (macOS: an identifier) and signal strength in dBm.

    pairing: one of wire.PAIRING_, None if it was not heard.
    """

    name: str
    address: str
    rssi_dbm: int
    pairing: int | None = None


async def find_clips(scan_s: float = 5.0, backend: Backend | None = None) -> list[HeardClip]:
    """All clips heard within `scan_s` seconds, the nearest first. Raises LinkError without a usable adapter."""
    backend = backend or Backend()
    adapter = await choose_adapter(backend)
    async with _scanning(scan_s):
        found = await BleakScanner.discover(
            timeout=scan_s, return_adv=True, service_uuids=[wire.SERVICE_UUID], **_scanner(backend, adapter)
        )
    return sorted((_heard(*each) for each in found.values()), key=lambda clip: -clip.rssi_dbm)


async def find_clip(
    address: str | None, scan_s: float, backend: Backend
) -> tuple[BLEDevice, HeardClip, Adapter | None]:
    """The clip with this address, or the first one heard, and the adapter. Raises LinkError if there is none."""
    found: tuple[BLEDevice, AdvertisementData] | None = None
    heard, complete = asyncio.Event(), asyncio.Event()

    def hear(device: BLEDevice, advertisement: AdvertisementData) -> None:
        nonlocal found
        if address is not None and device.address.lower() != address.lower():
            return
        if found is None or device.address == found[0].address:
            found = device, advertisement
            heard.set()
            if advertisement.service_data.get(wire.SERVICE_UUID) == bytes((wire.PAIRING_SHUT,)):
                complete.set()  # another value may be what the system remembers: a newer one may follow

    adapter = await choose_adapter(backend, address)
    scanner = BleakScanner(hear, service_uuids=[wire.SERVICE_UUID], **_scanner(backend, adapter))
    async with _scanning(scan_s), scanner:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(scan_s):
                await heard.wait()
            async with asyncio.timeout(RESPONSE_S):
                await complete.wait()
    if found is None:
        raise LinkError(remedies.NO_CLIP if address is None else f"{remedies.NO_CLIP} Looked for {address}.")
    device, advertisement = found
    clip = _heard(device, advertisement)
    log.info("found clip %s, %d dBm", shorten_addresses(clip.address), clip.rssi_dbm)
    return device, clip, adapter


async def choose_adapter(backend: Backend, clip: str | None = None) -> Adapter | None:
    """The adapter that a link to this clip would use, None if the system chooses.

    Raises LinkError at once if there is none, or it is off.
    """
    return await backend.open_stack().choose_adapter(backend.adapter, clip)


def _scanner(backend: Backend, adapter: Adapter | None) -> Any:
    chosen = {} if adapter is None else {"bluez": {"adapter": adapter.name}}
    return chosen if backend.scanner is None else {**chosen, "backend": backend.scanner}


@contextlib.asynccontextmanager
async def _scanning(scan_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(scan_s + 5.0):
            yield
    except Exception as error:  # backends also raise KeyError and AssertionError
        _raise_if_cancelled()
        raise remedies.remedy(error, "scanning") from error
    _raise_if_cancelled()


def _raise_if_cancelled() -> None:
    """Raise a cancellation that the backend has lost, as asyncio.wait_for of Python 3.11 can, or made its own error."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _heard(device: BLEDevice, heard: AdvertisementData) -> HeardClip:
    said = heard.service_data.get(wire.SERVICE_UUID)
    return HeardClip(heard.local_name or device.name or "?", device.address, heard.rssi, said[0] if said else None)

"""Scanning for clips, over the adapter that knows the clip."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from untuck import wire
from untuck.errors import LinkError
from untuck.outside_text import printable
from untuck.sources import remedies
from untuck.sources.radio_turn import radio_turn
from untuck.sources.remedies import shorten_addresses
from untuck.sources.stack import Adapter, Backend
from untuck.vocabulary import Role

log = logging.getLogger(__name__)

LONGEST_NAME = 40  # characters; a clip's name has 8


@dataclass(frozen=True)
class HeardClip:
    """A clip heard while scanning: name, address (macOS: an identifier) and signal strength in dBm.

    rssi_dbm: clip_setup.UNKNOWN_DBM where the system does not say. pairing: one of wire.PAIRING_, None if not heard.
    role: where the clip says that it is worn. in_use: it says that a host uses it.
    """

    name: str
    address: str
    rssi_dbm: int
    pairing: int | None = None
    role: Role = Role.PELVIS
    in_use: bool = False


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
    """The clip with this address, or the first one heard, and the adapter. Raises LinkError if there is none.

    Without an address a clip that is worn on the trunk is ignored: it is the second one of a runner.
    """
    adapter = await choose_adapter(backend, address)
    search = _Search(address)
    scanner = BleakScanner(search.hear, service_uuids=[wire.SERVICE_UUID], **_scanner(backend, adapter))
    async with _scanning(scan_s), scanner:
        await search.run(scan_s, backend.open_stack().response_s)
    if search.found is None:
        raise LinkError(remedies.NO_CLIP if address is None else f"{remedies.NO_CLIP} Looked for {address}.")
    device, advertisement = search.found
    clip = _heard(device, advertisement)
    log.info("found clip %s, %d dBm", shorten_addresses(clip.address), clip.rssi_dbm)
    return device, clip, adapter


class _Search:
    """The clip with this address, or the first one heard that does not say that it is worn on the trunk."""

    def __init__(self, address: str | None) -> None:
        self.found: tuple[BLEDevice, AdvertisementData] | None = None
        self._address = address
        self._trunks: set[str] = set()  # who said so last
        self._heard, self._complete = asyncio.Event(), asyncio.Event()

    def hear(self, device: BLEDevice, advertisement: AdvertisementData) -> None:
        """Each advertisement; the first ones may be what the system remembers, or lack what the clip says."""
        if self._address is not None and device.address.lower() != self._address.lower():
            return
        if self.found is not None and device.address != self.found[0].address:
            return
        clip = _heard(device, advertisement)
        if self._address is None and self._is_trunk(clip):
            self.found = None
            self._heard.clear()
            return
        self.found = device, advertisement
        self._heard.set()
        if clip.pairing == wire.PAIRING_SHUT:
            self._complete.set()  # another value may be what the system remembers: a newer one may follow

    def _is_trunk(self, clip: HeardClip) -> bool:
        if clip.role is Role.TRUNK:
            self._trunks.add(clip.address)
        elif clip.pairing is not None:  # else it says nothing this time
            self._trunks.discard(clip.address)
        return clip.address in self._trunks

    async def run(self, scan_s: float, response_s: float) -> None:
        """Wait until it is heard, scan_s at most, and then for what it says."""
        give_up_s = asyncio.get_running_loop().time() + scan_s
        with contextlib.suppress(TimeoutError):
            while self.found is None:
                async with asyncio.timeout_at(give_up_s):
                    await self._heard.wait()
                await self._what_it_says(response_s)

    async def _what_it_says(self, response_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(response_s):
                await self._complete.wait()


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
        async with radio_turn(), asyncio.timeout(scan_s + 5.0):
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
    name = printable(heard.local_name or device.name or "?", LONGEST_NAME)
    clip = HeardClip(name, device.address, heard.rssi)
    said = heard.service_data.get(wire.SERVICE_UUID)
    if not said:
        return clip
    return replace(
        clip,
        pairing=said[0] & wire.PAIRING_BITS,
        role=Role.TRUNK if said[0] & wire.ROLE_TRUNK else Role.PELVIS,
        in_use=bool(said[0] & wire.LINK_HOST),
    )

"""Bluetooth pairing: connects to a clip once, so that this computer and the clip know each other."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from untuck.sources.ble_link import Backend, Link, Timeouts

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PairedClip:
    """A clip that is paired with this computer."""

    name: str
    address: str
    firmware: str
    battery_pct: int | None
    rssi_dbm: int


async def pair_clip(
    address: str | None, backend: Backend | None = None, timeouts: Timeouts | None = None
) -> PairedClip:
    """Connect, pair if necessary, and read the clip's status. Raises LinkError, whose text says what to do."""
    link = Link(backend or Backend(), timeouts or Timeouts(), lambda packet: None, lambda: None)
    clip = await link.find(address)
    try:
        status = await link.open()
    finally:
        await link.close()
    _log.info("paired: firmware %s, battery %s %%, signal %s dBm", status.firmware, status.battery_pct, clip.rssi_dbm)
    return PairedClip(clip.name, clip.address, status.firmware, status.battery_pct, clip.rssi_dbm)

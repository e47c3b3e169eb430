"""Bluetooth pairing: connects to a clip once, so that this computer and the clip know each other."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from untuck.errors import LinkError
from untuck.sources.ble_link import Link, Timeouts
from untuck.sources.stack import Backend

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PairedClip:
    """A clip that is paired with this computer."""

    name: str
    address: str
    firmware: str
    battery_pct: int | None
    rssi_dbm: int
    adapter: str  # of this computer, "" if the system chose it


async def pair_clip(
    address: str | None, backend: Backend | None = None, timeouts: Timeouts | None = None
) -> PairedClip:
    """Connect, pair if necessary, and read the clip's status. Raises LinkError, whose text says what to do.

    If the computer still assumes a pairing that the clip has lost, that is removed and a new one is made.
    """
    link = Link(backend or Backend(), timeouts or Timeouts(), lambda packet: None, lambda: None)
    try:
        clip = await link.find(address)
        try:
            status = await link.open(renew=True)
        except LinkError as error:
            if clip.pairing is not None:
                raise  # what can be renewed is renewed
            _log.info("the pairing does not work, making a new one: %s", error)
            await link.forget()
            clip = await link.find(clip.address)
            status = await link.open()
    finally:
        await link.close()
    _log.info("paired: firmware %s, battery %s %%, signal %s dBm", status.firmware, status.battery_pct, clip.rssi_dbm)
    return PairedClip(
        name=clip.name,
        address=clip.address,
        firmware=status.firmware,
        battery_pct=status.battery_pct,
        rssi_dbm=clip.rssi_dbm,
        adapter="" if link.adapter is None else str(link.adapter),
    )

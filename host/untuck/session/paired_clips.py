"""The runner's paired clips as they are now: found, asked for their status, left as they were. For `untuck doctor`."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from untuck.errors import LinkError
from untuck.session.request import with_paired_clip
from untuck.sources.ble_link import Link, Timeouts
from untuck.sources.ble_scan import HeardClip
from untuck.sources.stack import Backend
from untuck.store.config import Config
from untuck.store.profile import Profile
from untuck.vocabulary import Role

SCAN_S = 3.0
IN_USE_S = 3.0  # how long a clip must say so: the system may remember it, and the clip may not yet know of a link's end
_AGAIN_S = 0.5


def paired_addresses(config: Config, profile: Profile) -> dict[Role, str]:
    """The addresses of the runner's clips, as set or paired; without those that there are not."""
    clip = with_paired_clip(config, profile).clip
    addresses = {Role.PELVIS: clip.address, Role.TRUNK: clip.trunk_address or profile.trunk_clip}
    return {role: address for role, address in addresses.items() if address}


async def look_at_clip(
    role: Role,
    address: str,
    backend: Backend | None = None,
    timeouts: Timeouts | None = None,
    in_use_s: float = IN_USE_S,
) -> str:
    """Name, firmware, battery and signal of the clip with this role.

    A clip that says for `in_use_s` seconds that a host uses it is not connected. Raises LinkError if it is not in
    range, not paired, or worn elsewhere.
    """
    link = Link(
        replace(backend or Backend(), pairs=False),
        timeouts or Timeouts(scan_s=SCAN_S),
        lambda packet: None,
        lambda: None,
    )
    clip = await _find(link, address, in_use_s)
    known, said = "in use by a computer or phone", clip.role
    if not clip.in_use:
        try:
            status = await link.open()
        finally:
            await link.close()
        battery = "" if status.battery_pct is None else f", battery {status.battery_pct} %"
        known, said = f"firmware {status.firmware}{battery}", status.role
    if said is not role:
        raise LinkError(
            f"{clip.name} says that it is worn on the {said}: run `untuck pair --role {role} --address {address}`, "
            f"or pair another clip for the {role}."
        )
    return f"{clip.name}, {known}, {clip.rssi_dbm} dBm"


async def _find(link: Link, address: str, in_use_s: float) -> HeardClip:
    clock = asyncio.get_running_loop().time
    until_s = clock() + in_use_s
    while (clip := await link.find(address)).in_use and clock() < until_s:
        await asyncio.sleep(_AGAIN_S)
    return clip

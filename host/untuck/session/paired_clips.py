"""The runner's paired clips as they are now: found, asked for their status, left as they were. For `untuck doctor`."""

from __future__ import annotations

from dataclasses import replace

from untuck.errors import LinkError
from untuck.session.request import with_paired_clip
from untuck.sources.ble_link import Link, Timeouts
from untuck.sources.stack import Backend
from untuck.store.config import Config
from untuck.store.profile import Profile
from untuck.vocabulary import Role

SCAN_S = 3.0


def paired_addresses(config: Config, profile: Profile) -> dict[Role, str]:
    """The addresses of the runner's clips, as set or paired; without those that there are not."""
    clip = with_paired_clip(config, profile).clip
    addresses = {Role.PELVIS: clip.address, Role.TRUNK: clip.trunk_address or profile.trunk_clip}
    return {role: address for role, address in addresses.items() if address}


async def look_at_clip(
    role: Role, address: str, backend: Backend | None = None, timeouts: Timeouts | None = None
) -> str:
    """Name, firmware, battery and signal of the clip with this role. A clip that a host uses is not connected.

    Raises LinkError if it is not in range, not paired, or worn elsewhere.
    """
    link = Link(
        replace(backend or Backend(), pairs=False),
        timeouts or Timeouts(scan_s=SCAN_S),
        lambda packet: None,
        lambda: None,
    )
    clip = await link.find(address)
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

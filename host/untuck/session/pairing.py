"""Bluetooth pairing: connects to a clip once, so that this computer and the clip know each other."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from untuck import wire
from untuck.errors import LinkError
from untuck.sources import remedies
from untuck.sources.ble_link import Link, Timeouts
from untuck.sources.ble_scan import HeardClip, find_clips
from untuck.sources.clip_status import UPDATE_FIRMWARE, ClipStatus, rejection
from untuck.sources.stack import Backend
from untuck.store.profiles import Profiles
from untuck.vocabulary import Role

SCAN_S = 1.5  # for the clips nearby

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
    role: Role  # where it is worn


async def pair_clip(
    address: str | None, backend: Backend | None = None, timeouts: Timeouts | None = None, role: Role | None = None
) -> PairedClip:
    """Connect, pair if necessary, and read the clip's status. Raises LinkError, whose text says what to do.

    Without an address the nearest clip whose button was held is taken, else one that was never paired, else the first.
    role: where the clip is worn from now on; None: as before. A clip that neither lets a new host pair nor has that
    role already is then taken by its address only.

    If the computer still assumes a pairing that the clip has lost, that is removed and a new one is made.
    """
    return (await meet_clip(address, backend, timeouts, role))[0]


async def meet_clip(
    address: str | None,
    backend: Backend | None = None,
    timeouts: Timeouts | None = None,
    role: Role | None = None,
) -> tuple[PairedClip, ClipStatus]:
    """As `pair_clip`; also returns the clip's status."""
    backend, timeouts = backend or Backend(), timeouts or Timeouts()
    if address is None:
        address = await _nearby(role, backend, timeouts.scan_s)
    link = Link(backend, timeouts, lambda packet: None, lambda: None)
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
        status = await _with_role(link, status, role)
    finally:
        await link.close()
    _log.info(
        "paired: %s, firmware %s, battery %s %%, signal %s dBm",
        status.role,
        status.firmware,
        status.battery_pct,
        clip.rssi_dbm,
    )
    paired = PairedClip(
        name=clip.name,
        address=clip.address,
        firmware=status.firmware,
        battery_pct=status.battery_pct,
        rssi_dbm=clip.rssi_dbm,
        adapter="" if link.adapter is None else str(link.adapter),
        role=status.role,
    )
    return paired, status


def keep_clip(profiles: Profiles, runner: str, clip: PairedClip) -> Role | None:
    """Save a clip as the runner's. An address has one role: returns the other one that the clip had, None if none.

    Raises StoreError.
    """
    other = Role.TRUNK if clip.role is Role.PELVIS else Role.PELVIS
    profile = profiles.open(runner)
    had = (profile.clip if other is Role.PELVIS else profile.trunk_clip).lower() == clip.address.lower()
    if had:
        profiles.keep_clip(runner, "", other)
    profiles.keep_clip(runner, clip.address, clip.role)
    return other if had else None


async def _nearby(role: Role | None, backend: Backend, scan_s: float) -> str:
    """The address of the clip to pair. Raises LinkError if none is near, or none that may get this role."""
    clips = await find_clips(SCAN_S, backend) or await find_clips(scan_s, backend)
    if not clips:
        raise LinkError(remedies.NO_CLIP)
    clip = free_clip(clips) or next((each for each in clips if role in (None, each.role)), None)
    if clip is None:
        raise LinkError(
            f"No clip is near that can become the one of the {role}{_taken(clips)}: hold the button of the clip that "
            "you mean for 3 s until its light blinks fast, then try again within a minute, or name it with --address."
        )
    return clip.address


def _taken(clips: list[HeardClip]) -> str:
    """Where the only clip near is worn, "" if there are several."""
    return f" (the only one, {clips[0].name}, is that of the {clips[0].role})" if len(clips) == 1 else ""


async def _with_role(link: Link, status: ClipStatus, role: Role | None) -> ClipStatus:
    """Let the clip keep its new role; the status that it then has. Raises LinkError."""
    if role in (None, status.role):
        return status
    status = await link.command(wire.command(wire.CMD_ROLE, role is Role.TRUNK))
    if status.result != wire.RESULT_OK:
        raise LinkError(rejection(status.result))
    if status.role is not role:
        raise LinkError(f"The clip did not take the role {role}: update {UPDATE_FIRMWARE}.")
    return status


def free_clip(clips: list[HeardClip]) -> HeardClip | None:
    """The nearest clip that lets a new host pair; one whose button was held before one that was never paired."""
    for wanted in (wire.PAIRING_OPEN, wire.PAIRING_FIRST, None):
        for clip in clips:
            if clip.pairing == wanted:
                return clip
    return None

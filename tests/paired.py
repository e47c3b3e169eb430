"""Pairs a runner with a virtual clip, as `untuck pair` does: sessions connect to no other."""

from __future__ import annotations

from virtual_clip.clip import VirtualClip
from virtual_clip.stream_checks import QUICK

from untuck.session.pairing import pair_clip
from untuck.store.profiles import Profiles
from untuck.vocabulary import Role


async def pair(clip: VirtualClip, runner: str = "") -> None:
    """Pair the clip's default computer with it, and save it for the runner."""
    paired = await pair_clip(None, clip.backend, QUICK)
    Profiles().keep_clip(runner, paired.address)


async def pair_both(pelvis: VirtualClip, trunk: VirtualClip, runner: str = "") -> None:
    """Pair the computer of a runner's two clips with both, each with its role."""
    for clip, role in ((pelvis, Role.PELVIS), (trunk, Role.TRUNK)):
        paired = await pair_clip(clip.address, pelvis.backend, QUICK, role)
        Profiles().keep_clip(runner, paired.address, role)

"""`untuck doctor` names the runner's clips with their roles, and leaves one alone that a host uses."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.sources.hostile_clip import HostileClip
from virtual_clip.clip import VirtualClip
from virtual_clip.stream_checks import QUICK, motion

from untuck import wire
from untuck.errors import LinkError
from untuck.session.paired_clips import look_at_clip, paired_addresses
from untuck.session.pairing import keep_clip, pair_clip
from untuck.sources import remedies
from untuck.sources.ble import BleSource, Timeouts
from untuck.sources.ble_scan import find_clip
from untuck.store.config import ClipConfig, Config
from untuck.store.profile import Profile
from untuck.store.profiles import Profiles
from untuck.vocabulary import Role

FAST = Timeouts(scan_s=0.3, connect_s=2, call_s=2, close_s=1)


def test_addresses_are_those_set_else_those_paired() -> None:
    profile = Profile("Ada", clip="A", trunk_clip="B")
    assert paired_addresses(Config(), Profile("Ada")) == {}
    assert paired_addresses(Config(), profile) == {Role.PELVIS: "A", Role.TRUNK: "B"}
    assert paired_addresses(Config(clip=ClipConfig(address="C")), profile) == {Role.PELVIS: "C", Role.TRUNK: "B"}
    assert paired_addresses(Config(clip=ClipConfig(trunk_address="D")), Profile("Ada")) == {Role.TRUNK: "D"}


async def test_a_paired_clip_says_its_firmware_and_battery_and_that_it_is_in_use() -> None:
    async with VirtualClip(motion(60, 50), speed=2) as clip:
        paired = await pair_clip(None, clip.backend, QUICK, Role.TRUNK)
        keep_clip(Profiles(), "Ada", paired)
        (address,) = paired_addresses(Config(name="Ada"), Profiles().open("Ada")).values()
        text = await look_at_clip(Role.TRUNK, address, clip.backend, QUICK, in_use_s=60)
        assert text.startswith("UntkA4B5, firmware 0.3.0, battery 62 %, ") and text.endswith(" dBm")
        with pytest.raises(LinkError) as told:
            await look_at_clip(Role.PELVIS, address, clip.backend, QUICK, in_use_s=60)
        assert "UntkA4B5 says that it is worn on the trunk: run `untuck pair --role pelvis" in str(told.value)
        other = await clip.make_host("D0:D1:D2:D3:D4:D5")
        async with BleSource(50, address, clip.backend, QUICK) as source:
            assert source.status is not None and source.status.role is Role.TRUNK
            while not (await find_clip(address, QUICK.scan_s, other))[1].in_use:  # it advertises once more
                await clip.sleep(0.1)
            text = await look_at_clip(Role.TRUNK, address, other, QUICK, in_use_s=0.1)
            assert text.startswith("UntkA4B5, in use by a computer or phone, ")
            assert source.reconnects == 0


async def test_a_clip_that_is_not_there_or_not_paired_is_not_asked() -> None:
    clip = HostileClip(paired=False)
    for backend, message in (
        (HostileClip(in_range=False).backend, remedies.NO_CLIP),
        (clip.backend, remedies.NOT_PAIRED),
    ):
        with pytest.raises(LinkError) as told:
            await look_at_clip(Role.PELVIS, clip.address, backend, FAST)
        assert str(told.value).startswith(message)
    assert clip.connections == 0


async def test_what_a_clip_advertises_is_believed_only_while_it_is_in_use() -> None:
    """A remembered advertisement may be older than the clip's role; its status is not."""
    clip = HostileClip(pairing=wire.PAIRING_SHUT | wire.ROLE_TRUNK)
    assert "firmware 0.16.0" in await look_at_clip(Role.PELVIS, clip.address, clip.backend, FAST)
    used = replace(clip, pairing=clip.pairing | wire.LINK_HOST)
    with pytest.raises(LinkError, match="worn on the trunk"):
        await look_at_clip(Role.PELVIS, used.address, used.backend, FAST, in_use_s=0.1)
    assert used.connections == clip.connections == 1


async def test_a_clip_that_was_in_use_a_moment_ago_is_asked() -> None:
    """The system remembers what the clip said, and a clip may learn late that its host has gone."""
    clip = HostileClip(pairing=wire.PAIRING_SHUT | wire.LINK_HOST)
    asyncio.get_running_loop().call_later(0.2, setattr, clip, "pairing", wire.PAIRING_SHUT)
    text = await look_at_clip(Role.PELVIS, clip.address, clip.backend, FAST, in_use_s=60)
    assert "firmware 0.16.0" in text and clip.connections == 1

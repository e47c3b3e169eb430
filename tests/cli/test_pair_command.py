"""`untuck pair` from the command line to the firmware: the clip, profile and text agree on the role."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from tests.sources.hostile_clip import HostileClip
from virtual_clip.clip import VirtualClip
from virtual_clip.pair import two_clips
from virtual_clip.stream_checks import QUICK, motion

from untuck import wire
from untuck.cli import doctor, interrupt
from untuck.cli.main import cli
from untuck.errors import LinkError
from untuck.session import paired_clips, pairing
from untuck.session.pairing import free_clip, pair_clip
from untuck.sources import remedies, stack
from untuck.sources.ble import BleSource, HeardClip, Timeouts
from untuck.sources.stack import Backend
from untuck.store.profiles import Profiles
from untuck.vocabulary import Role

FAST = Timeouts(scan_s=1, connect_s=2, call_s=2, close_s=1, silence_s=0.4, outage_s=0.5)
Run = Callable[..., Awaitable[str]]


@pytest.fixture
def run(own_home: None, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a thread, its radio on the test's event loop; returns its output, errors included."""

    async def run(backend: Backend, *words: str, timeouts: Timeouts = QUICK, fails: bool = False) -> str:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(stack, "Backend", lambda adapter="": replace(backend, adapter=adapter))
        monkeypatch.setattr(paired_clips, "Backend", stack.Backend)
        monkeypatch.setattr(pairing, "Timeouts", lambda: timeouts)
        monkeypatch.setattr(
            interrupt, "run", lambda call: asyncio.run_coroutine_threadsafe(_awaited(call), loop).result()
        )
        done = await asyncio.to_thread(CliRunner().invoke, cli, list(words))
        assert done.exit_code == int(fails), done.output
        return done.output

    return run


async def _awaited(call: Awaitable[Any]) -> Any:
    return await call


async def test_the_second_clip_is_paired_and_a_clip_has_one_role(run: Run) -> None:
    async with VirtualClip(motion(60, 50), speed=2) as clip:
        first = await run(clip.backend, "pair", "--role", "trunk")
        assert "It is the clip of the trunk: wear it between the shoulder blades." in first
        assert "changes that" not in first and "untuck calibrate" not in first
        no_clip = "No clip for the waistband is paired yet: hold "
        assert no_clip in first and "run `untuck pair --role pelvis` within a minute." in first
        assert no_clip in await run(clip.backend, "sync", fails=True)
        profile = Profiles().open("")
        address = profile.trunk_clip
        assert address and profile.clip == ""

        lacking, check = await asyncio.to_thread(doctor._paired_clips)
        assert (lacking.name, lacking.ok, lacking.needed) == ("Pelvis clip", False, False)
        assert lacking.text == "No clip for the waistband is paired yet: untuck pair --role pelvis"
        assert (check.name, check.ok, check.needed) == ("Trunk clip", True, False)
        assert check.text.startswith("UntkA4B5, firmware 0.3.0, battery 62 %")

        again = await run(clip.backend, "pair")
        assert "It is the clip of the trunk" in again and "`untuck pair --role pelvis` changes that." in again
        assert (Profiles().open("").clip, Profiles().open("").trunk_clip) == ("", address)
        shown = json.loads((await run(clip.backend, "pair", "--json", "--runner", "Ada")).splitlines()[-1])
        assert (shown["role"], shown["address"]) == ("trunk", address)
        assert (Profiles().open("Ada").clip, Profiles().open("Ada").trunk_clip) == ("", address)

        with pytest.raises(LinkError) as told:  # the first one heard: not the second clip of a runner
            async with BleSource(backend=clip.backend, timeouts=FAST):
                pass
        assert str(told.value) == remedies.NO_CLIP

        kept = await run(clip.backend, "pair", "--role", "pelvis", fails=True)
        assert "the one of the pelvis (the only one, UntkA4B5, is that of the trunk): hold the button" in kept
        moved = await run(clip.backend, "pair", "--role", "pelvis", "--address", address)
        assert "It is the clip of the pelvis: wear it on the waistband." in moved
        assert "It was the clip of the trunk: pair another one for it with --role trunk." in moved
        assert moved.endswith("Next: untuck calibrate, or untuck run.\n")
        assert (Profiles().open("").clip, Profiles().open("").trunk_clip) == (address, "")

        await clip.press(3.2)  # a clip whose button is held may get any role
        moved = await run(clip.backend, "pair", "--role", "trunk")
        assert "It was the clip of the pelvis: pair another one for it with --role pelvis." in moved
        assert no_clip in moved and "untuck calibrate" not in moved
        assert (Profiles().open("").clip, Profiles().open("").trunk_clip) == ("", address)


async def test_the_second_of_two_clips_in_range_is_the_one_that_may_be_paired(run: Run) -> None:
    async with two_clips(motion(60, 50), motion(60, 50), speed=2) as (pelvis, trunk):
        await run(pelvis.backend, "pair", "--address", pelvis.address)
        assert "the clip of the trunk" in await run(pelvis.backend, "pair", "--role", "trunk")
        profile = Profiles().open("")
        assert profile.clip.startswith(pelvis.address) and profile.trunk_clip.startswith(trunk.address)
        checks = await asyncio.to_thread(doctor._paired_clips)
        assert [(check.name, check.ok) for check in checks] == [("Pelvis clip", True), ("Trunk clip", True)]
        names = [check.text.split(",")[0] for check in checks]
        assert names == ["Untk" + clip.address.replace(":", "")[-4:] for clip in (pelvis, trunk)]


async def test_a_firmware_without_roles_says_to_update_it(run: Run) -> None:
    clip = HostileClip(answers=lambda data: {"command": data[0], "result": wire.RESULT_UNKNOWN_COMMAND})
    text = await run(clip.backend, "pair", "--role", "trunk", "--address", clip.address, timeouts=FAST, fails=True)
    assert "does not have this command: update the firmware on the clip" in text
    assert (Profiles().open("").clip, Profiles().open("").trunk_clip) == ("", "")
    assert "It is the clip of the pelvis" in await run(clip.backend, "pair", "--role", "pelvis", timeouts=FAST)


async def test_an_answer_that_does_not_take_the_role_is_an_error() -> None:
    clip = HostileClip(answers=lambda data: {"command": data[0]})
    with pytest.raises(LinkError, match="did not take"):
        await pair_clip(clip.address, clip.backend, FAST, Role.TRUNK)


async def test_without_a_clip_in_range_no_role_is_set() -> None:
    clip = HostileClip(in_range=False)
    for role in (None, *Role):
        with pytest.raises(LinkError) as told:
            await pair_clip(None, clip.backend, replace(FAST, scan_s=0.2), role)
        assert str(told.value) == remedies.NO_CLIP


def test_a_clip_that_may_be_paired_comes_before_one_with_the_role() -> None:
    trunk = HeardClip("Untk", "near", -40, wire.PAIRING_SHUT, Role.TRUNK)
    held = HeardClip("Untk", "far", -80, wire.PAIRING_OPEN)
    assert free_clip([trunk, held]) is held

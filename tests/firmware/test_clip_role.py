"""Where the clip is worn: set by a host, kept over power-off, advertised, in the status; on the trunk no own tuck cue.

Over the virtual radio, with the real firmware.
"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from tests.firmware.test_tuck_cue import alone, simulated
from virtual_clip.clip import CLIP_ADDRESS, VirtualClip
from virtual_clip.stream_checks import QUICK, motion

from untuck import wire
from untuck.simulate.scenario import Phase
from untuck.sources.ble_link import Link
from untuck.sources.ble_scan import find_clips
from untuck.sources.clip_status import ClipStatus
from untuck.vocabulary import Role

SETTINGS = "<BhHHhhh"  # of firmware/settings.py, before it had a role and since
STANDING = (0, 16384, 0)
OLDER = struct.pack(SETTINGS, wire.OUT_BUZZER | wire.OUT_ALONE, 250, 60, 20, *STANDING)


async def opened(clip: VirtualClip) -> tuple[Link, ClipStatus]:
    """A link to the clip, and the status that it was opened with."""
    link = Link(clip.backend, QUICK, lambda packet: None, lambda: None)
    await link.find(CLIP_ADDRESS)
    return link, await link.open()


async def restart(clip: VirtualClip) -> None:
    await clip.switch_off()
    await clip.switch_on()


async def test_the_role_is_kept_advertised_and_in_the_status() -> None:
    async with VirtualClip(motion(60, 50), speed=2) as clip:
        for role in (Role.TRUNK, Role.PELVIS):
            link, before = await opened(clip)
            assert before.role is not role
            after = await link.command(wire.command(wire.CMD_ROLE, role is Role.TRUNK))
            assert after.result == wire.RESULT_OK and after.role is role
            await link.close()
            assert [heard.role for heard in await find_clips(1.0, clip.backend)] == [role]
            await restart(clip)
            assert [heard.role for heard in await find_clips(1.0, clip.backend)] == [role]


async def test_a_role_that_does_not_exist_is_rejected() -> None:
    async with VirtualClip(motion(60, 50), speed=2) as clip:
        link, _ = await opened(clip)
        for data, result in (
            (b"\x0e\x02", wire.RESULT_BAD_VALUE),
            (b"\x0e\xff", wire.RESULT_BAD_VALUE),
            (b"\x0e", wire.RESULT_BAD_LENGTH),
            (b"\x0e\x01\x00", wire.RESULT_BAD_LENGTH),
        ):
            answer = await link.command(data)
            assert (answer.result, answer.role) == (result, Role.PELVIS)
        await link.close()
        assert not (clip.flash / "settings").exists()


@pytest.mark.parametrize("file", [OLDER, OLDER[:5], b""])
async def test_a_settings_file_of_before_there_were_roles(file: bytes) -> None:
    """What it says is kept; a short one is as none, as before. An older firmware reads the file of a newer one."""
    async with VirtualClip(motion(60, 50), speed=2) as clip:
        await clip.switch_off()
        (clip.flash / "settings").write_bytes(file)
        await clip.switch_on()
        link, status = await opened(clip)
        assert status.role is Role.PELVIS
        assert bool(status.conditions & wire.COND_TUCK_CUE) == (file == OLDER)
        status = await link.command(wire.command(wire.CMD_ROLE, 1))
        assert status.role is Role.TRUNK and not status.conditions & wire.COND_TUCK_CUE
        status = await link.command(wire.command(wire.CMD_STANDING, *STANDING))
        assert not status.conditions & wire.COND_TUCK_CUE  # standing is known, but the trunk's
        status = await link.command(wire.command(wire.CMD_ROLE, 0))
        assert not status.conditions & wire.COND_TUCK_CUE  # the trunk's standing is not the pelvis's
        await link.command(wire.command(wire.CMD_STANDING, *STANDING))
        await link.command(wire.command(wire.CMD_ROLE, 0))
        await link.close()
        if file == OLDER:
            assert (clip.flash / "settings").read_bytes() == OLDER


def test_on_the_trunk_the_clip_cues_no_tuck_by_itself(tmp_path: Path) -> None:
    rows = simulated(Phase("stand", 7.0), Phase("run", 30.0), Phase("run", 25.0, tuck_deg=8.0))
    (tmp_path / "settings").write_bytes(struct.pack(SETTINGS, 0x80 | wire.OUT_ALL, 100, 180, 30, 0, 0, 0))
    assert [cue for _, cue in alone(rows, tmp_path, threshold_deg=1.5).cues] == [
        wire.CUE_RECOVERED
    ]  # measured standing
    (tmp_path / "settings").unlink()
    assert wire.CUE_TUCK in [cue for _, cue in alone(rows, tmp_path, threshold_deg=1.5).cues]

"""Pairing on real BlueZ: the first time, after either end has lost its bond, and with two adapters."""

from __future__ import annotations

import pytest
from tests.bluez.desk import Desk, runner
from tests.bluez.images import BUILD
from tests.bluez.table import Table
from virtual_clip.clip import CLIP_ADDRESS

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_first_pairing(images: None, pairing: int, table: Table) -> None:
    async with Desk.open(runner(60.0), BUILD / "log" / f"first_pairing_{pairing}") as desk:
        done = await desk.untuck("pair")
        says = f"Paired with UntkA4B5 ({CLIP_ADDRESS})" in done.said("out")
        table.add("first pairing", {"paired": done.rc == 0, "names the clip": says}, of=done)
        listed = await desk.untuck("sync --list")
        table.add("next command", {"needs no pairing": listed.rc == 0}, of=listed)
        faults = await desk.faults()
    assert not faults, "\n".join(faults)
    table.check()


async def test_computer_that_lost_its_bond(paired: Desk, table: Table) -> None:
    await paired.guest.run(f"bluetoothctl remove {CLIP_ADDRESS}")
    refused = await paired.untuck("sync --list")
    says = "hold the clip's button" in refused.last_line
    table.add(
        "bond removed on the computer, window shut",
        {"fails in one line": refused.failed_in_one_line, "says what to do": says},
        of=refused,
    )
    ran = await paired.wake()  # Linux 6.1.192 ends it at times when a link goes (list corruption in hci_chan_del)
    await paired.clip.press(3.5)
    done = await paired.untuck("pair")
    said = done.last_line if ran else f"(the kernel had ended bluetoothd) {done.last_line}"
    table.add("the same, window opened by the button", {"paired": done.rc == 0}, of=done, said=said)
    table.check()


async def test_clip_that_lost_its_bond(paired: Desk, table: Table) -> None:
    await paired.restart_clip(bonds=None)
    done = await paired.untuck("pair")
    paired_or_says = done.rc == 0 or (done.failed_in_one_line and "remove it" in done.last_line)
    table.add("bond erased on the clip, window open", {"pairs, or says what to do": paired_or_says}, of=done)
    table.check()


async def test_two_adapters(images: None, table: Table) -> None:
    async with Desk.open(runner(60.0), BUILD / "log" / "two_adapters", adapters=2) as desk:
        done = await desk.untuck("pair --adapter hci1")
        right = {"paired": done.rc == 0, "says which adapter": "hci1" in done.said()}
        table.add("two adapters: pair --adapter hci1", right, of=done)
        listed = await desk.untuck("sync --list")
        table.add("two adapters: the bonded one is preferred", {"needs no pairing": listed.rc == 0}, of=listed)
        faults = await desk.faults()
    assert not faults, "\n".join(faults)
    table.check()

"""Sessions over real BlueZ: nothing is lost while the link, the adapter or bluetoothd is gone, and Ctrl-C ends them.

What an outage of some seconds makes the stream lose is on the clip, and `sync` fetches it. How much that is depends on
the machine's load: the clip's ring holds less of an outage while the guest's time stands still.
"""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.bluez.desk import Desk, Session, runner
from tests.bluez.table import Table

pytestmark = pytest.mark.asyncio(loop_scope="session")
BACK_S = 2.0  # from the stack's return to fresh data
GIVE_UP_S = 40.0
PACKET_S = 0.05  # of samples in a packet, at 100 Hz


async def test_doctor(paired: Desk, table: Table) -> None:
    done = await paired.untuck("doctor")
    line = next((line.text for line in done.lines if line.text.startswith("Bluetooth")), "")
    finds = "clips in range: UntkA4B5" in line
    table.add("doctor", {"exit code 0": done.rc == 0, "finds the clip": finds}, of=done, said=" ".join(line.split()))
    table.check()


@pytest.mark.slow
async def test_run_through_outages(paired: Desk, table: Table) -> None:
    channel, peripheral, guest = paired.clip.channel, paired.clip.peripheral, paired.guest
    await paired.restart_clip(paired.bonds, await asyncio.to_thread(runner, 120.0))
    session = await Session.begin(paired)
    table.add("run: first packet", {}, took_s=session.events("signal")[0]["after_s"], lost=session.lost)

    async def came_back(outage: str) -> None:
        lost, back_s = session.lost, await session.back(GIVE_UP_S)
        lost = session.lost - lost
        right = {f"back in {BACK_S:g} s": back_s < BACK_S}
        table.add(f"run: {outage}", right, took_s=back_s, lost=lost)
        await guest.sleep(3)

    await guest.sleep(3)
    await peripheral.drop()
    await came_back("peer drops")
    channel.hold()
    await guest.sleep(2)
    channel.release()
    await came_back("stall of 2 s")
    channel.set_in_range(False)
    await peripheral.drop()
    await guest.sleep(8)
    channel.set_in_range(True)
    await came_back("out of range for 8 s")
    await guest.run("bluetoothctl power off; sleep 7; bluetoothctl power on")
    await came_back("adapter off for 7 s")
    await paired.guest.run("bluez stop; sleep 1; bluez start; bluez wait")
    await came_back("bluetoothd restarts")
    missed = session.lost
    took_s = await session.interrupt()
    whole = session.events("summary")[-1]["signal"]  # with what the clip kept during the outages
    right = {
        "exit code 0": session.command.rc == 0,
        "nothing is lost": whole["lost"] == whole["gaps"] == 0,
        "it has every packet": whole["packets"] * PACKET_S >= whole["duration_s"],
    }
    said = f"{missed * PACKET_S:.1f} s were missed live"
    table.add("run: Ctrl-C, and the rest from the clip", right, took_s=took_s, lost=whole["lost"], said=said)
    listed = await paired.untuck("sync --list --json")
    left = [row["run"] for row in json.loads(listed.said("out") or '{"runs": []}')["runs"] if not row["recording"]]
    table.add("and then: sync --list", {"nothing is left on the clip": listed.rc == 0 and not left}, of=listed)
    table.check()


@pytest.mark.slow
async def test_ctrl_c_while_bluetoothd_dies(paired: Desk, table: Table) -> None:
    session = await Session.begin(paired)
    await paired.guest.sleep(3)
    await paired.guest.run("bluez kill")
    took_s = await session.interrupt()
    said = " / ".join(line for line in session.command.said("err").splitlines() if not line.endswith("..."))
    right = {"ends": session.command.rc is not None, "with its summary": bool(session.events("summary"))}
    table.add("run: bluetoothd killed, then Ctrl-C", right, took_s=took_s, lost=session.lost, said=said)
    table.check()

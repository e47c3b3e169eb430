"""Sessions over real BlueZ: nothing is lost while the link, the adapter or bluetoothd is gone, and Ctrl-C ends them."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.bluez.desk import Desk, Session, runner, sudden_runner
from tests.bluez.table import Table

pytestmark = pytest.mark.asyncio(loop_scope="session")
BACK_S = 2.0  # from the stack's return to fresh data
GIVE_UP_S = 40.0


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
        right = {f"back in {BACK_S:g} s": back_s < BACK_S, "no loss": lost == 0}
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
    took_s = await session.interrupt()
    kept = await paired.untuck("sync --list --json")
    runs = [row["run"] for row in json.loads(kept.said("out") or "[]") if not row["recording"]]
    stored = await paired.untuck("sessions --json")
    right = {
        "exit code 0": session.command.rc == 0,
        "no loss": session.lost == 0,
        "one session": len(json.loads(stored.said("out") or "[]")) == 1,
        "nothing left on the clip": kept.rc == 0 and not runs,
    }
    table.add("run: Ctrl-C", right, took_s=took_s, lost=session.lost, said=f"{len(runs)} runs are left on the clip")
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


async def test_sync(paired: Desk, table: Table) -> None:
    await paired.restart_clip(paired.bonds, await asyncio.to_thread(sudden_runner, 60.0))
    await paired.clip.sleep(30)  # the clip records by itself 10 s after the wearer starts to run
    done = await paired.untuck("sync --json")
    rows = json.loads(done.said("out") or "[]")
    right = {"exit code 0": done.rc == 0, "one session": [row["session"] is not None for row in rows] == [True]}
    said = ", ".join(f"run {row['run']}: {row.get('duration_s', 0.0):.1f} s" for row in rows)
    damaged = sum(row.get("damaged", 0) for row in rows)
    table.add("sync of a run without computer", right, of=done, lost=damaged, said=said)
    table.check()

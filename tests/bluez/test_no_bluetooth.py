"""No usable Bluetooth: a command says so at once, in one line that says what to do, before the analysis warms up."""

from __future__ import annotations

import pytest
from tests.bluez.desk import Desk
from tests.bluez.table import Table

pytestmark = pytest.mark.asyncio(loop_scope="session")
AT_ONCE_S = 3.5  # 1.6 s of Python's start, more on a loaded machine; with the analysis warmed up it would be 2 s more
ACTIVATION = "/usr/share/dbus-1/system-services/org.bluez.service"
CASES = {  # commands before and after, and what the message must contain
    "bluetoothd is stopped": ("bluez stop", "bluez start; bluez wait", "systemctl start bluetooth"),
    "BlueZ is not installed": (
        f"bluez stop; mv {ACTIVATION} /run; pkill -HUP dbus-daemon",
        f"mv /run/org.bluez.service {ACTIVATION}; pkill -HUP dbus-daemon; bluez start; bluez wait",
        "start bluetooth",
    ),
    "no adapter": ("adapter unplug 0; sleep 1", "adapter plug 0; bluez wait", "No Bluetooth adapter found"),
    "rfkill": ("rfkill block bluetooth", "rfkill unblock bluetooth", "rfkill unblock bluetooth"),
}


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("bluetoothd is stopped", "run"),
        ("no adapter", "run"),
        ("rfkill", "run"),
        ("BlueZ is not installed", "pair"),
        ("no adapter", "sync"),
    ],
)
async def test_says_so_at_once(paired: Desk, table: Table, case: str, words: str) -> None:
    before, after, remedy = CASES[case]
    await paired.wake()
    await paired.guest.run(before)
    try:
        done = await paired.untuck(words)
    finally:
        await paired.guest.run(after)
    right = {
        "fails in one line": done.failed_in_one_line,
        "says what to do": remedy in done.last_line,
        "at once": done.took_s < AT_ONCE_S,
    }
    table.add(f"{case}: {words}", right, of=done)
    table.check()

"""A guest to try things in: python -m tests.bluez [--adapters 2] [--minutes 15] [--bluetoothd-log]

Lines on stdin are commands for the guest's bash; several run at the same time. Lines that start with a dot steer:
    .press 3.5   .drop   .stall 2   .range 0   .range 1   .off   .on   .forget   .fresh   .int   .quit
(hold the button; break the connection; radio silence; out of range; clip off, on; erase the clip's bonds; begin the
motion again; Ctrl-C to the last command.) A motion stands for 20 s, hinges three times, stands, runs.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time

from tests.bluez.desk import runner
from tests.bluez.guest import Command, Guest
from tests.bluez.images import BUILD, make_images
from virtual_clip.clip import VirtualClip


async def steer(clip: VirtualClip, word: str, value: str) -> None:
    """Do what a line with a dot says."""
    if word == "press":
        await clip.press(float(value))
    elif word == "drop":
        await clip.peripheral.drop()
    elif word == "stall":
        await clip.channel.stall(float(value))
    elif word == "range":
        clip.channel.set_in_range(value == "1")
    elif word == "off":
        print("clip:", await clip.switch_off(), flush=True)
    elif word == "on":
        await clip.switch_on()
    elif word == "forget":
        print("clip:", await clip.switch_off(), flush=True)
        (clip.flash / "bonds").unlink(missing_ok=True)
        await clip.switch_on()
    else:
        print(f"unknown: .{word}", flush=True)


async def show(command: Command) -> None:
    """Print a command's lines as they come."""
    shown = 0
    while True:
        for line in command.lines[shown:]:
            print(f"[{line.after_s:7.2f}] {'!' if line.to == 'err' else ' '} {line.text}", flush=True)
            shown += 1
        if command.rc is not None and shown == len(command.lines):
            break
        await asyncio.sleep(0.05)
    print(f"@@done rc={command.rc} after {command.took_s:.1f} s: {command.text}", flush=True)


async def main() -> None:
    """Boot, then obey stdin."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--adapters", type=int, default=1)
    options.add_argument("--minutes", type=float, default=15.0)
    options.add_argument("--bluetoothd-log", action="store_true", help="/run/bluetoothd.log then has debug lines")
    chosen = options.parse_args()
    make_images()
    samples = runner(chosen.minutes * 60)
    async with VirtualClip(samples) as clip:
        started_s = time.monotonic()
        folder = BUILD / "log" / "shell"
        guest = Guest(clip.channel, folder, adapters=chosen.adapters, log_bluetoothd=chosen.bluetoothd_log)
        async with guest:
            clip.keeps_up = guest.keeps_up
            print(f"@@ready after {time.monotonic() - started_s:.1f} s; all is also in {folder}/guest.log", flush=True)
            tasks = set()
            command = None
            while line := await asyncio.to_thread(sys.stdin.readline):
                word, _, value = line.strip().partition(" ")
                if word == ".quit":
                    break
                if word == ".int":
                    command and command.send(signal.SIGINT)
                elif word.startswith("."):
                    await steer(clip, word[1:], value)
                elif word:
                    command = guest.start(line.strip())
                    tasks.add(asyncio.create_task(show(command)))


asyncio.run(main())

"""A busy machine makes the virtual clip slow and never late: its clock waits for firmware, sensor and host."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest
from virtual_clip.clip import VirtualClip
from virtual_clip.clock import Clock, unwaited_s
from virtual_clip.micropython_script import run_script
from virtual_clip.stream_checks import QUICK, assert_all_came, collect, motion

from untuck.sources.ble import BleSource

SPEED = 8
STALL_S = 1.5  # of real time: twelve seconds of the clip's, which keeps six; its sensor counts as silent after one


def test_a_leased_clock_waits_at_the_end_of_its_lease_and_goes_on_from_there() -> None:
    clock = Clock(speed=4)
    clock.extend(0.01)
    time.sleep(0.1)
    stood_us = clock.now_us()
    assert 39_000 < stood_us < 400_000
    time.sleep(0.01)
    assert clock.now_us() == stood_us
    clock.release()
    assert stood_us <= clock.now_us() < stood_us + 200_000
    assert clock.waited_s() > 0.05


@pytest.mark.parametrize("clocks", [1, 2])
def test_arrival_times_never_go_back_when_a_clock_has_waited(clocks: int) -> None:
    leased = [Clock() for _ in range(clocks)]
    said_s = []
    for _ in range(5):
        for clock in leased:
            clock.extend(0.002)
        for _ in range(100):
            said_s.append(unwaited_s())
            time.sleep(0.0001)
    assert said_s == sorted(said_s)
    assert said_s[-1] - said_s[0] < 0.02  # of 50 ms, 5 leases of 2 ms ran
    for clock in leased:
        clock.release()
    later_s = unwaited_s()
    time.sleep(0.1)
    assert unwaited_s() > later_s  # a released clock no longer holds it


def test_the_firmware_s_clock_is_right_wherever_the_machine_stalls() -> None:
    output = run_script(Path(__file__).resolve().parent / "time_probe.py").splitlines()
    wrong, _, asked = output[-1].split()
    assert wrong == "0", output[:5]
    assert int(asked) > 50_000


@pytest.mark.parametrize("who", ["firmware", "host"])
async def test_a_stall_of_the_machine_costs_no_sample(who: str) -> None:
    samples = motion(20, 100)
    async with VirtualClip(samples, speed=SPEED) as clip:

        async def stall() -> None:
            await clip.sleep(6.0)
            before_s = clip.clock.waited_s()
            assert clip._process is not None
            if who == "host":
                time.sleep(STALL_S)  # the event loop stands still
            else:
                os.kill(clip._process.pid, signal.SIGSTOP)
                await asyncio.sleep(STALL_S)
                os.kill(clip._process.pid, signal.SIGCONT)
            await clip.sleep(0.5)
            assert clip.clock.waited_s() - before_s > 0.5 * STALL_S

        async with BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
            task = asyncio.create_task(stall())
            packets = await collect(source, len(samples))
            await task
        assert_all_came(packets, samples)
        assert (source.lost, source.reconnects) == (0, 0)
        assert b"\x01\x01" not in clip.sim.log.commands  # the firmware never reset the sensor

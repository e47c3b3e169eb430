"""The light says what the clip does, as the table in hardware/README.md has it: in its first 10 s and in each state."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from operator import sub
from pathlib import Path

import pytest
from virtual_clip.clip import VirtualClip
from virtual_clip.stream_checks import QUICK, motion

from untuck import wire
from untuck.session.pairing import pair_clip
from untuck.sources.ble import BleSource
from untuck.sources.ble_runs import ClipRuns
from untuck.vocabulary import Role

FAULTY_FLASH = Path(__file__).resolve().parent / "on_board" / "faulty_main.py"
PAGE = (Path(__file__).resolve().parents[2] / "hardware" / "README.md").read_text()
LIT = 0  # level of the XIAO's LED
LONGEST_START_S = 4.0
ROW = re.compile(r"^\| ([^|]+) \| (\d+) of (\d+) \|", re.MULTILINE)
TABLE = {row[1]: (int(row[2]), int(row[3])) for row in ROW.finditer(PAGE)}  # light: ms on, ms of its period
STARTING, PAIRING, NO_SENSOR = "on", "fast, even", "on, with a short gap every second"
RECORDING, CONNECTED, READY = "a long blink every 2 s", "a short blink every second", "a short blink every 4 s"
LOW_CELL_UV = "1750000"  # at the pin: 3.5 V
WATCHED_S, WATCHED_PERIODS = 3.3, 2.3  # whichever is longer
SPEED = 2


def blinks(clip: VirtualClip, from_us: int, to_us: int) -> list[tuple[float, float]]:
    """(start, duration) in ms of each blink that begins and ends in this span."""
    found = []
    start_us = None
    for time_us, name, level in clip.bus.outputs:
        if name == "led" and from_us <= time_us < to_us:
            if level == LIT:
                start_us = time_us if start_us is None else start_us  # it may be switched on while it is on
            elif start_us is not None:
                found.append((start_us / 1000, (time_us - start_us) / 1000))
                start_us = None
    return found


async def assert_shows(clip: VirtualClip, light: str, group: int = 1) -> None:
    """For a while the LED shows this light of the table, with so many blinks in place of one."""
    on_ms, period_ms = TABLE[light]
    start_us = clip.clock.now_us()
    await clip.sleep(max(WATCHED_S, WATCHED_PERIODS * period_ms / 1000))
    seen = blinks(clip, start_us, clip.clock.now_us())
    assert len(seen) > group, (light, seen)
    # on a busy machine the firmware is late now and then: the shorter ones are the best
    durations = sorted(duration for _, duration in seen)
    shortest_ms = durations[len(durations) // 3]
    assert shortest_ms == pytest.approx(on_ms, abs=25 + 0.05 * on_ms), (light, seen)
    starts = [start for start, _ in seen]
    shortest_ms = min(later - start for start, later in zip(starts[:-group], starts[group:], strict=True))
    assert shortest_ms == pytest.approx(period_ms, abs=0.08 * period_ms + 25), (light, seen)
    if group > 1:
        between_ms = min(later - start for start, later in pairwise(starts))
        assert between_ms == pytest.approx(on_ms + 160, abs=40), (light, seen)


async def until_started(clip: VirtualClip) -> float:
    """Wait for the first dark moment after the start; returns for how many seconds the LED was on."""
    while not (seen := blinks(clip, 0, clip.clock.now_us())):
        await clip.sleep(0.05)
    return seen[0][1] / 1000


@asynccontextmanager
async def switched_on(*, paired: bool = False, absent: bool = False) -> AsyncIterator[VirtualClip]:
    """A clip whose light has just ended to show the start."""
    clip = VirtualClip(motion(60, 100), speed=SPEED)
    clip.sim.faults.absent = absent
    async with clip:
        if paired:
            async with ClipRuns(backend=clip.backend, timeouts=QUICK):
                pass
            await clip.sleep(1.0)
        else:
            await until_started(clip)
        yield clip


def test_the_page_has_every_light_of_the_firmware() -> None:
    assert set(TABLE) == {STARTING, PAIRING, NO_SENSOR, RECORDING, CONNECTED, READY}
    source = (Path(__file__).resolve().parents[2] / "firmware" / "sounder.py").read_text()
    of_firmware = re.findall(r"^LIGHT_\w+ = (\d+), (\d+)$", source, re.MULTILINE)
    assert sorted((int(on), int(period)) for on, period in of_firmware) == sorted(TABLE.values())


@pytest.mark.parametrize(("absent", "then"), [(False, PAIRING), (True, NO_SENSOR)])
async def test_a_new_clips_first_ten_seconds(absent: bool, then: str) -> None:
    clip = VirtualClip(motion(60, 100), speed=2)  # the start of its process is part of the time
    clip.sim.faults.absent = absent
    async with clip:
        assert 0.1 <= await until_started(clip) <= LONGEST_START_S
        assert clip.clock.now_us() < 10e6
        await assert_shows(clip, then)


async def test_a_paired_clip_is_ready() -> None:
    async with switched_on(paired=True) as clip:
        await assert_shows(clip, READY)


async def test_the_pairing_window_is_shown_although_the_sensor_is_missing() -> None:
    async with switched_on(paired=True) as clip:
        clip.sim.faults.absent = True
        await clip.switch_off()
        await clip.switch_on()
        await clip.sleep(6.0)
        await assert_shows(clip, NO_SENSOR)
        await clip.press(3.2)
        await assert_shows(clip, PAIRING)


async def test_holding_the_button_is_answered_at_once() -> None:
    async with switched_on(paired=True) as clip:
        await clip.sleep(5.0)
        await clip.press(3.2)
        released_us = clip.clock.now_us()
        await clip.sleep(1.0)
        assert len(blinks(clip, released_us, clip.clock.now_us())) >= 3


async def test_connected_then_recording() -> None:
    async with VirtualClip(motion(90, 100), speed=SPEED) as clip:
        source = await BleSource(100, backend=clip.backend, timeouts=QUICK).__aenter__()

        async def store() -> None:
            async for _ in source.packets():
                pass

        storing = asyncio.create_task(store())
        await clip.sleep(0.5)
        await assert_shows(clip, CONNECTED)
        storing.cancel()
        await clip.peripheral.drop()
        await source._close()
        await clip.sleep(2.0)
        await assert_shows(clip, RECORDING)


async def test_a_low_battery_doubles_the_blinks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNTUCK_CELL_UV", LOW_CELL_UV)
    async with switched_on(paired=True) as clip:
        await assert_shows(clip, READY, group=2)


TRUNK_MS, BETWEEN_MS = 600, 160  # in the table's row of the trunk


async def test_a_clip_on_the_trunk_blinks_long_before_each_group() -> None:
    assert re.search(rf"^\| a very long blink before these \| {TRUNK_MS}, then {BETWEEN_MS} off \|", PAGE, re.MULTILINE)
    async with switched_on() as clip:
        await pair_clip(None, clip.backend, QUICK, Role.TRUNK)
        await clip.sleep(1.0)
        start_us = clip.clock.now_us()
        await clip.sleep(12.0)
        seen = blinks(clip, start_us, clip.clock.now_us())
        long = [start for start, duration in seen if duration > TRUNK_MS / 2]
        assert len(long) >= 2, seen
        assert len(seen) <= 2 * len(long) + 1, seen
        on_ms, period_ms = TABLE[READY]
        assert min(map(sub, long[1:], long)) == pytest.approx(period_ms + TRUNK_MS + BETWEEN_MS, abs=100), seen
        short = [duration for _, duration in seen if duration < TRUNK_MS / 2]
        assert min(short) == pytest.approx(on_ms, abs=25), seen
        await clip.press(3.2)  # the pairing window has its own light
        await assert_shows(clip, PAIRING)


async def test_a_broken_flash_makes_it_three() -> None:
    clip = VirtualClip(motion(90, 100), speed=2)
    clip.script, clip.heap = [FAULTY_FLASH, 1], "150k"
    async with clip, BleSource(100, backend=clip.backend, timeouts=QUICK) as source:
        async for _ in source.packets():
            break
        await clip.peripheral.drop()
        await source._close()
        await clip.sleep(4.0)
        await assert_shows(clip, CONNECTED, group=3)  # nothing is recorded


@pytest.mark.parametrize("press_s", [0.05, 0.1])
async def test_a_press_while_a_host_starts_the_stream_does_not_end_it(press_s: float) -> None:
    async with VirtualClip(motion(60, 100)) as clip, ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
        link = runs._link
        assert link is not None
        await clip.sleep(0.5)

        async def press() -> None:
            await clip.sleep(press_s)
            await clip.press(0.1)  # a short press while no host listens: the sensor starts, to measure standing

        async def start() -> None:
            await clip.sleep(0.1)
            await link.command(wire.command(wire.CMD_START, 100), 60)

        await asyncio.gather(press(), start())
        await clip.sleep(2.0)
        status = await link.command(wire.command(wire.CMD_CUE, 1), 60)
        assert status.state == wire.STATE_STREAMING and status.next_seq > 20

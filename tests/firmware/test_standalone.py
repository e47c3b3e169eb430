"""The clip without a host: button, laps, cues, automatic start and stop, sleep, battery.

The rules are tested in MicroPython with simulated time; pins and radio with the virtual clip.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from virtual_clip.clip import VirtualClip
from virtual_clip.micropython_script import run_compiled
from virtual_clip.stream_checks import QUICK, motion

import untuck
from untuck import wire
from untuck.simulate.runner import simulate
from untuck.simulate.scenario import HINGE_S, Phase, Scenario
from untuck.sources.ble import BleSource
from untuck.sources.ble_runs import ClipRuns
from untuck.sources.clip_setup import tuck_cue_commands

PROBE = Path(__file__).resolve().parent / "on_board" / "standalone_probe.py"


@pytest.fixture(scope="module")
def probe_lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return run_compiled(PROBE, folder=tmp_path_factory.mktemp("life")).splitlines()


def test_it_starts_stops_and_sleeps_automatically(probe_lines: list[str]) -> None:
    done = [line for line in probe_lines if line[0].isdigit()]
    assert done == [
        *("60 monitor", "105 start 100", "1195 stop", "1195 monitor"),  # 95 s + 10 s of running; 955 s + 4 min
        *("5705 prepare sleep", "5705 sleep"),
        *("5715 monitor", "5715 measure standing", "5715 open pairing", "5715 prepare sleep", "5715 off", "5715 lap"),
    ]


def test_presses_and_battery(probe_lines: list[str]) -> None:
    assert [line for line in probe_lines if line.startswith("button")] == ["button True"] * 4
    assert probe_lines[-1] == f"battery {[255, 0, 0, 15, 53, 100, 100, 255]}"


async def test_a_press_marks_a_lap_in_the_stream() -> None:
    async with VirtualClip(motion(30, 100), speed=2) as clip, BleSource(backend=clip.backend, timeouts=QUICK) as source:
        laps = []
        async for packet in source.packets():
            _, flags, _, sequence, *_ = wire.unpack_header(packet.data)
            laps += [sequence] if flags & wire.FLAG_LAP else []
            if sequence == 40:
                await clip.press(0.3)
            if sequence == 90:
                break
        assert len(laps) == 1 and 40 < laps[0] < 90


async def test_a_cue_of_the_host_sounds_and_vibrates() -> None:
    async with VirtualClip(motion(10, 100), speed=2) as clip, BleSource(backend=clip.backend, timeouts=QUICK) as source:
        await source.buzz("tuck", 0)
        await clip.sleep(2.0)
        tones = [level for _, name, level in clip.bus.outputs if name == "buzzer"]
        vibrations = [level for _, name, level in clip.bus.outputs if name == "vibration"]
        assert tones.count(330) == 2 and tones[-1] == 0
        assert vibrations.count(1) == 2 and vibrations[-1] == 0


async def test_a_missing_sensor_is_reported_by_the_buzzer() -> None:
    async with VirtualClip(motion(10, 100), speed=4) as clip:
        clip.sim.faults.absent = True
        async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
            assert runs._link is not None
            status = await runs._link.command(wire.command(wire.CMD_START, 100), 60)
            assert status.result == wire.RESULT_NO_SENSOR
            assert status.state == wire.STATE_NO_SENSOR
        await clip.sleep(6.0)
        assert [level for _, name, level in clip.bus.outputs if name == "buzzer"].count(220) >= 3


async def test_switching_off_keeps_the_recorded_run() -> None:
    async with VirtualClip(motion(60, 100), speed=4) as clip:
        source = BleSource(100, backend=clip.backend, timeouts=QUICK)
        await source.__aenter__()
        async for _ in source.packets():
            break
        await clip.peripheral.drop()
        await source._close()
        await clip.sleep(6.0)
        await clip.press(12.0)  # much longer than it takes: pressed, the button would wake the board at once
        assert await asyncio.wait_for(clip.ended(), 60) == "asleep"
        assert not clip.sim.wakes_on_motion and not clip.sim.reports_enabled
        await clip.switch_on()
        async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
            (run,) = await runs.list()
            assert not run.recording and run.bytes > 5000


async def test_the_hosts_calibration_is_sent_and_stored() -> None:
    samples = simulate(
        Scenario((Phase("stand", 7.0), Phase("hinge", 3 * HINGE_S), Phase("stand", 2.0), Phase("run", 70.0))),
        rate_hz=100,
    ).samples
    run = untuck.analyse(samples)
    assert run.baseline is not None
    commands = tuck_cue_commands(run.calibration, run.baseline, tuck_on_deg=4.0, warm_up_s=180.0, cooldown_s=30.0)
    async with VirtualClip(motion(10, 100), speed=2) as clip:
        async with BleSource(backend=clip.backend, timeouts=QUICK) as source:
            assert source.status is not None and not source.status.conditions & wire.COND_TUCK_CUE
            await source.configure(commands)
            assert source.status.conditions & wire.COND_TUCK_CUE
        await clip.switch_off()
        await clip.switch_on()
        async with ClipRuns(backend=clip.backend, timeouts=QUICK) as runs:
            assert runs.status is not None and runs.status.conditions & wire.COND_TUCK_CUE
    _, _, standing = wire.parse_command(commands[0])
    up = samples[100:600].acc_m_s2.mean(axis=0)
    assert np.allclose(np.array(standing) / wire.QUAT_SCALE, up / np.linalg.norm(up), atol=0.02)
    _, _, (outputs, threshold_cdeg, *_) = wire.parse_command(commands[1])
    assert outputs == wire.OUT_ALL
    assert threshold_cdeg / 100 == pytest.approx(float(np.median(run.strides["tilt_deg"])) - 4.0, abs=1.0)


async def test_the_chip_calibrates_its_accelerometer_while_standing_only() -> None:
    samples = simulate(Scenario((Phase("stand", 13.0), Phase("run", 8.0))), rate_hz=100).samples
    async with (
        VirtualClip(samples, speed=4) as clip,
        BleSource(backend=clip.backend, timeouts=QUICK) as source,
    ):
        flags = []
        async for packet in source.packets():
            flags.append(bool(wire.unpack_header(packet.data)[1] & wire.FLAG_CALIBRATING))
            if len(flags) == 20 * 20:
                break
        asked = [command[4] for command in clip.sim.log.commands if command[1:2] == b"\xf2" and command[3] == 7]
    assert asked == [0, 1, 0]
    standing, running = flags[11 * 20 : 13 * 20], flags[17 * 20 :]
    assert all(standing) and not any(running)

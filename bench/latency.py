"""`python -m bench latency`: from the sample that decides a cue to the cue in the loudspeaker, end to end.

Simulated runner -> simulated chip -> firmware -> virtual radio -> host -> store and pipeline -> PulseAudio's null sink,
in real time. The chip gives the time of the sample, a recording at the sink's monitor that of the cue. The air time of
a radio and the delay of an earphone are not included.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from bench.lib.figures import Figure, table
from untuck.events import CueDecided, Event
from untuck.model import Floats, Packet
from untuck.motion.params import Params
from untuck.simulate.scenario import HINGE_S, Phase, Scenario

try:
    from virtual_clip.clip import VirtualClip

    from untuck.motion.decode import Decoder
    from untuck.session.live import SessionHooks, run_session
    from untuck.session.packet_pipeline import PacketPipeline
    from untuck.session.warmup import warm_up
    from untuck.simulate.runner import simulate
    from untuck.sources.ble import BleSource
    from untuck.store import Settings, Store
    from untuck.store.config import SoundConfig
    from virtual_clip import bno085_messages as hub
    from virtual_clip import loudspeaker
except ImportError as error:  # the clip's parts are test requirements
    MISSING: str = f"the virtual clip needs {error.name}: pip install 'untuck[test]'"
else:
    MISSING = loudspeaker.missing()

RATE_HZ = 100
GOOD_S = 55.0  # of good form at first, for the baseline
APART_S = 1.0  # between cues, instead of 30 s: many cues in a short time
WITHIN_S = 1.0  # a sound that begins later belongs to another cue
CUE_EVERY_S = 1.5  # resulting time between cues, about


class _Notes:
    """A view, a source and an event handler that record the times of samples, packets and cues."""

    def __init__(self, source: BleSource) -> None:
        self._source = source
        self.keeper = source
        self._decoder = Decoder()
        self.times_s: list[float] = []  # sensor time of every sample, as decoded
        self.rows: list[tuple[int, ...]] = []  # its values, by which the chip's log recognises it
        self.arrivals_s: list[float] = []  # of its packet, host time
        self.asked: list[tuple[float, float]] = []  # sensor time and host time of each cue's event

    async def packets(self) -> Any:
        async for packet in self._source.packets():
            self._note(packet)
            yield packet

    def _note(self, packet: Packet) -> None:
        from untuck import wire

        samples = self._decoder.push([packet.data])
        self.times_s += samples.time_s.tolist()
        self.rows += [wire.unpack_sample(packet.data, index) for index in range(len(samples))]
        self.arrivals_s += [packet.arrival_s] * len(samples)

    def show(self, events: list[Event], line: PacketPipeline) -> None:
        """Part of the view's interface; nothing is shown."""

    def say(self, text: str) -> None:
        print(f"latency: {text}", file=sys.stderr)

    def on_event(self, event: Event) -> bool:
        if isinstance(event, CueDecided):
            self.asked.append((event.time_s, time.monotonic()))
        return False


async def _run(cues: int) -> tuple[_Notes, dict[tuple[int, ...], float]]:
    """A run with about `cues` cues; the recorded times, and when each sample was measured, in host time."""
    before = (Phase("stand", 7.0), Phase("hinge", 3 * HINGE_S), Phase("stand", 2.5), Phase("run", GOOD_S))
    scenario = Scenario((*before, Phase("run", CUE_EVERY_S * cues + 6.0, tuck_deg=7.0)))
    simulated = simulate(scenario, rate_hz=RATE_HZ)
    params = Params(cue_cooldown_s=APART_S, cue_gap_s=APART_S, cue_cap=10**6, cue_recovered=False)
    settings = Settings(params=params, rate_hz=RATE_HZ)
    async with (
        VirtualClip(simulated.samples, real_time=True) as clip,
        BleSource(RATE_HZ, backend=clip.backend, durable=True) as source,
    ):
        notes = _Notes(source)
        with Store().record("virtual clip", "bench", settings) as recording:
            attending = asyncio.create_task(
                run_session(
                    notes, settings, notes, recording, hooks=SessionHooks(SoundConfig(), on_event=notes.on_event)
                )
            )
            await asyncio.sleep(scenario.duration_s - 0.5)
            attending.cancel()
            await attending
    measured_s = {
        values: clip.clock.monotonic_s(time_us) for report, time_us, values in clip.sim.log.reports if report == hub.GYR
    }
    return notes, measured_s


def _delays_ms(notes: _Notes, measured_s: dict[tuple[int, ...], float], onsets_s: Floats) -> Floats:
    """(C,4) of each recorded cue: sample to packet received, to cue's event, to sound, and the sum."""
    times_s = np.array(notes.times_s)
    delays = []
    for cue_s, asked_s in notes.asked:
        number = int(np.abs(times_s - cue_s).argmin())
        sample_s = measured_s[notes.rows[number]]
        later = onsets_s[(onsets_s > sample_s) & (onsets_s < sample_s + WITHIN_S)]
        if len(later):
            arrived_s, heard_s = notes.arrivals_s[number], float(later[0])
            delays.append((arrived_s - sample_s, asked_s - arrived_s, heard_s - asked_s, heard_s - sample_s))
        else:
            print(f"latency: no sound was recorded for the cue at {cue_s:.2f} s", file=sys.stderr)
    return 1e3 * np.array(delays).reshape(-1, 4)


def measure(cues: int) -> dict[str, Any]:
    """Latencies in ms over about `cues` cues. Raises RuntimeError where no sound fits a cue."""
    warm_up(lambda text: print(f"latency: {text}", file=sys.stderr))
    with (
        tempfile.TemporaryDirectory() as folder,
        loudspeaker.sound_server(Path(folder) / "x") as env,
        _environment(env, folder),
    ):
        ear = loudspeaker.Ear(env)
        try:
            notes, measured_s = asyncio.run(_run(cues))
        finally:
            heard, zero_s = ear.stop()
    onsets_s = np.array([zero_s + sound.start / loudspeaker.RATE_HZ for sound in loudspeaker.sounds(heard)])
    delays = _delays_ms(notes, measured_s, onsets_s)
    if len(delays) == 0:
        raise RuntimeError(f"{len(notes.asked)} cues and {len(onsets_s)} sounds were recorded, but none match")
    packet, decide, sound, total = np.median(delays, axis=0)
    return {
        "cues": len(notes.asked),
        "heard": len(delays),
        "median_ms": float(total),
        "p99_ms": float(np.percentile(delays[:, 3], 99)),
        "max_ms": float(delays[:, 3].max()),
        "sample_to_packet_ms": float(packet),
        "packet_to_cue_ms": float(decide),
        "cue_to_sound_ms": float(sound),
        "load": os.getloadavg()[0],
    }


@contextmanager
def _environment(env: dict[str, str], folder: str) -> Iterator[None]:
    """Set the sound server and the store for this process; the sound library reads the environment when opened."""
    before = dict(os.environ)
    os.environ.update(env, UNTUCK_HOME=folder)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def figures(result: dict[str, Any]) -> list[Figure]:
    """The result as figures with their goals."""
    section = f"From the deciding sample to the cue's onset, {result['heard']} of {result['cues']} cues heard"
    rows = [
        Figure(section, name, "ms", {"all": result[f"{name}_ms"]}, {}, ("<=", goal))
        for name, goal in (("median", 120.0), ("p99", 300.0))
    ]
    for name in ("sample_to_packet", "packet_to_cue", "cue_to_sound"):
        rows.append(Figure(section, f"median, {name.replace('_', ' ')}", "ms", {"all": result[f"{name}_ms"]}, {}))
    return rows


def main(arguments: list[str]) -> int:
    """Print the table, or one JSON object; 1 where PulseAudio or the virtual clip is absent."""
    parser = argparse.ArgumentParser(prog="python -m bench latency", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--cues", type=int, default=100, help="approximate number of cues (default 100: four minutes)")
    options = parser.parse_args(arguments)
    if MISSING:
        print(f"latency: {MISSING}", file=sys.stderr)
        return 1
    result = measure(options.cues)
    print(json.dumps(result) if options.json else table(figures(result)))
    return 0

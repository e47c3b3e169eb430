"""A live session composed once: source -> store -> decoder -> pipeline -> sound and view, for demo, run and replay.

Packets and commands are stored before they are analysed, so that what was seen can be replayed. A full disk stops the
recording, not the session; Ctrl-C, a lost clip and an error all end in a summary of the data received.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from untuck.errors import StoreError, UntuckError
from untuck.events import Event
from untuck.model import Packet
from untuck.report.summary import Summary
from untuck.session.guidance import Guide
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.voice import Buzz, Voice
from untuck.session_commands import SessionCommand
from untuck.store import Recording, Settings, codec
from untuck.store.config import SoundConfig

NO_DATA_S = 3.0  # without a packet for so long: the runner hears about it
CHECK_EVERY_S = 0.5


class Source(Protocol):
    """Where packets come from: the clip, the simulated runner, a recorded session."""

    def packets(self) -> AsyncIterator[Packet]:
        """Packets in order of their sequence numbers, each once."""

    @property
    def buzz(self) -> Buzz | None:
        """Sounds a cue, given fault and side, on the clip's own buzzer; None where there is none."""


class View(Protocol):
    """What the user sees during a session."""

    def show(self, events: list[Event], line: PacketPipeline) -> None:
        """Called after each packet with what it brought."""

    def say(self, text: str) -> None:
        """One line that is not a result: no sound device, recording stopped."""


@dataclass(frozen=True)
class Outcome:
    """How a session ended. failure: what cut it short, or kept it from being stored."""

    summary: Summary
    failure: UntuckError | None


@dataclass(frozen=True)
class SessionHooks:
    """What goes with a session beside its view: sound, guidance, keys.

    sound: None for the defaults; guided: the runner is guided through it by voice; attach: gets the packet pipeline
    before the first packet, to give it commands; on_event: sees every event, and ends the session by returning True.
    """

    sound: SoundConfig | None = None
    guided: bool = False
    attach: Callable[[PacketPipeline], None] | None = None
    on_event: Callable[[Event], bool] | None = None


async def run_packets(
    source: Source,
    line: PacketPipeline,
    view: View,
    recording: Recording | None = None,
    voice: Voice | None = None,
    on_event: Callable[[Event], bool] | None = None,
) -> UntuckError | None:
    """Run packets through the pipeline until the source ends, on_event says so, or the task is cancelled.

    Returns what went wrong, or None.
    """
    failure: UntuckError | None = None
    recorder = _Recorder(recording, view)
    try:
        async for packet in source.packets():
            recorder.keep(line.take_commands(), packet)
            events = line.push(packet)
            _hand_on(events, line, view, voice)
            if on_event is not None and any([on_event(event) for event in events]):
                break
    except asyncio.CancelledError:
        view.say("stopped")
    except UntuckError as error:
        failure = error
    recorder.keep(line.take_commands())
    _hand_on(line.finish(), line, view, voice)
    return recorder.failure or failure


class _Recorder:
    """Stores commands and packets with the recording, until it fails: that stops the recording, not the session."""

    def __init__(self, recording: Recording | None, view: View) -> None:
        self._recording = recording
        self._view = view
        self.failure: StoreError | None = None

    def keep(self, commands: list[SessionCommand], packet: Packet | None = None) -> None:
        if self._recording is None:
            return
        try:
            for command in commands:
                self._recording.command(command)
            if packet is not None:
                self._recording.append(packet)
        except StoreError as error:
            self.failure, self._recording = error, None
            self._view.say(f"recording stopped: {error}")


async def run_session(
    source: Source,
    settings: Settings,
    view: View,
    recording: Recording | None = None,
    audible: bool = True,
    commands: Iterable[SessionCommand] = (),
    hooks: SessionHooks | None = None,
) -> Outcome:
    """One session from its first packet to its summary, which is kept with the recording; cues sound if audible.

    commands: those of a recorded session that is replayed.
    """
    hooks = hooks or SessionHooks()
    line = PacketPipeline(settings, commands)
    if hooks.attach is not None:
        hooks.attach(line)
    guide = Guide(settings.params, settings.calibration, settings.baseline) if hooks.guided else None
    voice = Voice(view.say, hooks.sound or SoundConfig(), guide, source.buzz) if audible else None
    watching = asyncio.create_task(_watch(line, view, voice)) if hooks.guided else None
    failure: UntuckError | None = None
    try:
        failure = await run_packets(source, line, view, recording, voice, hooks.on_event)
        summary = line.summary()
        if recording is not None:
            recording.end(codec.to_json(summary))
    except StoreError as error:
        failure = failure or error
    finally:
        if watching is not None:
            watching.cancel()
        if voice is not None:
            voice.speak("finished")
            await asyncio.to_thread(voice.close)
    return Outcome(summary, failure)


async def _watch(line: PacketPipeline, view: View, voice: Voice | None) -> None:
    """Report what no event reports: that packets stop coming, that they come again, and a low battery."""
    packets, heard_s, silent, low = 0, time.monotonic(), False, False
    while True:
        await asyncio.sleep(CHECK_EVERY_S)
        now_s = time.monotonic()
        if line.decoder.packets != packets:
            packets, heard_s = line.decoder.packets, now_s
        if line.decoder.low_battery and not low:
            low = True
            view.say("the clip's battery is low")
            if voice is not None:
                voice.speak("battery low")
        if (packets > 0 and now_s - heard_s > NO_DATA_S) != silent:
            silent = not silent
            view.say(f"no data from the clip for {NO_DATA_S:.0f} s: cues wait" if silent else "the clip is back")
            if voice is not None:
                voice.speak("no data" if silent else "data again")


def _hand_on(events: list[Event], line: PacketPipeline, view: View, voice: Voice | None) -> None:
    if voice is not None:
        voice.hear(events, line)
    view.show(events, line)

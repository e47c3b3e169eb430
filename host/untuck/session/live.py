"""A live session: source -> store -> decoder -> pipeline -> sound and view, the same for demo, run and replay.

Packets and commands are stored before they are analysed, so that the session can be replayed. A full disk stops the
recording, not the session. Ctrl-C, a lost clip and an error all end with a summary of the data received.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from untuck.errors import StoreError, UntuckError
from untuck.events import Event
from untuck.model import Packet
from untuck.report.summary import Summary
from untuck.session.event_log import log_event
from untuck.session.guidance import Guide
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.voice import Buzz, Voice
from untuck.session_commands import SessionCommand
from untuck.store import Recording, Settings, codec
from untuck.store.config import SoundConfig

NO_DATA_S = 3.0  # after this time without a packet the runner gets a message
CHECK_EVERY_S = 0.5
KEPT_S = 60.0  # a shorter session without a stride is not kept

_log = logging.getLogger(__name__)


class Source(Protocol):
    """Where packets come from: the clip, the simulated runner, a recorded session."""

    def packets(self) -> AsyncIterator[Packet]:
        """Packets in order of their sequence numbers, each once."""

    @property
    def buzz(self) -> Buzz | None:
        """Sounds a cue, given fault and side, on the clip's own buzzer; None where there is none."""


class View(Protocol):
    """What the user sees during a session."""

    def show(self, events: list[Event], packets: PacketPipeline) -> None:
        """Called after each packet with the events that it caused."""

    def say(self, text: str) -> None:
        """Show one line of text, such as "no sound device" or "recording stopped"."""


class SessionVoice(Protocol):
    """What sounds a session's events: voice.Voice, or one that can fall silent."""

    def take(self, events: list[Event], packets: PacketPipeline) -> None:
        """Sound what these events cause."""

    def speak(self, phrase: str) -> None:
        """Speak a phrase of sound.phrases, if this session has guidance."""

    def close(self) -> None:
        """Let sounds end, then release the device."""


MakeVoice = Callable[[Callable[[str], None], SoundConfig, Guide | None, Buzz | None], SessionVoice]


@dataclass(frozen=True)
class Outcome:
    """How a session ended.

    failure: the error that ended it early or stopped its recording, None without one; kept: False if there was too
    little to keep: no packet, or less than a minute without a stride.
    """

    summary: Summary
    failure: UntuckError | None
    kept: bool = True


@dataclass(frozen=True)
class SessionHooks:
    """What accompanies a session besides its view: sound, guidance, keys.

    sound: None for the defaults; guided: spoken guidance for the runner; attach: receives the packet pipeline before
    the first packet, to give it commands; on_event: receives every event, and ends the session by returning True;
    make_voice: makes what sounds the events.
    """

    sound: SoundConfig | None = None
    guided: bool = False
    attach: Callable[[PacketPipeline], None] | None = None
    on_event: Callable[[Event], bool] | None = None
    make_voice: MakeVoice | None = None


async def run_packets(
    source: Source,
    packets: PacketPipeline,
    view: View,
    recording: Recording | None = None,
    *,
    voice: SessionVoice | None = None,
    on_event: Callable[[Event], bool] | None = None,
) -> UntuckError | None:
    """Analyse packets until the source ends, on_event returns True, or the task is cancelled.

    Returns the error that ended it or that stopped the recording, or None.
    """
    failure: UntuckError | None = None
    ending = "the source has ended"
    recorder = _Recorder(recording, view)
    try:
        async for packet in source.packets():
            recorder.keep(packets.take_commands(), packet)
            events = packets.push(packet)
            _distribute(events, packets, view, voice)
            if on_event is not None and any([on_event(event) for event in events]):
                ending = "its purpose is reached"
                break
    except asyncio.CancelledError:
        ending = "stopped"
        view.say("stopped")
    except UntuckError as error:
        failure, ending = error, type(error).__name__
    recorder.keep(packets.take_commands())
    _distribute(packets.finish(), packets, view, voice)
    d = packets.decoder
    _log.info("session ended: %s; %d packets, %d lost, %d corrupt", ending, d.packets, d.lost, d.corrupt)
    return recorder.failure or failure


class _Recorder:
    """Stores commands and packets in the recording. If that fails, the recording stops and the session goes on."""

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
            _log.info("recording stopped", exc_info=error)


async def run_session(
    source: Source,
    settings: Settings,
    view: View,
    recording: Recording | None = None,
    *,
    audible: bool = True,
    commands: Iterable[SessionCommand] = (),
    hooks: SessionHooks | None = None,
) -> Outcome:
    """Run one session from its first packet to its summary, which is stored with the recording.

    audible: cues sound; commands: those of the recorded session, in a replay.
    """
    hooks = hooks or SessionHooks()
    _log_beginning(settings, recording)
    packets = PacketPipeline(settings, commands)
    if hooks.attach is not None:
        hooks.attach(packets)
    guide = Guide(settings.params, settings.calibration, settings.baseline) if hooks.guided else None
    voice = (hooks.make_voice or Voice)(view.say, hooks.sound or SoundConfig(), guide, source.buzz) if audible else None
    watching = asyncio.create_task(_watch_connection(packets, view, voice)) if hooks.guided else None
    failure: UntuckError | None = None
    try:
        failure = await run_packets(source, packets, view, recording, voice=voice, on_event=hooks.on_event)
        summary = packets.summary()
        kept = recording is None or _is_worth_keeping(summary, recording)
        if recording is not None:
            recording.end(codec.to_json(summary)) if kept else recording.discard()
    except StoreError as error:
        failure = failure or error
    finally:
        if watching is not None:
            watching.cancel()
        if voice is not None:
            voice.speak("finished")
            await asyncio.to_thread(voice.close)
    return Outcome(summary, failure, kept)


def _is_worth_keeping(summary: Summary, recording: Recording) -> bool:
    """A session without a stride is kept if it is long, because its packets can show why none was found."""
    if recording.mode == "calibrate" and summary.calibration == "stand+hinges":
        return True
    return summary.strides > 0 or (summary.signal.packets > 0 and summary.signal.duration_s >= KEPT_S)


def _log_beginning(settings: Settings, recording: Recording | None) -> None:
    number = "not recorded" if recording is None else f"recorded as {recording.id}"
    saved = [name for name in ("calibration", "baseline") if getattr(settings, name) is not None]
    _log.info("session begins, %s: %d Hz, saved: %s", number, settings.rate_hz, " and ".join(saved) or "nothing")


async def _watch_connection(packets: PacketPipeline, view: View, voice: SessionVoice | None) -> None:
    """Report what no event reports: packets that stop or come again, and a low battery."""
    count, newest_s, silent, low = 0, time.monotonic(), False, False
    while True:
        await asyncio.sleep(CHECK_EVERY_S)
        now_s = time.monotonic()
        if packets.decoder.packets != count:
            count, newest_s = packets.decoder.packets, now_s
        if packets.decoder.low_battery and not low:
            low = True
            _announce("the clip's battery is low", "battery low", view, voice)
        if (count > 0 and now_s - newest_s > NO_DATA_S) != silent:
            silent = not silent
            if silent:
                _announce(f"no data from the clip for {NO_DATA_S:.0f} s: cues wait", "no data", view, voice)
            else:
                _announce("the clip is back", "data again", view, voice)


def _announce(text: str, phrase: str, view: View, voice: SessionVoice | None) -> None:
    """Show a text and speak a phrase."""
    _log.info("%s", text)
    view.say(text)
    if voice is not None:
        voice.speak(phrase)


def _distribute(events: list[Event], packets: PacketPipeline, view: View, voice: SessionVoice | None) -> None:
    for event in events:
        log_event(event)
    if voice is not None:
        voice.take(events, packets)
    view.show(events, packets)

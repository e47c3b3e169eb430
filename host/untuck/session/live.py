"""A live session: source -> store -> decoder -> pipeline -> sound and view, the same for demo, run and replay.

Packets and commands go to the store before they are analysed, so that the session can be replayed; what is stored is
acknowledged. A full disk delays the recording, not the session. Ctrl-C, a lost clip and an error all end with a summary
of the data received.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from untuck.errors import StoreError
from untuck.report.summary import Summary
from untuck.session.connection_watch import watch_connection
from untuck.session.guidance import Guide
from untuck.session.outcome import Outcome, is_worth_keeping
from untuck.session.packet_loop import Buzz, SessionVoice, Source, View, run_packets
from untuck.session.packet_pipeline import PacketPipeline
from untuck.session.profile_keeper import ProfileKeeper
from untuck.session.recorder import Recorder
from untuck.session.voice import Voice
from untuck.session_commands import SessionCommand
from untuck.store import Recording, Settings, codec
from untuck.store.config import SoundConfig

_log = logging.getLogger(__name__)


MakeVoice = Callable[[Callable[[str], None], SoundConfig, Guide | None, Buzz | None], SessionVoice]


@dataclass(frozen=True)
class SessionHooks:
    """What accompanies a session besides its view: sound, guidance, keys.

    sound: None for the defaults; guided: spoken guidance for the runner; attach: receives the packet pipeline before
    the first packet, to give it commands; profile: saves calibration and baseline for the next session, and may end
    this one; make_voice: makes what sounds the events; keep_s: a shorter session without a stride is not kept, None for
    KEPT_S.
    """

    sound: SoundConfig | None = None
    guided: bool = False
    attach: Callable[[PacketPipeline], None] | None = None
    profile: ProfileKeeper | None = None
    make_voice: MakeVoice | None = None
    keep_s: float | None = None


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
    guide = _guide(settings) if hooks.guided else None
    voice = (hooks.make_voice or Voice)(view.say, hooks.sound or SoundConfig(), guide, source.buzz) if audible else None
    watching = asyncio.create_task(watch_connection(packets, view, voice)) if hooks.guided else None
    on_stored = (lambda _: None) if source.keeper is None else source.keeper.stored
    recorder = None if recording is None else Recorder(recording, view.say, on_stored)
    try:
        on_event = None if hooks.profile is None else hooks.profile.on_event
        failure = await run_packets(source, packets, view, recorder, voice=voice, on_event=on_event)
        summary = packets.summary()
        kept = recording is None or is_worth_keeping(summary, recording.mode, hooks.keep_s)
    finally:
        if recorder is not None:
            await recorder.finish()
        if hooks.profile is not None:
            await hooks.profile.finish()
        if watching is not None:
            watching.cancel()
        if voice is not None:
            voice.speak("finished")
            await asyncio.to_thread(voice.close)
    if recording is None or recorder is None:
        return Outcome(summary, failure)
    unstored = recorder.waiting
    not_stored = recorder.failure or await asyncio.to_thread(_end, recording, summary if kept else None)
    recording.close()
    return Outcome(summary, not_stored or failure, kept, unstored)


def _guide(settings: Settings) -> Guide:
    return Guide(settings.params, settings.calibration, settings.baseline, settings.trunk_calibration)


def _end(recording: Recording, summary: Summary | None) -> StoreError | None:
    """End a recording with its summary, or remove it if there is none."""
    try:
        recording.discard() if summary is None else recording.end(codec.to_json(summary))
    except StoreError as error:
        return error
    return None


def _log_beginning(settings: Settings, recording: Recording | None) -> None:
    number = "not recorded" if recording is None else f"recorded as {recording.id}"
    saved = [name for name in ("calibration", "baseline") if getattr(settings, name) is not None]
    _log.info("session begins, %s: %d Hz, saved: %s", number, settings.rate_hz, " and ".join(saved) or "nothing")

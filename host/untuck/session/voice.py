"""Everything the runner hears in a session: cues, spoken guidance, the hum of a drill.

The cue policy and the guide decide what sounds when, the mixer how. Sound goes to the sound device, or to the clip's
buzzer while there is no device.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Protocol

from untuck.errors import LinkError
from untuck.events import CueDecided, Event, MovingChanged, StrideMeasured
from untuck.model import Cue
from untuck.session.guidance import Guide
from untuck.session.packet_loop import Buzz
from untuck.session.packet_pipeline import PacketPipeline, beyond_band
from untuck.sound.mixer import Hearing
from untuck.sound.player import Player
from untuck.store.config import SoundConfig
from untuck.vocabulary import Moving

END_S = 4.0  # how long `close` waits for sounds to end

_log = logging.getLogger(__name__)


class Output(Protocol):
    """What sounds: sound.player.Player, or a browser. backend: name of the sound system, "" while there is none."""

    backend: str

    def play(self, fault: str, side: int) -> bool:
        """Queue a cue; False if nothing can sound."""

    def say(self, phrase: str) -> bool:
        """Queue a phrase; False if nothing can sound."""

    def hum(self, beyond_deg: float) -> None:
        """Set the hum of a drill, as Mixer.hum."""

    def wait(self, timeout_s: float = 2.0) -> None:
        """Let queued sounds end."""

    def close(self) -> None:
        """Release the device."""


MakeOutput = Callable[[Hearing, Callable[[str], None], bool], Output]


class Voice:
    """Sounds a session's events; needs a running event loop for the buzzer. The caller must close it.

    say: receives messages about the sound device; buzz: the clip's buzzer, None if there is none; guide: None for a
    session without spoken guidance; begins: the session begins now, with the guide's first phrase; make_output: makes
    what sounds from the settings, from a function that receives a changed backend, and from whether phrases are spoken;
    None for the computer's sound device.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        sound: SoundConfig,
        guide: Guide | None = None,
        buzz: Buzz | None = None,
        *,
        begins: bool = True,
        make_output: MakeOutput | None = None,
    ) -> None:
        self._say = say
        self._buzz = buzz if sound.buzzer else None
        self._sound = sound
        self._guide = guide if sound.guide else None
        self._loop = asyncio.get_running_loop()
        self._buzzing: set[asyncio.Future[None]] = set()
        hearing = Hearing(sound.volume_pct / 100.0, sound.cues, sound.ear)
        self._player = (make_output or _on_device)(hearing, self._changed_elsewhere, self._guide is not None)
        self._changed(self._player.backend)
        if self._guide is not None and begins:
            self.speak(self._guide.begin())

    def take(self, events: Iterable[Event], packets: PacketPipeline) -> None:
        """Sound the cues, phrases and hum that these events cause."""
        for event in events:
            match event:
                case CueDecided(cue=cue):
                    self._cue(cue)
                case StrideMeasured(stride=stride) if self._sound.sonify:
                    self._player.hum(beyond_band(stride, packets))
                case MovingChanged(moving=moving) if moving != Moving.RUNNING:
                    self._player.hum(0.0)
                case _:
                    pass
            if self._guide is not None:
                for phrase in self._guide.take(event):
                    self.speak(phrase)

    def speak(self, phrase: str) -> None:
        """Speak a phrase of sound.phrases, if this session has guidance."""
        if self._guide is not None:
            self._player.say(phrase)

    def close(self) -> None:
        """Let sounds end, then release the device."""
        self._player.hum(0.0)
        self._player.wait(END_S)
        self._player.close()

    def _cue(self, cue: Cue) -> None:
        if self._player.play(cue.fault, cue.side) or self._buzz is None:
            return
        buzzing = asyncio.ensure_future(self._try_buzz(cue))
        self._buzzing.add(buzzing)  # asyncio keeps only a weak reference
        buzzing.add_done_callback(self._buzzing.discard)

    async def _try_buzz(self, cue: Cue) -> None:
        assert self._buzz is not None
        with suppress(LinkError):  # a lost connection is reported by the missing packets
            await self._buzz(cue.fault, cue.side)

    def _changed_elsewhere(self, backend: str) -> None:
        """Called in the player's thread."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._changed, backend)

    def _changed(self, backend: str) -> None:
        _log.info("sound through %s", backend or ("the clip's buzzer" if self._buzz is not None else "nothing"))
        if backend:
            self._say(f"sound through {backend}")
        elif self._buzz is not None:
            self._say("no sound device: cues sound on the clip's buzzer until there is one.")
        else:
            self._say("no sound device: cues are shown, not heard.")


def _on_device(hearing: Hearing, on_change: Callable[[str], None], speaks: bool) -> Output:
    return Player(hearing, on_change, patient=True, speaks=speaks)
